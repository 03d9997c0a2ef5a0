"""What a first start does, does once: tables, administrator, example data."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from omc_project import first_run, secrets_file
from omc_project.engines import places
from omc_project.errors import SecretsError
from omc_project.tests.factories import make_run, make_user

GIVEN = "a-given-password-of-mine"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, settings):
    """Keep markers and passwords of these tests out of the data folder of the engines."""
    tmp_path.chmod(0o700)
    monkeypatch.setattr(places, "HOME", tmp_path)
    make = secrets_file.read_or_make
    monkeypatch.setattr(secrets_file, "read_or_make", lambda name: make(name, home=tmp_path))
    settings.OMC_ADMIN_PASSWORD = ""
    return tmp_path


@pytest.fixture
def planted(monkeypatch):
    """Note each call of the seed in place of planting a year, which has its own tests."""
    calls = []
    monkeypatch.setattr(first_run, "call_command", lambda *words, **_: calls.append(words))
    return calls


def made_password(home) -> str:
    text: str = (home / "secrets").read_text()
    return text.partition("OMC_ADMIN_PASSWORD=")[2].splitlines()[0]


def test_tables_that_are_up_to_date_are_left_alone(db):
    before = MigrationRecorder(connection).migration_qs.count()
    assert first_run.migrate() == 0
    assert MigrationRecorder(connection).migration_qs.count() == before


def test_a_migration_that_is_missing_is_counted_and_applied(db, planted):
    ((_, newest),) = MigrationLoader(connection).graph.leaf_nodes("agents")
    MigrationRecorder(connection).record_unapplied("agents", newest)
    assert first_run.migrate() >= 1
    assert planted == [("migrate",)]


def test_the_first_administrator_logs_in_with_the_password_that_was_made(db, home):
    assert first_run.make_admin()
    user = authenticate(username="admin", password=made_password(home))
    assert user is not None
    assert user.is_superuser


def test_a_given_password_is_used_and_none_is_made(db, home, settings):
    settings.OMC_ADMIN_PASSWORD = GIVEN
    assert first_run.make_admin()
    assert authenticate(username="admin", password=GIVEN) is not None
    assert not (home / "secrets").exists()


def test_an_administrator_of_any_name_is_left_alone(db, settings):
    settings.OMC_ADMIN_PASSWORD = GIVEN
    owner = make_user("owner", is_superuser=True)
    before = owner.password
    assert not first_run.make_admin()
    assert get_user_model().objects.filter(is_superuser=True).count() == 1
    owner.refresh_from_db()
    assert owner.password == before


def test_production_without_a_superuser_demands_the_password_and_makes_none(db, home, settings):
    settings.IS_PRODUCTION = True
    make_user("somebody")
    with pytest.raises(SecretsError) as refused:
        call_command("prestart", stdout=io.StringIO())
    told = str(refused.value)
    assert "no superuser yet, so nobody could log in" in told
    assert "Set OMC_ADMIN_PASSWORD, or OMC_ADMIN_PASSWORD_FILE" in told
    assert "omc/app/admin_password" in told
    assert not get_user_model().objects.filter(is_superuser=True).exists()
    assert not list(home.iterdir())


def test_production_makes_the_first_superuser_with_the_given_password(db, home, settings):
    settings.IS_PRODUCTION = True
    settings.OMC_ADMIN_PASSWORD = GIVEN
    out = io.StringIO()
    call_command("prestart", stdout=out)
    assert authenticate(username="admin", password=GIVEN) is not None
    assert GIVEN not in out.getvalue()
    assert not list(home.iterdir())


def test_production_with_a_superuser_needs_no_password(db, home, settings):
    settings.IS_PRODUCTION = True
    make_user("owner", is_superuser=True)
    call_command("prestart", stdout=io.StringIO())
    assert not list(home.iterdir())


def test_the_refusal_names_a_heading_that_is_there(settings):
    guide = (settings.BASE_DIR / "docs" / "DEPLOYMENT.md").read_text()
    assert 'docs/DEPLOYMENT.md, "First login"' in first_run.NOBODY
    assert "\n### First login\n" in guide


def test_an_ordinary_user_is_no_administrator(db):
    make_user("somebody")
    assert first_run.make_admin()


def test_a_second_start_makes_nothing_and_shows_no_password(db, home, planted):
    first = list(first_run.prepare(is_read=True))
    second = list(first_run.prepare(is_read=True))
    password = made_password(home)
    assert sum(password in line for line in first) == 1
    assert "shown this once" in " ".join(first)
    assert not [line for line in second if password in line]
    assert second[0] == "Log in as before; the password was shown at the first start."
    assert planted == [("seed",)]


def test_a_password_that_nobody_reads_is_named_by_its_file_alone(db, home, planted):
    lines = " ".join(first_run.prepare(is_read=False))
    assert made_password(home) not in lines
    assert f"the password is in {home}/secrets." in lines


@pytest.mark.parametrize("is_read", [True, False])
def test_a_given_password_is_never_repeated(db, settings, planted, is_read):
    settings.OMC_ADMIN_PASSWORD = GIVEN
    lines = " ".join(first_run.prepare(is_read=is_read))
    assert "the password is the value of OMC_ADMIN_PASSWORD." in lines
    assert GIVEN not in lines


def test_the_lines_name_commands_that_can_be_copied(db, planted):
    text = "\n".join(first_run.prepare(is_read=False))
    assert f"{first_run.MANAGE} changepassword admin" in text
    assert f"{first_run.MANAGE} seed --clear" in text


def test_an_empty_house_is_seeded_once_and_stays_cleared(db, planted):
    assert first_run.seed()
    assert not first_run.seed()
    assert planted == [("seed",)]


def test_a_seed_that_failed_is_taken_up_again(db, planted, monkeypatch):
    def fail(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(first_run, "call_command", fail)
        with pytest.raises(KeyboardInterrupt):
            first_run.seed()
    assert first_run.seed()


def test_a_house_that_holds_runs_of_its_own_is_never_seeded(db, planted):
    make_run("coinspot")
    assert not first_run.seed()
    assert not planted


def test_production_is_never_seeded(db, planted, settings, home):
    settings.IS_PRODUCTION = True
    assert not first_run.seed()
    assert not planted
    assert not list(home.iterdir())


def test_each_given_database_has_its_own_marker_and_none_shows_the_address(
    home, settings, monkeypatch
):
    settings.EMBEDDED = {"pg": True, "redis": True}
    assert first_run._marker() == home / "seeded"
    settings.EMBEDDED = {"pg": False, "redis": True}
    markers = set()
    for host, name in (("db.example", "omc"), ("db.example", "other"), ("else.example", "omc")):
        monkeypatch.setitem(connection.settings_dict, "HOST", host)
        monkeypatch.setitem(connection.settings_dict, "NAME", name)
        markers.add(first_run._marker())
    assert len(markers) == 3
    assert all(marker.parent == home and "example" not in marker.name for marker in markers)


class Terminal(io.StringIO):
    """An output that a person reads."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("output", "is_shown"), [(io.StringIO, False), (Terminal, True)])
def test_prestart_shows_the_password_to_a_person_and_to_no_log(db, home, planted, output, is_shown):
    out = output()
    call_command("prestart", stdout=out)
    assert (made_password(home) in out.getvalue()) is is_shown
    assert out.getvalue().endswith("Prepared.\n")
