"""What the pages of the sources say in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledgers.collecting.registry import collectors
from ledgers.reading import pair
from ledgers.source_pages import _left, _width
from ledgers.sources import Work, sources_of


@pytest.mark.django_db
def test_a_source_that_has_nothing_to_look_at_says_why() -> None:
    idle, busy = sources_of([collectors["coinspot_ro"], collectors["fed"]], pair(), timezone.now())
    assert (idle.work, idle.feeds) == (Work.ON, ())
    assert idle.why == "It has nothing to look at: no account has its keys."
    assert busy.why == ""


@pytest.mark.parametrize(
    ("days", "said"), [(None, "unknown"), (0, "0"), (3649, "3,649"), (37_772, "over 3,650")]
)
def test_how_long_the_disk_lasts_is_not_said_beyond_ten_years(days, said) -> None:
    assert _left(days) == said


@pytest.mark.parametrize(
    ("lag", "said"),
    [
        (timedelta(seconds=61.4), "0:01:01"),
        (timedelta(hours=23), "23:00:00"),
        (timedelta(days=33, hours=19), "1\xa0month"),
        (timedelta(days=3, hours=19, seconds=47), "3\xa0days, 19\xa0hours"),
    ],
)
def test_a_lag_is_told_to_the_second_and_from_a_day_on_in_words(lag, said) -> None:
    assert _width(lag) == said
