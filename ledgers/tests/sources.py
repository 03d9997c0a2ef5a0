"""Answers written for a test, served over real HTTP; and recorded samples, where they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledgers.collecting.collector import Collector
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED, load, replaying
from ledgers.collecting.runner import run_collector
from ledgers.collecting.templates import Moment, render
from ledgers.models import CollectorRun

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
samples_needed = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the recorded samples (../shared/samples) are not here"
)


def collect(slug: str, *, now: datetime = NOW) -> list[CollectorRun]:
    """Run one collector, as the command does."""
    collector = collectors[slug]
    return run_collector(collector, RequestsHttp(collector), now=now)


def only(runs: list[CollectorRun]) -> CollectorRun:
    (run,) = runs
    return run


@contextmanager
def replayed(folder: Path, settings, *, in_sequence: bool = False) -> Iterator[None]:
    """Point every source at a folder of recordings."""
    with replaying(load(folder), in_sequence=in_sequence) as url:
        settings.OMC_REPLAY_URL = url
        yield


def payload(url: str, body: bytes | str, *, at: datetime = NOW) -> Payload:
    """Make an answer without a network, for a parser."""
    return Payload(
        url=url,
        status=200,
        content_type="",
        fetched_at=at,
        observed_at=at,
        body=body.encode() if isinstance(body, str) else body,
    )


def shipped(name: str, /, *, match: str = "", **values: str) -> str:
    """Return a shipped payload as it is served at NOW."""
    body = (SHIPPED / name).read_text(encoding="latin-1")
    return render(body, Moment(now=NOW, started_at=NOW, match=match, values=values))


def parsed(collector: Collector, answer: Payload) -> tuple[list, list]:
    """Return the records and the rejects that a parser makes of an answer."""
    items = list(collector.parse(answer))
    rejects = [item for item in items if type(item).__name__ == "Reject"]
    return [item for item in items if item not in rejects], rejects
