"""How orders, limits, decisions and the kill switch are written and read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from ledgers.serializers import AnswerSerializer, Moment
from trading.core.exact import MAX_DIGITS
from trading.core.ordering import State
from trading.models import AuditEntry, OrderIntent
from trading.serializers import Amount

PLACES = 36


class Strict(serializers.Serializer[Any]):
    """An object that refuses names it does not know: a misspelt limit must not be ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Check the names, then the values."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"No such field. The fields are {known}."] for name in unknown}
            )
        return super().to_internal_value(data)


class WishSerializer(Strict):
    """An order to place. The same `client_id` again is the same order."""

    account = serializers.IntegerField(help_text="The id of one of your accounts.")
    client_id = serializers.RegexField(r"^[A-Za-z0-9._:-]{1,64}$")
    side = serializers.ChoiceField(["buy", "sell"])
    base = serializers.CharField(max_length=30)
    quote = serializers.CharField(max_length=30, default="AUD")
    quantity = serializers.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=PLACES, min_value=Decimal(0), help_text="Of base."
    )
    limit = serializers.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=PLACES,
        min_value=Decimal(0),
        allow_null=True,
        default=None,
        help_text="Null: market.",
    )


class IntentSerializer(serializers.Serializer[OrderIntent]):
    """An order as it was wanted, and what became of it."""

    id = serializers.IntegerField()
    account = serializers.IntegerField(source="account_id")
    client_id = serializers.CharField()
    mode = serializers.ChoiceField(OrderIntent.Mode.choices)
    side = serializers.ChoiceField(["buy", "sell"])
    kind = serializers.ChoiceField(["market", "limit"])
    base = serializers.CharField()
    quote = serializers.CharField()
    quantity = Amount()
    limit = Amount(allow_null=True)
    state = serializers.ChoiceField([state.value for state in State])
    code = serializers.CharField(help_text="Why it was denied, or ended.")
    reason = serializers.CharField()
    venue_order_id = serializers.CharField()
    filled = Amount()
    reserved = Amount()
    reserved_asset = serializers.CharField()
    created_at = Moment()
    sent_at = Moment(allow_null=True)
    changed_at = Moment()


class IntentsSerializer(AnswerSerializer):
    """A page of orders, the newest first, and how well your accounts are looked at."""

    results = IntentSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class LimitsSerializer(serializers.Serializer[Any]):
    """How far the orders of an account may go."""

    max_order = Amount()
    max_position = Amount()
    max_open_positions = serializers.IntegerField()
    max_daily_loss = Amount()
    collar = Amount()
    cooldown = serializers.DurationField()
    orders_a_minute = serializers.IntegerField()
    stop_loss = Amount(allow_null=True)
    take_profit = Amount(allow_null=True)


class EntrySerializer(serializers.Serializer[AuditEntry]):
    """One entry of the audit trail."""

    number = serializers.IntegerField()
    at = Moment()
    kind = serializers.ChoiceField(AuditEntry.Kind.choices)
    actor = serializers.CharField()
    order = serializers.IntegerField(source="intent_id", allow_null=True)
    said = serializers.SerializerMethodField()
    digest = serializers.CharField()

    def get_said(self, entry: AuditEntry) -> dict[str, Any]:
        """Return what was written down."""
        said: dict[str, Any] = json.loads(entry.text)
        return said


class RiskSerializer(AnswerSerializer):
    """The limits of an account, whether it is stopped, the newest of its audit trail.

    The quality is that of the feeds from which the guard knows what the account holds.
    """

    account = serializers.IntegerField()
    is_stopped = serializers.BooleanField()
    is_live = serializers.BooleanField()
    limits = LimitsSerializer()
    trail = EntrySerializer(many=True)


class KillSerializer(Strict):
    """Stop all orders, or let them through again; `account` null means everything."""

    account = serializers.IntegerField(allow_null=True, default=None)
    engage = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)
    password = serializers.CharField(
        default="",
        write_only=True,
        trim_whitespace=False,
        help_text="Yours; asked for when orders are let through again.",
    )


class StoppedSerializer(serializers.Serializer[Any]):
    """What became of one open order."""

    id = serializers.IntegerField(source="intent_id")
    client_id = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    is_stopped = serializers.BooleanField()
    message = serializers.CharField()


class KilledSerializer(serializers.Serializer[Any]):
    """The switch as it is now, and each order that was to be cancelled."""

    scope = serializers.CharField()
    is_engaged = serializers.BooleanField()
    reason = serializers.CharField()
    changed_at = Moment()
    orders = StoppedSerializer(many=True)
