"""One small world for questions to a model: two coins over a week, texts, filings, two users."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, MINUTE, NOW

BTC = ("60000.5", "61000", "70000", "64500.25")
ETH = ("3000", "2900", "3100", "3150.125")
QUESTIONS = (
    "what is the price of BTC now",
    "how did bitcoin do last week",
    "how did ETH do last week",
    "what was the high of BTC last week",
    "volatility of ETH last week",
    "average price of BTC last week",
    "news about BTC",
    "headlines about ETH this week",
    "reddit posts about DOGE",
    "fear and greed index last week",
    "any filing of Coinbase this month",
    "listings on coinspot this month",
    "list my orders",
    "my BTC trades last week",
    "how did BTC do last week and any news about it",
    "was there any SEC filing about Coinbase and how did bitcoin do last week",
    "price of ETH now and my orders",
    "how did BTC and ETH do last week",
    "events about ETH this month",
    "how much is bitcoin worth now",
)


def small_world(texts: tuple[str, ...] = ()) -> Any:
    """Store it, with texts of others in every place that holds some, and return alice."""
    users: Any = get_user_model().objects
    alice, bob = users.create_user("alice"), users.create_user("bob")
    backs = (7 * DAY - HOUR, 5 * DAY, 2 * DAY, MINUTE)
    rows = [
        make.quote(coin, price, at=NOW - back)
        for coin, prices in (("BTC", BTC), ("ETH", ETH))
        for price, back in zip(prices, backs, strict=True)
    ]
    make.covered(make.quotes(rows), NOW - 400 * DAY)
    news = [make.article("Bitcoin slips as traders wait for data", at=NOW - 2 * HOUR)]
    news += [make.article("Ether steadies after the upgrade", "ETH", at=NOW - 3 * HOUR)]
    news += [make.article(text, guid=f"x{n}") for n, text in enumerate(texts)]
    make.covered(make.articles(news), NOW - 400 * DAY)
    posts = [make.post("Doge is on my mind today")]
    posts += [make.post(text, "BTC", post_id=f"x{n}") for n, text in enumerate(texts)]
    make.covered(make.posts(posts), NOW - 400 * DAY)
    make.covered(make.moods([40, 41, 42]), NOW - 400 * DAY)
    filings = [make.event("Annual report of Coinbase", form="10-K", at=NOW - 3 * DAY)]
    filings += [
        make.event(text, source_key=f"x{n}", assets=["BTC"]) for n, text in enumerate(texts)
    ]
    make.events(filings)
    make.look_at_filings(NOW - 400 * DAY)
    told = [make.event("Notice of Ether", kind="announcement", source="coinspot_announcements",
                       form="", company="", tickers=[], assets=["ETH"])]  # fmt: skip
    told += [
        make.event(text, kind="announcement", source="coinspot_announcements", form="",
                   company="", tickers=[], assets=["BTC"], source_key=f"a{n}")
        for n, text in enumerate(texts)
    ]  # fmt: skip
    make.covered(make.events(told, "coinspot_announcements"), NOW - 400 * DAY)
    own, his = make.make_account(alice), make.make_account(bob)
    run = make.orders([make.order(own)], own)
    make.covered(run, NOW - 400 * DAY)
    make.orders([make.order(his, base="XRP", quantity=Decimal(777777))], his)
    return alice
