"""Posts of subreddits, by Reddit's official interface; a plug-in that needs an approved app."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from psycopg.types.range import Range

from ledgers.assets import assets_in
from ledgers.collecting.collector import Ask, Collector, Http, Looked, Need, each, member
from ledgers.collecting.errors import (
    BadValueError,
    BlockedError,
    CollectError,
    DriftError,
    RateLimitedError,
    StatusError,
)
from ledgers.collecting.needs import value_of
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import epoch_of, text_of, whole_of
from ledgers.human.records import PostRecord
from ledgers.models import Ledger

TOKEN_URL = "https://www.reddit.com/api/v1/access_token"  # noqa: S105  # an address, no token
LISTING = "https://oauth.reddit.com/r/{}/new"
PAGE = 100
MOST_PAGES = 5
NOBODY = "[deleted]"
REMOVED = "[removed]"
ERRORS: dict[str, type[CollectError]] = {
    "401": BlockedError,
    "403": BlockedError,
    "429": RateLimitedError,
}


@register
class RedditPosts(Collector):
    """https://www.reddit.com/dev/api#GET_new, with a token of the application alone.

    `/r/{sub}/new` lists posts by the time of their making, newest first. Their votes and comments
    go on changing: each look is an observation, and one that differs is the next revision. A
    deleted author is nobody; a removed post is withdrawn, and its title is not kept again.
    The answer that holds the token is never yielded, so that it is neither kept nor logged.
    """

    slug = "reddit"
    ledger = Ledger.HUMAN
    every = timedelta(minutes=15)
    hosts = ("www.reddit.com", "oauth.reddit.com")
    requests_per_minute = 60
    is_plug_in = True
    needs = (
        Need(name="client_id", help="The id below the name of your app."),
        Need(name="client_secret", help="The secret of your app."),
        Need(
            name="user_agent",
            help="platform:app:version (by /u/name), as Reddit demands",
            is_secret=False,
        ),
    )

    def scopes(self) -> Sequence[str]:
        return tuple(settings.OMC_SUBREDDITS)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        agent = value_of(self, "user_agent")
        headers = {"User-Agent": agent, "Authorization": f"Bearer {self._token(http, agent)}"}
        after = ""
        for _ in range(MOST_PAGES):
            page = {"limit": str(PAGE), "raw_json": "1"} | ({"after": after} if after else {})
            payload = http.get(LISTING.format(ask.scope), headers, **page)
            yield payload
            after = _listing(payload).get("after") or ""
            if not after or ask.known():
                return

    def _token(self, http: Http, agent: str) -> str:
        """Return a token for an hour; an answer without one says only which error it names."""
        pair = f"{value_of(self, 'client_id')}:{value_of(self, 'client_secret')}"
        headers = {
            "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": agent,
        }
        body = urlencode({"grant_type": "client_credentials"}).encode()
        answer = http.post(TOKEN_URL, body, headers).json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            said = answer.get("error") if isinstance(answer, dict) else None
            raise BlockedError(
                f"Reddit gives no token ({said or 'no reason'}). Check OMC_REDDIT_CLIENT_ID and "
                "OMC_REDDIT_CLIENT_SECRET, and that the app is approved."
            )
        return token

    def parse(self, payload: Payload) -> Iterator[Any]:
        yield from each(_children(payload), _post)

    def is_empty(self, payload: Payload) -> bool:
        return _children(payload) == []

    def covered(self, looked: Looked) -> Range[datetime] | None:
        """Return the time since the oldest listed post, or since the last look it reaches back to.

        The list is ordered by time, its end is its oldest post; only pinned ones stand before.
        """
        before = looked.covered_until
        oldest = looked.events[-1] if looked.events else before
        if oldest is None:
            return None
        start = before if before and oldest <= before else oldest
        return Range(start, looked.observed_at) if start < looked.observed_at else None


def _listing(payload: Payload) -> dict[str, Any]:
    """Return what a listing holds; an error in its place is raised as what it says."""
    document = payload.json()
    if isinstance(document, dict) and "error" in document:
        code, said = str(document["error"])[:60], str(document.get("message"))[:200]
        raise ERRORS.get(code, StatusError)(f"{payload.url} answered an error: {said} ({code}).")
    if not isinstance(document, dict) or document.get("kind") != "Listing":
        raise DriftError(f"{payload.url} is no Listing. Its shape has changed.")
    return member(document, "data", dict, payload.url)


def _children(payload: Payload) -> list[Any]:
    return member(_listing(payload), "children", list, payload.url)


def _post(child: Any) -> PostRecord:
    if child["kind"] != "t3":
        raise BadValueError("no_post", f"kind is {child['kind']!r}, not that of a post (t3).")
    data = child["data"]
    removed = is_removed(data)
    title = text_of(data["title"], "title", limit=500)
    created_at = epoch_of(data["created_utc"], "created_utc")
    author = text_of(data.get("author") or NOBODY, "author", limit=100)
    return PostRecord(
        event_at=created_at,
        published_at=created_at,
        withdrawn=removed,
        source="reddit",
        post_id=text_of(data["name"], "name", limit=60),
        channel=f"r/{text_of(data['subreddit'], 'subreddit', limit=58)}",
        author="" if removed or author == NOBODY else author,
        title=REMOVED if removed else title,
        url=f"https://www.reddit.com{text_of(data['permalink'], 'permalink', limit=1000)}",
        score=whole_of(data["score"], "score"),
        comments=whole_of(data["num_comments"], "num_comments"),
        assets=[] if removed else assets_in(title),
    )


def is_removed(data: dict[str, Any]) -> bool:
    """Tell whether a post was deleted by its author or removed by anybody else."""
    is_blank = data.get("selftext") in (REMOVED, NOBODY) or data["title"].startswith("[deleted by")
    return bool(data.get("removed_by_category")) or is_blank
