"""What is measured of this installation, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/: a `# HELP` and a `# TYPE` line for
each metric, then one line a series. All are gauges, read from the database when asked for, so that
they are the same whichever process answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Max, Min

from ledgers.feeds import states
from ledgers.models import CollectorRun, Slot
from ledgers.reading import Pair, pair
from ledgers.wire import fetch
from quality.findings import Level
from quality.models import Alert, CheckRun, Delivery
from quality.registry import checks
from quality.watching import feeds_visible_to

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
LAGS = """
    SELECT asked.feed, extract(epoch FROM greatest(newest.known_at - upper(newest."window"), '0'))
    FROM unnest(%(feeds)s::text[]) WITH ORDINALITY AS asked (feed, place)
    CROSS JOIN LATERAL (
        SELECT known_at, "window" FROM ledgers_coverage
        WHERE feed_id = asked.feed AND known_at <= %(horizon)s ORDER BY known_at DESC LIMIT 1
    ) newest
    ORDER BY asked.place
"""

Series = tuple[dict[str, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: what it says, and the value of each of its series by labels."""

    name: str
    help: str
    series: list[Series]


Source = Callable[[datetime], Iterable[Metric]]
_sources: list[Source] = []


def register_measures(source: Source) -> None:
    """Have an app that stands above tell what it measures, too."""
    if source not in _sources:
        _sources.append(source)


def exposition(now: datetime) -> str:
    """Return everything that is measured, as Prometheus reads it."""
    return "".join(f"{line}\n" for metric in measured(now) for line in _lines(metric))


def measured(now: datetime) -> list[Metric]:
    """Return everything that is measured."""
    own = [*_feeds(pair(now)), *_work(now), *_checks(), *_alerts(now)]
    return [*own, *(metric for source in _sources for metric in source(now))]


def _feeds(cuts: Pair) -> Iterator[Metric]:
    feeds = feeds_visible_to(None)
    judged = states(feeds, cuts)
    named = [({"feed": one.feed, "ledger": one.ledger}, one) for one in judged]
    yield Metric(
        name="omc_feed_state",
        help="How far a feed can be trusted: 0 fresh, 1 late, 2 stale, 3 unknown.",
        series=[(labels, float(one.state)) for labels, one in named],
    )
    yield Metric(
        name="omc_feed_age_seconds",
        help="Since the end of what was looked at completely.",
        series=[
            (labels, (cuts.as_of - one.covered_until).total_seconds())
            for labels, one in named
            if one.covered_until
        ],
    )
    question = {"feeds": [feed.name for feed in feeds], "horizon": cuts.horizon}
    yield Metric(
        name="omc_feed_lag_seconds",
        help="From the end of the window of the newest look to when it was known.",
        series=[({"feed": name}, float(lag)) for name, lag in fetch(LAGS, question)],
    )


def _work(now: datetime) -> Iterator[Metric]:
    recent = CollectorRun.objects.filter(started_at__gt=now - HOUR, started_at__lte=now)
    yield Metric(
        name="omc_runs_last_hour",
        help="Looks at a source that began in the last hour, by outcome.",
        series=_counts(recent, source="feed__source", outcome="outcome"),
    )
    waiting = Slot.objects.filter(state=Slot.State.SENT)
    oldest = waiting.aggregate(at=Min("sent_at"))["at"]
    yield Metric(
        name="omc_queue_depth",
        help="Slots that were sent and that no worker has taken.",
        series=[({}, float(waiting.count()))],
    )
    yield Metric(
        name="omc_queue_oldest_seconds",
        help="How long the oldest of them waits.",
        series=[({}, (now - oldest).total_seconds() if oldest else 0.0)],
    )
    waited = recent.filter(slot__isnull=False).annotate(waited=F("started_at") - F("slot__sent_at"))
    latency = waited.aggregate(mean=Avg("waited"), longest=Max("waited"))
    yield Metric(
        name="omc_task_latency_seconds",
        help="From sending a job to its begin, over the looks of the last hour.",
        series=[
            ({"statistic": name}, value.total_seconds())
            for name, value in latency.items()
            if value is not None
        ],
    )


def _checks() -> Iterator[Metric]:
    runs = CheckRun.objects.newest(checks)
    yield Metric(
        name="omc_check_findings",
        help="What the newest run of a check found.",
        series=[({"check": name}, float(run.findings)) for name, run in sorted(runs.items())],
    )
    yield Metric(
        name="omc_check_duration_seconds",
        help="How long it took.",
        series=[
            ({"check": name}, run.duration.total_seconds()) for name, run in sorted(runs.items())
        ],
    )


def _alerts(now: datetime) -> Iterator[Metric]:
    standing = _counts(Alert.objects.standing(), level="level", state="state", ledger="ledger")
    yield Metric(
        name="omc_alerts",
        help="Alerts that are not resolved.",
        series=[
            ({**labels, "level": str(Level(int(labels["level"])).label)}, count)
            for labels, count in standing
        ],
    )
    yield Metric(
        name="omc_deliveries_last_day",
        help="Notices of the last day, by what became of them.",
        series=_counts(
            Delivery.objects.filter(made_at__gt=now - DAY), channel="channel", state="state"
        ),
    )


def _counts(rows: Any, **labels: str) -> list[Series]:
    """Count rows by fields, each under the name of its label."""
    columns = list(labels.values())
    counted = rows.order_by(*columns).values_list(*columns).annotate(rows=Count("pk"))
    return [
        (dict(zip(labels, map(str, values), strict=True)), float(count))
        for *values, count in counted
    ]


def _lines(metric: Metric) -> Iterable[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.series:
        told = ",".join(f'{name}="{text.translate(ESCAPED)}"' for name, text in labels.items())
        yield f"{metric.name}{{{told}}} {value!r}" if told else f"{metric.name} {value!r}"
