"""How long a question takes from the first word to the checked answer, over many prices."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from psycopg.types.range import Range

from agents.orchestrator import run_workflow
from agents.plans import Outcome
from benchmarks.figures import Figure, Goal
from benchmarks.measuring import often, say
from ledgers.coverage import cover
from ledgers.glass.models import Quote
from ledgers.models import Asset, CollectorRun, Feed, Ledger
from ledgers.partitions import ensure_months
from ledgers.reading import announce_and_stamp

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
SERIES, AT_ONCE = 100, 5_000
KNOWN = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT", "AVAX")
FORMS = (
    "what is the price of {0}",
    "how did {0} do last week?",
    "{0} high and low over the last 24 hours",
    "volatility of {0} over 30 days",
    "compare {0} and {1} over 30 days",
    "average price of {0} in the last 14 days",
    "which did better this month, {0} or {1}?",
    "how much did {0} change over 7 days",
    "correlation of {0} and {1} over 30 days",
    "{0} price between 2026-01-02 and 2026-01-05",
    "any news about {0} and how did it do over 24 hours?",
)
ROUNDS = 4
LIMIT = 1.0
MOST = 0.8
"""Of the questions must be answered, so that no quick refusal counts as an answer."""
LOAD = """
    INSERT INTO glass_quote (event_at, published_at, known_at, available_at, observed_at, run_id,
        parser, revision, withdrawn, source, asset, currency, quoted_at, bid, ask, last)
    SELECT at, at, at + interval '2 s', at + interval '2 s', at + interval '1 s', %(run)s, 1, 0,
        false, 'coinspot', asset, 'AUD', at, price - 0.01, price + 0.01, price
    FROM generate_series(%(first)s, %(last)s) AS place,
        unnest(%(assets)s::text[]) WITH ORDINALITY AS named (asset, number),
        LATERAL (SELECT %(start)s + place * %(step)s AS at,
            (100000 + (place * 7919 + number * 104729) %% 99991)::numeric / 1000 AS price) AS made
"""


def measure(rows: int) -> list[Figure]:
    """Ask questions of every form about every known asset, without a model."""
    now = _fill(rows)
    owner = get_user_model().objects.create_user("bench-questions").pk
    say("questions: asking")
    took, answered = [], 0
    asked = _questions()
    run_workflow(asked[0], user_id=owner, now=now, as_of=now)  # imports what it needs
    for _ in range(often(ROUNDS)):
        for question in asked:
            began = time.perf_counter()
            answer = run_workflow(question, user_id=owner, now=now, as_of=now)
            took.append(time.perf_counter() - began)
            answered += answer.outcome == Outcome.ANSWER
    if answered < MOST * len(took):
        raise AssertionError(f"Only {answered} of {len(took)} questions were answered.")
    return [_figure(took, answered, rows)]


def _questions() -> list[str]:
    pairs = zip(KNOWN, (*KNOWN[1:], KNOWN[0]), strict=True)
    return [form.format(*pair) for pair in pairs for form in FORMS]


def _figure(took: list[float], answered: int, rows: int) -> Figure:
    p95 = quantiles(took, n=20)[18]
    return Figure(
        name="question.planner",
        work=f"a question at {rows:,} prices, p95",
        ours=f"{p95 * 1e3:.0f} ms",
        peer="-",
        value=p95,
        unit="s",
        goal=Goal(side="<=", limit=LIMIT),
        details={
            "median": median(took),
            "max": max(took),
            "questions": len(took),
            "answered": answered,
        },
    )


def _fill(rows: int) -> datetime:
    """Store a price a minute of a hundred assets, and return the moment after the last."""
    assets = [*KNOWN, *(f"B{number:03}" for number in range(SERIES - len(KNOWN)))]
    known = set(Asset.objects.filter(symbol__in=KNOWN).values_list("symbol", flat=True))
    Asset.objects.bulk_create(Asset(symbol=one, name=one) for one in KNOWN if one not in known)
    steps = max(rows // SERIES, 1)
    say(f"questions: filling {steps * SERIES:,} prices")
    run = _run()
    ensure_months("glass_quote", [START + day * timedelta(days=1) for day in _days(steps)])
    values: dict[str, Any] = {"start": START, "step": STEP, "assets": assets, "run": run.pk}
    with connection.cursor() as cursor:
        for first in range(0, steps, AT_ONCE):
            last = min(first + AT_ONCE, steps) - 1
            cursor.execute(LOAD, values | {"first": first, "last": last})
        for projection in Quote.projections:
            projection.rebuild()
        cursor.execute("VACUUM (ANALYZE) glass_quote")
    end = START + steps * STEP
    with transaction.atomic():
        cover(run, Range(START, end), known_at=announce_and_stamp())
    return end + STEP


def _days(steps: int) -> range:
    return range(steps * STEP // timedelta(days=1) + 2)


def _run() -> CollectorRun:
    feed, _ = Feed.objects.get_or_create(
        name="coinspot",
        defaults={
            "source": "coinspot",
            "ledger": Ledger.GLASS,
            "every": STEP,
            "lag": timedelta(0),
        },
    )
    return CollectorRun.objects.create(feed=feed, kind=CollectorRun.Kind.SEED)
