"""Alerts are told on the channels that are chosen; one that fails does not stop the others."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import ImproperlyConfigured

from quality.channels import Channel, Notice, channels, configured, register, tell
from quality.findings import Level
from quality.tests.factories import NOW


def notice(**options) -> Notice:
    values = {
        "alert_id": 7,
        "kind": "opened",
        "at": NOW,
        "check": "freshness.glass",
        "ledger": "glass",
        "subject": "coinspot",
        "level": Level.CRITICAL,
        "message": "No price of BTC since 09:15.",
        "hint": "Look at the last runs.",
        "findings": 3,
    }
    return Notice(**{**values, **options})


@pytest.fixture
def two_more(settings):
    """Register a channel that keeps what it is told, and one that fails."""
    told: list[Notice] = []

    @register
    class Keeping(Channel):
        name = "keeping"

        def send(self, notice: Notice) -> None:
            told.append(notice)

    @register
    class Failing(Channel):
        name = "failing"

        def send(self, notice: Notice) -> None:
            raise ConnectionError("Nobody answers.")

    settings.OMC_ALERT_CHANNELS = ["failing", "keeping"]
    yield told
    del channels["keeping"], channels["failing"]


def test_the_log_is_the_channel_of_a_new_installation() -> None:
    assert [channel.name for channel in configured()] == ["log"]


@pytest.mark.parametrize("names", [["pigeon"], ["log", "pigeon"], ["LOG"], [""]])
def test_an_unknown_channel_is_an_error_that_names_it_and_those_that_exist(settings, names) -> None:
    settings.OMC_ALERT_CHANNELS = names
    with pytest.raises(ImproperlyConfigured) as raised:
        configured()
    assert f"OMC_ALERT_CHANNELS names {names[-1]!r}" in str(raised.value)
    assert str(raised.value).endswith("There are: log.")


def test_no_channel_at_all_is_a_choice(settings) -> None:
    settings.OMC_ALERT_CHANNELS = []
    assert configured() == []


@pytest.mark.parametrize(
    ("kind", "level", "logged"),
    [
        ("opened", Level.WARNING, logging.WARNING),
        ("opened", Level.CRITICAL, logging.CRITICAL),
        ("escalated", Level.ERROR, logging.ERROR),
        ("resolved", Level.CRITICAL, logging.INFO),
    ],
)
def test_the_log_has_the_level_of_the_alert(caplog, kind, level, logged) -> None:
    with caplog.at_level(logging.INFO, "quality.channels"):
        tell([notice(kind=kind, level=level)])
    (line,) = caplog.records
    assert line.levelno == logged
    said = line.getMessage()
    assert said.startswith(f"alert=7 {kind} {level.name} check=freshness.glass subject=coinspot")
    assert said.endswith("No price of BTC since 09:15. Look at the last runs.")


def test_a_channel_that_fails_is_logged_and_the_next_one_is_told(two_more, caplog) -> None:
    tell([notice(), notice(alert_id=8)])
    assert [one.alert_id for one in two_more] == [7, 8]
    lost = [one.getMessage() for one in caplog.records]
    assert lost == ["Channel failing lost alert 7.", "Channel failing lost alert 8."]
    assert "Nobody answers." in caplog.text


def test_nothing_to_tell_is_nothing_told(two_more) -> None:
    tell([])
    assert two_more == []
