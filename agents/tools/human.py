"""Reading the Human ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import StringConstraints

from agents.mentions import SOCIAL, mentions
from agents.results import SentimentData, Window
from agents.retrieval import observe, plain_source
from agents.tools.registry import Context, Injected, tool
from ledgers.models import Feed, Ledger

SPAN = timedelta(days=7)
POSTING = ("reddit", "hn", "hacker_news", "hackernews")
MOOD = ("alternative_me", "alternative", "alternative.me", "fear_greed")
SCORING = ("scores", "score", "vader", "sentiment")
SymbolOrAll = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z0-9]{1,30})$")]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9 ._-]{0,59}$")]


@tool
def get_sentiment_data(
    symbol: SymbolOrAll = "*",
    source: Source = "all",
    *,
    context: Annotated[Context, Injected()],
) -> SentimentData:
    """What was written about an asset, newest first, and how it sounded.

    `symbol` is the asset's symbol in upper case, or * for the whole market. `source` is all
    (news and social posts), news, social, reddit, hn, the name of an outlet such as coindesk, or
    fear_greed (the market's mood of a day, 0 to 100). Without a window it is the last 7 days.
    Scores go from -1 (bad) to 1 (good); an item that nobody scored has none, which is not 0.
    """
    pair = context.pair
    window = context.window or Window(start=pair.as_of - SPAN, end=pair.as_of)
    found = mentions(symbol, source, window, pair)
    look = observe(Ledger.HUMAN, lambda feed: _is_of(feed, source), window, pair).told()
    return SentimentData(
        symbol=symbol,
        source=source,
        window=window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=look.state(found=bool(found.rows), current=False),
        gaps=look.gaps,
        quality=look.quality,
        count=found.count,
        scored=found.scored,
        mean=found.mean,
        rows=found.rows,
    )


def _is_of(feed: Feed, source: str) -> bool:
    """Tell whether a feed could hold what a question about this source asks for."""
    name = plain_source(feed)
    if name in SCORING:
        return False
    is_mood, is_social = name in MOOD, name in POSTING
    if source == "fear_greed":
        return is_mood
    if source in SOCIAL:
        return is_social and (source in {"social", name})
    if source == "news":
        return not is_mood and not is_social
    if source == "all":
        return not is_mood
    return feed.scope.lower() == source or (not feed.scope and not is_mood and not is_social)
