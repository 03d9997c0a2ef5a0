"""Variables: read from the environment and `.env`, wrong ones named, their values never shown."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omc_project import dotenv
from omc_project.environment import Environment, database
from omc_project.errors import ServerError, SetupError
from omc_project.tests.homes import Home

SECRET = "hunter2hunter2"


def test_a_database_url_becomes_the_settings_of_that_database():
    found = database("postgres://me:p%40ss%2Fword@db.example:6543/omc")
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("me", "p@ss/word", "omc")
    assert (found["HOST"], found["PORT"]) == ("db.example", 6543)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@db/omc",
        f"sqlite:///{SECRET}",
        f"me:{SECRET}@db/omc",
        f"{SECRET}",
        f"postgres://me:{SECRET}@db:port/omc",
        f"postgres://me:{SECRET}/x@db:5432/omc",
        f"postgres://me:{SECRET}@[::1/omc",
    ],
)
def test_a_wrong_database_url_is_refused_with_the_right_shape_and_without_its_password(url):
    with pytest.raises(ServerError) as refused:
        database(url)
    assert "postgres://USER:PASSWORD@HOST:PORT/NAME" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


@given(st.text(alphabet="ab:/@[]%#?&=19", max_size=40))
def test_no_database_url_fails_in_another_way(rest):
    with suppress(ServerError):
        assert database(f"postgres://{rest}")["ENGINE"] == "django.db.backends.postgresql"


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("OMC_TEST_COUNT", "many", "int"),
        ("OMC_TEST_COUNT", "1.5", "int"),
        ("OMC_TEST_SECONDS", "soon", "float"),
    ],
)
def test_a_variable_of_the_wrong_kind_is_named_and_its_value_is_not_shown(
    monkeypatch, variable, value, read
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SetupError) as refused:
        getattr(Environment(), read)(variable, default=1)
    assert variable in str(refused.value)
    assert "docs/settings.md" in str(refused.value)
    assert value not in str(refused.value)


def test_a_variable_that_is_right_or_unset_is_read(monkeypatch):
    monkeypatch.setenv("OMC_TEST_COUNT", "7")
    assert Environment().int("OMC_TEST_COUNT", default=1) == 7
    assert Environment().int("OMC_TEST_OTHER", default=1) == 1


def test_a_command_with_a_wrong_variable_ends_with_the_message_alone(tmp_path):
    failed = Home(path=tmp_path / "omc").manage("check", OMC_CONN_MAX_AGE="a while")
    assert failed.returncode == 1
    assert failed.stderr.startswith("OMC_CONN_MAX_AGE is set to something that it cannot be.")
    assert len(failed.stderr.splitlines()) == 1


def load(tmp_path, text: str) -> dict[str, str]:
    """Return what a file adds to an environment that holds only SET=before."""
    file = tmp_path / "file.env"
    file.write_text(text)
    kept = dict(os.environ)
    os.environ.clear()
    os.environ["SET"] = "before"
    try:
        dotenv.load(file)
        return dict(os.environ)
    finally:
        os.environ.clear()
        os.environ.update(kept)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("  NAME = value  ", "value"),
        ("export NAME=value", "value"),
        ("NAME='a # b'", "a # b"),
        ('NAME="a value"', "a value"),
        ("NAME=a=b", "a=b"),
        ("NAME=it's", "it's"),
        ("NAME='", "'"),
        ("NAME=", ""),
    ],
)
def test_a_line_of_the_file_sets_a_variable(tmp_path, line, value):
    assert load(tmp_path, f"# a comment\n\n{line}\n") == {"SET": "before", "NAME": value}


@pytest.mark.parametrize("line", ["#NAME=value", "  # NAME=value", "NAME", ""])
def test_comments_and_other_lines_set_nothing(tmp_path, line):
    assert load(tmp_path, line) == {"SET": "before"}


def test_the_environment_wins_over_the_file(tmp_path):
    assert load(tmp_path, "SET=after\n") == {"SET": "before"}


def test_a_file_that_is_not_there_is_no_error(tmp_path):
    dotenv.load(tmp_path / "nothing")
    dotenv.load(tmp_path)


def test_the_file_that_omc_env_file_names_is_read_before_anything_else(tmp_path):
    (tmp_path / "my.env").write_text(f"OMC_HOME={tmp_path}/elsewhere\nALLOWED_HOSTS=a.example\n")
    shown = Home(path=tmp_path).run(
        ["env", "-u", "OMC_HOME", "OMC_ENV_FILE=" + str(tmp_path / "my.env"), *PRINT]
    )
    assert shown.stdout.split() == [f"{tmp_path}/elsewhere", "a.example"], shown.stderr


PRINT = [
    sys.executable,
    "-c",
    "from omc_project import embedded, settings; print(embedded.HOME, *settings.ALLOWED_HOSTS)",
]
