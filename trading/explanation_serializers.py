"""How an explanation is written: the same object in the API and on the command line."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ledgers.serializers import CoverageSerializer, Moment, QualitySerializer
from trading.core.lots import METHODS
from trading.explaining import Explanation
from trading.serializers import Amount, Amounts, PriceSerializer

ENTRIES = ["buy", "sell", "deposit", "withdrawal", "income", "transfer_in", "transfer_out"]


class EntryLineSerializer(serializers.Serializer[Any]):
    """One fill or transfer; `id` is its fact's public id."""

    id = serializers.CharField()
    at = Moment()
    kind = serializers.ChoiceField(ENTRIES)
    base = serializers.CharField()
    quote = serializers.CharField()
    quantity = Amount()
    price = Amount(allow_null=True)
    fee = Amount()
    fee_asset = serializers.CharField()


class LotLineSerializer(serializers.Serializer[Any]):
    """One acquisition."""

    number = serializers.IntegerField()
    id = serializers.CharField()
    at = Moment()
    asset = serializers.CharField()
    quantity = Amount()
    cost = Amount()


class OpenLineSerializer(serializers.Serializer[Any]):
    """What is left of an acquisition."""

    lot = serializers.IntegerField()
    asset = serializers.CharField()
    quantity = Amount()
    cost = Amount()


class DisposalLineSerializer(serializers.Serializer[Any]):
    """A piece of a lot that left; `lot` null: its basis is unknown."""

    id = serializers.CharField()
    at = Moment()
    asset = serializers.CharField()
    lot = serializers.IntegerField(allow_null=True)
    acquired_at = Moment(allow_null=True)
    quantity = Amount()
    cost = Amount()
    proceeds = Amount()
    gain = Amount()
    is_fee = serializers.BooleanField()


class FeeLineSerializer(serializers.Serializer[Any]):
    """A fee in its own asset, and its worth."""

    id = serializers.CharField()
    at = Moment()
    asset = serializers.CharField()
    quantity = Amount()
    value = Amount()
    in_basis = serializers.BooleanField()


class FlowLineSerializer(serializers.Serializer[Any]):
    """What came in or went out."""

    id = serializers.CharField()
    at = Moment()
    kind = serializers.ChoiceField(ENTRIES[2:])
    asset = serializers.CharField()
    quantity = Amount()
    value = Amount()
    is_implied = serializers.BooleanField()


class ExplanationSerializer(serializers.Serializer[Explanation]):
    """All that an account's numbers, or one asset's share of them, are made from."""

    account = serializers.IntegerField()
    currency = serializers.CharField()
    method = serializers.ChoiceField(list(METHODS))
    fees_policy = serializers.ChoiceField(["basis", "separate"])
    as_of = Moment()
    horizon = Moment()
    at = Moment()
    asset = serializers.CharField(allow_null=True)
    amounts = Amounts()
    entries = EntryLineSerializer(many=True)
    lots = LotLineSerializer(many=True)
    open_lots = OpenLineSerializer(many=True)
    disposals = DisposalLineSerializer(many=True)
    fees = FeeLineSerializer(many=True)
    flows = FlowLineSerializer(many=True)
    prices = PriceSerializer(many=True)
    used = PriceSerializer(many=True)
    quality = QualitySerializer()
    coverage = CoverageSerializer()
