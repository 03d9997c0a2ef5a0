"""Score what was written: every article and post of a source, once for each version of the lexicon.

A score belongs to one revision: a corrected headline has an id of its own and is scored anew, the
old score stays with the old words. The feed of a version covers the time up to which everything
known was scored; so an item without a score there is one that nobody has scored yet, which is
neither 0 nor silence. Whether there was news at all, the coverage of the news feeds says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from psycopg.types.range import Range

from ledgers.collecting.looks import Round, open_run
from ledgers.collecting.storing import store
from ledgers.collecting.values import EARLIEST
from ledgers.coverage import Window, cover
from ledgers.feeds import states
from ledgers.human.models import Article, Post, Score
from ledgers.human.records import ScoreRecord
from ledgers.human.sentiment import MODEL, overlay, score_of
from ledgers.models import CollectorRun, Feed, Ledger
from ledgers.public_ids import public_id
from ledgers.reading import announce_and_stamp, pair
from ledgers.slots import Claim, FencedError

logger = logging.getLogger(__name__)
Outcome = CollectorRun.Outcome
Item = Article | Post

EVERY = timedelta(minutes=1)
BEHIND = timedelta(minutes=5)
"""How far the scores may be behind the news: the cadence of their feed."""
BATCH = 1000


def score_feed() -> Feed:
    """Describe the feed of the lexicon's version."""
    version = overlay().version
    return Feed(
        name=f"{MODEL}/{version}",
        source=MODEL,
        scope=version,
        ledger=Ledger.HUMAN,
        every=BEHIND,
        restates=True,
        lag=timedelta(0),
    )


def score_items(claim: Claim | None = None) -> CollectorRun:
    """Score what no run of this version has scored, and leave a run that says so whatever happens.

    What was stored before an interruption is not scored again.
    """
    run, works = _open(claim), Round(claim=claim, size=1)
    try:
        current = pair()
        since = states([run.feed], current)[0].covered_until or EARLIEST
        for items in _unscored(run.feed.scope, since, current.horizon):
            with works.open():
                _store(run, items, current.horizon)
        return _close(run, works, Range(since, current.horizon))
    except FencedError as lost:
        return _end(run, Outcome.INTERRUPTED, str(lost))
    except Exception as error:
        logger.exception("The scoring crashed.")
        return _fail(run, works, f"{type(error).__name__}: {error}")


def _open(claim: Claim | None) -> CollectorRun:
    """Open a run of this version's feed; nobody waits for the feeds of older ones any more."""
    run = open_run(score_feed(), claim=claim)
    Feed.objects.filter(source=MODEL).exclude(pk=run.feed_id).update(every=None)
    return run


def _unscored(version: str, since: datetime, horizon: datetime) -> Iterator[Sequence[Item]]:
    """Yield batches of what became known since the last complete run and has no score yet.

    Nothing can become known before the horizon any more, so that nothing is passed over.
    """
    for model in (Article, Post):
        told = model.objects.filter(known_at__gt=since, known_at__lte=horizon, withdrawn=False)
        worded = told.exclude(run__kind=CollectorRun.Kind.SEED).exclude(title="")
        yield from _pages(_without_score(worded, version))


def _without_score(items: QuerySet[Item], version: str) -> QuerySet[Item]:
    """Leave out what this version has scored."""
    prefix = Value(f"{Ledger.HUMAN}.{items.model._meta.model_name}.")
    item = Concat(prefix, Cast("pk", CharField()))
    scored = Score.objects.filter(item=OuterRef("item"), model=MODEL, version=version)
    unscored: QuerySet[Item] = items.annotate(item=item).filter(~Exists(scored))
    return unscored


def _pages(items: QuerySet[Item]) -> Iterator[Sequence[Item]]:
    last = 0
    while page := list(items.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = page[-1].pk
        yield page


def _store(run: CollectorRun, items: Sequence[Item], horizon: datetime) -> None:
    """Score one batch and store it."""
    records = [_record(item, run.feed.scope) for item in items]
    stored = store(Score, records, run, observed_at=horizon)
    run.fetched += len(records)
    run.new += stored.added
    run.duplicate += len(records) - stored.added
    run.save()


def _record(item: Item, version: str) -> ScoreRecord:
    return ScoreRecord(
        event_at=item.event_at,
        published_at=item.published_at,
        item=public_id(item),
        model=MODEL,
        version=version,
        value=score_of(item.title),
        assets=item.assets,
    )


def _close(run: CollectorRun, works: Round, window: Window) -> CollectorRun:
    """End a run that scored everything known at the end of its window, and record that."""
    outcome = Outcome.OK if run.fetched else Outcome.EMPTY
    with works.open() as slot:
        run.window = window
        cover(run, window, known_at=announce_and_stamp())
        works.end(run, outcome, slot)
        return _end(run, outcome)


def _fail(run: CollectorRun, works: Round, error: str) -> CollectorRun:
    """End a run that met an error of ours, unless another attempt owns the slot by now."""
    run.window = None
    try:
        with works.open() as slot:
            works.end(run, Outcome.CRASHED, slot)
            return _end(run, Outcome.CRASHED, error)
    except FencedError as lost:
        return _end(run, Outcome.INTERRUPTED, str(lost))


def _end(run: CollectorRun, outcome: Outcome, error: str = "") -> CollectorRun:
    run.outcome, run.error, run.finished_at = outcome, error, timezone.now()
    run.save()
    return run
