"""How facts and what travels with them are written: exact numbers as text, moments in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledgers.coverage import Presence
from ledgers.feeds import State
from ledgers.models import Fact
from ledgers.numeric import ExactField
from ledgers.public_ids import public_id

SHARED = (
    "id",
    "event_at",
    "published_at",
    "known_at",
    "available_at",
    "observed_at",
    "run",
    "revision",
    "withdrawn",
    "erased",
)
"""What every fact shows, whatever its table."""

STATES = [state.name.lower() for state in State]


def written(moment: datetime) -> str:
    """Return a moment as the API writes it: UTC, with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})
class Exact(serializers.Field[Decimal, Any, str, Any]):
    """A number with every digit it came with, never in exponent notation."""

    def to_representation(self, value: Decimal) -> str:
        """Write all digits."""
        return format(value, "f")


class Moment(serializers.DateTimeField):
    """A moment in UTC, whichever zone the reader's pages show."""

    def to_representation(self, value: datetime) -> str:
        """Write the moment in UTC, with a Z."""
        return written(value)


class FactSerializer(serializers.ModelSerializer[Any]):
    """One row of a ledger; a subclass names its own fields after the shared ones."""

    id = serializers.SerializerMethodField(help_text="Public id: <ledger>.<table>.<key>.")
    erased = serializers.BooleanField(
        source="is_erased",
        read_only=True,
        help_text="Its texts were erased, as law or terms demand.",
    )

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        ExactField: Exact,
    }

    def get_id(self, fact: Fact) -> str:
        """Return the id under which the row can be cited and found again."""
        return public_id(fact)

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Write moments in UTC and numbers with all their digits."""
        kind, options = super().build_standard_field(field_name, model_field)
        if kind is Exact:
            options = {"allow_null": True} if model_field.null else {}
        return (Moment if kind is serializers.DateTimeField else kind), options

    @classmethod
    def fact(cls) -> type[Fact]:
        """Return the table whose rows it writes."""
        table: type[Fact] = cls.Meta.model
        return table


S = TypeVar("S", bound=type[FactSerializer])
_shown: dict[type[Fact], type[FactSerializer]] = {}


def register(cls: S) -> S:
    """Make a serializer the one for its model; a class decorator."""
    _shown[cls.fact()] = cls
    return cls


def shown() -> list[type[FactSerializer]]:
    """Return the serializer of every table."""
    return list(_shown.values())


class FactRowSerializer(serializers.Serializer[Any]):
    """One fact of any table: what all have in common, a line to read, and its own fields."""

    id = serializers.SerializerMethodField()
    ledger = serializers.CharField()
    table = serializers.CharField(source="_meta.model_name")
    event_at = Moment()
    available_at = Moment()
    summary = serializers.CharField(source="__str__")
    fact = serializers.SerializerMethodField()

    def get_id(self, fact: Fact) -> str:
        """Return the id under which the row can be cited and found again."""
        return public_id(fact)

    def get_fact(self, fact: Fact) -> dict[str, Any]:
        """Write the row as its own list does."""
        return dict(_shown[type(fact)](fact).data)


class FeedStateSerializer(serializers.Serializer[Any]):
    """How far one feed can be trusted."""

    feed = serializers.CharField()
    ledger = serializers.CharField()
    state = serializers.ChoiceField(STATES, source="label")
    covered_until = Moment(allow_null=True)
    reason = serializers.CharField()


class QualitySerializer(serializers.Serializer[Any]):
    """The worst of the feeds behind an answer; `since` is where its coverage ends."""

    state = serializers.ChoiceField(STATES)
    reason = serializers.CharField()
    since = Moment(allow_null=True)
    feeds = FeedStateSerializer(many=True)


class GapSerializer(serializers.Serializer[Any]):
    """A part of the window in which a feed has not looked."""

    feed = serializers.CharField()
    since = Moment(allow_null=True)
    until = Moment(allow_null=True)


class CoverageSerializer(serializers.Serializer[Any]):
    """What rows or their absence mean in [since, until)."""

    presence = serializers.ChoiceField([presence.value for presence in Presence])
    since = Moment(allow_null=True)
    until = Moment()
    gaps = GapSerializer(many=True)
    more_gaps = serializers.IntegerField(help_text="Older gaps that are not listed.")
    dropped = GapSerializer(many=True, help_text="Gaps that were looked at, and dropped since.")


class AnswerSerializer(serializers.Serializer[Any]):
    """What travels with every answer; its rows are added by `envelope`."""

    as_of = Moment(source="pair.as_of", help_text="What could be known in the world.")
    horizon = Moment(source="pair.horizon", help_text="What this installation had stored.")
    quality = QualitySerializer()
    coverage = CoverageSerializer()


@cache
def envelope(row: Any) -> type[AnswerSerializer]:
    """Return the answer of a list whose rows `row` writes."""
    name = row.__name__.removesuffix("Serializer")
    fields = {
        "__doc__": AnswerSerializer.__doc__,
        "__module__": __name__,
        "results": row(many=True),
        "next": serializers.URLField(allow_null=True, help_text="The next page, of this pair."),
    }
    return type(f"{name}ListSerializer", (AnswerSerializer,), fields)


class OneFactSerializer(AnswerSerializer):
    """One fact, and the id of the newest revision that the pair sees."""

    newest = serializers.CharField()
    result = FactRowSerializer()


class KnownSerializer(serializers.Serializer[Any]):
    """What was known of one asset at one moment."""

    at = Moment()
    price = Exact(allow_null=True)
    priced_at = Moment(allow_null=True, help_text="When that price was made.")
    sentiment = Exact(allow_null=True, help_text="Mean score of the window's items, -1 to 1.")
    scores = serializers.IntegerField(help_text="Items that were scored.")
    events = serializers.IntegerField(help_text="Events in the window.")
