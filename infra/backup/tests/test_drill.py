"""The drill: a house is backed up, lost, and built again, on a real PostgreSQL."""

from __future__ import annotations

import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from infra.backup.errors import BackupError
from infra.backup.tests import databases
from infra.backup.transfer import Restoration, back_up
from ledgers.collecting.storing import store
from ledgers.glass.models import Candle
from ledgers.human.models import Article
from ledgers.tests.factories import T0, article, candle, make_run
from omc_project.tests.homes import ROOT, new_home

NOW = datetime(2026, 11, 25, 14, tzinfo=UTC)
SECRETS = b"SECRET_KEY=a\nOMC_CREDENTIAL_KEY=opens everything\n"


@pytest.fixture
def lost():
    """Have a name for a database that was lost, and no trace of it afterwards."""
    name = f"drill_{os.getpid()}"
    databases.make(name)
    yield name
    databases.drop(name)


@pytest.fixture
def kept(ledger, tmp_path):
    """Back a house up that holds facts of two months, and the key of what is encrypted."""
    later = T0 + timedelta(days=40)
    store(Candle, [candle(0), candle(24 * 40)], make_run(), observed_at=later)
    store(Candle, [candle(0, close="2")], make_run(), observed_at=later + timedelta(hours=1))
    store(Article, [article("Ä: 'quoted'\n\\.")], make_run("rss"), observed_at=later)
    home = tmp_path / "old"
    home.mkdir()
    (home / "secrets").write_bytes(SECRETS)
    said = []
    house = databases.house(databases.source(), home)
    file = back_up(house, tmp_path / "backups", now=NOW, keep=0, say=said.append)
    assert "keep it as you keep a password" in " ".join(said)
    return file


@pytest.fixture
def restoring(kept, lost, tmp_path, monkeypatch):
    """Return how to restore into the lost database, from a new machine."""
    for name, value in databases.variables(lost).items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "new"
    home.mkdir()

    def restore(answer="", **more):
        said = []
        house = databases.house(lost, home, **more)
        one = Restoration(house=house, file=kept, now=NOW, ask=lambda _: answer, say=said.append)
        one.run()
        return " ".join(said)

    restore.home = home
    return restore


def sides(name):
    """Return what a database holds, but for the kill switch and its line in the audit trail."""
    found = [databases.content(name), *(databases.ask(name, query) for query in databases.SIDES)]
    later = {"trading_killswitch", "trading_auditentry", "trading_auditentry_id_seq"}
    return [[row for row in rows if row[0] not in later] for rows in found]


def refuses_changes(link):
    """See that facts of a plain table, of a partitioned one and of a partition stay as they are."""
    partition = link.execute("SELECT tableoid::regclass::text FROM glass_candle").fetchone()[0]
    for table in ("human_article", "glass_candle", partition):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                link.execute(statement)


def test_a_lost_house_is_built_again_to_the_last_row(restoring, lost):
    (restoring.home / "secrets").write_text("SECRET_KEY=other\n")
    said = restoring()
    assert "Restored what was known at 2026-11-25T14:00:00+00:00" in said
    assert sides(lost) == sides(databases.source())
    assert databases.ask(lost, "SELECT count(*) FROM glass_candle") == [(3,)]
    assert len(databases.ask(lost, databases.PARTITIONS)) > 2
    with databases.connect(lost) as link:
        refuses_changes(link)

    file = restoring.home / "secrets"  # the key is back, and the other one is not lost
    assert file.read_bytes() == SECRETS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (restoring.home / "secrets.before-1").read_text() == "SECRET_KEY=other\n"

    switch = "SELECT scope, is_engaged, actor FROM trading_killswitch"
    assert databases.ask(lost, switch) == [("everything", True, "restore")]
    assert "release it in the admin" in said


def test_a_house_that_holds_something_is_replaced_only_by_its_typed_name(restoring, lost):
    with databases.connect(lost) as link:
        link.execute("CREATE TABLE precious (id int)")
    for answer in ("", "yes", lost.upper()):
        with pytest.raises(BackupError, match="Nothing was changed"):
            restoring(answer)
    assert databases.ask(lost, "SELECT * FROM precious") == []
    assert not list(restoring.home.iterdir())
    said = restoring(lost)
    assert sides(lost) == sides(databases.source())
    before = f"{lost}_before_20261125140000"
    assert databases.ask(before, "SELECT * FROM precious") == []
    assert f'DROP DATABASE "{before}"' in said


def test_a_house_in_use_is_left_alone(restoring, lost):
    with databases.connect(lost), pytest.raises(BackupError, match="Stop them first"):
        restoring(lost)


@pytest.mark.full
def test_the_owner_of_a_managed_server_who_is_no_superuser_can_restore(restoring, lost):
    owner = f"{lost}_owner"
    with databases.connect("postgres") as link:
        link.execute(f"CREATE ROLE {owner} LOGIN CREATEDB CREATEROLE")
        link.execute(f"GRANT omc_keeper TO {owner} WITH ADMIN OPTION")
        link.execute(f"ALTER DATABASE {lost} OWNER TO {owner}")
    try:
        restoring(USER=owner)
        owners = dict(databases.ask(lost, databases.OWNERS))
        originals = dict(databases.ask(databases.source(), databases.OWNERS))
        assert {name: each.replace(owner, "omc") for name, each in owners.items()} == originals
        assert "omc_keeper" in owners.values()
        assert databases.content(lost) != []
    finally:
        databases.drop(lost)
        with databases.connect("postgres") as link:
            link.execute(f"DROP OWNED BY {owner}")
            link.execute(f"DROP ROLE {owner}")


def test_a_restore_that_breaks_leaves_what_was_there(restoring, lost, kept, monkeypatch):
    with databases.connect(lost) as link:
        link.execute("CREATE TABLE precious (id int)")
    before = databases.names()
    house = type(databases.house(lost, restoring.home))
    real = house.postgres

    def broken(self, words, **streams):
        if words[0] == "pg_restore":
            words = [*words, "--no-such-option"]
        return real(self, words, **streams)

    monkeypatch.setattr(house, "postgres", broken)
    with pytest.raises(BackupError, match="pg_restore failed"):
        restoring(lost)
    assert databases.names() == before
    assert databases.ask(lost, "SELECT * FROM precious") == []


def typed(home, *words):
    """Run a command in the checkout as the owner of a data folder; nobody types an answer."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=home.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.full
def test_the_scripts_move_a_house_to_another_machine(tmp_path):
    python = str(ROOT / ".venv" / "bin" / "python")
    count = "from ledgers.models import CollectorRun as C; print('runs', C.objects.count())"
    with new_home() as old, new_home() as new:
        assert typed(old, python, "manage.py", "prestart")[0] == 0
        runs = typed(old, python, "manage.py", "shell", "--no-imports", "-c", count)[1]
        status, said = typed(old, "scripts/backup", str(tmp_path))
        assert status == 0, said
        (file,) = tmp_path.glob("omc-*.tar")
        status, said = typed(new, "scripts/restore", str(file))
        assert status == 0, said
        assert typed(new, python, "manage.py", "shell", "--no-imports", "-c", count)[1] == runs
        assert (new.path / "secrets").read_text() == (old.path / "secrets").read_text()
        status, said = typed(new, "scripts/restore", str(file))
        assert (status, "Nothing was changed" in said) == (1, True)
        status, said = typed(new, "scripts/restore", str(file), "--replace", "omc")
        assert status == 0, said
