"""How sessions and answers are written and read at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from agents.admission import LONGEST
from agents.models import AgentSession, SessionEvent
from agents.plans import Outcome
from ledgers.serializers import FactRowSerializer


class AskSerializer(serializers.Serializer[Any]):
    """A question; what else is wrong with it the admission says."""

    question = serializers.CharField(
        trim_whitespace=False, allow_blank=True, help_text=f"At most {LONGEST} characters."
    )
    as_of = serializers.CharField(
        required=False, allow_null=True, help_text="ISO 8601 with a zone. Default: now."
    )
    mode = serializers.ChoiceField(choices=AgentSession.Mode.choices, default="planner")
    review = serializers.BooleanField(
        default=False, help_text="Show the plan first, and read nothing before it is approved."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse parameters that do not exist."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            names = ", ".join(sorted(map(str, unknown)))[:200]
            raise serializers.ValidationError(
                f"There is no {names}. Send question, as_of, mode, review."
            )
        return attrs


class WindowSerializer(serializers.Serializer[Any]):
    """A half-open window of event time."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class CallSerializer(serializers.Serializer[Any]):
    """One tool call that was made for an answer."""

    tool = serializers.CharField()
    args = serializers.DictField()
    window = WindowSerializer(allow_null=True)
    state = serializers.CharField()
    count = serializers.IntegerField()


class CitationSerializer(serializers.Serializer[Any]):
    """One row behind a claim."""

    key = serializers.CharField()
    ledger = serializers.CharField()
    id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a column of that name
    at = serializers.DateTimeField()
    known_at = serializers.DateTimeField()
    field = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    over = serializers.CharField(allow_blank=True)


class RecordSerializer(serializers.Serializer[Any]):
    """A row that is no fact: a look of a feed, a feed, or an alert."""

    id = serializers.CharField()
    table = serializers.CharField()
    summary = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]  # a column of that name


class OpenedCitationSerializer(CitationSerializer):
    """One citation opened: the claims that rest on it, and the row, a fact or another record."""

    claims = serializers.ListField(child=serializers.CharField())
    fact = FactRowSerializer(allow_null=True)
    record = RecordSerializer(allow_null=True)


class ApprovalSerializer(serializers.Serializer[Any]):
    """The user's word on a plan."""

    approved = serializers.BooleanField()


class ClaimSerializer(serializers.Serializer[Any]):
    """What a sentence of an answer says, with the computation and the rows behind it."""

    sentence = serializers.IntegerField(help_text="The sentence's place in the answer, from 0.")
    said = serializers.CharField()
    key = serializers.CharField()
    field = serializers.CharField()
    over = serializers.CharField(allow_blank=True)
    rows = serializers.ListField(child=serializers.CharField())


class FeedQualitySerializer(serializers.Serializer[Any]):
    """The state of one feed."""

    feed = serializers.CharField()
    state = serializers.CharField()
    covered_until = serializers.DateTimeField(allow_null=True)


class AgentQualitySerializer(serializers.Serializer[Any]):
    """The worst state behind an answer."""

    state = serializers.CharField()
    reason = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    feeds = FeedQualitySerializer(many=True)


class AgentAnswerSerializer(serializers.Serializer[Any]):
    """An answer as the command line and the journal have it."""

    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    answer = serializers.CharField()
    calls = CallSerializer(many=True)
    evidence = serializers.ListField(child=serializers.CharField())
    citations = CitationSerializer(many=True)
    quality = AgentQualitySerializer(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    horizon = serializers.DateTimeField(allow_null=True)
    mode = serializers.CharField()
    latency_ms = serializers.IntegerField()
    session_id = serializers.UUIDField(allow_null=True)
    turn = serializers.IntegerField()
    notes = serializers.ListField(child=serializers.CharField())
    withheld = serializers.ListField(child=serializers.CharField())
    claims = ClaimSerializer(many=True)


class SessionStateSerializer(serializers.Serializer[Any]):
    """Where a session stands."""

    session_id = serializers.UUIDField()
    turn = serializers.IntegerField()
    step = serializers.ChoiceField(choices=SessionEvent.Kind.values)
    question = serializers.CharField()
    is_finished = serializers.BooleanField()
    waits_for = serializers.ChoiceField(
        choices=["", "reply", "approval"], help_text="What you have to do before it goes on."
    )
    answer = AgentAnswerSerializer(allow_null=True)


class SessionSerializer(serializers.ModelSerializer[AgentSession]):
    """One session in a list."""

    class Meta:
        model = AgentSession
        fields = ["id", "mode", "created_at"]


class MessageSerializer(serializers.Serializer[Any]):
    """One turn of a session: the question, and the answer once there is one."""

    turn = serializers.IntegerField()
    question = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answer = AgentAnswerSerializer(allow_null=True)


class SessionDetailSerializer(SessionSerializer):
    """One session with its turns."""

    messages = MessageSerializer(many=True)

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "messages"]
