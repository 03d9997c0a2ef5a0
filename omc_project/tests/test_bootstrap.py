"""Servers that were given: a wrong one is named with its remedy, and its password never is."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings
from django.db import connection

from omc_project import bootstrap, embedded
from omc_project.engines import valkey
from omc_project.errors import ServerError
from omc_project.ports import free_port, listens
from omc_project.tests.homes import Home, wait_until

SECRET = "hunter2hunter2"


@pytest.fixture
def home(tmp_path):
    return Home(path=tmp_path / "omc")


@contextmanager
def valkey_with(folder, *options: str):
    """Run a Valkey of one's own on a port of the loopback."""
    port = free_port()
    command = [valkey.program(), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
    with subprocess.Popen([*command, "--save", "", *options], stdout=subprocess.DEVNULL) as server:
        wait_until(lambda: listens(port))
        yield port
        server.terminate()


def test_a_database_server_that_is_away_is_named_without_the_password(home):
    port = free_port()
    failed = home.manage(
        "migrate",
        DATABASE_URL=f"postgres://me:{SECRET}@127.0.0.1:{port}/coins",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert failed.returncode == 1
    assert f"PostgreSQL at 127.0.0.1:{port}, database coins, user me, cannot" in failed.stderr
    assert "Correct DATABASE_URL or start that server; unset DATABASE_URL" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert SECRET not in failed.stderr + failed.stdout
    assert not home.pids()


def test_a_database_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", "no_such_database")
    with pytest.raises(ServerError, match='database "no_such_database" does not exist'):
        bootstrap.require_database()


def test_a_user_whom_the_database_does_not_know_is_named(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "USER", "nobody_here")
    with pytest.raises(ServerError, match="user nobody_here, cannot be used"):
        bootstrap.require_database()


def test_a_database_that_answers_passes_and_keeps_no_connection_open():
    before = connection.connection
    bootstrap.require_database()
    assert connection.connection is before


def test_a_redis_that_is_away_is_named_without_the_password(settings):
    port = free_port()
    settings.REDIS_URL = f"redis://:{SECRET}@127.0.0.1:{port}/0"
    with pytest.raises(ServerError, match=f"Redis at 127.0.0.1:{port} cannot be used") as refused:
        bootstrap.require_redis()
    assert "unset REDIS_URL for the embedded one" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", [f"http://:{SECRET}@host/0", SECRET, f"redis://:{SECRET}@h:x/0"])
def test_a_redis_url_that_cannot_be_read_is_refused_without_showing_it(settings, url):
    settings.REDIS_URL = url
    with pytest.raises(ServerError, match="REDIS_URL cannot be read") as refused:
        bootstrap.require_redis()
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_redis_with_the_wrong_password_is_named(settings, tmp_path):
    with valkey_with(tmp_path, "--requirepass", "another") as port:
        settings.REDIS_URL = f"redis://:{SECRET}@127.0.0.1:{port}/0"
        with pytest.raises(ServerError, match="cannot be used: ") as refused:
            bootstrap.require_redis()
        assert SECRET not in str(refused.value)
        settings.REDIS_URL = f"redis://:another@127.0.0.1:{port}/0"
        bootstrap.require_redis()


def test_a_redis_that_evicts_queued_work_is_refused(settings, tmp_path):
    options = ("--maxmemory", "10mb", "--maxmemory-policy", "allkeys-lru")
    with valkey_with(tmp_path, *options) as port:
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        with pytest.raises(ServerError, match=r"allkeys-lru.*Set its maxmemory-policy to noevic"):
            bootstrap.require_redis()
        with redis.Redis(port=port) as client:
            client.config_set("maxmemory-policy", "noeviction")
        bootstrap.require_redis()


@pytest.mark.parametrize("must_answer", [True, False])
def test_given_servers_are_asked_only_where_they_must_answer(settings, monkeypatch, must_answer):
    settings.EMBEDDED = {"pg": False, "redis": False}
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(embedded, "ensure", lambda **_: pytest.fail("nothing embedded is wanted"))
    if must_answer:
        with pytest.raises(ServerError, match="Redis at"):
            bootstrap.bootstrap()
    else:
        bootstrap.bootstrap(must_answer=False)


def test_only_the_engine_that_no_url_replaces_is_started(home, tmp_path):
    code = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'omc_project.settings'\n"
        "django.setup(); from omc_project.bootstrap import bootstrap; bootstrap()\n"
        "bootstrap(); print(sorted(path.name for path in __import__('pathlib').Path("
        "os.environ['OMC_HOME']).iterdir() if path.is_dir()))"
    )
    tmp_path.parent.chmod(0o711)
    with valkey_with(tmp_path) as port:
        done = home.python(code, REDIS_URL=f"redis://127.0.0.1:{port}/0")
    assert done.stdout == "['pg', 'run']\n", done.stderr
    assert not home.pids()


def test_a_home_with_valkey_alone_is_taken_up_again(home):
    code = "from omc_project import embedded; embedded.ensure(pg=False)"
    assert home.python(code).returncode == 0
    again = home.python(code)
    assert again.returncode == 0, again.stderr
    assert not (home.path / "pg").exists()


def test_the_settings_of_this_test_run_name_servers_that_answer():
    bootstrap.require_database()
    bootstrap.require_redis()
    assert set(settings.EMBEDDED) == {"pg", "redis"}
