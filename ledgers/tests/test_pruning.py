"""What goes after a time, and what stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from ledgers import pruning, slots
from ledgers.collecting.keeping import keep_payload
from ledgers.models import CollectorRun, RawPayload, RejectedRecord, Schedule, Slot
from ledgers.pruning import SLOT_AGE, prune
from ledgers.tasks import keep
from ledgers.tests.factories import make_run
from ledgers.tests.sources import payload

pytestmark = pytest.mark.usefixtures("ledger")
DAY = timedelta(days=1)
OLD, ANCIENT = 90 * DAY, 730 * DAY
NOW = datetime.fromisoformat("2026-11-20T03:00:00+00:00")


def kept(age: timedelta, name: str = "a") -> RawPayload:
    """Keep an answer that came last so long before NOW."""
    answer = payload(f"https://example.org/{name}", name.encode())
    keep_payload(answer)
    RawPayload.objects.filter(pk=answer.sha256).update(seen_at=NOW - age)
    return RawPayload.objects.get(pk=answer.sha256)


def refuse_an_item_of(one: RawPayload, **options: Any) -> RejectedRecord:
    return RejectedRecord.objects.create(
        run=make_run(), reason="no", detail="-", item="-", payload=one.pk, **options
    )


def test_bytes_go_some_time_after_they_came_last() -> None:
    kept(OLD + DAY, "old")
    young = kept(OLD - DAY, "young")
    assert prune(NOW)["payloads"] == 1
    assert RawPayload.objects.get() == young


def test_bytes_that_come_again_stay() -> None:
    again = kept(OLD + DAY)
    keep_payload(payload(again.url, b"a"))
    again.refresh_from_db()
    assert timezone.now() - again.seen_at < DAY
    assert prune(NOW)["payloads"] == 0


def test_bytes_that_come_every_minute_are_noted_once_a_day(django_assert_num_queries) -> None:
    keep_payload(payload("https://example.org/a", b"a"))
    with django_assert_num_queries(1):
        keep_payload(payload("https://example.org/a", b"a"))


def test_what_holds_an_open_reject_waits_for_a_better_parser_but_not_for_ever() -> None:
    waiting, lost = kept(OLD + DAY, "waiting"), kept(ANCIENT + DAY, "lost")
    for one in (waiting, lost):
        refuse_an_item_of(one)
    settled = kept(OLD + DAY, "settled")
    refuse_an_item_of(settled, resolved_by=make_run(kind="replay"))
    assert prune(NOW)["payloads"] == 2
    assert RawPayload.objects.get() == waiting
    assert RejectedRecord.objects.count() == 3


@pytest.mark.parametrize(
    ("outcome", "stays"), [("drift", True), ("crashed", True), ("ok", False), ("partial", False)]
)
def test_an_answer_that_no_parser_could_read_waits_too(outcome, stays) -> None:
    one = kept(OLD + DAY)
    make_run(outcome=outcome, payloads=["0" * 64, one.pk])
    prune(NOW)
    assert RawPayload.objects.exists() == stays
    CollectorRun.objects.update(started_at=NOW - ANCIENT - DAY)
    prune(NOW)
    assert not RawPayload.objects.exists()
    assert CollectorRun.objects.count() == 1


def test_how_long_is_a_setting(settings) -> None:
    settings.OMC_PAYLOAD_DAYS, settings.OMC_UNREAD_DAYS = 7, 1
    refuse_an_item_of(kept(6 * DAY, "young"))
    refuse_an_item_of(kept(8 * DAY, "old"))
    assert prune(NOW)["payloads"] == 1


def test_slots_at_their_end_go_after_a_month_and_their_runs_stay() -> None:
    schedule = Schedule.objects.create(job="collect:gauge", every=DAY)
    for number, (state, age) in enumerate(
        [
            ("done", SLOT_AGE + DAY),
            ("abandoned", SLOT_AGE + DAY),
            ("sent", SLOT_AGE + DAY),
            ("leased", SLOT_AGE + DAY),
            ("done", SLOT_AGE - DAY),
        ]
    ):
        slot = Slot.objects.create(schedule=schedule, number=number, state=state, sent_at=NOW - age)
        make_run(slot=slot)
    assert prune(NOW)["slots"] == 2
    assert set(Slot.objects.values_list("number", flat=True)) == {2, 3, 4}
    assert CollectorRun.objects.count() == 5
    assert CollectorRun.objects.filter(slot=None).count() == 2


def test_any_number_goes_in_batches(monkeypatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    for number in range(5):
        kept(OLD + DAY, str(number))
    assert prune(NOW) == {"payloads": 5, "slots": 0}


def test_it_is_done_by_the_daily_job() -> None:
    RawPayload.objects.all().delete()
    one = kept(timedelta())
    RawPayload.objects.update(seen_at=timezone.now() - OLD - DAY)
    slots.dispatch(timezone.now(), lambda job, slot: None)
    keep(Slot.objects.get(schedule_id="keep:months").pk)
    assert not RawPayload.objects.filter(pk=one.pk).exists()
