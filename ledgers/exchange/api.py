"""Lists of the Exchange ledger: a user sees the own accounts alone."""

from __future__ import annotations

from django.urls import path
from rest_framework import serializers

from ledgers.api import FactList
from ledgers.exchange.models import Balance, Fill, Order, Transfer
from ledgers.serializers import SHARED, FactSerializer, register


class OwnedSerializer(FactSerializer):
    """One row of one account."""

    account = serializers.IntegerField(source="account_id")


@register
class OrderSerializer(OwnedSerializer):
    """An order as the venue last told it; `quantity` and `filled` are units of `base`."""

    class Meta:
        model = Order
        fields = (
            *SHARED,
            "account",
            "order_id",
            "side",
            "kind",
            "base",
            "quote",
            "quantity",
            "price",
            "filled",
            "status",
        )


@register
class FillSerializer(OwnedSerializer):
    """One execution; `price` is in `quote` for one `base`, without the fee."""

    class Meta:
        model = Fill
        fields = (
            *SHARED,
            "account",
            "venue_id",
            "order_id",
            "side",
            "base",
            "quote",
            "quantity",
            "price",
            "fee",
            "fee_asset",
            "value",
        )


@register
class TransferSerializer(OwnedSerializer):
    """Something that came in or went out without a trade."""

    class Meta:
        model = Transfer
        fields = (
            *SHARED,
            "account",
            "venue_id",
            "kind",
            "asset",
            "quantity",
            "fee",
            "fee_asset",
            "value",
            "match",
        )


@register
class BalanceSerializer(OwnedSerializer):
    """How much of one asset the venue says an account holds at one moment."""

    class Meta:
        model = Balance
        fields = (*SHARED, "account", "asset", "quantity")


class Orders(FactList):
    """Your orders, from the beginning unless `since` is given."""

    serializer_class = OrderSerializer
    filters = ("side", "status", "base", "quote")


class Fills(FactList):
    """Your executions, from the beginning unless `since` is given."""

    serializer_class = FillSerializer
    filters = ("side", "base", "quote", "order_id")


class Transfers(FactList):
    """Your deposits, withdrawals and income, from the beginning unless `since` is given."""

    serializer_class = TransferSerializer
    filters = ("kind",)


class Balances(FactList):
    """What your venues said you hold, from the beginning unless `since` is given."""

    serializer_class = BalanceSerializer


urlpatterns = [
    path("orders/", Orders.as_view(), name="orders"),
    path("fills/", Fills.as_view(), name="fills"),
    path("transfers/", Transfers.as_view(), name="transfers"),
    path("balances/", Balances.as_view(), name="balances"),
]
