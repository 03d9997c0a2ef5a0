"""What parsers of the Human ledger return."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord:
    """One row of `Article`, before it has a run; `assets` are symbols, sorted.

    `is_publication_exact` is False where `published_at` is only when we saw it: the item has no
    date that can be, or one in the future.
    """

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    outlet: str
    guid: str
    published_on: date
    title: str
    url: str
    summary: str
    author: str
    assets: list[str]
    is_publication_exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRecord:
    """One row of `Post`, before it has a run; `score` and `comments` change after first sight."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    post_id: str
    channel: str
    author: str
    title: str
    url: str
    score: int
    comments: int
    assets: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodRecord:
    """One row of `Mood`, before it has a run; `value` from 0 (fear) to 100 (greed)."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    source: str
    value: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord:
    """One row of `Score`, before it has a run; `item` is the public id of what was scored."""

    event_at: datetime
    published_at: datetime | None
    withdrawn: bool = False
    item: str
    model: str
    version: str
    value: Decimal
    assets: list[str]
