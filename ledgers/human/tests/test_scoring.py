"""Scoring what was written: once a version, never silently, and resumable."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from psycopg.types.range import Range

from ledgers import slots
from ledgers.collecting.registry import expected_feeds
from ledgers.collecting.replaying import SHIPPED
from ledgers.collecting.storing import store
from ledgers.coverage import Presence, look
from ledgers.feeds import State, states
from ledgers.human import sentiment, services
from ledgers.human.models import Article, Post, Score
from ledgers.human.records import ArticleRecord, PostRecord
from ledgers.human.sentiment import MODEL, overlay, score_of
from ledgers.human.services import score_feed, score_items
from ledgers.human.tasks import score
from ledgers.jobs import cadences, task_of
from ledgers.models import CollectorRun, Coverage, Feed, Slot
from ledgers.operating import job_of, pause, run_now, with_pause
from ledgers.public_ids import find, public_id
from ledgers.reading import pair
from ledgers.tests.sources import collect, replayed

pytestmark = pytest.mark.usefixtures("ledger")
JOB = f"score:{MODEL}"
HOUR = timedelta(hours=1)
T0 = datetime(2026, 1, 31, 22, tzinfo=UTC)


def make_run(name: str, kind: str = "live") -> CollectorRun:
    feed, _ = Feed.objects.get_or_create(name=name, defaults={"ledger": "human", "lag": HOUR})
    return CollectorRun.objects.create(feed=feed, kind=kind)


def article(title: str, guid: str, at: datetime) -> ArticleRecord:
    return ArticleRecord(
        event_at=at,
        published_at=at,
        source="rss",
        outlet="gazette",
        guid=guid,
        published_on=at.date(),
        title=title,
        url="https://example.org/1",
        summary="",
        author="",
        assets=[],
    )


def written(*titles: str, kind: str = "live", at: datetime = T0, **options) -> CollectorRun:
    """Store one article a title, in a run of its own."""
    run = make_run("rss/gazette", kind=kind)
    records = [article(title, options.get("guid", title), at) for title in titles]
    store(Article, records, run, observed_at=options.get("observed_at", at))
    return run


def posted(title: str, **options) -> None:
    values = {"source": "reddit", "post_id": title, "channel": "r/x", "author": "", "url": "x"}
    record = PostRecord(
        **values,
        event_at=T0,
        published_at=T0,
        title=title,
        score=1,
        comments=0,
        assets=[],
        **options,
    )
    store(Post, [record], make_run("reddit/x"), observed_at=T0)


def test_articles_and_posts_are_scored_under_their_public_ids() -> None:
    written("Exchange hacked")
    posted("Bitcoin soars")
    run = score_items()
    assert (run.outcome, run.fetched, run.new) == ("ok", 2, 2)
    found = {score.item: score for score in Score.objects.all()}
    item = Article.objects.get()
    scored = found[public_id(item)]
    assert (scored.value, scored.model) == (score_of("Exchange hacked"), "vader")
    assert scored.version == overlay().version
    assert (scored.event_at, scored.published_at) == (item.event_at, item.published_at)
    assert found[public_id(Post.objects.get())].value > 0
    assert find(scored.item) == item


def test_a_second_run_has_nothing_to_do_and_says_so() -> None:
    written("Exchange hacked")
    first, again = score_items(), score_items()
    assert (again.outcome, again.fetched) == ("empty", 0)
    assert again.window.lower == first.window.upper
    assert Score.objects.count() == 1


def test_not_scored_yet_and_scored_zero_and_no_news_are_three_answers() -> None:
    feed = score_feed().name
    window = Range(T0 - HOUR, T0 + HOUR)
    before = look([feed], window, pair(), found=Score.objects.exists())
    assert before.presence == Presence.NOT_OBSERVED
    score_items()
    silent = look([feed], window, pair(), found=Score.objects.exists())
    assert silent.presence == Presence.NONE_IN_COVERED_WINDOW
    written("Conference begins in Lisbon")
    score_items()
    assert Score.objects.get().value == 0
    scored = look([feed], window, pair(), found=Score.objects.exists())
    assert scored.presence == Presence.VALUE


def test_a_corrected_headline_is_scored_anew_and_the_old_score_stays() -> None:
    written("Exchange hacked", guid="1")
    score_items()
    written("Exchange was not hacked", guid="1", observed_at=T0 + HOUR)
    score_items()
    old, new = Article.objects.order_by("revision")
    values = dict(Score.objects.values_list("item", "value"))
    assert values[public_id(old)] < 0 < values[public_id(new)]


def test_seeds_withdrawn_posts_and_what_has_no_words_are_left_alone() -> None:
    written("Exchange hacked", kind="seed")
    posted("[removed]", withdrawn=True)
    written("")
    assert score_items().outcome == "empty"
    assert not Score.objects.exists()


def test_what_became_known_after_the_run_began_is_left_for_the_next(monkeypatch) -> None:
    early = pair()
    written("Exchange hacked")
    with monkeypatch.context() as patch:
        patch.setattr(services, "pair", lambda: early)
        assert score_items().outcome == "empty"
    assert score_items().new == 1


def test_a_new_version_scores_everything_and_is_waited_for_in_the_old_ones_place(
    monkeypatch,
) -> None:
    written("Exchange hacked", "Bitcoin soars")
    old = score_items().feed
    newer = sentiment.Overlay(version="omc-lex@2", base="", words={}, phrases={})
    monkeypatch.setattr(services, "overlay", lambda: newer)
    run = score_items()
    assert (run.feed_id, run.new) == ("vader/omc-lex@2", 2)
    assert Score.objects.count() == 4
    old.refresh_from_db()
    assert (old.every, run.feed.every) == (None, services.BEHIND)
    assert states([old], pair())[0].state == State.FRESH


def test_what_an_interrupted_run_has_scored_is_not_scored_again(monkeypatch) -> None:
    written("Exchange hacked", "Bitcoin soars", "Ether falls")
    monkeypatch.setattr(services, "BATCH", 1)
    scorer = services.score_of

    def failing(text: str) -> Decimal:
        if text == "Ether falls":
            raise RuntimeError("out of ideas")
        return scorer(text)

    monkeypatch.setattr(services, "score_of", failing)
    run = score_items()
    assert (run.outcome, run.error, run.window) == ("crashed", "RuntimeError: out of ideas", None)
    assert not Coverage.objects.exists()
    monkeypatch.setattr(services, "score_of", scorer)
    again = score_items()
    assert (again.outcome, again.fetched, again.duplicate) == ("ok", 1, 0)
    assert Score.objects.count() == 3


def claimed() -> slots.Claim:
    run_now([JOB], timezone.now(), lambda *_: None)
    slot = Slot.objects.filter(schedule=JOB).latest("pk")
    claim = slots.claim(slot.pk, timezone.now())
    assert claim is not None
    return claim


def test_a_run_of_a_slot_closes_it() -> None:
    claim = claimed()
    run = score_items(claim)
    assert (run.slot_id, run.outcome) == (claim.slot_id, "empty")
    assert Slot.objects.get(pk=claim.slot_id).state == Slot.State.DONE


def test_a_worker_that_lost_its_slot_stores_nothing() -> None:
    written("Exchange hacked")
    claim = claimed()
    Slot.objects.filter(pk=claim.slot_id).update(attempt=claim.attempt + 1)
    run = score_items(claim)
    assert run.outcome == CollectorRun.Outcome.INTERRUPTED
    assert not Score.objects.exists()
    assert not Coverage.objects.exists()


def test_a_crash_of_a_worker_that_lost_its_slot_is_an_interruption(monkeypatch) -> None:
    written("Exchange hacked")
    claim = claimed()

    def stolen(text: str) -> Decimal:
        raise RuntimeError("too late")

    monkeypatch.setattr(services, "score_of", stolen)
    monkeypatch.setattr(services, "_fail", _stealing(claim, services._fail), raising=True)
    run = score_items(claim)
    assert run.outcome == CollectorRun.Outcome.INTERRUPTED


def _stealing(claim: slots.Claim, then):
    def fail(*args):
        Slot.objects.filter(pk=claim.slot_id).update(attempt=claim.attempt + 1)
        return then(*args)

    return fail


def test_the_task_does_the_work_of_its_slot_once() -> None:
    written("Exchange hacked")
    run_now([JOB], timezone.now(), lambda *_: None)
    slot = Slot.objects.get(schedule=JOB)
    score(slot.pk)
    score(slot.pk)
    assert CollectorRun.objects.filter(slot=slot).count() == 1
    assert Score.objects.count() == 1


def test_the_job_is_scheduled_expected_and_in_the_operators_hand() -> None:
    assert cadences()[JOB] == services.EVERY
    assert task_of(JOB) == score.name
    feed = next(feed for feed in expected_feeds() if feed.source == MODEL)
    assert feed.name == score_feed().name
    assert job_of(feed) == JOB
    score_items()
    pause([JOB])
    assert with_pause(Feed.objects.filter(source=MODEL)).get().is_paused


def test_the_command_scores_and_reports(settings) -> None:
    written("Exchange hacked")
    said = StringIO()
    call_command("score", "--json", stdout=said)
    told = json.loads(said.getvalue())
    assert (told["outcome"], told["new"]) == ("ok", 1)
    said = StringIO()
    call_command("score", stdout=said)
    assert said.getvalue() == f"{score_feed().name}: empty. 0 scored.\n"


def test_the_command_fails_when_the_scoring_does(monkeypatch) -> None:
    written("Exchange hacked")
    monkeypatch.setattr(services, "score_of", lambda text: Decimal("NaN"))
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("score", stdout=StringIO(), stderr=said)
    assert said.getvalue()


def test_shipped_news_is_scored_with_good_and_bad_among_it(settings) -> None:
    with replayed(SHIPPED, settings):
        collect("rss")
    run = score_items()
    values = list(Score.objects.values_list("value", flat=True))
    assert run.new == Article.objects.count() == len(values)
    assert min(values) < -0.3 < 0.3 < max(values)
