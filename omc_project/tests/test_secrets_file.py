"""Secrets of an installation: made once, private, agreed on by racing processes, never guessed."""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
import sys

import pytest

from omc_project import secrets_file
from omc_project.errors import SecretsError
from omc_project.tests.homes import Home

READ = (
    "from omc_project.secrets_file import read_or_make as read; "
    "print(read('SECRET_KEY'), read('OMC_CREDENTIAL_KEY'))"
)


@pytest.fixture
def home(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


def test_the_first_call_makes_all_secrets_and_later_ones_read_the_same(home):
    key = secrets_file.read_or_make("SECRET_KEY", home=home)
    text = (home / "secrets").read_text()
    assert f"SECRET_KEY={key}\n" in text
    assert {line.partition("=")[0] for line in text.splitlines()} == set(secrets_file.MAKERS)
    assert secrets_file.read_or_make("SECRET_KEY", home=home) == key
    assert (home / "secrets").read_text() == text


def test_two_installations_never_have_the_same_secret(tmp_path):
    values = [
        secrets_file.read_or_make(name, home=tmp_path / folder)
        for folder in ("one", "two")
        for name in secrets_file.MAKERS
    ]
    assert len(set(values)) == len(values)


def test_secrets_are_long_enough_to_be_no_guess(home):
    assert len(secrets_file.read_or_make("SECRET_KEY", home=home)) >= 50
    assert len(base64.b64decode(secrets_file.read_or_make("OMC_CREDENTIAL_KEY", home=home))) == 32
    assert len(secrets_file.read_or_make("OMC_ADMIN_PASSWORD", home=home)) >= 16


def test_only_the_owner_may_read_the_file(home):
    secrets_file.read_or_make("SECRET_KEY", home=home)
    assert (home / "secrets").stat().st_mode & 0o777 == 0o600
    assert not list(home.glob("*.new"))


def test_racing_processes_agree(home):
    racers = [Home(path=home / "omc").popen([sys.executable, "-c", READ]) for _ in range(6)]
    outputs = {racer.communicate(timeout=30)[0] for racer in racers}
    assert len(outputs) == 1, outputs
    assert len(outputs.pop().split()) == 2


def test_a_secret_that_a_later_release_adds_leaves_the_old_ones_as_they_are(home):
    (home / "secrets").touch(mode=0o600)
    (home / "secrets").write_text("SECRET_KEY=mine\nUNKNOWN=kept=too\n")
    added = secrets_file.read_or_make("OMC_CREDENTIAL_KEY", home=home)
    assert secrets_file.read_or_make("SECRET_KEY", home=home) == "mine"
    assert f"OMC_CREDENTIAL_KEY={added}\n" in (home / "secrets").read_text()
    assert "UNKNOWN=kept=too\n" in (home / "secrets").read_text()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused_with_the_remedy(home, mode):
    secrets_file.read_or_make("SECRET_KEY", home=home)
    (home / "secrets").chmod(mode)
    with pytest.raises(SecretsError, match=r"chmod 600 '.*/secrets'"):
        secrets_file.read_or_make("SECRET_KEY", home=home)


def test_a_file_that_cannot_be_read_is_named(home):
    (home / "secrets").mkdir()
    with pytest.raises(SecretsError, match=r"secrets, cannot be read: Is a directory"):
        secrets_file.read_or_make("SECRET_KEY", home=home)


def test_a_folder_in_the_way_of_the_new_file_is_named_and_nothing_is_half_written(home):
    (home / "secrets.new").symlink_to(home / "nowhere" / "else")
    secrets_file.read_or_make("SECRET_KEY", home=home)
    assert not (home / "nowhere").exists()


def test_a_full_disk_leaves_no_half_file(home, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SecretsError, match="cannot be written: No space left on device"):
        secrets_file.read_or_make("SECRET_KEY", home=home)
    assert not (home / "secrets").exists()


@pytest.mark.parametrize("name", ["SECRET_KEY", "OMC_CREDENTIAL_KEY"])
def test_production_refuses_to_start_without_a_secret_and_makes_none(tmp_path, name):
    given = {"SECRET_KEY": "s" * 50, "OMC_CREDENTIAL_KEY": "c" * 44}
    del given[name]
    home = Home(path=tmp_path / "omc")
    failed = home.manage("check", OMC_ENVIRONMENT="production", **given)
    assert failed.returncode == 1
    assert f"OMC_ENVIRONMENT is production and {name} is not set" in failed.stderr
    assert f"{name}_FILE" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not home.path.exists()


@pytest.mark.parametrize("name", sorted(secrets_file.MAKE_ONE))
def test_the_command_that_production_is_told_makes_a_secret(name):
    with pytest.raises(SecretsError) as refused:
        secrets_file.refuse(name)
    _, *words = shlex.split(str(refused.value).partition("To make one: ")[2])
    made = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    assert len(made.stdout.strip()) >= 16


def test_a_secret_may_come_from_a_file(tmp_path):
    file = tmp_path / "key"
    file.write_text("from a file")
    code = "from omc_project import settings; print(settings.SECRET_KEY)"
    shown = Home(path=tmp_path / "omc").python(code, SECRET_KEY_FILE=str(file))
    assert shown.stdout == "from a file\n", shown.stderr
