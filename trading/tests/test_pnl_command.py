"""manage.py pnl: one object, numbers as text, and errors that name the thing and the remedy."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from trading.tests.factories import DAY, NOW, fill, imported, make_account, make_user, quote, quoted
from trading.writing import plain

pytestmark = pytest.mark.usefixtures("ledger")
NUMBERS = ("realized", "realized_unmatched", "unrealized", "income", "fees", "flows", "equity")
AS_OF = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def account():
    account = make_account(make_user())
    imported(
        account,
        fill(account, "buy", "1", "100", ago=3 * DAY),
        fill(account, "buy", "1e-18", "0.0000001", ago=2 * DAY),
        fill(account, "sell", "3", "300", ago=DAY),
    )
    quoted(quote("BTC", "300"))
    return account


def run(*arguments):
    out = StringIO()
    call_command("pnl", *arguments, stdout=out)
    return out.getvalue()


def asked(*arguments):
    return json.loads(run("--user", "ada", "--as-of", AS_OF, "--json", *arguments))


def test_it_prints_one_object_with_numbers_as_plain_text(account) -> None:
    told = asked()
    for name in NUMBERS:
        assert isinstance(told[name], str)
        assert "E" not in told[name]
        assert told[name] == plain(Decimal(told[name]))
    assert told["realized_unmatched"] == "599.9999999999999997"
    assert told["unmatched"] == {"BTC": "1.999999999999999999"}
    assert (told["complete"], told["missing"], told["by"]) == (False, [], [])
    assert (told["user"], told["currency"], told["method"]) == ("ada", "AUD", "fifo")
    assert (told["as_of"], told["at"]) == (AS_OF, AS_OF)
    assert told["horizon"].endswith("Z")
    assert told["quality"]["state"] == "fresh"
    assert told["fills"] == 3


def test_the_identity_can_be_checked_on_what_it_prints(account) -> None:
    told = {name: Decimal(value) for name, value in asked().items() if name in NUMBERS}
    gained = told["realized"] + told["realized_unmatched"] + told["unrealized"]
    assert told["equity"] - told["flows"] == gained + told["income"] - told["fees"]


@pytest.mark.parametrize("part", ["asset", "day", "account"])
def test_the_parts_add_up_to_the_whole(account, part) -> None:
    told = asked("--by", part)
    assert told["by"]
    for name in NUMBERS:
        assert sum(Decimal(line[name]) for line in told["by"]) == Decimal(told[name])


def test_the_method_and_the_moment_may_be_chosen(account) -> None:
    told = asked("--method", "hifo", "--at", "2026-03-16T12:00:00+11:00", "--account", "main")
    assert (told["method"], told["at"]) == ("hifo", "2026-03-16T01:00:00Z")
    assert (told["fills"], told["realized"]) == (1, "0")


def test_a_person_reads_a_table(account) -> None:
    told = run("--user", "ada", "--as-of", AS_OF, "--by", "day")
    assert "ada: main (AUD). Method fifo. 3 fills." in told
    assert "2026-03-17 AUD" in told
    assert "1.999999999999999999 BTC left without a known cost. Import the fills" in told
    assert "Quality: fresh." in told
    assert max(len(line) for line in told.splitlines()) < 200


def test_a_person_reads_what_has_no_price_and_what_is_complete(account) -> None:
    bob = make_account(make_user("bob"))
    imported(bob, fill(bob, "buy", "1", "7", ago=DAY, base="XYZ"))
    told = run("--user", "bob", "--as-of", AS_OF)
    assert "no fresh bid, or no price when booked, of XYZ. Look at the last runs" in told
    assert "no price" in told
    imported(bob, fill(bob, "sell", "1", "7", ago=DAY / 2, base="XYZ"))
    assert "Complete: every unit" in run("--user", "bob", "--as-of", AS_OF)


def test_accounts_of_two_currencies_are_told_one_by_one(account) -> None:
    dollars = make_account(account.user, "dollars", base_currency="USD")
    imported(dollars, fill(dollars, "buy", "1", "60", ago=DAY, quote="USD"))
    told = asked()
    assert (told["currency"], told["equity"]) == (None, None)
    assert [line["key"] for line in told["by"]] == ["dollars", "main"]
    assert "have no sum" in run("--user", "ada", "--as-of", AS_OF)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user", "eve"], "No user is called 'eve'. There are: ada."),
        (["--user", "ada", "--account", "x"], "There is no account 'x'. The accounts are main"),
        (["--user", "ada", "--at", "2026-01-01"], "has no zone"),
        (["--user", "ada", "--as-of", "2026-01-01T00:00"], "has no zone"),
        (["--user", "ada", "--at", "yesterday"], "is no moment. Write it like"),
        (["--user", "ada", "--as-of", "2999-01-01T00:00Z"], "is in the future"),
        (["--user", "ada", "--as-of", AS_OF, "--at", "2026-04-01T00:00Z"], "Nobody knew"),
    ],
)
def test_wrong_questions_are_refused_by_name(account, arguments, message) -> None:
    with pytest.raises(CommandError, match=message.replace(".", r"\.")):
        run(*arguments)


def test_a_user_without_an_account_is_told_how_to_get_one(ledger) -> None:
    make_user("eve")
    with pytest.raises(CommandError, match="import_fills"):
        run("--user", "eve")


def test_without_a_user_it_says_so(ledger) -> None:
    with pytest.raises(CommandError, match="There is none yet"):
        run("--user", "ada")
