"""An environment, a checkout and an operator."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from infra.deploy.cli import main
from infra.deploy.deploying import limits
from infra.deploy.tests.world import ACCOUNT, REGION, SESSION, World, front_page


@dataclass
class Operator:
    """Types commands; remembers what was asked of AWS and what was said."""

    world: World
    folder: object
    variables: dict
    capsys: object
    session: object = SESSION
    calls: list = field(default_factory=list)
    out: str = ""
    err: str = ""

    def types(self, *words):
        """Run the tool as the command line does; return its exit status."""
        self.calls.clear()
        patience = limits(120, every=10, sleep=self.world.sleep, clock=self.world.clock)
        status = main(
            words,
            variables=self.variables,
            folder=self.folder,
            waiting=patience,
            session=self.session,
        )
        self.out, self.err = self.capsys.readouterr()
        return status

    def writes(self):
        """Return what was asked of AWS that changes anything."""
        reads = ("Describe", "List", "Get")
        return [each for each in self.calls if not each.startswith(reads)]


def git(folder, *words):
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    command = ["git", "-C", str(folder), *who, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """Make a checkout with one commit; no test changes it."""
    folder = tmp_path_factory.mktemp("checkout")
    git(folder, "init", "--quiet")
    (folder / "code.py").write_text("x = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


@pytest.fixture(scope="session")
def commit(clone):
    return git(clone, "rev-parse", "HEAD")


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # 5,000 of them, for each test
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def world(aws, commit):
    """Have an environment with the first revisions running, and the commit's image pushed."""
    made = World()
    made.digest = made.push(commit)
    return made


@pytest.fixture
def operator(world, clone, capsys, monkeypatch):
    server = front_page(world)
    variables = {
        "OMC_STAGING_ACCOUNT": ACCOUNT,
        "OMC_STAGING_URL": f"http://127.0.0.1:{server.server_address[1]}",
    }
    made = Operator(world=world, folder=clone, variables=variables, capsys=capsys)
    real = BaseClient._make_api_call

    def recorded(client, operation, arguments):
        made.calls.append(operation)
        return real(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    yield made
    server.shutdown()
    server.server_close()
