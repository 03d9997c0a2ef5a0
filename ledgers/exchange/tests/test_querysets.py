"""Nobody reads the Exchange ledger without saying for whom."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Count

from ledgers.exchange.models import Account, Fill
from ledgers.exchange.querysets import UnscopedError
from ledgers.exchange.tests.files import BUY, SELL, imported, text, written
from ledgers.reading import pair


@pytest.mark.parametrize(
    "read",
    [
        list,
        lambda rows: rows.count(),
        lambda rows: rows.exists(),
        lambda rows: rows.first(),
        lambda rows: rows.get(),
        lambda rows: rows.aggregate(Count("pk")),
        lambda rows: list(rows.iterator()),
        lambda rows: list(rows.values_list("pk")),
        lambda rows: rows.filter(side="buy").order_by("pk")[0],
        lambda rows: list(rows.at(pair())),
    ],
)
def test_an_unscoped_read_raises(ledger, read) -> None:
    with pytest.raises(UnscopedError, match=r"Fill was read without an owner\. Call for_user"):
        read(Fill.objects.all())


def test_a_scoped_read_sees_its_own_rows_alone(ledger, capsys, tmp_path) -> None:
    imported(capsys, written(tmp_path, text(BUY)))
    mia = get_user_model().objects.get()
    other = get_user_model().objects.create_user("noa")
    Account.objects.filter(user=mia).update(name="Hers")
    Account.objects.create(user=other, name="CoinSpot", venue="coinspot")
    imported(capsys, written(tmp_path, text(BUY, SELL)), "--account", "Second")
    first, second = Account.objects.filter(user=mia).order_by("pk")
    assert Fill.objects.for_user(mia.pk).count() == 3
    assert Fill.objects.for_user(other.pk).count() == 0
    assert Fill.objects.for_account(first.pk).count() == 1
    assert Fill.objects.at(pair()).for_account(second.pk).count() == 2
    assert Fill.objects.of_everyone().filter(base="ALGO").count() == 2
    assert not Fill.objects.for_user(other.pk).exists()
