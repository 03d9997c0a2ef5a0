"""The embedded engines: they start cold, are shared, survive being killed, and say why not."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

import psycopg
import pytest
import redis

from omc_project.engines import places, processes
from omc_project.errors import EngineError
from omc_project.tests.homes import ENSURE, Home, is_alive, new_home, wait_until

COUNT = "select count(*) from fact"


@pytest.fixture
def home():
    with new_home() as fresh:
        yield fresh


def test_a_cold_folder_gets_both_engines_on_private_sockets_and_no_tcp_port(home):
    with home.user(), home.postgres() as connection:
        assert connection.execute("show server_version_num").fetchone()[0] >= "180000"
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
        with home.valkey() as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert (home.path / "run").stat().st_mode & 0o077 == 0
        assert len(home.pids()) >= 2
        assert not listening_sockets() & set().union(*map(sockets_of, home.pids()))


def listening_sockets() -> set[str]:
    """Return the inodes of every TCP socket of this machine that listens."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in net(name).splitlines()[1:]]
    return {fields[9] for fields in lines if fields[3] == "0A"}


def net(name: str) -> str:
    path = Path(f"/proc/net/{name}")
    return path.read_text() if path.exists() else ""


def sockets_of(pid: int) -> set[str]:
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found


def test_the_check_for_listening_sockets_sees_one():
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)):
        assert listening_sockets() & sockets_of(os.getpid())


def test_six_processes_that_race_on_a_cold_folder_share_one_pair_and_leave_none(home):
    code = ENSURE + (
        "import psycopg, redis; d = embedded.DATABASE\n"
        "with psycopg.connect(host=d['HOST'], user=d['USER'], dbname=d['NAME']) as c:\n"
        "    print(c.execute('select pg_postmaster_start_time()').fetchone()[0].timestamp())\n"
        "print(redis.Redis.from_url(embedded.REDIS_URL).info('server')['run_id'])"
    )
    racers = [home.popen([sys.executable, "-c", code]) for _ in range(6)]
    outputs = [racer.communicate(timeout=60)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 6, outputs
    assert all(len(output.splitlines()) == 2 for output in outputs)
    wait_until(lambda: not home.pids())


def test_kill_nine_of_both_engines_loses_no_acknowledged_row(home):
    with home.user():
        written, queued = write_until_killed(home)
        assert home.python(ENSURE).returncode == 0
        with home.postgres() as connection, home.valkey() as client:
            assert connection.execute(COUNT).fetchone()[0] >= written > 100
            assert client.get("queued") is not None
            assert int(client.get("queued")) >= queued > 100


def write_until_killed(home: Home) -> tuple[int, int]:
    """Count what the engines acknowledged before they died in the middle of it."""
    written = queued = 0
    with home.postgres() as connection, home.valkey() as client:
        connection.execute("create table fact (id int primary key)")
        timer = Timer(0.5, home.kill)
        timer.start()
        with suppress(psycopg.OperationalError, redis.RedisError):
            while True:
                connection.execute("insert into fact values (%s)", [written])
                written += 1
                queued = client.incr("queued")
        timer.join()
    return written, queued


def test_a_stale_pid_file_whose_number_now_belongs_to_a_stranger_is_no_obstacle(home):
    assert home.python(ENSURE).returncode == 0
    stranger = os.getpid()
    (home.path / "pg" / "postmaster.pid").write_text(f"{stranger}\n{home.path}/pg\n")
    (home.path / "run" / ".s.PGSQL.5432.lock").write_text(f"{stranger}\n")
    (home.path / "run" / ".s.PGSQL.5432").touch()
    (home.path / "run" / "valkey.pid").write_text(str(stranger))
    assert home.python(ENSURE).returncode == 0
    assert is_alive(stranger)


def test_a_zombie_counts_as_dead_and_a_stranger_as_not_ours():
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL) as child:
        wait_until(lambda: not is_alive(child.pid))
        assert not processes.is_running(child.pid, naming=Path(sys.executable))
    assert not processes.is_running(os.getpid(), naming=Path("/nowhere/pg"))


@pytest.mark.full
def test_servers_whose_sockets_were_swept_away_are_replaced_and_keep_their_data(home):
    with home.user():
        with home.postgres() as connection, home.valkey() as client:
            connection.execute("create table fact as select 1 as id")
            client.set("kept", "yes")
        before = set(home.pids())
        for name in (".s.PGSQL.5432", "valkey.sock"):
            (home.path / "run" / name).unlink()
        assert home.python(ENSURE).returncode == 0
        with home.postgres() as connection, home.valkey() as client:
            assert connection.execute(COUNT).fetchone() == (1,)
            assert client.get("kept") == b"yes"
        assert not any(is_alive(pid) for pid in before & set(home.pids()))


def test_the_last_one_out_stops_the_engines_and_nobody_before(home):
    with home.user():
        assert home.python(ENSURE).returncode == 0
        with home.postgres() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert not home.pids()


def test_a_forked_child_keeps_the_engines_up_after_its_parent_has_left(home):
    code = (
        "import os, time; os.register_at_fork(after_in_child=lambda: time.sleep(1))\n"
        + ENSURE  # the child is slower than its parent
        + "\nif os.fork() == 0:\n    os.close(1); os.close(2); time.sleep(30)\n"
    )
    assert home.python(code).returncode == 0
    assert len(home.pids()) >= 2


@pytest.mark.full
def test_two_checkouts_run_at_the_same_time_and_know_nothing_of_each_other(home):
    with new_home() as other, home.user(), other.user():
        with home.valkey() as client:
            client.set("mine", "1")
        with home.postgres() as connection, other.postgres() as its:
            connection.execute("create table fact (id int)")
            assert its.execute("select to_regclass('fact')").fetchone() == (None,)
        with other.valkey() as client:
            assert client.get("mine") is None


@pytest.mark.full
def test_a_start_that_was_killed_half_way_leaves_nothing_that_is_taken_for_data(home):
    half = home.path / "pg.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    home.path.chmod(0o711)
    assert home.python(ENSURE).returncode == 0
    assert not half.exists()


@pytest.mark.parametrize(("throwaway", "fsync"), [("", "on"), ("1", "off")])
def test_only_data_that_may_be_lost_are_not_synced_to_the_disk(home, throwaway, fsync):
    code = ENSURE + (
        "import psycopg; d = embedded.DATABASE\n"
        "with psycopg.connect(host=d['HOST'], user=d['USER'], dbname=d['NAME']) as c:\n"
        "    print(c.execute('show fsync').fetchone()[0])"
    )
    assert home.python(code, OMC_THROWAWAY=throwaway).stdout == f"{fsync}\n"


@pytest.mark.full
def test_data_of_an_older_postgresql_are_refused_and_left_alone(home):
    assert home.python(ENSURE).returncode == 0
    version = home.path / "pg" / "PG_VERSION"
    version.write_text("16\n")
    failed = home.python(ENSURE)
    assert failed.returncode == 1
    assert "written by PostgreSQL 16, and this is 18" in failed.stderr
    assert version.read_text() == "16\n"
    assert not home.pids()


def test_a_server_that_does_not_start_shows_the_end_of_its_log(home):
    assert home.python(ENSURE).returncode == 0
    (home.path / "pg" / "custom.conf").write_text("shared_buffers = 'plenty'\n")
    failed = home.python(ENSURE)
    assert failed.returncode == 1
    assert f"PostgreSQL did not start. The end of {home.path}/postgres.log" in failed.stderr
    assert "shared_buffers" in failed.stderr


def test_a_long_path_gets_a_short_private_socket_folder_that_nobody_else_may_make(tmp_path):
    long = tmp_path / ("x" * 90)
    short = places.socket_folder(long)
    assert len(str(short)) < 40
    assert places.socket_folder(Path("/srv/omc/.omc")) == Path("/srv/omc/.omc/run")
    short.mkdir(mode=0o755)
    try:
        with pytest.raises(EngineError, match="not a private folder of ours"):
            places.require_private(short, owners={os.geteuid()})
        short.chmod(0o700)
        with pytest.raises(EngineError, match="not a private folder of ours"):
            places.require_private(short, owners={os.geteuid() + 1})
        places.require_private(short, owners={os.geteuid()})
        link = tmp_path / "link"
        link.symlink_to(short)
        with pytest.raises(EngineError, match="not a private folder of ours"):
            places.require_private(link, owners={os.geteuid()})
    finally:
        short.rmdir()


@pytest.mark.full
def test_engines_run_from_a_path_that_is_too_long_for_a_socket(home):
    deep = Home(path=home.path.parent / ("y" * 120))
    found = deep.python(ENSURE + "print(embedded.DATABASE['HOST'])")
    assert found.returncode == 0, found.stderr
    Path(found.stdout.strip()).rmdir()


@pytest.mark.full
def test_root_whose_account_cannot_reach_the_folder_runs_the_engines_in_a_namespace(home):
    if os.geteuid() != 0:
        pytest.skip("only root needs another account")
    home.path.parent.chmod(0o700)
    with home.user():
        assert (home.path / "pg").stat().st_uid == 0
        with home.postgres() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert not home.pids()


def test_a_data_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path):
    file = tmp_path / "file"
    file.touch()
    failed = Home(path=file / "omc").python(ENSURE)
    assert failed.returncode == 1
    assert f"The data folder {file}/omc cannot be made: Not a directory" in failed.stderr
    assert "Set OMC_HOME to a folder that you may write." in failed.stderr


def test_a_data_folder_of_somebody_else_is_named_with_its_owner_and_the_remedy(home):
    """As root, without root's powers; as anybody else, on a folder without permission."""
    home.path.mkdir()
    powerless = []
    if os.geteuid() == 0:
        powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        os.chown(home.path, 65534, 65534)
    home.path.chmod(0o500)
    failed = home.run([*powerless, sys.executable, "-c", ENSURE])
    home.path.chmod(0o700)
    assert failed.returncode == 1
    assert f"The data folder {home.path}" in failed.stderr
    assert "or set OMC_HOME to a folder" in failed.stderr


def test_a_full_disk_is_named_before_a_server_stops_half_way(tmp_path):
    with pytest.raises(EngineError, match=r"Only \d+ MB are free on the disk of .* are needed"):
        places.require_space(tmp_path, 2**40)
    places.require_space(tmp_path, 1)
