"""The planner's own sentences: plain, each claim followed by the key of its evidence.

They pass the same grounding as a model's. The sentences about states and gaps hold no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from agents.compute import shown, significant
from agents.evidence import Evidence
from agents.plans import Step
from agents.results import Result, State, Window

PRICE_PLACES = 2
CASES = {0: "was unchanged at", 1: "rose", -1: "fell"}
ITEMS = {"news": "articles", "reddit": "posts", "social": "posts", "hn": "posts", "all": "items",
         "fear_greed": "items of the index"}  # fmt: skip
LEDGERS = {
    "get_price_data": "Glass",
    "get_sentiment_data": "Human",
    "get_catalyst_events": "Catalyst",
    "get_order_history": "Exchange",
}


def drafted(
    steps: Sequence[Step], results: Sequence[Result], evidence: Sequence[Evidence]
) -> list[str]:
    """Return the sentences of an answer, call by call."""
    said: list[str] = []
    for index, (step, result) in enumerate(zip(steps, results, strict=True)):
        own = [one for one in evidence if one.step == index and one.field != "difference"]
        if _says_nothing(result):
            continue
        said += DRAFTS[step.tool](step, own)
    return said + [_compared(one) for one in evidence if one.field == "difference"]


def caveats(steps: Sequence[Step], results: Sequence[Result]) -> list[str]:
    """Return what the answer must say of missing, stale or partly unseen data; no numbers."""
    said = []
    for step, result in zip(steps, results, strict=True):
        subject = _subject(step)
        if _says_nothing(result):
            said.append(
                f"{subject}: not observed. Look at the last runs of the {LEDGERS[step.tool]} "
                "collectors."
            )
        elif result.state == State.STALE:
            said.append(f"{subject}: stale, nobody should act on it.")
        elif result.quality.state in {"late", "stale", "unknown"} and result.window is None:
            said.append(f"{subject}: its feed is {result.quality.state}.")
        elif result.gaps and result.count and result.window is not None:
            said.append(f"{subject}: parts of that window were not observed.")
    return list(dict.fromkeys(said))


def written(moment: datetime) -> str:
    """Write a moment as answers do."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _says_nothing(result: Result) -> bool:
    """Tell whether there is nothing to claim: a price that no row holds was not observed."""
    is_price = hasattr(result, "currency")
    return result.state == State.NOT_OBSERVED or (is_price and not result.count)


def _subject(step: Step) -> str:
    symbol = str(step.args.get("symbol", "*"))
    about = "" if symbol == "*" else f" of {symbol}"
    kinds = {
        "get_price_data": "The price",
        "get_sentiment_data": "What was written",
        "get_catalyst_events": "Events",
        "get_order_history": "Your orders",
    }
    return kinds[step.tool] + about


def _prices(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say the newest price and its age, or how the window went, as far as it was asked."""
    by = {one.field: one for one in reversed(own)}
    symbol = str(step.args["symbol"])
    if "age" in by:
        price, age = by["price"], by["age"]
        at, source = written(price.times[0]), price.words[0]
        yield (
            f"The price of {symbol} was {_exact(price)} {price.unit} on {source} "
            f"at {at} [{price.key}]."
        )
        yield (
            f"That row of {symbol} is {_exact(age)} {_counted(age)} old and its feed is "
            f"{age.words[0]} [{age.key}]."
        )
    if "change" in by:
        yield from _window(symbol, step, own)


def _window(symbol: str, step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    by = {one.field: one for one in own}
    first, last = [one for one in own if one.field == "price"]
    change, wanted = by["change"], set(step.measures)
    value = change.value or Decimal(0)
    moved = CASES[(round(value, PRICE_PLACES) > 0) - (round(value, PRICE_PLACES) < 0)]
    if not wanted or wanted & {"change", "compare"}:
        yield (
            f"{symbol} {moved} {shown(abs(value), PRICE_PLACES)} % {_between(change)} "
            f"[{change.key}], from {_exact(first)} {first.unit} [{first.key}] "
            f"to {_exact(last)} {last.unit} [{last.key}], on {first.words[0]}."
        )
    if not wanted or "high_low" in wanted:
        high, low = by["high"], by["low"]
        yield (
            f"{symbol} had its high of {_exact(high)} {high.unit} at {written(high.times[0])} "
            f"[{high.key}] and its low of {_exact(low)} {low.unit} at {written(low.times[0])} "
            f"[{low.key}], {_between(high)} [{high.key}]."
        )
    if "mean" in wanted and "mean" in by:
        mean, count = by["mean"], by["count"]
        yield (
            f"The mean price of {symbol} was {significant(mean.value or Decimal(0))} {mean.unit} "
            f"{_between(mean)} [{mean.key}], over {_exact(count)} rows [{count.key}]."
        )
    if "volatility" in wanted:
        yield _volatility(symbol, by.get("volatility"))


def _volatility(symbol: str, found: Evidence | None) -> str:
    if found is None or found.value is None:
        return f"The volatility of {symbol} cannot be computed: it takes more daily rows."
    return (
        f"The volatility of {symbol}, the standard deviation of its daily returns, was "
        f"{shown(found.value, PRICE_PLACES)} % {_between(found)} [{found.key}]."
    )


def _compared(one: Evidence) -> str:
    better, worse = one.assets
    value = shown(one.value or Decimal(0), PRICE_PLACES)
    if not one.value:
        return f"{better} and {worse} did the same, a difference of {value} points [{one.key}]."
    return f"{better} did better than {worse} by {value} percentage points [{one.key}]."


def _sentiment(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    by = {one.field: one for one in reversed(own)}
    symbol, source = str(step.args["symbol"]), str(step.args["source"])
    about = "" if symbol == "*" else f" about {symbol}"
    count = by["count"]
    noun = ITEMS.get(source, "articles")
    origin = f" in {source}" if source not in ITEMS else ""
    yield f"{_there(count, noun)}{about}{origin} {_between(count)} [{count.key}]."
    if "scored" in by and source != "fear_greed":
        scored, score = by["scored"], by.get("score")
        mean = (
            f" and the mean score{about} was {shown(score.value, PRICE_PLACES)} [{score.key}]"
            if score and score.value is not None
            else ""
        )
        yield f"Of these {_exact(scored)} {noun}{about} were scored [{scored.key}]{mean}."
    for one in own:
        if one.field == "index" and one.value is not None:
            label = f", “{one.text}”" if one.text else ""
            yield f"The index was {_exact(one)}{label} at {written(one.times[0])} [{one.key}]."
        elif one.field == "item":
            yield _quote(one, f" by {one.words[0]}")


def _quote(one: Evidence, by: str) -> str:
    """Quote a row's text; one that reads like a command is named by its row instead."""
    text = f"“{one.text}”" if one.text else "a text that is not repeated here"
    return f"At {written(one.times[0])}{by}: {text} [{one.key}]."


def _events(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    symbol, kind = str(step.args["symbol"]), str(step.args["event_type"])
    about = "" if symbol == "*" else f" about {symbol}"
    noun = (
        "events" if kind == "all" else f"{kind.replace('exchange_', '').replace('_', ' ')} events"
    )
    count, *rows = own
    yield f"{_there(count, noun)}{about} {_between(count)} [{count.key}]."
    for one in rows:
        form = next((word for word in one.words if word and word[0].isdigit()), "")
        yield _quote(one, f" in form {form}" if form else "")


def _orders(_: Step, own: Sequence[Evidence]) -> Iterator[str]:
    count, *rest = own
    noun = "order or fill" if count.value == 1 else "orders and fills"
    yield f"You have {_exact(count)} {noun} {_between(count)} [{count.key}]."
    rows: dict[str, list[Evidence]] = {}
    for one in rest:
        rows.setdefault(one.rows[0], []).append(one)
    for parts in rows.values():
        kind, side, status, *_more = parts[0].words
        said = [f"{_role(one)}{_exact(one)} {one.unit} [{one.key}]" for one in parts]
        yield (
            f"At {written(parts[0].times[0])}: {kind}, {side}, {status}, " + ", ".join(said) + "."
        )


def _role(one: Evidence) -> str:
    return {"quantity": "quantity ", "price": "at a price of ", "filled": "filled ", "fee": "fee "}[
        one.field
    ]


def _there(count: Evidence, noun: str) -> str:
    """Say how many there were, in the singular for one."""
    if count.value != 1:
        return f"There were {_exact(count)} {noun}"
    return f"There was 1 {noun.replace('items of', 'item of').removesuffix('s')}"


def _between(one: Evidence) -> str:
    """Say the window of a claim."""
    window: Window | None = one.window
    if window is None:
        return "in all that is recorded"
    return f"from {written(window.start)} to {written(window.end)}"


def _exact(one: Evidence) -> str:
    return shown(one.value or Decimal(0))


def _counted(age: Evidence) -> str:
    return age.unit.removesuffix("s") if age.value == 1 else age.unit


DRAFTS = {
    "get_price_data": _prices,
    "get_sentiment_data": _sentiment,
    "get_catalyst_events": _events,
    "get_order_history": _orders,
}
