"""One call a source tells whether its answer still has the shape that was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ledgers.collecting.registry import active, broken
from ledgers.collecting.replaying import SHIPPED, load, replaying
from ledgers.models import CollectorRun, RawPayload
from ledgers.tests.misbehaving import HEAD, body, serving
from ledgers.tests.sources import SAMPLES, samples_needed

pytestmark = pytest.mark.usefixtures("ledger")
LATEST = "ledgers/payloads/coinspot/latest.json"


@pytest.fixture(autouse=True)
def _quick(settings) -> None:
    settings.OMC_HTTP_DEADLINE = 2.0


def probed(*arguments: str, capsys) -> tuple[int, dict[str, dict]]:
    """Run the command; return its exit code and what it says of each source."""
    code = 0
    try:
        call_command("probe_sources", *arguments, "--json")
    except SystemExit as ended:
        code = int(ended.code or 0)
    told = json.loads(capsys.readouterr().out)
    return code, {one["source"]: one for one in told["sources"]}


def answered(answer: bytes | str, settings, capsys, head: bytes = HEAD) -> tuple[int, dict]:
    """Probe coinspot, which gives this answer."""
    content = answer if isinstance(answer, bytes) else answer.encode()
    with serving(body(content, head)) as (url, asked):
        settings.OMC_BASE_URLS = {"coinspot": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        code, told = probed("coinspot", capsys=capsys)
    assert len(asked) == 1
    return code, told["coinspot"]


def latest(**prices: dict[str, str]) -> dict:
    return {"status": "ok", "message": "ok", "prices": prices}


TRIPLE = {"bid": "1", "ask": "2", "last": "1.5"}


def test_every_source_that_is_on_has_the_shape_that_ships_with_it(settings, capsys) -> None:
    with replaying(load(SHIPPED)) as url:
        settings.OMC_REPLAY_URL = url
        code, told = probed(capsys=capsys)
    assert set(told) == set(active())
    states = {slug: (one["state"], one["error"], one["differences"]) for slug, one in told.items()}
    assert {state[0] for state in states.values()} <= {"same", "nothing to ask"}, states
    assert code == 0
    assert told["coinspot"]["records"] > 0
    assert not CollectorRun.objects.exists()
    assert not RawPayload.objects.exists()


def test_other_coins_are_no_other_shape(settings, capsys) -> None:
    code, told = answered(json.dumps(latest(abc=TRIPLE)), settings, capsys)
    assert (code, told["state"], told["records"]) == (0, "same", 1)


@pytest.mark.parametrize(
    ("answer", "differences"),
    [
        (
            latest(btc={"bid": "1", "offer": "2", "last": "1"}),
            ["prices.*.ask is gone, was string", "prices.*.offer is new, string"],
        ),
        (latest(btc=TRIPLE | {"bid": 1}), ["prices.*.bid is number, was string"]),
        ({"status": "ok", "message": "ok"}, ["prices is gone, was object"]),
        (latest() | {"prices": []}, ["prices is array, was object"]),
        (latest(btc=TRIPLE) | {"at": 1}, ["at is new, number"]),
        ([], ["the answer is array, was object"]),
    ],
)
def test_each_way_to_differ_is_named_and_ends_with_code_1(
    answer, differences, settings, capsys
) -> None:
    code, told = answered(json.dumps(answer), settings, capsys)
    assert (code, told["differences"]) == (1, differences)


def test_a_source_that_fails_is_said_with_its_error(settings, capsys) -> None:
    code, told = answered(b"", settings, capsys, HEAD.replace(b"200 OK", b"403 No"))
    assert (code, told["state"]) == (1, "failed")
    assert "refuses us (403)" in told["error"]


def test_an_answer_that_is_neither_json_nor_xml_is_a_failure(settings, capsys) -> None:
    code, told = answered(b"a,b\n1,2\n", settings, capsys)
    assert (code, told["state"], told["records"]) == (1, "failed", 0)


def test_a_person_gets_a_line_a_source_and_a_line_a_difference(
    settings, capsys, monkeypatch
) -> None:
    content = json.dumps(latest(btc=TRIPLE | {"bid": 1})).encode()
    monkeypatch.setitem(broken, "omc_plug_ins.mine", "SyntaxError")
    with serving(body(content)) as (url, _):
        settings.OMC_BASE_URLS = {"coinspot": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        with pytest.raises(SystemExit):
            call_command("probe_sources", "coinspot")
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "coinspot: differs. 1 records, 0 rejected.",
        "  prices.*.bid is number, was string",
    ]
    assert "omc_plug_ins.mine is broken: SyntaxError" in said.err


def test_samples_come_before_what_ships(settings, capsys, tmp_path: Path) -> None:
    route = "host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote\n"
    (tmp_path / "ROUTES.tsv").write_text(
        route + "www.coinspot.com.au\tGET\t/pubapi/v2/latest\t200\t\t\tlatest.json\trecorded\n"
    )
    (tmp_path / "latest.json").write_text(json.dumps(latest(btc=TRIPLE) | {"time": 1}))
    with replaying(load(SHIPPED)) as url:
        settings.OMC_REPLAY_URL = url
        code, told = probed("coinspot", "--samples", str(tmp_path), capsys=capsys)
        assert told["coinspot"]["differences"] == ["time is gone, was number"]
        assert code == 1
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("probe_sources", "--samples", str(tmp_path / "nowhere"))


def test_an_unknown_source_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(CommandError, match=r"No source is called nobody\. There are: .*coinspot"):
        call_command("probe_sources", "nobody")


@samples_needed
def test_recorded_samples_can_be_probed(settings, capsys) -> None:
    with replaying(load(SAMPLES)) as url:
        settings.OMC_REPLAY_URL = url
        code, told = probed("coinspot", "rss", "--samples", str(SAMPLES), capsys=capsys)
    assert (code, {one["state"] for one in told.values()}) == (0, {"same"})
