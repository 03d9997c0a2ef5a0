"""manage.py doctor names what is wrong."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from ledgers.collecting.registry import active
from ledgers.collecting.replaying import SHIPPED
from ledgers.models import Schedule
from ledgers.slots import dispatch
from ledgers.tests.sources import collect, replayed

pytestmark = pytest.mark.usefixtures("ledger")


def doctor() -> tuple[dict[str, dict], int]:
    """Return what the doctor says by name, and the exit code."""
    out = StringIO()
    try:
        call_command("doctor", "--json", stdout=out)
    except SystemExit as end:
        return {one["name"]: one for one in json.loads(out.getvalue())}, int(end.code or 0)
    return {one["name"]: one for one in json.loads(out.getvalue())}, 0


def test_before_the_first_look_every_feed_is_unknown_and_the_beat_silent() -> None:
    said, code = doctor()
    assert code == 1
    assert said["database"]["ok"]
    assert not said["beat"]["ok"]
    assert said["coinspot"]["detail"].startswith("unknown: ")


def test_when_everything_was_looked_at_nothing_is_wrong(settings) -> None:
    dispatch(timezone.now(), lambda job, slot: None)
    with replayed(SHIPPED, settings):
        for slug in active():
            collect(slug, now=timezone.now())
        call_command("score", stdout=StringIO())
    said, code = doctor()
    assert [one for one in said.values() if not one["ok"]] == []
    assert code == 0


def test_a_paused_job_is_named() -> None:
    dispatch(timezone.now(), lambda job, slot: None)
    Schedule.objects.filter(job="collect:rss").update(is_paused=True)
    assert "Paused" in doctor()[0]["collect:rss"]["detail"]


def test_a_person_reads_a_line_each() -> None:
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert "coinspot" in out.getvalue()
