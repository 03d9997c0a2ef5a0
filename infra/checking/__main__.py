"""Check everything, or show the plan of one environment: `python -m infra.checking [plan NAME]`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from infra.checking import linters, terraform
from infra.checking.outcome import Outcome, State, failed, passed, skipped, status, summary
from infra.checking.picture import picture_of
from infra.checking.simulated import KEYS, SimulationError, aws
from infra.checking.tools import NOT_INSTALLED, ROOT, TERRAFORM, TOOLS, find, run
from infra.checking.workshop import ENVIRONMENTS, Workshop, workshop

AT_ONCE = min(4, os.cpu_count() or 2)  # a provider takes half a gigabyte
ENDPOINT = "OMC_INFRA_ENDPOINT"
TESTS = ROOT / "infra" / "tests"
RUNBOOK = [str(TESTS / "test_runbook.py"), str(TESTS / "test_runbook_commands.py")]
POLICIES = [str(TESTS / "test_policy.py"), *map(str, sorted(TESTS.glob("test_terraform_*.py")))]
PICTURE = TERRAFORM / "dashboard.svg"
Job = Callable[[], Outcome | list[Outcome]]


def main(words: Sequence[str] | None = None) -> int:
    """Run the checks; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/check_infra.sh", description=main.__doc__)
    commands = parser.add_subparsers(dest="command")
    plan = commands.add_parser("plan", help="show the plan against a simulated account")
    plan.add_argument("environment", choices=ENVIRONMENTS)
    commands.add_parser("picture", help="draw the dashboard into infra/terraform/dashboard.svg")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="omc-infra-") as folder:
        if options.command == "plan":
            return _with_account(
                lambda work, endpoint: terraform.show_plan(work, options.environment, endpoint),
                Path(folder),
            )
        if options.command == "picture":
            return _with_account(partial(_draw, Path(folder)), Path(folder))
        outcomes = []
        for outcome in _checks(Path(folder)):
            outcomes.append(outcome)
            _say(outcome.line())
    _say(summary(outcomes))
    is_required = os.environ.get("OMC_REQUIRE_INFRA", "") == "1"
    if is_required and any(each.state is State.SKIPPED for each in outcomes):
        _say("OMC_REQUIRE_INFRA=1: what was skipped counts as failed.")
    return status(outcomes, is_required=is_required)


def _checks(folder: Path) -> Iterator[Outcome]:
    """Yield every outcome as it comes."""
    files: list[Job] = [
        linters.check_policies,
        linters.check_workflows,
        linters.check_schemas,
        linters.check_image,
        linters.check_shell,
    ]
    program = find("terraform")
    if program is None:
        yield skipped(
            "terraform", "terraform is not installed; formats, tests and plans are not run"
        )
        yield from _at_once([terraform.check_syntax, *files])
        return
    work = workshop(folder, program)
    yield from _at_once([terraform.check_format, partial(terraform.prepare, work)])
    if not (work.folder / "bootstrap" / ".terraform").exists():
        yield from _at_once([terraform.check_syntax, *files])
        return
    yield from _with_terraform(folder, work, files)


def _with_terraform(folder: Path, work: Workshop, files: list[Job]) -> Iterator[Outcome]:
    plans = folder / "plans"
    plans.mkdir()
    roots = work.roots()
    jobs: list[Job] = [partial(terraform.check_valid, work, root) for root in roots[:3]]
    with ExitStack() as stack:
        try:
            endpoint = stack.enter_context(aws())
        except SimulationError as error:
            yield skipped("plans", f"{error}; neither plans nor their policies are checked")
        else:
            jobs += [partial(terraform.check_plan, work, e, endpoint, plans) for e in ENVIRONMENTS]
            jobs.insert(0, partial(_tests, "runbook", RUNBOOK, {ENDPOINT: endpoint}))
            jobs.append(partial(terraform.check_bootstrap, work, endpoint, plans))
            jobs.append(partial(terraform.check_probes, work, endpoint, plans))
        jobs += [partial(terraform.check_module, work, root) for root in roots[2:]]
        yield from _at_once([*jobs, *files])
        if any(plans.iterdir()):
            variables = {"OMC_INFRA_PLANS": str(plans), "OMC_INFRA_COPY": str(work.folder)}
            policies = partial(
                _tests, "policies", POLICIES, work.variables | variables | {ENDPOINT: endpoint}
            )
            yield from _at_once([policies])


def _tests(name: str, files: Sequence[str], variables: Mapping[str, str]) -> Outcome:
    """Run some of our own tests; one that skips has not shown what it is for."""
    python = TOOLS / "python"
    if not python.exists():
        return skipped(name, f"pytest {NOT_INSTALLED}")
    words = ["-m", "pytest", "-c", "infra/checking/pytest.ini", "--rootdir=.", *files]
    done = run([str(python), *words], variables={**variables, **KEYS})
    last = done.text.strip().rpartition("\n")[2].strip("= ")
    if done.is_good and " skipped" not in last:
        return passed(name, last.partition(" in ")[0])
    return failed(name, f"{last}\n{done.text}")


def _at_once(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Run some jobs at a time; yield what each says as soon as it ends."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for future in as_completed([pool.submit(_timed_all, job) for job in jobs]):
            yield from future.result()
    finally:
        pool.shutdown(cancel_futures=True)  # whoever interrupts waits for what runs, not for all


def _timed_all(job: Job) -> list[Outcome]:
    start = time.monotonic()
    said = job()
    seconds = time.monotonic() - start
    return [
        replace(each, seconds=seconds) for each in ([said] if isinstance(said, Outcome) else said)
    ]


def _with_account(do: Callable[[Workshop, str], int], folder: Path) -> int:
    """Do something with a copy of the tree and a simulated account; return the exit status."""
    program = find("terraform")
    if program is None:
        _say("terraform is not installed: https://developer.hashicorp.com/terraform/install")
        return 1
    try:
        with aws() as endpoint:
            return do(workshop(folder, program), endpoint)
    except SimulationError as error:
        _say(f"No simulated account: {error}.")
        return 1


def _draw(folder: Path, work: Workshop, endpoint: str) -> int:
    outcomes = [terraform.prepare(work), terraform.check_probes(work, endpoint, folder)]
    for outcome in outcomes:
        _say(outcome.line())
    if any(each.state is not State.PASSED for each in outcomes):
        return 1
    plan = json.loads((folder / "probes.json").read_text())
    PICTURE.write_text(picture_of(plan))
    _say(f"Drawn into {PICTURE.relative_to(ROOT)}.")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command line


if __name__ == "__main__":
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up, however it is ended
    sys.exit(main())
