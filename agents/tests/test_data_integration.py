"""Questions over all four ledgers, on real PostgreSQL and Valkey, to their cited answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import graph, sessions
from agents.answers import Answer
from agents.grounding import ground
from agents.orchestrator import run_workflow
from agents.plans import Outcome
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, NOW
from ledgers.exchange.models import Account, Fill
from ledgers.public_ids import find

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def alice(django_user_model: Any, ledger: None) -> Any:
    """Make a world in all four ledgers, and alice, who has an account beside bob's."""
    user = django_user_model.objects.create_user("alice")
    bob = django_user_model.objects.create_user("bob")
    hourly = [
        make.quote(symbol, str(base + step * n), at=NOW - n * HOUR)
        for symbol, base, step in (("BTC", 60000, -10), ("ETH", 3000, 1))
        for n in range(1, 24 * 8)
    ]
    make.covered(make.quotes(hourly), NOW - 30 * DAY)
    news = [make.article("Bitcoin steadies"), make.article("Ether dips", "ETH", guid="2")]
    make.covered(make.articles(news), NOW - 30 * DAY)
    make.scored("Bitcoin steadies", "0.5")
    make.covered(make.posts([make.post("To the moon")]), NOW - 30 * DAY)
    make.covered(make.moods([30, 40]), NOW - 30 * DAY)
    make.events([make.event("8-K of Coinbase")])
    make.look_at_filings(NOW - 60 * DAY)
    hers, his = make.make_account(user), make.make_account(bob)
    make.covered(make.orders([make.order(hers)], hers), NOW - 60 * DAY)
    make.orders([make.order(his, base="XRP", quantity=Decimal(777777))], his)
    return user


def ask(question: str, user: Any = None, **options: Any) -> Answer:
    """Ask as of NOW."""
    options = {"as_of": NOW, "now": NOW + DAY, **options}
    answer = run_workflow(question, user_id=user.pk if user else None, **options)
    assert answer.withheld == ()
    return answer


def cited(answer: Answer, user: Any = None) -> list[Any]:
    """Open every cited row."""
    return [find(one.id, user_id=user.pk if user else None) for one in answer.citations]


def test_glass_the_price_is_the_stored_number_with_row_age_and_state(alice: Any) -> None:
    answer = ask("what is the price of BTC")
    assert answer.outcome == Outcome.ANSWER
    assert "59990 AUD on coinspot at 2026-03-18 11:00 UTC [E1]" in answer.answer
    assert "60 minutes old and its feed is fresh [E2]" in answer.answer
    assert cited(answer)[0].last == 59990
    assert answer.quality is not None
    assert answer.quality.state == "fresh"


def test_glass_a_window_is_stated_and_its_change_is_that_of_its_rows(alice: Any) -> None:
    answer = ask("how did bitcoin do last week")
    first, last = cited(answer)[:2]
    change = (last.last - first.last) / first.last * 100
    assert f"rose {change:.2f} %" in answer.answer
    assert "from 2026-03-11 12:00 UTC to 2026-03-18 12:00 UTC" in answer.answer


def test_glass_two_coins_are_compared_over_one_window(alice: Any) -> None:
    answer = ask("compare BTC and ETH this week")
    assert [call.args["symbol"] for call in answer.calls] == ["BTC", "ETH"]
    assert answer.calls[0].window == answer.calls[1].window
    assert "BTC did better than ETH by" in answer.answer


def test_human_news_are_quoted_word_for_word_with_their_score(alice: Any) -> None:
    answer = ask("news about bitcoin this week")
    assert "There was 1 article about BTC" in answer.answer
    assert "“Bitcoin steadies”" in answer.answer
    assert "mean score about BTC was 0.50" in answer.answer
    assert {one.ledger for one in answer.citations} == {"human"}


def test_human_the_mood_of_the_market_is_its_row(alice: Any) -> None:
    answer = ask("what is the fear and greed index")
    assert "The index was 30" in answer.answer
    assert {row.value for row in cited(answer)} == {30, 40}


def test_human_an_absent_sentiment_is_no_zero(alice: Any) -> None:
    answer = ask("reddit sentiment for ETH")
    assert "There were 0 posts about ETH" in answer.answer
    assert "score" not in answer.answer
    assert "not observed" not in answer.answer


def test_catalyst_a_filing_is_found_by_the_company(alice: Any) -> None:
    answer = ask("has Coinbase filed anything with the SEC this month?")
    assert "There was 1 sec filing event about COIN" in answer.answer
    assert "in form 8-K: “8-K of Coinbase”" in answer.answer
    assert cited(answer)[0].company == "Coinbase Global, Inc."


def test_catalyst_none_in_a_covered_window_is_an_answer(alice: Any) -> None:
    answer = ask("any SEC filings of RIOT this month?")
    assert answer.outcome == Outcome.ANSWER
    assert "There were 0 sec filing events about RIOT" in answer.answer
    assert answer.calls[0].state == "none_in_covered_window"


def test_catalyst_what_nobody_looked_at_is_not_observed(alice: Any) -> None:
    answer = ask("new listings last week")
    assert answer.outcome == Outcome.NO_DATA
    assert "not observed" in answer.answer


def test_exchange_own_orders_are_listed_and_cited(alice: Any) -> None:
    answer = ask("list my orders", alice)
    assert "order, buy, filled, quantity 0.5 BTC" in answer.answer
    assert "at a price of 60000 AUD" in answer.answer
    assert {row.account.user_id for row in cited(answer, alice)} == {alice.pk}


def test_exchange_without_a_user_asks_whose(alice: Any) -> None:
    answer = ask("list my orders")
    assert answer.outcome == Outcome.CLARIFY
    assert "Whose orders" in answer.answer


def test_one_question_reads_all_four_ledgers_at_one_pair(alice: Any) -> None:
    question = (
        "how did BTC do last week, what was the news about it, any filings of Coinbase, "
        "and what did I buy?"
    )
    answer = ask(question, alice)
    assert [call.tool for call in answer.calls] == [
        "get_price_data",
        "get_sentiment_data",
        "get_catalyst_events",
        "get_order_history",
    ]
    assert {one.ledger for one in answer.citations} == {"glass", "human", "catalyst", "exchange"}
    assert answer.as_of == NOW


def test_an_empty_table_gives_no_number() -> None:
    answer = ask("what is the price of BTC")
    assert answer.outcome == Outcome.NO_DATA
    assert "not observed" in answer.answer
    assert not any(sign.isdigit() for sign in answer.answer)
    assert (answer.evidence, answer.citations) == ((), ())


def test_a_past_question_is_answered_as_it_was_known(alice: Any) -> None:
    answer = ask("price of BTC", as_of=NOW - 2 * HOUR - HOUR / 2)
    assert "59970 AUD" in answer.answer
    assert "59990" not in answer.answer


def test_a_row_that_came_later_does_not_change_a_past_answer(alice: Any) -> None:
    before = ask("price of BTC")
    run = make.CollectorRun.objects.create(feed=make.Feed.objects.get(name="coinspot"))
    make.store(make.Quote, [make.quote(last="1", at=NOW - HOUR / 4)], run, observed_at=NOW)
    assert ask("price of BTC").answer == before.answer


def test_a_stale_price_is_called_stale() -> None:
    run = make.quotes([make.quote(at=NOW - 3 * HOUR)])
    make.covered(run, NOW - DAY, NOW - 3 * HOUR)
    answer = ask("price of BTC")
    assert "its feed is stale" in answer.answer
    assert "stale, nobody should act on it" in answer.answer
    assert answer.calls[0].state == "stale"


@given(last=st.decimals("0.000000000001", "99999999", places=12))
def test_every_stored_price_is_answered_to_the_last_digit(last: Decimal) -> None:
    at = NOW - HOUR
    make.quotes([make.quote("SOL", f"{last:f}", at=at)])
    rows = make.Quote.objects.filter(asset="SOL").order_by("revision")
    stored = rows.last()
    assert stored is not None
    answer = run_workflow("price of SOL", user_id=None, as_of=NOW, now=NOW + DAY)
    assert f"was {stored.last:f} AUD" in answer.answer
    assert answer.withheld == ()


def test_exchange_the_fees_of_a_month_are_one_sum_over_cited_fills(alice: Any) -> None:
    account = Account.objects.get(user=alice)
    bob = Account.objects.exclude(user=alice).get()
    own = [make.fill(account, number, fee="1.10") for number in range(25)]
    own += [make.fill(account, 50, fee="99", at=NOW - 90 * DAY)]
    make.store_fills([*own, make.fill(account, 51, fee="0.003", fee_asset="ETH")], account)
    make.store_fills([make.fill(bob, 52, fee="777777")], bob)
    answer = ask("how much did I pay in fees last month", alice)
    assert "were 27.50 AUD" in answer.answer
    assert "were 0.003 ETH" in answer.answer
    assert "777777" not in answer.model_dump_json()
    rows = [row for row in cited(answer, alice) if isinstance(row, Fill)]
    assert {row.account_id for row in rows} == {account.pk}
    summed = [one for one in answer.citations if one.over == "sum of the fees in AUD"]
    assert {one.value for one in summed} == {Decimal("27.50")}
    assert len(summed) == 20


def test_exchange_the_fees_of_one_coin_are_those_of_its_trades(alice: Any) -> None:
    account = Account.objects.get(user=alice)
    made = [make.fill(account, 1, fee="2"), make.fill(account, 2, fee="3", base="BTC")]
    make.store_fills(made, account)
    assert "All fees of ADA" in ask("my fees on ADA", alice).answer
    assert "were 2 AUD" in ask("my fees on ADA", alice).answer
    assert "were 5 AUD" in ask("what fees have I paid", alice).answer


@pytest.mark.parametrize(
    "said",
    [
        "All fees from 2026-02-16 12:00 UTC to 2026-03-18 12:00 UTC were 4 AUD [E2].",
        "All fees from 2026-02-16 12:00 UTC to 2026-03-18 12:00 UTC were 5 ETH [E2].",
        "All fees from 2026-01-01 12:00 UTC to 2026-03-18 12:00 UTC were 5 AUD [E2].",
        "All fees from 2026-02-16 12:00 UTC to 2026-03-18 12:00 UTC were 2 AUD [E6].",
    ],
)
def test_security_another_sum_of_fees_is_withheld(alice: Any, said: str) -> None:
    account = Account.objects.get(user=alice)
    made = [make.fill(account, 1, fee="2"), make.fill(account, 2, fee="3", base="BTC")]
    make.store_fills(made, account)
    answer = ask("how much did I pay in fees last month", alice)
    payload = sessions.event(str(answer.session_id), 1, "computed") or {}
    evidence = graph.EVIDENCE.validate_python(payload["evidence"])
    assert evidence[1].over == "sum of the fees in AUD"
    true = said.replace("[E6]", "[E2]").replace("4 AUD", "5 AUD").replace("5 ETH", "5 AUD")
    true = true.replace("2026-01-01", "2026-02-16").replace("2 AUD", "5 AUD")
    assert ground([true], evidence).withheld == ()
    assert ground([said], evidence).kept == ()
