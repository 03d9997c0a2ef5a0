"""Reading how good the data is: the state of every feed, and the alerts that stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from django.db import connection
from django.db.models import Count, Q
from django.db.models.expressions import Window as Over

from agents.evidence import Evidence, Telling, quotable, told
from agents.plans import Step
from agents.quoting import cleaned
from agents.records import record_id
from agents.results import Result, Row, State, Window
from agents.retrieval import Observation, observe_all
from agents.telling.phrases import exact, written
from agents.tools.registry import Context, Injected, tool
from ledgers.models import Coverage, Feed, Ledger
from ledgers.reading import Pair
from quality.models import Alert

BAD = ("unknown", "stale", "late")
MOST = 20
SHOWN = 5
LedgerName = Literal["all", "glass", "human", "catalyst", "exchange"]


LOOKS = """
    SELECT feed.name, newest.id, newest.known_at
    FROM unnest(%(feeds)s::text[]) AS feed (name)
    CROSS JOIN LATERAL (
        SELECT c.id, c.known_at FROM ledgers_coverage c
        WHERE c.feed_id = feed.name AND upper(c."window") IS NOT NULL
          AND c.available_at <= %(as_of)s AND c.known_at <= %(horizon)s
        ORDER BY upper(c."window") DESC LIMIT 1
    ) newest
"""


class FeedRow(Row):
    """The state of one feed, by its newest look; `at` is up to when that saw.

    A feed that never looked is a row of itself, at the moment of the answer.
    """

    ledger: str
    state: str
    reason: str

    @property
    def home(self) -> str:
        """Return the ledger that the feed fills."""
        return self.ledger


class StandingAlert(Row):
    """An alert that stood at the moment of the answer; its source is the check that found it."""

    subject: str
    ledger: str
    level: str
    message: str


class QualityData(Result):
    """The feeds, the worst first, and the alerts that stand; `alerts` may hold only the worst.

    A feed that has no row of its own yet, because no collector ever ran for it, is told by
    `quality` alone: nothing can be cited for it.
    """

    ledger: str
    alert_count: int
    alerts: tuple[StandingAlert, ...]
    rows: tuple[FeedRow, ...]

    @property
    def cited(self) -> Sequence[Row]:
        """Return the feeds and the alerts."""
        return (*self.rows, *self.alerts)


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
        field="count", value=Decimal(data.alert_count), unit="items",
        rows=tuple(alert.id for alert in data.alerts) or every,
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
    rows = tuple(_rows(look, pair))
    alerts, alert_count = _alerts(ledgers, context)
    return QualityData(
        symbol="*",
        window=context.window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=State.VALUE if rows or alerts else State.NOT_OBSERVED,
        gaps=look.gaps if context.window else (),
        quality=look.quality,
        count=len(rows),
        ledger=ledger,
        alert_count=alert_count,
        alerts=alerts,
        rows=rows,
    )


def _rows(look: Observation, pair: Pair) -> Iterator[FeedRow]:
    """Yield the feeds that have a row, the worst first, each by its newest look."""
    stored = [one for one in look.feeds if not one.feed._state.adding]
    named = [one.feed.name for one in stored]
    looks = _looks(named, pair) if named else {}
    for one in sorted(stored, key=lambda one: (-one.state.state, one.feed.name)):
        name = one.feed.name
        pk, known_at = looks.get(name, (None, pair.as_of))
        yield FeedRow(
            id=record_id(Coverage, pk) if pk else record_id(Feed, name),
            at=one.state.covered_until or pair.as_of,
            known_at=known_at,
            source=name,
            ledger=one.feed.ledger,
            state=one.state.label,
            reason=one.state.reason,
        )


def _looks(feeds: list[str], pair: Pair) -> dict[str, tuple[int, datetime]]:
    """Return the key of each feed's newest look and when it became known; one query."""
    with connection.cursor() as cursor:
        cursor.execute(LOOKS, {"feeds": feeds, "as_of": pair.as_of, "horizon": pair.horizon})
        return {name: (pk, known_at) for name, pk, known_at in cursor.fetchall()}


def _alerts(ledgers: Sequence[str], context: Context) -> tuple[tuple[StandingAlert, ...], int]:
    """Return the worst alerts that stood then, everybody's and the user's own, and how many did."""
    at = context.pair.as_of
    standing = Alert.objects.filter(opened_at__lte=at, ledger__in=[*ledgers, ""])
    standing = standing.filter(Q(resolved_at=None) | Q(resolved_at__gt=at))
    standing = standing.filter(Q(user=None) | Q(user=context.user_id))
    found = standing.annotate(all=Over(Count("*"))).order_by("-level", "-opened_at", "-id")[:MOST]
    alerts = tuple(
        StandingAlert(
            id=record_id(Alert, one.pk),
            at=one.opened_at,
            known_at=one.opened_at,
            source=one.check_id,
            subject=cleaned(one.subject),
            ledger=one.ledger,
            level=one.get_level_display(),
            message=cleaned(one.message),
        )
        for one in found
    )
    return alerts, found[0].all if alerts else 0
