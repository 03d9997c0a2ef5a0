"""Feeds, accounts, slots, users and alerts in a state that a test names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from psycopg.types.range import Range
from rest_framework.test import APIClient

from ledgers.collecting.collector import Collector
from ledgers.collecting.registry import feed_of
from ledgers.collecting.storing import store
from ledgers.coverage import cover
from ledgers.exchange.models import Account, Fill
from ledgers.exchange.records import FillRecord
from ledgers.models import CollectorRun, Feed, Ledger, Schedule, Slot
from ledgers.reading import announce_and_stamp
from quality.findings import Finding, Level
from quality.models import Alert

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def make_collector(
    slug: str, ledger: Ledger, *, every: timedelta = HOUR, scopes: tuple[str, ...] = ("",)
) -> Collector:
    """Make a collector that names its feeds; nobody asks it to fetch."""

    class Source(Collector):
        def scopes(self) -> tuple[str, ...]:
            return scopes

        def fetch(self, http: Any, ask: Any) -> Any:
            raise AssertionError("A check never fetches.")

        def parse(self, payload: Any) -> Any:
            raise AssertionError("A check never parses.")

    Source.slug, Source.ledger, Source.every, Source.hosts = slug, ledger, every, ("localhost",)
    return Source()


def make_run(feed: Feed, **options: Any) -> CollectorRun:
    """Make a seeded run of a feed: its coverage counts from when it ends."""
    row, _ = Feed.objects.get_or_create(
        name=feed.name,
        defaults={
            name: getattr(feed, name)
            for name in ("source", "scope", "ledger", "every", "restates", "lag")
        },
    )
    return CollectorRun.objects.create(feed=row, **{"kind": "seed", "outcome": "ok", **options})


def covered(feed: Feed, until: datetime, width: timedelta = HOUR) -> CollectorRun:
    """Record that a feed was looked at up to a moment."""
    run = make_run(feed)
    with transaction.atomic():
        cover(run, Range(until - width, until), known_at=announce_and_stamp())
    return run


def looked(collector: Collector, until: datetime) -> None:
    """Record that every feed of a collector was looked at up to a moment."""
    for scope in collector.scopes():
        covered(feed_of(collector, scope), until)


def stray_feed(name: str, ledger: Ledger = Ledger.GLASS, **options: Any) -> Feed:
    """Describe a feed that no collector names."""
    source, _, scope = name.partition("/")
    values = {"source": source, "scope": scope, "lag": 0 * DAY, "every": HOUR}
    return Feed(name=name, ledger=ledger, **{**values, **options})


def make_user(name: str = "ada", **options: Any) -> Any:
    """Make a user, an ordinary one unless told otherwise."""
    return get_user_model().objects.create_user(name, password="correct horse", **options)


def client_of(user: Any) -> APIClient:
    """Return a client that is logged in to the API."""
    client = APIClient()
    client.force_authenticate(user)
    return client


def make_account(user: Any, name: str = "main") -> Account:
    """Make an account at a venue."""
    return Account.objects.create(user=user, name=name, venue="coinspot")


def import_feed(account: Account) -> Feed:
    """Describe the feed that imports of an account fill."""
    return stray_feed(f"import_omc/{account.pk}", Ledger.EXCHANGE, every=None)


def bought(account: Account, at: datetime, **options: Any) -> None:
    """Store one purchase of the account."""
    record = FillRecord(
        event_at=at,
        published_at=None,
        account_id=account.pk,
        venue_id=f"{at:%s}",
        order_id="",
        side="buy",
        base="BTC",
        quote="AUD",
        quantity=Decimal("0.5"),
        price=Decimal(100000),
        fee=Decimal(1),
        fee_asset="AUD",
    )
    store(Fill, [record], make_run(import_feed(account), **options), observed_at=at)


def make_slot(job: str, number: int, state: str, sent_at: datetime) -> Slot:
    """Make one slot of a job that is due each minute."""
    schedule, _ = Schedule.objects.get_or_create(job=job, defaults={"every": MINUTE})
    return Slot.objects.create(schedule=schedule, number=number, state=state, sent_at=sent_at)


def finding(subject: str = "coinspot", **options: Any) -> Finding:
    """Make a finding whose words do not matter."""
    values: dict[str, Any] = {
        "ledger": Ledger.GLASS,
        "subject": subject,
        "level": Level.ERROR,
        "message": f"{subject} is late.",
        "hint": "Look at it.",
    }
    return Finding(**{**values, **options})


def make_alert(subject: str = "coinspot", **options: Any) -> Alert:
    """Make an open alert."""
    values: dict[str, Any] = {
        "check_id": "freshness.glass",
        "subject": subject,
        "ledger": Ledger.GLASS,
        "level": Level.ERROR,
        "message": f"{subject} is late.",
        "hint": "Look at it.",
        "opened_at": NOW,
        "seen_at": NOW,
    }
    return Alert.objects.create(**{**values, **options})
