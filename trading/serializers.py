"""How a PnL report is written: the same object in the API and on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledgers.serializers import STATES, CoverageSerializer, Exact, Moment, QualitySerializer
from trading.core.lots import METHODS
from trading.reports import Holding, Line, PnlReport
from trading.writing import plain


class Amount(Exact):
    """An exact number in plain notation, without zeros that say nothing."""

    def to_representation(self, value: Decimal) -> str:
        """Write all digits but trailing zeros."""
        return plain(value)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class Amounts(serializers.Field[Any, Any, dict[str, str], Any]):
    """Exact numbers by asset."""

    def to_representation(self, value: Mapping[str, Decimal]) -> dict[str, str]:
        """Write each number."""
        return {asset: plain(number) for asset, number in sorted(value.items())}


class AccountSerializer(serializers.Serializer[Any]):
    """An account, and how its gains are counted."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    currency = serializers.CharField()
    method = serializers.ChoiceField(list(METHODS))


class OwnAccountSerializer(serializers.Serializer[Any]):
    """An account at a venue, and how its gains are counted."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    venue = serializers.CharField()
    currency = serializers.CharField(source="base_currency")
    method = serializers.ChoiceField(list(METHODS))
    fees = serializers.ChoiceField(["basis", "separate"])


class PriceSerializer(serializers.Serializer[Any]):
    """A stored price that a number was made from; `id` is its fact's public id."""

    id = serializers.CharField()
    asset = serializers.CharField()
    currency = serializers.CharField()
    at = Moment()
    price = Amount(source="value")
    field = serializers.ChoiceField(["bid", "last", "close"])
    source = serializers.CharField()  # type: ignore[assignment]  # DRF takes it off the class
    feed = serializers.CharField()
    state = serializers.SerializerMethodField()
    reason = serializers.CharField()

    @extend_schema_field(serializers.ChoiceField(STATES))
    def get_state(self, price: Any) -> str:
        """Write what its age makes of it."""
        return str(price.state.name.lower())


class PositionSerializer(serializers.Serializer[Holding]):
    """What one account holds of one asset; without a price it stands at its cost."""

    account = AccountSerializer()
    asset = serializers.CharField()
    quantity = Amount()
    cost = Amount()
    value = Amount()
    unrealized = Amount()
    realized = Amount()
    unmatched = Amount(help_text="Units that left without a known basis.")
    price = PriceSerializer(allow_null=True)
    age_seconds = serializers.SerializerMethodField()
    missing = serializers.BooleanField(
        source="is_missing", help_text="Its worth is not known, now or when it was booked."
    )

    def get_age_seconds(self, holding: Holding) -> int | None:
        """Write how old the price was."""
        return None if holding.age is None else int(holding.age.total_seconds())


class LineSerializer(serializers.Serializer[Line]):
    """One part of the whole; the parts of one currency add up to it."""

    key = serializers.CharField(help_text="The asset, the day (UTC) or the account's name.")
    currency = serializers.CharField()
    realized = Amount(source="amounts.realized")
    realized_unmatched = Amount(source="amounts.realized_unmatched")
    unrealized = Amount(source="amounts.unrealized")
    income = Amount(source="amounts.income")
    fees = Amount(source="amounts.fees")
    flows = Amount(source="amounts.flows")
    equity = Amount(source="amounts.equity", help_text="Of a day: by how much it changed.")
    closing = Amount(help_text="Equity at the end.")
    unmatched = Amounts()
    missing = serializers.ListField(child=serializers.CharField())
    complete = serializers.BooleanField()


class PnlSerializer(serializers.Serializer[PnlReport]):
    """Profit and loss; amounts are null where accounts of several currencies have no sum."""

    as_of = Moment()
    horizon = Moment()
    at = Moment()
    accounts = AccountSerializer(many=True)
    currency = serializers.CharField(allow_null=True)
    method = serializers.CharField()
    realized = Amount(allow_null=True)
    realized_unmatched = Amount(allow_null=True)
    unrealized = Amount(allow_null=True)
    income = Amount(allow_null=True)
    fees = Amount(allow_null=True)
    flows = Amount(allow_null=True)
    equity = Amount(allow_null=True)
    fees_in_basis = Amount(allow_null=True)
    implied_flows = Amount(allow_null=True)
    unmatched = Amounts()
    complete = serializers.BooleanField()
    missing = serializers.ListField(child=serializers.CharField())
    by = LineSerializer(many=True)
    positions = PositionSerializer(many=True, source="holdings")
    prices = PriceSerializer(many=True)
    fills = serializers.IntegerField()
    transfers = serializers.IntegerField()
    quality = QualitySerializer()
    coverage = CoverageSerializer()


class PositionsSerializer(serializers.Serializer[PnlReport]):
    """What is held, and how far its worth is known."""

    as_of = Moment()
    horizon = Moment()
    at = Moment()
    complete = serializers.BooleanField()
    missing = serializers.ListField(child=serializers.CharField())
    quality = QualitySerializer()
    coverage = CoverageSerializer()
    results = PositionSerializer(many=True, source="holdings")


class AccountsSerializer(serializers.Serializer[Any]):
    """Your accounts."""

    results = OwnAccountSerializer(many=True)
