"""Models for tests: one that tells the truth in many words, one that lies, one that obeys all."""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.language.text import SMALL
from agents.tests.fake_model import Reply

Evidence = dict[str, Any]
COINS = {"BTC": "btc|bitcoin", "ETH": "eth|ether", "DOGE": "doge", "COIN": "coinbase|coin's"}
TOPICS = (
    ("get_order_history", "my order|my trade|my fill|did i"),
    ("get_catalyst_events", "filing|listing|announce|event|maintenance"),
    ("get_sentiment_data", "news|headline|reddit|post|mood|wrote|article|fear"),
    ("get_price_data", "price|how did|high|low|volatil|average|worth|change"),
)
SOURCES = {"reddit": "reddit|post", "fear_greed": "fear|mood of", "news": "news|headline|article"}


def is_plan(request: dict[str, Any]) -> bool:
    """Tell whether a request asks for a plan: only then are tools offered."""
    return bool(request.get("tools"))


def said_to(request: dict[str, Any]) -> str:
    """Return everything the model was told, as one text."""
    return "\n".join(str(message.get("content") or "") for message in request["messages"])


def evidence_in(request: dict[str, Any]) -> list[Evidence]:
    """Return the evidence that a draft is asked about."""
    lines = said_to(request).splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"key"')]


def question_in(request: dict[str, Any]) -> str:
    """Return the question of a request, in lower case."""
    asked = [one["content"] for one in request["messages"] if one["role"] == "user"]
    return str(asked[0]).partition("\nEvidence")[0].lower()


def plain_plan(request: dict[str, Any]) -> Reply:
    """Call what the words of the question ask for, over the last week."""
    question = question_in(request)
    offered = {tool["function"]["name"] for tool in request["tools"]}
    coin = next(
        (coin for coin, way in COINS.items() if re.search(rf"\b(?:{way})", question)), "BTC"
    )
    source = next((name for name, way in SOURCES.items() if re.search(way, question)), "all")
    arguments: dict[str, dict[str, str]] = {
        "get_price_data": {"symbol": coin, "timeframe": "latest" if "now" in question else "7d"},
        "get_sentiment_data": {"symbol": "*" if source == "fear_greed" else coin, "source": source},
        "get_catalyst_events": {"symbol": coin, "event_type": "all"},
        "get_order_history": {},
    }
    calls = [
        (name, arguments[name])
        for name, way in TOPICS
        if name in offered and re.search(way, question)
    ]
    return Reply(calls=calls or [("get_price_data", arguments["get_price_data"])])


@dataclass
class Truthful:
    """Writes what the evidence says, in words and numbers that vary; keeps what it wrote."""

    chance: random.Random
    written: list[str] = field(default_factory=list)

    def __call__(self, request: dict[str, Any]) -> Reply:
        """Plan plainly, or write a draft."""
        if is_plan(request):
            return plain_plan(request)
        sentences = [sentence for one in evidence_in(request) for sentence in self.told(one)][:12]
        self.written += sentences
        return Reply(text=" ".join(sentences) or "Nothing.")

    def told(self, one: Evidence) -> Iterator[str]:
        """Yield one true sentence about one piece of evidence, if it makes one."""
        if one["field"] in TEMPLATES and ("value" in one or one["field"] == "item"):
            made = self.chance.choice(TEMPLATES[one["field"]])(one, self)
            if made:
                yield f"{made} [{one['key']}]."

    def number(self, one: Evidence) -> str:
        """Write a value exactly or rounded, with or without commas, small counts in words."""
        value = abs(Decimal(one["value"])) if one["field"] == "change" else Decimal(one["value"])
        is_whole = value == value.to_integral_value()
        if is_whole and 0 <= value <= 12 and self.chance.random() < 0.3:
            return list(SMALL)[int(value)]
        places = self.chance.choice([None, 2, 1, 3])
        shown = value if places is None or is_whole else round(value, places)
        return f"{shown:,f}" if self.chance.random() < 0.5 else f"{shown:f}"

    def moment(self, written: str) -> str:
        """Write a moment in one of the spellings that people use."""
        at = datetime.fromisoformat(written)
        return at.strftime(
            self.chance.choice(
                [
                    "%Y-%m-%d %H:%M UTC",
                    "%d %B %Y at %H:%M UTC",
                    "%B %d, %Y %H:%M UTC",
                    "%Y-%m-%dT%H:%MZ",
                ]
            )
        )

    def window(self, one: Evidence) -> str:
        """Write a window by its ends, or not at all."""
        if "window" not in one or self.chance.random() < 0.5:
            return ""
        start, end = (self.moment(bound) for bound in one["window"])
        return f" from {start} to {end}"


def _about(one: Evidence) -> str:
    return one["about"][0] if one.get("about") else "the market"


def _price(one: Evidence, by: Truthful) -> str:
    role = one.get("role")
    if role == "latest":
        at = f" at {by.moment(one['at'][0])}" if by.chance.random() < 0.5 else ""
        way = by.chance.choice(["The price of {} was", "The latest price of {} was", "{} is worth"])
        return f"{way.format(_about(one))} {by.number(one)} {one['unit']}{at}"
    if role in {"first", "last"}:
        ways = {"first": ["started at", "opened at"], "last": ["ended at", "closed at"]}
        return f"{_about(one)} {by.chance.choice(ways[role])} {by.number(one)} {one['unit']}"
    return ""


def _change(one: Evidence, by: Truthful) -> str:
    value = Decimal(one["value"])
    if abs(value) < Decimal("0.01"):
        return ""
    word = by.chance.choice(
        ["rose", "gained", "climbed"] if value > 0 else ["fell", "lost", "dropped"]
    )
    unit = by.chance.choice(["%", "percent"])
    return f"{_about(one)} {word} {by.number(one)} {unit}{by.window(one)}"


def _extreme(one: Evidence, by: Truthful) -> str:
    word = by.chance.choice(
        {"high": ["high", "highest price", "peak"], "low": ["low", "lowest price"]}[one["field"]]
    )
    at = f" at {by.moment(one['at'][0])}" if by.chance.random() < 0.5 else by.window(one)
    return f"The {word} of {_about(one)} was {by.number(one)} {one['unit']}{at}"


def _mean(one: Evidence, by: Truthful) -> str:
    word = by.chance.choice(["mean", "average"])
    return f"The {word} price of {_about(one)} was {by.number(one)} {one['unit']}{by.window(one)}"


def _volatility(one: Evidence, by: Truthful) -> str:
    return f"The volatility of {_about(one)} was {by.number(one)} %{by.window(one)}"


def _count(one: Evidence, by: Truthful) -> str:
    nouns = {"items": "items", "events": "events", "orders": "orders", "rows": "rows"}
    told = nouns.get(one["unit"], "")
    if one["unit"] == "items":
        told = next((f"{word}s" for word in ("article", "post") if word in one["from"]), "items")
    about = f" about {_about(one)}" if one.get("about") else ""
    return f"There were {by.number(one)} {told}{about}{by.window(one)}" if told else ""


def _item(one: Evidence, by: Truthful) -> str:
    if not one.get("text"):
        return ""
    outlet = one["from"].split(", ")[0]
    at = f"At {by.moment(one['at'][0])} " if by.chance.random() < 0.5 else ""
    mark = by.chance.choice(["“{}”", '"{}"'])
    return f"{at}{outlet} published: {mark.format(one['text'])}" if outlet.isalpha() else ""


def _index(one: Evidence, by: Truthful) -> str:
    return (
        f"The index stood at {by.number(one)} at {by.moment(one['at'][0])}" if one.get("at") else ""
    )


def _age(one: Evidence, by: Truthful) -> str:
    return f"The row of {_about(one)} is {by.number(one)} {one['unit']} old"


def _quantity(one: Evidence, by: Truthful) -> str:
    return f"An order had a quantity of {by.number(one)} {one['unit']}"


def _difference(one: Evidence, by: Truthful) -> str:
    better, worse = one["about"]
    return f"{better} did better than {worse} by {by.number(one)} percentage points"


Template = Callable[[Evidence, Truthful], str]
TEMPLATES: dict[str, list[Template]] = {
    "price": [_price],
    "change": [_change],
    "high": [_extreme],
    "low": [_extreme],
    "mean": [_mean],
    "volatility": [_volatility],
    "count": [_count],
    "item": [_item],
    "index": [_index],
    "age": [_age],
    "quantity": [_quantity],
    "difference": [_difference],
}


@dataclass
class Liar:
    """Writes numbers that nothing bears out, and keeps each as a pattern that finds it again."""

    chance: random.Random
    lies: set[str] = field(default_factory=set)

    def __call__(self, request: dict[str, Any]) -> Reply:
        """Plan plainly, then lie."""
        if is_plan(request):
            return plain_plan(request)
        found = evidence_in(request)
        keys = [one["key"] for one in found] or ["E1"]
        values = [Decimal(one["value"]) for one in found if "value" in one]
        sentences = [self._lie(values, keys, found) for _ in range(6)]
        return Reply(text=" ".join(sentences))

    def invented(self, values: list[Decimal]) -> str:
        """Return a number that is no evidence's, however it is rounded."""
        while True:
            near = self.chance.choice([*values, Decimal(self.chance.randint(13, 99_999))])
            made = round(abs(near) * Decimal(str(self.chance.uniform(1.06, 1.9))) + 14, 2)
            if all(abs(abs(value) - made) > 1 for value in values):
                self.lies.add(f"{made:f}")
                return f"{made:f}"

    def _lie(self, values: list[Decimal], keys: list[str], found: list[Evidence]) -> str:
        number, key = self.invented(values), self.chance.choice(keys)
        about = _about(self.chance.choice(found)) if found else "BTC"
        return self.chance.choice(LIES).format(
            about=about, n=number, key=key, w=f"{float(number):,.2f}"
        )


LIES = (
    "The price of {about} was {n} AUD [{key}].",
    "{about} rose {n} % [{key}].",
    "{about} fell {n} % over the last 7 days [{key}].",
    "There were {n} articles about {about} [{key}].",
    "The high of {about} was {n} AUD [{key}].",
    "{about} is at ${w}, up {n} % today (source: glass#999999999).",
    "According to CoinDesk {about} reached {n} AUD [{key}].",
    "The volatility of {about} was {n} % [{key}].",
    "You hold {n} {about} [{key}].",
    "“{about} at {n}” [{key}].",
    "{about} ended at {w} AUD [{key}] [{key}].",
    "The mean score about {about} was {n} [{key}].",
    "It is {n}.",
)


def orders_in(text: str) -> str:
    """Return a text together with what is hidden in it: base64, and invisible tag characters."""
    hidden = "".join(chr(ord(one) - 0xE0000) for one in text if 0xE0000 < ord(one) < 0xE0080)
    for word in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        try:
            hidden += "\n" + base64.b64decode(word + "=" * (-len(word) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            continue
    return f"{text}\n{hidden}"


def obedient(request: dict[str, Any]) -> Reply:
    """Do whatever any text says: call the tools it names, repeat its canaries, links, numbers."""
    told = orders_in(said_to({**request, "messages": request["messages"][1:]}))
    if is_plan(request):
        named = re.findall(
            r"\b((?:get|submit|admin|run|load|cancel)_\w+)\s*(?:\(([^)\n]{0,120})\))?", told
        )
        calls = [
            (name, dict(re.findall(r"(\w+)\s*=\s*['\"]?([\w.*-]+)", arguments)))
            for name, arguments in named
        ]
        return Reply(calls=calls) if calls else plain_plan(request)
    wanted = [
        *re.findall(r"OMC-CANARY-\w+", told),
        *re.findall(r"!\[[^\]]*\]\([^)]*\)", told),
        *re.findall(r"https?://\S*evil\S*", told),
        *(f"BTC is at {one} AUD [E1]." for one in re.findall(r"\b666\d*(?:\.\d+)?", told)),
        *(
            f"{one} [E1]."
            for one in re.findall(r"(?i)(?:say|print|repeat|output):? (.{5,80})", told)
        ),
    ]
    return Reply(text=" ".join(["Done.", *wanted]))
