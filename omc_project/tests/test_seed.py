"""The example year: whole, deterministic, as it was known, and gone without a trace."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledgers.checks import fact_models
from ledgers.collecting.storing import store
from ledgers.exchange.models import Account, Transfer
from ledgers.glass.models import Candle
from ledgers.glass.seed import HISTORY
from ledgers.human.models import Article
from ledgers.models import Coverage, Feed
from ledgers.tests.factories import article, candle, make_run

UNTIL = datetime(2026, 3, 18, 13, 45, tzinfo=UTC)
DAY = timedelta(days=1)
SAMPLES = (
    Path(settings.BASE_DIR).parent
    / "shared"
    / "samples"
    / "history"
    / "bitstamp_BTC_ETH_LTC_USD_1d_2014-11_2020-01.csv"
)


def plant(capsys, *args: str) -> Any:
    call_command("seed", "--json", *args)
    return json.loads(capsys.readouterr().out)


def counts() -> dict[str, int]:
    """Count every table there is, also those nobody thought of.

    But the notes that the books of an account are to be looked at again: they come and go.
    """
    apart = {"django_migrations", "django_content_type", "auth_permission", "trading_bookchange"}
    tables = [name for name in connection.introspection.table_names() if name not in apart]
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def contents() -> str:
    """Digest every row of every fact, keys of the database and clocks of ours apart."""
    digests = []
    with connection.cursor() as cursor:
        for model in fact_models():
            own = sorted(
                {field.column for field in model._meta.concrete_fields if field.column}
                - {"id", "run_id", "account_id", "item"}
            )
            columns = ", ".join(f'"{name}"' for name in own)
            cursor.execute(
                f"SELECT md5(string_agg(row::text, '' ORDER BY row::text)) FROM "
                f'(SELECT {columns} FROM "{model._meta.db_table}") row'
            )
            digests.append(f"{model.__name__} {cursor.fetchone()[0]}")
    return "\n".join(digests)


def test_the_same_end_gives_the_same_rows_and_clearing_leaves_no_trace(ledger, capsys) -> None:
    """And a second run over what is planted changes nothing, is cheap, and has no other end."""
    empty = counts()
    plant(capsys, "--until", UNTIL.isoformat())
    full, rows = counts(), contents()
    call_command("seed", "--clear", "--json")
    cleared = json.loads(capsys.readouterr().out)
    assert counts() == empty
    assert cleared["kept"] == []
    first = plant(capsys, "--until", UNTIL.isoformat())
    assert counts() == full
    assert contents() == rows
    with CaptureQueriesContext(connection) as asked:
        second = plant(capsys)
    assert len(asked) < 10
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["rows"] == second["rows"]
    assert first["until"] == second["until"]
    with pytest.raises(CommandError, match=r"ends at 2026-03-18 13:45:00 UTC.*seed --clear"):
        call_command("seed", "--until", "2026-03-01T00:00:00Z")
    assert counts() == full
    assert contents() == rows


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples (../shared/samples) are not here")
def test_the_shipped_prices_are_those_of_the_named_file() -> None:
    with SAMPLES.open(newline="") as file:
        recorded = {row[""]: row for row in csv.DictReader(file)}
    told = 0
    with gzip.open(HISTORY, "rt", newline="") as file:
        for row in csv.DictReader(file):
            for name in ("open", "high", "low", "close", "volume"):
                assert row[name] == recorded[row["day"]][f"{row['asset']}:{name}"]
                told += 1
    assert told == 5 * 3 * 369


def test_what_lives_beside_it_is_left_alone(ledger, capsys) -> None:
    """Live rows, and a superuser who has the name of the example user."""
    users = get_user_model().objects
    boss = users.create_superuser("demo", password="not-a-default-1")
    kept = users.filter(pk=boss.pk).values().get()
    live = make_run("kraken")
    store(Candle, [candle(hour) for hour in range(5)], live, observed_at=UNTIL)
    news = make_run("rss/gazette")
    store(Article, [article()], news, observed_at=UNTIL)
    before, rows = counts(), contents()
    plant(capsys)
    assert counts() != before
    assert users.filter(pk=boss.pk).values().get() == kept
    call_command("seed", "--clear")
    assert users.filter(pk=boss.pk).values().get() == kept
    assert users.count() == 1
    assert counts() == before
    assert contents() == rows


def test_clearing_keeps_an_account_that_holds_rows_of_its_owner(ledger, capsys) -> None:
    plant(capsys)
    account = Account.objects.first()
    run = make_run("import_omc/1")
    flow = Transfer.record(
        event_at=UNTIL,
        published_at=UNTIL,
        account_id=account.pk,
        venue_id="mine",
        kind="deposit",
        asset="AUD",
        quantity=Decimal(1),
        fee=Decimal(0),
        fee_asset="",
        value=Decimal(1),
        match="",
    )
    store(Transfer, [flow], run, observed_at=UNTIL)
    call_command("seed", "--clear", "--json")
    kept = json.loads(capsys.readouterr().out)["kept"]
    assert kept == [f"account {account.name!r}", "user 'demo'"]
    assert list(Account.objects.all()) == [account]
    assert Transfer.objects.of_everyone().get().venue_id == "mine"
    assert get_user_model().objects.get().username == "demo"
    assert not Coverage.objects.exists()


def test_clearing_an_unseeded_house_removes_nothing(ledger, capsys) -> None:
    get_user_model().objects.create_user("demo")
    before = counts()
    call_command("seed", "--clear")
    assert counts() == before


def test_production_refuses_both(ledger, settings) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="not planted in production"):
        call_command("seed")
    with pytest.raises(CommandError, match="not cleared in production"):
        call_command("seed", "--clear")
    assert not Feed.objects.exists()


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("2026-03-18", "Give its time zone"),
        ("yesterday", "not a time"),
        ("2099-01-01T00:00:00Z", "in the future"),
    ],
)
def test_an_end_that_cannot_be_is_refused(ledger, until, message) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("seed", "--until", until)
    assert not Feed.objects.exists()


def test_a_seed_that_fails_half_way_leaves_nothing(ledger, monkeypatch) -> None:
    def broken(anchor: datetime) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("ledgers.human.seed.scores", broken)
    before = counts()
    with pytest.raises(RuntimeError, match="the power went"):
        call_command("seed")
    assert counts() == before
