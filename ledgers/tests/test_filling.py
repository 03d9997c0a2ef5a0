"""Which feeds fill a table decides whose state and coverage an answer carries."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from ledgers.checks import fact_models
from ledgers.collecting.registry import collectors, expected_feeds
from ledgers.exchange.models import Account, Fill, Transfer
from ledgers.filling import feeds_of, feeds_of_accounts, records_of, tables_of
from ledgers.glass.models import Candle, ChainMetric, Quote
from ledgers.glass.records import QuoteRecord
from ledgers.human.models import Article, Score
from ledgers.models import Feed
from ledgers.tests.factories import HOUR

pytestmark = pytest.mark.usefixtures("ledger")


def make_feed(name: str, ledger: str = "glass", scope: str = "") -> Feed:
    source = name.partition("/")[0]
    return Feed.objects.create(name=name, source=source, scope=scope, ledger=ledger, lag=HOUR)


def names(*tables, **options) -> list[str]:
    return [feed.name for feed in feeds_of(tables, user_id=options.pop("user_id", None), **options)]


def test_a_source_that_should_be_looked_at_counts_before_its_first_look() -> None:
    assert not Feed.objects.exists()
    assert "coinspot" in names(Quote)


def test_a_source_counts_for_the_tables_that_it_makes_records_of() -> None:
    assert QuoteRecord in records_of(collectors["coinspot"])
    assert "coinspot" not in names(Candle)
    assert "coinspot" not in names(ChainMetric)
    assert "coinspot" not in names(Article)
    assert tables_of(Feed(name="coinspot", source="coinspot", ledger="glass")) == [Quote]


def test_what_a_source_was_seeded_with_counts_like_the_source() -> None:
    make_feed("seed:coinspot")
    assert "seed:coinspot" in names(Quote)
    assert "seed:coinspot" not in names(ChainMetric)


def test_a_feed_without_a_collector_fills_what_no_collector_fills() -> None:
    make_feed("lexicon", "human")
    assert "lexicon" in names(Score)
    assert "lexicon" not in names(Quote)


def test_a_source_that_is_asked_for_leaves_the_others_out() -> None:
    make_feed("seed:coinspot")
    assert names(Quote, source="seed:coinspot") == ["seed:coinspot"]
    assert names(Quote, source="coinspot") == ["coinspot"]
    assert names(Quote, source="nobody") == []


def test_a_feed_counts_once_however_many_tables_it_fills() -> None:
    found = names(*fact_models())
    assert len(found) == len(set(found))
    assert found == sorted(found)
    assert len(found) >= len(expected_feeds())


def test_only_the_users_own_accounts_count() -> None:
    users = [get_user_model().objects.create_user(name) for name in ("ada", "bob")]
    accounts = [Account.objects.create(user=user, name="main", venue="x") for user in users]
    for account in accounts:
        make_feed(f"import_omc/{account.pk}", "exchange", scope=str(account.pk))
    for user, account in zip(users, accounts, strict=True):
        assert names(Fill, Transfer, user_id=user.pk) == [f"import_omc/{account.pk}"]
    assert names(Fill, user_id=0) == []
    assert len(names(Fill, user_id=None)) == 2


def test_the_feeds_of_accounts_are_those_that_fill_them(monkeypatch) -> None:
    user = get_user_model().objects.create_user("ada")
    own = [Account.objects.create(user=user, name=name, venue="coinspot") for name in "abc"]
    for account in own:
        make_feed(f"import_omc/{account.pk}", "exchange", scope=str(account.pk))
    make_feed("coinspot")
    make_feed(f"mempool/{own[0].pk}", "glass", scope=str(own[0].pk))
    monkeypatch.setattr(collectors["coinspot_ro"], "scopes", lambda: [str(own[1].pk)])
    found = feeds_of_accounts(account.pk for account in own[:2])
    expected = [f"coinspot_ro/{own[1].pk}", *(f"import_omc/{one.pk}" for one in own[:2])]
    assert [feed.name for feed in found] == expected
    scopes = {str(account.pk) for account in own[:2]}
    everything = feeds_of([Fill], user_id=user.pk)
    assert found == [feed for feed in everything if feed.scope in scopes]
    beside = feeds_of_accounts([own[2].pk], beside=["coinspot", "nobody"])
    assert [feed.name for feed in beside] == [f"import_omc/{own[2].pk}", "coinspot"]
    assert feeds_of_accounts([]) == []
