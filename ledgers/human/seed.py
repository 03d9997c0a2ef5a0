"""Example news, posts, moods and scores. Every headline here is made up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from ledgers.assets import assets_in
from ledgers.human.models import Article, Post
from ledgers.human.records import ArticleRecord, MoodRecord, PostRecord, ScoreRecord
from ledgers.models import CollectorRun, Ledger
from ledgers.public_ids import public_id
from ledgers.seeding import SeedFeed, days, gap_before

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OUTLETS = ("example-wire", "example-desk")
NAMES = ("Bitcoin", "Ethereum", "Litecoin", "Solana", "XRP", "Cardano", "Dogecoin", "Chainlink")
HEADLINES: tuple[tuple[str, str], ...] = (
    ("{name} rallies as buyers return to the market", "0.62"),
    ("{name} slides after large holders sell", "-0.55"),
    ("Developers ship a long-awaited {name} upgrade", "0.48"),
    ("{name} network halts for an hour, team apologises", "-0.61"),
    ("Survey: more shops accept {name} than a year ago", "0.40"),
    ("Fund closes its {name} position with a loss", "-0.47"),
    ("{name} trades sideways while volume fades", "-0.05"),
    ("Regulator opens consultation that touches {name}", "-0.12"),
    ("Custodian adds insurance for {name} deposits", "0.35"),
    ("Analysts disagree about the next move of {name}", "0"),
    ("{name} fees fall to the lowest of the year", "0.28"),
    ("Scam site imitates a {name} wallet, users warned", "-0.72"),
    ("Pension scheme reports a small {name} holding", "0.33"),
    ("{name} miners and validators report a quiet week", "0.02"),
)
POSTS: tuple[tuple[str, str], ...] = (
    ("Anyone else adding {name} every payday?", "0.2"),
    ("Sold all my {name} today, cannot watch this any more", "-0.5"),
    ("{name} to the moon, diamond hands", "0.6"),
    ("How do you keep tax records for {name}?", "0"),
    ("My {name} transfer is stuck for two hours", "-0.4"),
    ("Weekly {name} discussion", "0"),
    ("Finally understood how {name} works, happy to explain", "0.5"),
)
LABELS = (
    (25, "Extreme Fear"),
    (45, "Fear"),
    (55, "Neutral"),
    (75, "Greed"),
    (101, "Extreme Greed"),
)


def feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield the feeds of the Human ledger but for the scores; one outlet has a gap of two days."""
    human = Ledger.HUMAN
    for outlet in OUTLETS:
        gap = gap_before(anchor, days=75) if outlet == OUTLETS[1] else None
        news = list(_articles(outlet, anchor))
        yield SeedFeed(
            source="seed:rss", scope=outlet, ledger=human, batches=_corrected(news, anchor), gap=gap
        )
    posts = list(_posts(anchor))
    yield SeedFeed(source="seed:reddit", ledger=human, batches=_voted(posts, anchor))
    yield SeedFeed(source="seed:alternative_me", ledger=human, batches=[list(_moods(anchor))])


def scores(anchor: datetime) -> SeedFeed:
    """Return the scores of the articles and posts that are planted, each under its public id."""
    return SeedFeed(source="seed:vader", ledger=Ledger.HUMAN, batches=[list(_scores(anchor))])


def _articles(outlet: str, anchor: datetime) -> Iterator[ArticleRecord]:
    chance = random.Random(outlet)  # noqa: S311  # deterministic on purpose
    for number, day in enumerate(_days(anchor)):
        at = day + chance.randint(0, 23 * 60) * MINUTE
        title = chance.choice(HEADLINES)[0].format(name=chance.choice(NAMES))
        if at <= anchor:
            yield ArticleRecord(
                event_at=at,
                published_at=at,
                source="seed:rss",
                outlet=outlet,
                guid=f"seed-{outlet}-{number:04}",
                published_on=at.date(),
                title=title,
                url=f"https://example.org/{outlet}/{number:04}",
                summary=f"{title}. An example, not news.",
                author="",
                assets=assets_in(title),
            )


def _corrected(news: list[ArticleRecord], anchor: datetime) -> list[list[ArticleRecord]]:
    """Return the articles, then the corrections of a few: the outlet's next look."""
    changed = [
        replace(one, title=f"{one.title} (corrected)", published_at=at)
        for one in news[20::45]
        if (at := one.event_at + 5 * HOUR) <= anchor
    ]
    return [news, changed]


def _posts(anchor: datetime) -> Iterator[PostRecord]:
    chance = random.Random("posts")  # noqa: S311
    for number, day in enumerate(_days(anchor)):
        at = day + chance.randint(0, 23 * 60) * MINUTE
        title = chance.choice(POSTS)[0].format(name=chance.choice(NAMES))
        votes = (chance.randint(1, 300), chance.randint(0, 80))
        if at <= anchor:
            yield PostRecord(
                event_at=at,
                published_at=at,
                source="seed:reddit",
                post_id=f"seed{number:04}",
                channel="r/example",
                author=f"reader{number % 37}",
                title=title,
                url=f"https://example.org/r/{number:04}",
                score=votes[0],
                comments=votes[1],
                assets=assets_in(title),
            )


def _voted(posts: list[PostRecord], anchor: datetime) -> list[list[PostRecord]]:
    """Return the posts as first seen, then as seen again when half of them had more votes."""
    again = [
        replace(one, score=2 * one.score, comments=one.comments + 7, published_at=at)
        for one in posts[::2]
        if (at := one.event_at + 6 * HOUR) <= anchor
    ]
    return [posts, again]


def _moods(anchor: datetime) -> Iterator[MoodRecord]:
    chance = random.Random("moods")  # noqa: S311
    value = 50
    for day in _days(anchor):
        value = max(5, min(95, value + chance.randint(-7, 7) + (50 - value) // 12))
        label = next(label for limit, label in LABELS if value < limit)
        yield MoodRecord(
            event_at=day, published_at=day, source="seed:alternative_me", value=value, label=label
        )


def _days(anchor: datetime) -> list[datetime]:
    """Return the days of the seeded year and the anchor's own."""
    closed = days(anchor)
    return [*closed, closed[-1] + timedelta(days=1)]


def _scores(anchor: datetime) -> Iterator[ScoreRecord]:
    runs = CollectorRun.objects.filter(kind=CollectorRun.Kind.SEED)
    for model in (Article, Post):
        for item in model.objects.filter(run__in=runs, revision=0).order_by("event_at", "pk"):
            at = item.event_at + MINUTE
            if at <= anchor:
                yield ScoreRecord(
                    event_at=item.event_at,
                    published_at=at,
                    item=public_id(item),
                    model="seed:vader",
                    version="1",
                    value=_tones()[item.title],
                    assets=item.assets,
                )


@cache
def _tones() -> dict[str, Decimal]:
    """Return the score of every sentence that can be planted."""
    return {
        text.format(name=name): Decimal(tone)
        for text, tone in (*HEADLINES, *POSTS)
        for name in NAMES
    }
