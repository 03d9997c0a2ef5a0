"""The command line: read it, do it, and say by the exit status how it ended."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.accepted import accepted
from infra.deploy.deploying import Clients, Deployer, Limits, Wanted, limits
from infra.deploy.errors import DeployError, RefusedError, StuckError
from infra.deploy.target import ENVIRONMENTS, target
from infra.deploy.worktree import worktree

ROOT = Path(__file__).resolve().parents[2]
DONE, FAILED, REFUSED, STUCK, INTERRUPTED = 0, 1, 2, 3, 130
RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 8})
EPILOG = """\
exit status: 0 done; 1 failed, and every service runs what it ran before; 2 refused, nothing was
changed; 3 failed, and the way back failed too: look now; 130 interrupted, and taken back.
variables: OMC_STAGING_ACCOUNT, OMC_STAGING_URL (or OMC_PRODUCTION_...), AWS_REGION, and AWS's own.
"""


def main(
    words: Sequence[str] | None = None,
    *,
    variables: Mapping[str, str] = os.environ,
    folder: Path = ROOT,
    waiting: Limits | None = None,
    session: boto3.Session | None = None,
) -> int:
    """Run the tool; return its exit status. The keywords are for tests."""
    options = _options(words)
    try:
        deployer = Deployer(
            target=target(options.environment, variables),
            aws=_clients(options.environment, session or _session(variables)),
            limits=waiting or limits(options.timeout * 60),
            say=_say,
        )
        return _run(deployer, options, folder)
    except KeyboardInterrupt:
        _complain("Interrupted.")
        return INTERRUPTED
    except RefusedError as refusal:
        _complain(f"Refused, nothing was changed.\n{refusal}")
        return REFUSED
    except StuckError as stuck:
        _complain(str(stuck))
        return STUCK
    except DeployError as failure:
        _complain(str(failure))
        return FAILED
    except (BotoCoreError, ClientError) as error:
        _complain(f"AWS refused, or cannot be reached: {error}")
        return FAILED


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/deploy.sh",
        description="Deploy a commit's image, see that it runs, and go back if it does not.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", choices=ENVIRONMENTS)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--rollback", action="store_true", help="bring the release before back")
    mode.add_argument("--status", action="store_true", help="say what runs; 0 if all is well")
    mode.add_argument("--dry-run", action="store_true", help="check everything and change nothing")
    parser.add_argument("--commit", type=_commit, help="default: that of the checkout")
    parser.add_argument("--digest", type=_digest, help="refuse any other image of it")
    parser.add_argument("--timeout", type=float, default=20, help="minutes to wait for ECS (20)")
    return parser.parse_args(words)


def _run(deployer: Deployer, options: argparse.Namespace, folder: Path) -> int:
    if options.status:
        return DONE if deployer.status() else FAILED
    if options.rollback:
        deployer.roll_back()
        return DONE
    now = datetime.now(UTC)  # noqa: TID251  # a door, and Django is not here
    wanted = Wanted(
        commit=options.commit or _own_commit(folder),
        digest=options.digest or "",
        accepted=accepted(now.date()),
    )
    plan = deployer.plan(wanted, now)
    for line in plan.lines():
        _say(line)
    if options.dry_run:
        _say("Nothing was changed.")
    else:
        deployer.deploy(plan)
    return DONE


def _own_commit(folder: Path) -> str:
    """Return the checkout's commit; refuse a checkout that is not what the commit says."""
    found = worktree(folder)
    if found.changes:
        shown = "\n".join(found.changes[:10])
        raise RefusedError(
            f"The checkout holds {len(found.changes)} changes that are in no commit:\n{shown}\n"
            "Commit them, put them away (git stash), or name what to deploy: --commit SHA"
        )
    return found.commit


def _session(variables: Mapping[str, str]) -> boto3.Session:
    """Return a session in AWS_REGION, which boto3 itself does not read, or where AWS's own say."""
    return boto3.Session(region_name=variables.get("AWS_REGION") or None)


def _clients(environment: str, session: boto3.Session) -> Clients:
    if not session.region_name:
        raise RefusedError(f"AWS_REGION is not set. Set it to the region of {environment}.")
    return Clients(**{name: session.client(name, config=RETRIES) for name in Clients.__slots__})


def _commit(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a whole commit: 40 characters 0-9 a-f")
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a digest: sha256: and 64 characters")
    return text


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
