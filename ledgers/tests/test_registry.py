"""What is broken is left out and named; the others go on."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from ledgers.collecting import registry
from ledgers.collecting.collector import Need
from ledgers.collecting.needs import remember
from ledgers.collecting.registry import (
    active,
    broken,
    collectors,
    expected_feeds,
    feeds_of_source,
    load_folder,
    load_package,
    register,
)
from ledgers.filling import records_of
from ledgers.glass.models import ChainMetric
from ledgers.glass.records import ChainMetricRecord
from ledgers.jobs import cadences
from ledgers.models import CollectorRun
from ledgers.tests.many import Many, run
from ledgers.tests.misbehaving import body, serving

pytestmark = pytest.mark.usefixtures("ledger")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "plug-ins.md"

GOOD = '''
from datetime import timedelta

from ledgers.collecting.collector import Collector, each
from ledgers.collecting.registry import register
from ledgers.glass.records import ChainMetricRecord
from ledgers.models import Ledger


@register
class Good(Collector):
    """https://good.test/docs"""

    slug = "good"
    ledger = Ledger.GLASS
    every = timedelta(minutes=1)
    hosts = ("good.test",)

    def fetch(self, http, ask):
        yield http.get("https://good.test/")

    def parse(self, payload):
        return each([], ChainMetricRecord)
'''
BROKEN = {
    "syntax": "def f(:\n",
    "missing": "import no_such_library_of_anybody\n",
    "crash": GOOD.replace('"good"', '"crash"') + "\nraise RuntimeError('half way')\n",
    "quits": "import sys\nsys.exit(3)\n",
    "nameless": GOOD.replace('slug = "good"', "pass"),
    "restless": GOOD.replace('"good"', '"restless"').replace("minutes=1", "minutes=0"),
    "anywhere": GOOD.replace('"good"', '"anywhere"').replace('("good.test",)', '"good.test"'),
    "twin": GOOD.replace('"good"', '"coinspot"'),
}


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """Leave the installation as it was."""
    known, wrong = dict(collectors), dict(broken)
    broken.clear()
    yield
    for name in [name for name in sys.modules if name.startswith(registry.PLUG_INS)]:
        del sys.modules[name]
    for now, before in ((collectors, known), (broken, wrong)):
        now.clear()
        now.update(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("not read")
    return tmp_path


def test_a_file_that_is_dropped_in_is_a_source_like_any_other(folder) -> None:
    load_folder(folder)
    assert "good" in active()
    assert "collect:good" in cadences()
    assert "good" in {feed.name for feed in expected_feeds()}
    assert records_of(collectors["good"]) == {ChainMetricRecord}
    assert broken == {}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_left_out_with_a_critical_line_and_the_others_go_on(
    name, folder, caplog
) -> None:
    known = set(collectors)
    (folder / f"{name}.py").write_text(BROKEN[name])
    (folder / "zebra.py").write_text(GOOD.replace('"good"', '"zebra"'))
    with caplog.at_level(logging.CRITICAL):
        load_folder(folder)
    assert set(collectors) == known | {"good", "zebra"}
    assert list(broken) == [f"omc_plug_ins.{name}"]
    (said,) = caplog.records
    assert name in said.getMessage()
    assert f"omc_plug_ins.{name}" not in sys.modules


def test_a_house_collector_that_cannot_be_imported_does_not_stop_the_others(
    tmp_path, monkeypatch, caplog
) -> None:
    package = tmp_path / "house_of_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a_broken.py").write_text(BROKEN["crash"])
    (package / "b_good.py").write_text(GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    with caplog.at_level(logging.CRITICAL):
        load_package("house_of_test")
    assert "good" in collectors
    assert "crash" not in collectors
    assert broken == {"house_of_test.a_broken": "RuntimeError: half way"}


def test_a_folder_that_does_not_exist_is_named_and_stops_nothing(tmp_path, caplog) -> None:
    with caplog.at_level(logging.CRITICAL):
        load_folder(tmp_path / "nowhere")
    assert "OMC_PLUG_IN_FOLDER" in broken[registry.PLUG_INS]


def test_a_source_that_cannot_name_its_feeds_has_none_and_is_said_once(caplog) -> None:
    class Lost(Many):
        slug = "lost"

        def scopes(self):
            return [int(scope) for scope in self._scopes]

    register(Lost)
    collectors["lost"] = lost = Lost("x")
    with caplog.at_level(logging.CRITICAL):
        names = {feed.name for feed in expected_feeds()}
        expected_feeds()
    assert "coinspot" in names
    assert "lost" not in names
    assert "invalid literal" in broken["lost"]
    assert len(caplog.records) == 1
    lost._scopes = ()
    assert feeds_of_source(lost) == []
    assert "lost" not in broken


class PlugIn(Many):
    slug = "plug"
    is_plug_in = True


class Keyed(PlugIn):
    slug = "keyed"
    needs = (Need(name="id", help="An id."), Need(name="secret", help="Its secret."))


def test_a_plug_in_is_off_until_it_is_named(settings) -> None:
    register(PlugIn)
    assert "plug" not in active()
    assert "collect:plug" not in cadences()
    settings.OMC_PLUG_INS = ["plug"]
    assert "plug" in active()
    assert "collect:plug" in cadences()


def test_a_plug_in_with_needs_is_on_when_it_has_them_all(settings) -> None:
    register(Keyed)
    settings.OMC_SOURCE_KEYS = {"OMC_KEYED_ID": "1"}
    assert "keyed" not in active()
    remember(frozenset({("source:keyed", "secret"), ("source:other", "id")}))
    assert "keyed" in active()
    settings.OMC_SOURCE_KEYS = {}
    assert "keyed" not in active()
    settings.OMC_PLUG_INS = ["keyed"]
    assert "keyed" in active()


def test_the_example_of_the_documents_works(tmp_path, settings) -> None:
    (example,) = re.findall(r"```python\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    load_folder(tmp_path)
    assert broken == {}
    assert "example_fees" not in active()
    settings.OMC_SOURCE_KEYS = {"OMC_EXAMPLE_FEES_API_KEY": "k3y"}
    assert "example_fees" in active()
    collector = collectors["example_fees"]
    with serving(body(b'{"fees": {"fast": 12.5, "slow": "n/a"}}')) as (url, requests):
        settings.OMC_BASE_URLS = {"example_fees": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        (look,) = run(collector, timezone.now())
    assert (look.outcome, look.new, look.rejected) == (CollectorRun.Outcome.PARTIAL, 1, 1)
    assert b"Authorization: Bearer k3y" in requests[0]
    stored = ChainMetric.objects.get()
    assert (stored.metric, str(stored.value)) == ("fee_fast", "12.5")
