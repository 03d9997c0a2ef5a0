"""The small parts: addresses, accepted findings, answers of a page, the tool as a program."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deploy import smoke
from infra.deploy.accepted import accepted
from infra.deploy.errors import RefusedError
from infra.deploy.plan import next_definition, predecessors
from infra.deploy.registry import _findings
from infra.deploy.situation import RELEASE, REPLACES, Finding, Revision
from infra.deploy.target import PROCESSES, Target, target

TODAY = date(2026, 11, 25)
TARGET = Target(environment="staging", account="123456789012", url="https://s.example.com")


def test_a_target_knows_its_names():
    given_variables = {"OMC_STAGING_ACCOUNT": "123456789012", "OMC_STAGING_URL": TARGET.url + "/"}
    found = target("staging", given_variables)
    assert found == TARGET
    assert (found.cluster, found.service("backend")) == ("omc-staging", "omc-backend")
    assert found.family("migrate") == "omc-staging-migrate"


@pytest.mark.parametrize("url", ["", "staging", "ftp://x", "http://example.com", "https://"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(RefusedError, match="OMC_STAGING_URL"):
        target("staging", {"OMC_STAGING_ACCOUNT": "123456789012", "OMC_STAGING_URL": url})


def test_a_finding_is_accepted_until_its_day(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('[[accepted]]\nid = "CVE-1"\nreason = "not called"\nuntil = 2026-11-25\n')
    assert accepted(TODAY, file=file) == {"CVE-1"}
    assert accepted(date(2026, 11, 26), file=file) == frozenset()


@pytest.mark.parametrize(
    "text", ['id = "CVE-1"', 'id = "CVE-1"\nreason = "x"', 'reason = "x"\nuntil = 2026-11-25']
)
def test_a_finding_without_reason_or_day_is_refused(tmp_path, text):
    file = tmp_path / "a.toml"
    file.write_text(f"[[accepted]]\n{text}\n")
    with pytest.raises(RefusedError, match="needs id, reason and until"):
        accepted(TODAY, file=file)


def test_the_file_of_accepted_findings_can_be_read():
    assert accepted(TODAY) == frozenset()


def test_findings_of_both_kinds_of_scan_are_read():
    page = {
        "findings": [{"name": "CVE-1", "severity": "LOW"}],
        "enhancedFindings": [
            {"severity": "HIGH", "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2"}},
            {"severity": "CRITICAL"},
        ],
    }
    assert _findings(page) == [
        Finding(id="CVE-1", severity="LOW"),
        Finding(id="CVE-2", severity="HIGH"),
        Finding(id="unnamed", severity="CRITICAL"),
    ]


def test_a_page_that_is_not_there_says_why():
    answer = smoke.ask("http://127.0.0.1:1")
    assert not answer.is_from("")
    assert "Connection" in answer.text


def test_any_commit_will_do_only_if_none_is_known():
    answer = smoke.Answer(commit="a", text="")
    assert answer.is_from("a")
    assert answer.is_from("")
    assert not answer.is_from("b")


def test_a_new_definition_changes_the_image_and_nothing_else():
    newest = {
        "taskDefinitionArn": "arn:x:1",
        "revision": 1,
        "family": "x",
        "containerDefinitions": [{"name": "x", "image": "old", "dockerLabels": {"kept": "1"}}],
        "volumes": [{"name": "tmp"}],
    }
    made = next_definition(newest, "new", {"more": "2"})
    assert made == {
        "family": "x",
        "containerDefinitions": [
            {"name": "x", "image": "new", "dockerLabels": {"kept": "1", "more": "2"}}
        ],
        "volumes": [{"name": "tmp"}],
    }
    assert newest["containerDefinitions"][0]["image"] == "old"


@given(st.sets(st.sampled_from(PROCESSES), min_size=1))
def test_whichever_services_a_killed_release_reached_those_alone_go_back(reached):
    running = {
        process: Revision(
            arn=f"arn:aws:ecs:x:1:task-definition/{process}:{3 if process in reached else 2}",
            image="i",
            labels={
                RELEASE: "20261125T10" if process in reached else "20261124T10",
                REPLACES: f"{process}:{2 if process in reached else 1}",
            },
        )
        for process in PROCESSES
    }
    assert predecessors(TARGET, running) == {process: f"{process}:2" for process in reached}


def test_the_tool_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "infra.deploy", "--help"], capture_output=True, text=True, check=True
    )
    assert "exit status: 0 done" in done.stdout
    assert "--rollback" in done.stdout
