"""The key that trades is another one than the one that reads, is tried, and is never shown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledgers.credentials import refuse, secret_of
from ledgers.exchange.keys import KeyRefusedError
from ledgers.exchange.models import Account
from ledgers.exchange.tests.fake_coinspot import KEY, SECRET, Fault
from ledgers.exchange.tests.private import account_of, with_key
from ledgers.models import Credential, CredentialUse
from trading.keys import NoKeyError, has_key, keys_of, owner_of, remove_key, set_key
from trading.keys import test_key as try_key
from trading.tests.fake_exchange import TRADE_KEY, TRADE_SECRET, FakeExchange
from trading.tests.live import exchange

pytestmark = pytest.mark.usefixtures("ledger")
STATUS = "/api/v2/status"


@pytest.fixture
def venue(settings: Any) -> Iterator[FakeExchange]:
    with exchange(settings) as fake:
        yield fake


@pytest.fixture
def mia() -> Account:
    return with_key(account_of("mia"))


def stored(account: Account) -> dict[str, str]:
    """Return what is kept as the account's trading key."""
    return secret_of(owner_of(account.pk), purpose="test")


def test_a_key_that_opens_the_full_api_is_kept_beside_the_one_that_reads(venue, mia) -> None:
    set_key(mia, f" {TRADE_KEY}\n", f"{TRADE_SECRET} ", actor="mia")
    assert stored(mia) == {"key": TRADE_KEY, "secret": TRADE_SECRET}
    assert secret_of(f"account:{mia.pk}", purpose="test") == {"key": KEY, "secret": SECRET}
    assert venue.paths() == [STATUS]
    assert CredentialUse.objects.filter(owner=f"trade:{mia.pk}", actor="mia").count() == 1
    assert has_key(mia.pk)


def test_the_read_only_key_is_refused(venue, mia) -> None:
    with pytest.raises(KeyRefusedError, match="A read-only key cannot"):
        set_key(mia, KEY, SECRET, actor="mia")
    assert not has_key(mia.pk)


@pytest.mark.parametrize(
    "told",
    [
        b'{"status":"ok","permissions":["trade","withdraw"]}',
        b'{"status":"ok","rights":{"canWithdraw":true}}',
        b'{"status":"ok","withdrawals":"yes"}',
        b'{"status":"ok","rights":[{"withdraw":1}]}',
    ],
)
def test_a_key_of_which_the_venue_tells_that_it_can_withdraw_is_refused(venue, mia, told) -> None:
    venue.faults[STATUS] = [Fault(body=told)]
    with pytest.raises(KeyRefusedError, match="can withdraw"):
        set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    assert not Credential.objects.filter(owner=owner_of(mia.pk)).exists()


@pytest.mark.parametrize(
    "told",
    [
        b'{"status":"ok","permissions":["trade"]}',
        b'{"status":"ok","rights":{"withdraw":false,"trade":true}}',
        b'{"status":"ok","withdrawals":"no"}',
    ],
)
def test_a_key_of_which_the_venue_tells_that_it_cannot_is_kept(venue, mia, told) -> None:
    venue.faults[STATUS] = [Fault(body=told)]
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    assert has_key(mia.pk)


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(body=None), Fault(body=b"{")])
def test_a_key_that_could_not_be_tried_is_not_kept(venue, mia, fault) -> None:
    venue.faults[STATUS] = [fault]
    with pytest.raises(KeyRefusedError, match="does not take it"):
        set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    assert not has_key(mia.pk)


@pytest.mark.parametrize(("key", "secret"), [("", "a"), ("a", " "), ("a b", "c"), ("ü", "c")])
def test_what_is_no_key_is_refused_unasked(venue, mia, key, secret) -> None:
    with pytest.raises(KeyRefusedError, match="Copy it again"):
        set_key(mia, key, secret, actor="mia")
    assert venue.asked == []


def test_an_account_elsewhere_has_no_trading_key(venue, mia) -> None:
    mia.venue = "paper"
    with pytest.raises(KeyRefusedError, match="an account at paper"):
        set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    assert venue.asked == []


def test_why_there_is_no_key_to_trade_with_is_told(venue, mia) -> None:
    with pytest.raises(NoKeyError, match="set_trading_key"):
        keys_of(mia.pk, purpose="test")
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    refuse(owner_of(mia.pk), reason="Invalid key.")
    with pytest.raises(NoKeyError, match=r"Invalid key\. Enter a new one"):
        keys_of(mia.pk, purpose="test")
    assert not has_key(mia.pk)
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    assert has_key(mia.pk)


def test_a_key_that_was_tampered_with_is_none(venue, mia) -> None:
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    Credential.objects.filter(owner=owner_of(mia.pk)).update(sealed=b"0" * 40)
    with pytest.raises(NoKeyError, match="Enter it again"):
        keys_of(mia.pk, purpose="test")


def test_a_stored_trading_key_can_be_tried_again(venue, mia) -> None:
    with pytest.raises(KeyRefusedError, match="no trading key"):
        try_key(mia)
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    try_key(mia)
    venue.full.discard(TRADE_KEY)
    with pytest.raises(KeyRefusedError, match="A read-only key cannot"):
        try_key(mia)


def test_a_trading_key_that_cannot_be_encrypted_is_told(venue, mia, settings) -> None:
    settings.OMC_CREDENTIAL_KEY = "none"
    with pytest.raises(KeyRefusedError, match="OMC_CREDENTIAL_KEY does not hold 32 bytes"):
        set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")


def test_forgetting_the_trading_key_leaves_the_other(venue, mia) -> None:
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    remove_key(mia, actor="mia")
    assert not has_key(mia.pk)
    assert secret_of(f"account:{mia.pk}", purpose="test")


def run(monkeypatch: Any, *arguments: str, typed: str = "") -> str:
    """Run the command with these lines on its standard input."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    call_command("set_trading_key", "--user", "mia", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_keeps_a_key_and_warns_of_what_the_venue_does_not_tell(
    venue, mia, monkeypatch
) -> None:
    said = run(monkeypatch, "--account", mia.name, typed=f"{TRADE_KEY}\n{TRADE_SECRET}\n")
    assert "does not tell whether a key can withdraw" in said
    assert TRADE_KEY not in said
    assert TRADE_SECRET not in said
    assert stored(mia)["key"] == TRADE_KEY


def test_the_command_says_why_it_refuses(venue, mia, monkeypatch) -> None:
    with pytest.raises(CommandError, match="A read-only key cannot") as caught:
        run(monkeypatch, "--account", mia.name, typed=f"{KEY}\n{SECRET}\n")
    assert SECRET not in str(caught.value)
    with pytest.raises(CommandError, match="no account 'Gone'"):
        run(monkeypatch, "--account", "Gone")


def test_the_command_forgets_a_key(venue, mia, monkeypatch) -> None:
    set_key(mia, TRADE_KEY, TRADE_SECRET, actor="mia")
    assert "no trading key any more" in run(monkeypatch, "--account", mia.name, "--remove")
    assert not has_key(mia.pk)
