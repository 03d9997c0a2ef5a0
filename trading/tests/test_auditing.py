"""The audit trail shows what was touched, also by somebody who knows how digests are made."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from trading import auditing
from trading.auditing import append, broken_links
from trading.models import AuditEntry

pytestmark = pytest.mark.usefixtures("ledger")
CHAIN = "account:1"


@pytest.fixture
def trail() -> list[AuditEntry]:
    """Append three entries to a chain, and one to another."""
    kind, now = AuditEntry.Kind.LIMITS, timezone.now()
    append(kind, {"max_order": 9}, actor="bob", now=now, chain="account:2")
    said = [{"max_order": number} for number in (1, 2, 3)]
    return [append(kind, one, actor="ada", now=now, chain=CHAIN) for one in said]


def forced(sql: str, *values: Any) -> None:
    """Write past the triggers, as only a superuser of the database can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET session_replication_role = origin")


def forge(entry: AuditEntry, before: str) -> None:
    """Change what an entry says, with the digest that would fit it."""
    entry.text = '{"max_order": 999999}'
    digest = auditing._digest(before, entry)
    sql = "UPDATE trading_auditentry SET text = %s, digest = %s WHERE id = %s"
    forced(sql, entry.text, digest, entry.pk)


def test_a_trail_that_nobody_touched_is_whole(trail: list[AuditEntry]) -> None:
    assert list(broken_links(CHAIN)) == []
    assert [entry.number for entry in trail] == [1, 2, 3]
    assert len({entry.digest for entry in AuditEntry.objects.all()}) == 4


@pytest.mark.parametrize("place", [0, 1])
def test_an_entry_that_was_forged_with_its_digest_breaks_the_link_to_the_next(
    trail: list[AuditEntry], place: int
) -> None:
    forge(trail[place], trail[place - 1].digest if place else auditing.FIRST)
    number = trail[place].number + 1
    assert list(broken_links(CHAIN)) == [f"{CHAIN}: entry {number} is not what was written."]


def test_an_entry_that_was_taken_out_is_missed(trail: list[AuditEntry]) -> None:
    forced("DELETE FROM trading_auditentry WHERE id = %s", trail[1].pk)
    assert next(broken_links(CHAIN)) == f"{CHAIN}: entry 2 is missing before 3."


def test_the_gap_cannot_be_closed_by_counting_again(trail: list[AuditEntry]) -> None:
    forced("DELETE FROM trading_auditentry WHERE id = %s", trail[1].pk)
    forced("UPDATE trading_auditentry SET number = 2 WHERE id = %s", trail[2].pk)
    assert list(broken_links(CHAIN)) == [f"{CHAIN}: entry 2 is not what was written."]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "nobody"),
        ("kind", "move"),
        ("at", "2020-01-01T00:00:00Z"),
        ("text", "{}"),
    ],
)
def test_every_column_of_an_entry_is_in_its_digest(
    trail: list[AuditEntry], column: str, value: str
) -> None:
    forced(f"UPDATE trading_auditentry SET {column} = %s WHERE id = %s", value, trail[2].pk)
    assert list(broken_links(CHAIN)) == [f"{CHAIN}: entry 3 is not what was written."]
