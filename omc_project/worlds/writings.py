"""What is written in the eval world. Every title is a sentence of ours; nobody published any."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from ledgers.human.models import Article, Post
from ledgers.human.records import ArticleRecord, MoodRecord, PostRecord, ScoreRecord
from ledgers.human.seed import LABELS
from ledgers.models import CollectorRun, Ledger
from ledgers.public_ids import public_id
from ledgers.seeding import SeedFeed, gap_before, midnight
from omc_project.worlds.coins import BEGINNING, COINS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OUTLETS = ("coindesk", "cointelegraph", "decrypt", "theblock", "cryptoslate", "newsbtc",
           "bitcoinmagazine")  # fmt: skip
CHANNELS = ("CryptoCurrency", "CryptoMarkets", "BitcoinAus")
RECENT, EARLIER = 30, 34
"""How many items a coin has in the last thirty days, and how many before them."""
QUIET = (BEGINNING + 60 * DAY, BEGINNING + 64 * DAY)
"""Four days that everybody looked at and in which nobody wrote anything."""
HEADLINES: tuple[tuple[str, str], ...] = (
    ("{name} climbs as buyers come back after a slow start", "0.58"),
    ("{name} slips while traders wait for the next decision", "-0.37"),
    ("Developers of {name} publish the notes of their spring release", "0.31"),
    ("An hour without blocks: {name} explains what happened", "-0.52"),
    ("More shops in Melbourne take {name}, a survey finds", "0.44"),
    ("A fund sells its {name} and takes the loss", "-0.49"),
    ("{name} moves sideways in a thin market", "0"),
    ("A consultation paper mentions {name} and asks for comments", "-0.08"),
    ("Custodian insures deposits of {name}", "0.36"),
    ("Two desks disagree on what drives {name}", "0"),
    ("Fees of the {name} network are down again", "0.27"),
    ("Fake wallets for {name} make the rounds, warns a security team", "-0.68"),
    ("A pension scheme reports a small holding of {name}", "0.34"),
    ("Quiet week for those who validate {name}", "0.04"),
    ("{name} conference opens in Sydney with a full hall", "0.41"),
    ("Bridge to {name} closes for repairs", "-0.29"),
)
POSTS: tuple[tuple[str, str], ...] = (
    ("Anyone else putting a little into {name} every payday?", "0.22"),
    ("Sold my {name} this morning, could not watch it any more", "-0.48"),
    ("{name} is the best thing I learnt about this year", "0.71"),
    ("How do you keep records of {name} for your return?", "0"),
    ("My {name} transfer hangs for two hours now", "-0.41"),
    ("Weekly {name} thread", "0"),
    ("Finally understood how {name} works, happy to explain", "0.53"),
    ("{name} wallet lost my settings again", "-0.33"),
    ("Charts of {name} make no sense to me, help welcome", "-0.12"),
)
MARKET: tuple[tuple[str, str], ...] = (
    ("Digital assets end the week where they began it", "0"),
    ("Regulator closes its consultation on crypto custody", "0.11"),
    ("Crypto markets calm after a rough Tuesday", "0.19"),
    ("Volumes on crypto exchanges keep falling", "-0.31"),
)
TONES = {
    text.format(name=coin.name): Decimal(tone)
    for text, tone in (*HEADLINES, *POSTS, *MARKET)
    for coin in COINS.values()
}
UNSCORED = 9
"""One item in so many has no score, which is not a score of zero."""


def feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield a feed an outlet, Reddit, and the index; each has two days nobody looked at."""
    human = Ledger.HUMAN
    news = list(_articles(anchor))
    for number, outlet in enumerate(OUTLETS):
        own = [one for one in news if one.outlet == outlet]
        gap = gap_before(anchor, days=135 - 2 * number)
        yield SeedFeed(
            source="seed:rss",
            scope=outlet,
            ledger=human,
            batches=[own],
            gap=gap,
            since=BEGINNING,
        )
    posts, gap = list(_posts(anchor)), gap_before(anchor, days=140)
    yield SeedFeed(source="seed:reddit", ledger=human, batches=[posts], gap=gap, since=BEGINNING)
    moods, gap = list(_moods(anchor)), gap_before(anchor, days=145)
    yield SeedFeed(
        source="seed:alternative_me", ledger=human, batches=[moods], gap=gap, since=BEGINNING
    )


def scores(anchor: datetime) -> SeedFeed:
    """Return the scores of what is planted, each under its public id; some items have none."""
    rows = list(_scores(anchor))
    return SeedFeed(source="seed:vader", ledger=Ledger.HUMAN, batches=[rows], since=BEGINNING)


def _moments(name: str, anchor: datetime) -> list[datetime]:
    """Draw when something was written: often in the last thirty days, now and then before."""
    chance = random.Random(f"eval:{name}")  # noqa: S311  # deterministic on purpose
    edge, minutes = anchor - 30 * DAY, 30 * 24 * 60
    before = int((edge - BEGINNING) / MINUTE)
    late = [anchor - chance.randint(10, minutes) * MINUTE for _ in range(RECENT)]
    early = [BEGINNING + chance.randint(0, before - 1) * MINUTE for _ in range(EARLIER)]
    newest = [anchor - hours * HOUR - chance.randint(5, 50) * MINUTE for hours in (1, 7, 26)]
    return [at for at in sorted((*early, *late, *newest)) if not QUIET[0] <= at < QUIET[1]]


def _articles(anchor: datetime) -> Iterator[ArticleRecord]:
    for place, coin in enumerate(COINS.values()):
        for number, at in enumerate(_moments(f"news {coin.symbol}", anchor)):
            text, _ = HEADLINES[(5 * number + place) % len(HEADLINES)]
            outlet = OUTLETS[(number + place) % len(OUTLETS)]
            yield _article(text.format(name=coin.name), outlet, at, [coin.symbol])
    for number, at in enumerate(_moments("news", anchor)):
        text, _ = MARKET[number % len(MARKET)]
        yield _article(text, OUTLETS[number % len(OUTLETS)], at, [])


def _article(title: str, outlet: str, at: datetime, assets: list[str]) -> ArticleRecord:
    key = "-".join(["eval", outlet, *assets, f"{at:%Y%m%d%H%M}"]).lower()
    return ArticleRecord(
        event_at=at,
        published_at=at,
        source="seed:rss",
        outlet=outlet,
        guid=key,
        published_on=at.date(),
        title=title,
        url=f"https://example.org/{key}",
        summary=f"{title}. Made up for questions.",
        author="",
        assets=assets,
    )


def _posts(anchor: datetime) -> Iterator[PostRecord]:
    for place, coin in enumerate(COINS.values()):
        for number, at in enumerate(_moments(f"posts {coin.symbol}", anchor)):
            text, _ = POSTS[(2 * number + place) % len(POSTS)]
            key = f"eval{coin.symbol.lower()}{number:03}"
            yield PostRecord(
                event_at=at,
                published_at=at,
                source="seed:reddit",
                post_id=key,
                channel=CHANNELS[number % len(CHANNELS)],
                author=f"reader{number % 23}",
                title=text.format(name=coin.name),
                url=f"https://example.org/r/{key}",
                score=1 + (7 * number + place) % 90,
                comments=(3 * number + place) % 40,
                assets=[coin.symbol],
            )


def _moods(anchor: datetime) -> Iterator[MoodRecord]:
    chance = random.Random("eval:moods")  # noqa: S311
    value, day = 46, BEGINNING
    while day <= midnight(anchor):
        value = max(8, min(92, value + chance.randint(-6, 6) + (48 - value) // 12))
        label = next(label for limit, label in LABELS if value < limit)
        yield MoodRecord(
            event_at=day, published_at=day, source="seed:alternative_me", value=value, label=label
        )
        day += DAY


def _scores(anchor: datetime) -> Iterator[ScoreRecord]:
    runs = CollectorRun.objects.filter(kind=CollectorRun.Kind.SEED)
    for model in (Article, Post):
        items = model.objects.filter(run__in=runs).order_by("event_at", "pk")
        for number, item in enumerate(items):
            at = min(item.event_at + MINUTE, anchor)
            if number % UNSCORED:
                yield ScoreRecord(
                    event_at=item.event_at,
                    published_at=at,
                    item=public_id(item),
                    model="seed:vader",
                    version="1",
                    value=TONES[item.title],
                    assets=item.assets,
                )
