"""Reading how good the data is: the state of every feed, and the alerts that stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from django.db.models import Q

from agents.evidence import Evidence, Telling, quotable, told
from agents.plans import Step
from agents.quoting import cleaned
from agents.results import Result, Row, State, Value, Window
from agents.retrieval import observe_all
from agents.telling.phrases import exact, written
from agents.tools.registry import Context, Injected, tool
from ledgers.models import Ledger
from quality.models import Alert

BAD = ("unknown", "stale", "late")
MOST = 20
SHOWN = 5
LedgerName = Literal["all", "glass", "human", "catalyst", "exchange"]


class FeedRow(Row):
    """The state of one feed; `at` is up to when it was looked at, or the moment of the answer."""

    ledger: str
    state: str
    reason: str


class StandingAlert(Value):
    """An alert that stood at the moment of the answer."""

    subject: str
    ledger: str
    level: str
    message: str
    opened_at: datetime


class QualityData(Result):
    """The feeds, the worst first, and the alerts that stand; `alerts` may hold only the newest."""

    ledger: str
    alert_count: int
    alerts: tuple[StandingAlert, ...]
    rows: tuple[FeedRow, ...]


def _tell(_: int, __: Step, data: QualityData) -> Iterator[Evidence]:
    """Yield how many feeds are in which state, the worst of them, and how many alerts stand."""
    every = tuple(row.id for row in data.rows)
    for state in ("fresh", *reversed(BAD)):
        rows = [row for row in data.rows if row.state == state]
        if rows or state == "fresh":
            yield Evidence(
                field="count", value=Decimal(len(rows)), unit="feeds", words=(state, data.ledger),
                rows=tuple(row.id for row in rows) or every, over=f"count of {state} feeds",
                times=(data.as_of,),
            )  # fmt: skip
    for row in [row for row in data.rows if row.state in BAD][:SHOWN]:
        yield Evidence(
            field="feed", words=(row.state, row.ledger), times=(row.at,), rows=(row.id,),
            text=quotable(row.source),
        )  # fmt: skip
    yield Evidence(
        field="count", value=Decimal(data.alert_count), unit="items", rows=every,
        words=("alerts", "standing", data.ledger), over="count of standing alerts",
        times=(data.as_of,),
    )  # fmt: skip


def _say(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say the states in numbers, then what is not fresh, then the alerts."""
    ledger = str(step.args.get("ledger", "all"))
    where = "the ledgers" if ledger == "all" else f"the {ledger} ledger"
    for one in own:
        if one.field == "feed":
            since = written(one.times[0])
            yield f"The feed “{one.text}” is {one.words[0]} since {since} [{one.key}]."
        elif one.unit == "items":
            yield f"Standing alerts in {where}: {exact(one)} items [{one.key}]."
        else:
            yield f"In {where}, {exact(one)} feeds are {one.words[0]} [{one.key}]."


@told(Telling(evidence=_tell, draft=_say, subject="The quality of the data", ledger="four"))
@tool
def get_data_quality(
    ledger: LedgerName = "all",
    *,
    context: Annotated[Context, Injected()],
) -> QualityData:
    """How good the data is: each feed's state (fresh, late, stale, unknown) and standing alerts.

    `ledger` is all, glass (prices and metrics), human (news, posts, moods), catalyst (events) or
    exchange (the accounts of the user who asks). A window says in which time the feeds should
    have looked; without one it is the last day.
    """
    pair = context.pair
    ledgers = [one for one in Ledger.values if ledger in ("all", one)]
    window = context.window or Window(start=pair.as_of, end=pair.as_of)
    look = observe_all(ledgers, lambda _: True, window, pair, user_id=context.user_id).told()
    states = sorted(look.feeds, key=lambda one: (-one.state.state, one.feed.name))
    rows = tuple(
        FeedRow(
            id=f"{one.feed.ledger}.feed.{one.feed.name}",
            at=one.state.covered_until or pair.as_of,
            known_at=one.state.covered_until or pair.as_of,
            source=one.feed.name,
            ledger=one.feed.ledger,
            state=one.state.label,
            reason=one.state.reason,
        )
        for one in states
    )
    alerts = _alerts(ledgers, context)
    return QualityData(
        symbol="*",
        window=context.window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=State.VALUE if rows else State.NOT_OBSERVED,
        gaps=look.gaps if context.window else (),
        quality=look.quality,
        count=len(rows),
        ledger=ledger,
        alert_count=len(alerts),
        alerts=tuple(alerts[:MOST]),
        rows=rows,
    )


def _alerts(ledgers: Sequence[str], context: Context) -> list[StandingAlert]:
    """Return the alerts that stood then: everybody's, and the user's own."""
    at = context.pair.as_of
    standing = Alert.objects.filter(opened_at__lte=at, ledger__in=[*ledgers, ""])
    standing = standing.filter(Q(resolved_at=None) | Q(resolved_at__gt=at))
    standing = standing.filter(Q(user=None) | Q(user=context.user_id))
    return [
        StandingAlert(
            subject=cleaned(one.subject),
            ledger=one.ledger,
            level=one.get_level_display(),
            message=cleaned(one.message),
            opened_at=one.opened_at,
        )
        for one in standing.order_by("-level", "-opened_at")[: 10 * MOST]
    ]


def _parts(name: str) -> tuple[str, ...]:
    return (name, *name.replace(":", " ").replace("/", " ").replace("_", " ").split())
