"""The file of a backup: whole, private, and refused when it is neither ours nor whole."""

from __future__ import annotations

import json
import stat
import tarfile
from datetime import UTC, datetime, timedelta

import pytest

from infra.backup import cli
from infra.backup.archive import (
    DATABASE,
    SECRETS,
    Manifest,
    digest_of,
    name_of,
    opened,
    prune,
    write,
)
from infra.backup.errors import BackupError
from infra.backup.houses import Compose, Local, compose
from infra.backup.transfer import back_up

NOW = datetime(2026, 11, 25, 14, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path):
    """Write a small backup; its parts are no real dump."""
    parts = {DATABASE: tmp_path / DATABASE, SECRETS: tmp_path / SECRETS}
    for name, part in parts.items():
        part.write_text(f"the {name}")
    file = tmp_path / name_of(NOW)
    write(file, parts, manifest(parts))
    return file


def manifest(parts, **more):
    digests = {name: digest_of(part) for name, part in parts.items()}
    values = {"made_at": "now", "server": "18", "tables": 3, "keepers": ("f()",)}
    return Manifest(**{**values, "digests": digests, **more})


def test_a_backup_is_read_as_it_was_written(archive):
    with opened(archive) as (found, folder):
        assert found.keepers == ("f()",)
        assert (folder / SECRETS).read_text() == "the secrets"
    assert not folder.exists()


def test_nobody_else_may_read_a_backup(archive):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with tarfile.open(archive) as tar:
        assert {member.mode for member in tar} == {0o600}


def test_a_damaged_backup_is_refused(archive):
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"the database.dump", b"the Database.dump"))
    with (
        pytest.raises(BackupError, match=r"database\.dump is not what was written"),
        opened(archive),
    ):
        pass


def test_a_backup_that_was_cut_off_is_refused(archive):
    archive.write_bytes(archive.read_bytes()[:700])
    with pytest.raises(BackupError, match="is not whole"), opened(archive):
        pass


def test_a_file_that_is_no_backup_is_refused(tmp_path):
    file = tmp_path / "x.tar"
    file.write_text("hello")
    with pytest.raises(BackupError, match="is no backup"), opened(file):
        pass


def test_a_backup_of_a_later_release_is_refused(tmp_path):
    part = tmp_path / DATABASE
    part.touch()
    write(tmp_path / "x.tar", {DATABASE: part}, manifest({DATABASE: part}, version=2))
    with pytest.raises(BackupError, match="version 2"), opened(tmp_path / "x.tar"):
        pass


def test_a_backup_without_a_database_is_refused(tmp_path):
    part = tmp_path / SECRETS
    part.touch()
    write(tmp_path / "x.tar", {SECRETS: part}, manifest({SECRETS: part}))
    with pytest.raises(BackupError, match="holds no database"), opened(tmp_path / "x.tar"):
        pass


def test_a_backup_writes_nothing_outside_its_folder(tmp_path, archive):
    outside = tmp_path / "evil"
    outside.write_text("evil")
    with tarfile.open(archive, "a") as tar:
        tar.add(outside, arcname="../../evil")
    with opened(archive) as (_, folder):
        assert {path.name for path in folder.iterdir()} == {"manifest.json", DATABASE, SECRETS}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    part = tmp_path / DATABASE
    part.touch()
    with pytest.raises(BackupError, match="cannot be written"):
        write(tmp_path / "nowhere" / "x.tar", {DATABASE: part}, manifest({DATABASE: part}))


def test_old_backups_are_removed_and_other_files_are_not(tmp_path):
    for days in range(4):
        (tmp_path / name_of(NOW + timedelta(days=days))).touch()
    (tmp_path / "mine.tar").touch()
    assert [file.name[4:12] for file in prune(tmp_path, 2)] == ["20261125", "20261126"]
    assert (tmp_path / "mine.tar").exists()
    assert prune(tmp_path, 0) == []


def test_programs_that_are_not_installed_are_named(tmp_path):
    house = Local(database="x", connection={}, programs=str(tmp_path), home=tmp_path)
    with pytest.raises(BackupError, match="is not installed"):
        house.postgres(["pg_dump"])
    with pytest.raises(BackupError, match="with its compose plug-in"):
        Compose(command=("no-such-docker", "compose")).postgres(["pg_dump"])


def test_another_compose_command_may_be_named():
    assert compose({}).command == ("docker", "compose")
    assert compose({"OMC_COMPOSE": "podman-compose --file 'a b'"}).command[-1] == "a b"


def test_a_file_that_is_not_there_is_named(capsys, tmp_path):
    assert cli.main(["restore", str(tmp_path / "none.tar")]) == 1
    assert "Name a file that scripts/backup wrote" in capsys.readouterr().err


def test_an_empty_house_is_not_backed_up(tmp_path):
    class Empty(Local):
        def postgres(self, words, **streams):
            return b"0"

    house = Empty(database="x", connection={}, programs="", home=tmp_path)
    with pytest.raises(BackupError, match="nothing to keep"):
        back_up(house, tmp_path, now=NOW, keep=0, say=print)
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_says_what_it_vouches_for(archive):
    with tarfile.open(archive) as tar:
        found = json.load(tar.extractfile("manifest.json"))
    assert set(found["digests"]) == {DATABASE, SECRETS}
