"""Every fact can be cited and found again."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from conftest import wipe
from ledgers.collecting.storing import store
from ledgers.exchange.models import Account, Fill
from ledgers.exchange.records import FillRecord
from ledgers.glass.models import Candle
from ledgers.human.models import Article
from ledgers.public_ids import UnknownIdError, find, public_id
from ledgers.tests.factories import T0, article, candle, make_run

pytestmark = pytest.mark.usefixtures("ledger")


def test_a_composite_key_is_written_out() -> None:
    store(Candle, [candle(0)], make_run(), observed_at=T0)
    row = Candle.objects.get()
    assert public_id(row) == "glass.candle.kraken~BTC~USD~3600~20260131T220000Z~0"
    assert find(public_id(row)).pk == row.pk


@given(asset=st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30))
def test_any_symbol_survives_the_way_there_and_back(asset: str) -> None:
    wipe(connection)
    store(Candle, [candle(0, asset=asset)], make_run(), observed_at=T0)
    row = Candle.objects.get()
    assert find(public_id(row)).pk == row.pk


def test_each_revision_has_its_own_id() -> None:
    store(Article, [article("A")], make_run(), observed_at=T0)
    store(Article, [article("B")], make_run(parser=2), observed_at=T0)
    ids = {public_id(row) for row in Article.objects.all()}
    assert len(ids) == 2
    assert {find(one).title for one in ids} == {"A", "B"}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "glass",
        "glass.candle",
        "glass.candle.1",
        "glass.nothing.1",
        "nowhere.candle.1",
        "ledgers.asset.BTC",
        "human.article.x",
        "human.article.99999999999999999999999",
        "human.article.1\x00",
        "glass.candle.a%00~BTC~USD~3600~20260131T220000Z~0",
        "glass.candle.kraken~BTC~USD~3600~yesterday~0",
    ],
)
def test_what_is_no_id_is_said_to_be_none(written: str) -> None:
    with pytest.raises(UnknownIdError, match=r"is not the id of a fact|No fact is called"):
        find(written)


def test_a_fill_is_found_by_its_owner_alone(django_user_model) -> None:
    owner = django_user_model.objects.create_user("owner")
    other = django_user_model.objects.create_user("other")
    account = Account.objects.create(user=owner, name="main", venue="paper")
    fill = FillRecord(
        event_at=T0,
        published_at=T0,
        account_id=account.pk,
        venue_id="1",
        order_id="",
        side="buy",
        base="BTC",
        quote="AUD",
        quantity=1,
        price=1,
        fee=0,
        fee_asset="AUD",
    )
    store(Fill, [fill], make_run("import"), observed_at=T0)
    written = public_id(Fill.objects.for_user(owner.pk).get())
    assert find(written, user_id=owner.pk).venue_id == "1"
    for user_id in (other.pk, None):
        with pytest.raises(UnknownIdError):
            find(written, user_id=user_id)
