"""How checks, feeds and alerts are written at the API, and what it takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledgers.models import Ledger
from ledgers.serializers import Moment, QualitySerializer
from quality.findings import Level
from quality.models import Alert, AlertEvent

LEVELS = [str(level.label) for level in Level]
MAX_NOTE = 2000
MILLISECOND = timedelta(milliseconds=1)


class _Known(serializers.Serializer[Any]):
    """Takes what it names and nothing else."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what does not exist."""
        unknown = sorted(str(name)[:60] for name in set(self.initial_data) - set(self.fields))
        if unknown:
            known = ", ".join(sorted(self.fields))
            raise serializers.ValidationError(
                dict.fromkeys(unknown, f"There is no such value. Known are: {known}.")
            )
        return attrs


class ThresholdSerializer(serializers.Serializer[Any]):
    """One threshold of a check; durations as 90s, 15m, 2h, 35d."""

    name = serializers.CharField()
    variable = serializers.CharField()
    default = serializers.CharField()
    value = serializers.CharField()
    why = serializers.CharField()


class CheckRunSerializer(serializers.Serializer[Any]):
    """The newest finished run of a check."""

    started_at = Moment()
    duration_ms = serializers.SerializerMethodField()
    findings = serializers.IntegerField()
    worst = serializers.ChoiceField(LEVELS, source="get_worst_display", allow_null=True)
    is_whole = serializers.SerializerMethodField(
        help_text="False: it did not run to its end, and what it asserts is not known."
    )

    def get_duration_ms(self, run: Any) -> int:
        """Return how long it took."""
        return int(run.duration / MILLISECOND)

    def get_is_whole(self, run: Any) -> bool:
        """Tell whether it ran to its end."""
        return not run.error


class CheckSerializer(serializers.Serializer[Any]):
    """One check: what it asserts, its thresholds, its newest run."""

    id = serializers.CharField()
    ledger = serializers.CharField(help_text="Empty: of no single ledger.")
    asserts = serializers.CharField()
    explains = serializers.CharField()
    every = serializers.CharField()
    thresholds = ThresholdSerializer(many=True)
    last_run = CheckRunSerializer(allow_null=True)


class FeedsSerializer(serializers.Serializer[Any]):
    """Every feed that the user may see, and the worst of them."""

    as_of = Moment(source="pair.as_of")
    horizon = Moment(source="pair.horizon")
    quality = QualitySerializer()


class AlertSerializer(serializers.Serializer[Any]):
    """What is wrong with one subject, and since when."""

    id = serializers.IntegerField()
    check = serializers.CharField(source="check_id")
    ledger = serializers.CharField(help_text="Empty: of no single ledger.")
    subject = serializers.CharField()
    level = serializers.ChoiceField(LEVELS, source="get_level_display")
    state = serializers.ChoiceField(Alert.State.values)
    message = serializers.CharField()
    hint = serializers.CharField()
    count = serializers.IntegerField(help_text="Runs that found it.")
    findings = serializers.IntegerField(help_text="Of its cause, in the last run that found it.")
    opened_at = Moment()
    seen_at = Moment()
    resolved_at = Moment(allow_null=True)
    acknowledged_at = Moment(allow_null=True)
    acknowledged_by = serializers.SerializerMethodField()
    assigned_to = serializers.SerializerMethodField()
    snoozed_until = Moment(allow_null=True)
    note = serializers.CharField()

    def get_acknowledged_by(self, alert: Alert) -> str | None:
        """Return the name of who takes care."""
        return alert.acknowledged_by.get_username() if alert.acknowledged_by else None

    def get_assigned_to(self, alert: Alert) -> str | None:
        """Return the name of who is to take care."""
        return alert.assigned_to.get_username() if alert.assigned_to else None


class AlertEventSerializer(serializers.Serializer[Any]):
    """One thing that happened to an alert; `by` is empty where a check did it."""

    kind = serializers.ChoiceField(AlertEvent.Kind.values)
    at = Moment()
    level = serializers.ChoiceField(LEVELS, source="get_level_display")
    by = serializers.SerializerMethodField()
    text = serializers.CharField()

    def get_by(self, event: AlertEvent) -> str | None:
        """Return the name of who did it."""
        return event.by.get_username() if event.by else None


class AlertDetailSerializer(AlertSerializer):
    """One alert with its history, the oldest event first."""

    events = serializers.SerializerMethodField()

    @extend_schema_field(AlertEventSerializer(many=True))
    def get_events(self, alert: Alert) -> Any:
        """Write its history."""
        return AlertEventSerializer(alert.events.select_related("by"), many=True).data


class CheckFilterSerializer(_Known):
    """Which checks to list; those of no single ledger only without it."""

    ledger = serializers.ChoiceField(Ledger.values, required=False)


class AlertFilterSerializer(_Known):
    """Which alerts to list; without `state` those that are not resolved."""

    state = serializers.ChoiceField([*Alert.State.values, "all"], required=False)
    ledger = serializers.ChoiceField(Ledger.values, required=False)
    level = serializers.ChoiceField(LEVELS, required=False, help_text="This level or worse.")
    check = serializers.CharField(max_length=100, required=False)
    cursor = serializers.CharField(required=False, help_text="From `next` of the page before.")


class AcknowledgeSerializer(_Known):
    """A note about what one knows or does."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=MAX_NOTE)


class SnoozeSerializer(AcknowledgeSerializer):
    """Up to which moment it is silent."""

    until = serializers.DateTimeField(help_text="ISO 8601 with a zone, at most 90 days ahead.")


class NoteSerializer(_Known):
    """What one found out; empty: nothing any more."""

    note = serializers.CharField(allow_blank=True, max_length=MAX_NOTE)


class AssignSerializer(_Known):
    """The name of the user who is to take care; null: nobody."""

    to = serializers.CharField(allow_null=True, max_length=150)


class WatchSerializer(serializers.Serializer[Any]):
    """An asset that you watch."""

    asset = serializers.CharField()
    since = Moment()
    is_known = serializers.BooleanField(
        help_text="False: no source has named it so far. Most likely it is misspelt, or to come."
    )
