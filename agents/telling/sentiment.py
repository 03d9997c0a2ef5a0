"""What was written: how many items, how they sounded, and the newest ones word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.compute import shown
from agents.evidence import NOUNS, SHOWN, Evidence, Telling, quotable, tellings
from agents.plans import Step
from agents.results import SentimentData, SentimentRow
from agents.telling.phrases import PLACES, between, exact, quote, there_were, value_of, written

ITEMS = {"news": "articles", "reddit": "posts", "social": "posts", "hn": "posts", "all": "items",
         "fear_greed": "items of the index"}  # fmt: skip
WORDS = {"articles": ("article", "headline"), "posts": ("post",), "items": ()}


def evidence(_: int, step: Step, data: SentimentData) -> Iterator[Evidence]:
    """Yield the count of a window, its scores, and its newest items.

    What the counted ones are called is the source's: a count of all is none of articles.
    """
    assets = () if data.symbol == "*" else (data.symbol,)
    noun = ITEMS.get(data.source, "articles")
    words = (data.source, *WORDS.get(noun, ("index",)))
    rows = tuple(row.id for row in data.rows)
    unit = "index" if data.source == "fear_greed" else "score"
    values: list[tuple[str, Decimal | None, str, str]] = [
        ("count", Decimal(data.count), "items", "count of items in the window")
    ]
    if data.rows:
        scored = Decimal(data.scored)
        values += [
            ("scored", scored, "items", "count of scored items in the window"),
            ("score", data.mean, unit, f"mean of {data.scored} scores"),
        ]
    for field, value, of, over in values:
        if value is not None:
            yield Evidence(
                field=field, value=value, unit=of, assets=assets, words=words,
                window=data.window, rows=rows, over=over, label=step.label,
            )  # fmt: skip
    for place, row in enumerate(data.rows[:SHOWN]):
        yield _item(row, assets, "" if place else "latest")


def sentences(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say how many items there were, how they scored, and quote the newest."""
    by = {one.field: one for one in reversed(own)}
    symbol, source = str(step.args["symbol"]), str(step.args["source"])
    about = "" if symbol == "*" else f" about {symbol}"
    count = by["count"]
    noun = ITEMS.get(source, "articles")
    origin = f" in {source}" if source not in ITEMS else ""
    yield f"{there_were(count, noun)}{about}{origin} {between(count)} [{count.key}]."
    if "scored" in by and source != "fear_greed":
        yield _scored(by["scored"], by.get("score"), noun, about)
    for one in own:
        if one.field == "index" and one.value is not None:
            label = f", “{one.text}”" if one.text else ""
            yield f"The index was {exact(one)}{label} at {written(one.times[0])} [{one.key}]."
        elif one.field == "item":
            yield quote(one, f" by {one.words[0]}")


def _scored(scored: Evidence, score: Evidence | None, noun: str, about: str) -> str:
    mean = (
        f" and the mean score{about} was {shown(value_of(score), PLACES)} [{score.key}]"
        if score
        else ""
    )
    return f"Of these {exact(scored)} {noun}{about} were scored [{scored.key}]{mean}."


def _item(row: SentimentRow, assets: tuple[str, ...], role: str) -> Evidence:
    is_mood = row.kind == "mood"
    return Evidence(
        field="index" if is_mood else "item", value=row.score,
        unit="index" if is_mood else "score", assets=assets, role=role,
        words=(row.outlet, row.source, *NOUNS[row.kind]), times=(row.at,), rows=(row.id,),
        text=quotable(row.title),
    )  # fmt: skip


tellings["get_sentiment_data"] = Telling(
    evidence=evidence, draft=sentences, subject="What was written", ledger="Human"
)
