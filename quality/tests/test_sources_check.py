"""A source that is broken, or lacks what it needs is found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ledgers.collecting.collector import Collector, Need
from ledgers.collecting.registry import broken
from ledgers.models import Ledger
from quality.checks.sources import no_source_is_broken
from quality.findings import Level
from quality.tests.factories import NOW

pytestmark = pytest.mark.usefixtures("ledger")


class Source(Collector):
    """https://source.test/docs"""

    slug = "source"
    ledger = Ledger.GLASS
    every = timedelta(minutes=1)
    hosts = ("source.test",)

    def fetch(self, http, ask):
        yield http.get("https://source.test/")

    def parse(self, payload):
        return iter(())


class PlugIn(Source):
    slug = "plug"
    is_plug_in = True
    needs = (Need(name="api_key", help="The key."),)


@pytest.fixture(autouse=True)
def _none_broken() -> Iterator[None]:
    wrong = dict(broken)
    broken.clear()
    yield
    broken.clear()
    broken.update(wrong)


def test_a_module_that_could_not_be_started_is_critical(sources) -> None:
    sources(Source())
    assert list(no_source_is_broken(NOW)) == []
    broken["omc_plug_ins.mine"] = "SyntaxError: invalid syntax"
    (found,) = no_source_is_broken(NOW)
    assert (found.subject, found.level) == ("omc_plug_ins.mine", Level.CRITICAL)
    assert "SyntaxError: invalid syntax" in found.message


def test_a_source_that_cannot_name_its_feeds_is_found_until_it_can(sources) -> None:
    class Lost(Source):
        said: tuple[str, ...] | None = None

        def scopes(self):
            return list(self.said)

    lost = Lost()
    sources(lost)
    assert [one.subject for one in no_source_is_broken(NOW)] == ["source"]
    lost.said = ("a",)
    assert list(no_source_is_broken(NOW)) == []


def test_a_plug_in_that_was_switched_on_and_lacks_a_key_is_found(sources, settings) -> None:
    sources(PlugIn())
    assert list(no_source_is_broken(NOW)) == []
    settings.OMC_PLUG_INS = ["plug"]
    (found,) = no_source_is_broken(NOW)
    assert (found.subject, found.level) == ("plug", Level.ERROR)
    assert "OMC_PLUG_API_KEY" in found.hint
    settings.OMC_SOURCE_KEYS = {"OMC_PLUG_API_KEY": "1"}
    assert list(no_source_is_broken(NOW)) == []


def test_a_plug_in_that_nobody_knows_is_found(sources, settings) -> None:
    sources(PlugIn())
    settings.OMC_PLUG_INS = ["plugg"]
    (found,) = no_source_is_broken(NOW)
    assert (found.subject, found.level) == ("plugg", Level.WARNING)
    assert found.hint == "There are: plug."
