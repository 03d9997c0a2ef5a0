"""The file of a backup: a tar of the database, the secrets, and a manifest that vouches for both.

It is readable by its owner alone, for it holds the key of everything that is encrypted.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.backup.errors import BackupError

VERSION = 1
MANIFEST, DATABASE, SECRETS = "manifest.json", "database.dump", "secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is: when and of what it was made, and the digest of each part."""

    made_at: str
    server: str
    tables: int
    keepers: tuple[str, ...]
    """The functions that belong to the role omc_keeper; a restore gives them back to it."""
    digests: Mapping[str, str]
    version: int = VERSION


def name_of(made_at: datetime) -> str:
    """Return the name of a backup's file."""
    return f"omc-{made_at:%Y%m%dT%H%M%SZ}.tar"


def write(file: Path, parts: Mapping[str, Path], manifest: Manifest) -> None:
    """Write the file whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    note = next(iter(parts.values())).with_name(MANIFEST)
    note.write_text(json.dumps(asdict(manifest), indent=1))
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
        with open(descriptor, "wb") as raw:  # noqa: PTH123  # a descriptor, not a path
            with tarfile.open(fileobj=raw, mode="w") as tar:
                for name, part in {MANIFEST: note, **parts}.items():
                    tar.add(part, arcname=name, filter=_nobodys)
            os.fsync(raw.fileno())
        new.rename(file)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


@contextmanager
def opened(file: Path) -> Iterator[tuple[Manifest, Path]]:
    """Unpack a backup into a folder that is gone afterwards; refuse one that is not whole."""
    with TemporaryDirectory(prefix="omc-restore-") as name:
        folder = Path(name)
        try:
            with tarfile.open(file) as tar:
                tar.extractall(folder, members=_known(tar), filter="data")
            found = json.loads((folder / MANIFEST).read_text())
            manifest = Manifest(**{**found, "keepers": tuple(found["keepers"])})
        except (OSError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
            raise BackupError(
                f"{file} is no backup of Oh My Coins, or is not whole: {error}"
            ) from error
        _require_whole(file, folder, manifest)
        yield manifest, folder


def _known(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        if member.name in {MANIFEST, DATABASE, SECRETS} and member.isfile():
            yield member


def _require_whole(file: Path, folder: Path, manifest: Manifest) -> None:
    if manifest.version != VERSION:
        raise BackupError(
            f"{file} has version {manifest.version}, and this release reads {VERSION}. Restore "
            "it with the release that made it, then upgrade."
        )
    if DATABASE not in manifest.digests:
        raise BackupError(f"{file} holds no database.")
    for name, digest in manifest.digests.items():
        part = folder / name
        if not part.exists() or digest_of(part) != digest:
            raise BackupError(f"{file} is damaged: {name} is not what was written.")


def digest_of(part: Path) -> str:
    """Return the SHA-256 of a file."""
    with part.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def prune(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest backups of a folder; return what was removed."""
    old = sorted(folder.glob("omc-????????T??????Z.tar"))[:-keep] if keep > 0 else []
    for file in old:
        file.unlink()
    return old
