"""One polite look at a source that stores nothing: does it answer, and is its shape the old one?

The recorded shape is that of the recording that answers the same request.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from ledgers.collecting.collector import Ask, Collector, Http, slot_of
from ledgers.collecting.errors import CollectError
from ledgers.collecting.looks import parsed
from ledgers.collecting.needs import opened
from ledgers.collecting.payload import Payload
from ledgers.collecting.replaying import Replay
from ledgers.collecting.shapes import Shape, differences, shape_of

logger = logging.getLogger(__name__)

State = Literal["same", "differs", "unrecorded", "failed", "nothing to ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How one source answered; `differences` say how the answer's shape is not the recorded one."""

    source: str
    feed: str = ""
    url: str = ""
    state: State
    error: str = ""
    differences: tuple[str, ...] = ()
    records: int = 0
    rejects: int = 0

    @property
    def is_good(self) -> bool:
        """Tell whether there is nothing to look after."""
        return self.state in ("same", "unrecorded", "nothing to ask")


@dataclass(slots=True)
class _Noting:
    """An `Http` that notes which request each answer belongs to."""

    http: Http
    asked: list[tuple[str, str, Payload]] = field(default_factory=list)

    def get(self, url: str, headers: dict[str, str] | None = None, **params: str) -> Payload:
        payload = self.http.get(url, headers, **params)
        joint = "&" if urlsplit(url).query else "?"
        self.asked.append(("GET", f"{url}{joint}{urlencode(params)}" if params else url, payload))
        return payload

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Payload:
        payload = self.http.post(url, body, headers)
        self.asked.append(("POST", url, payload))
        return payload

    def request_of(self, payload: Payload) -> tuple[str, str]:
        """Return the method and the whole URL of an answer; its own URL may be another by now."""
        for method, url, answer in reversed(self.asked):
            if answer.body == payload.body:
                return method, url
        return "GET", payload.url


def probe(collector: Collector, http: Http, known: Sequence[Replay], *, now: datetime) -> Probe:
    """Ask for the first page of the source's first feed, parse it, and compare its shape."""
    scope = next(iter(collector.scopes()), None)
    if scope is None:
        return Probe(source=collector.slug, state="nothing to ask")
    told: dict[str, Any] = {"source": collector.slug, "feed": collector.feed_name(scope)}
    noting = _Noting(http)
    try:
        with opened(collector):
            ask = Ask(scope=scope, window=slot_of(now, collector.cadence(scope)), now=now)
            payload = next(iter(collector.fetch(noting, ask)), None)
    except CollectError as error:
        return Probe(**told, state="failed", error=str(error))
    except Exception as error:
        logger.exception("The probe of %s crashed.", collector.slug)
        return Probe(**told, state="failed", error=f"{type(error).__name__}: {error}")
    if payload is None:
        return Probe(**told, state="nothing to ask")
    return _judged(collector, payload, noting.request_of(payload), known, told)


def _judged(
    collector: Collector,
    payload: Payload,
    request: tuple[str, str],
    known: Sequence[Replay],
    told: dict[str, Any],
) -> Probe:
    """Say what is in an answer, and how its shape differs."""
    records, rejects, error = _read(collector, payload)
    told |= {"url": payload.url, "records": records, "rejects": rejects, "error": error}
    found = _shape(payload.body)
    if found is None:
        unreadable = "The answer is neither JSON nor XML."
        return Probe(**told | {"state": "failed", "error": error or unreadable})
    recorded = _recorded(*request, known, payload.fetched_at)
    changed = tuple(differences(recorded, found)) if recorded else ()
    state: State = "differs" if changed else "same" if recorded else "unrecorded"
    return Probe(**told, state="failed" if error else state, differences=changed)


def _shape(body: bytes) -> Shape | None:
    try:
        return shape_of(body)
    except CollectError:
        return None


def _read(collector: Collector, payload: Payload) -> tuple[int, int, str]:
    """Return how many records and rejects an answer holds, or what is wrong with it."""
    try:
        records, rejects = parsed(collector, payload)
    except CollectError as error:
        return 0, 0, str(error)
    except Exception as error:
        logger.exception("The parser of %s crashed.", collector.slug)
        return 0, 0, f"{type(error).__name__}: {error}"
    return len(records), len(rejects), ""


def _recorded(method: str, url: str, known: Sequence[Replay], now: datetime) -> Shape | None:
    """Return the shape that was recorded for a request, if any was."""
    parts = urlsplit(url)
    for replay in known:
        if found := replay.find(parts.hostname or "", method, parts, ""):
            recording, match = found
            return _shape(recording.body(match, now=now, started_at=now))
    return None
