"""The secrets of an installation that was given none: made once, kept in `.omc/secrets`.

The file holds `NAME=value` lines and is readable by its owner alone. It is written whole under a
lock and moved into place, so that processes that race at the first start agree on one content.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from omc_project.engines import places
from omc_project.errors import SecretsError

FILE = "secrets"


def _credential_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS: Final[Mapping[str, Callable[[], str]]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "OMC_CREDENTIAL_KEY": _credential_key,  # AES-256, as base64
    "OMC_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(15),
}
MAKE_ONE: Final = {
    "SECRET_KEY": "import secrets; print(secrets.token_urlsafe(50))",
    "OMC_CREDENTIAL_KEY": "import base64, os; print(base64.b64encode(os.urandom(32)).decode())",
    "OMC_ADMIN_PASSWORD": "import secrets; print(secrets.token_urlsafe(15))",
}


def read_or_make(name: str, *, home: Path = places.HOME) -> str:
    """Return a secret of this installation; the first call makes all of them."""
    path = home / FILE
    if name not in (found := _read(path)):
        places.prepare(home)
        with places.locked(home, "secrets.lock"):
            found = _read(path)
            if missing := MAKERS.keys() - found.keys():
                found |= {each: MAKERS[each]() for each in sorted(missing)}
                _write(path, found)
    return found[name]


def refuse(name: str, *, why: str = "") -> NoReturn:
    """Refuse to start in production without this secret; never make one there."""
    raise SecretsError(
        f"{why}OMC_ENVIRONMENT is production and {name} is not set. Set {name}, or {name}_FILE to "
        f'a file that holds it. To make one: python3 -c "{MAKE_ONE[name]}"'
    )


def _read(path: Path) -> dict[str, str]:
    try:
        with path.open() as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise SecretsError(
                    f"Others than its owner may read {path}. Run: chmod 600 '{path}'"
                )
            lines = file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError):  # nothing there; making one may say why
        return {}
    except OSError as error:
        raise SecretsError(
            f"The secrets of this installation, {path}, cannot be read: {error.strerror}. "
            "Start as the owner of the file, or set OMC_HOME to a folder of your own."
        ) from error
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _write(path: Path, values: Mapping[str, str]) -> None:
    new = path.with_name(FILE + ".new")
    new.unlink(missing_ok=True)
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
        with open(descriptor, "w") as file:  # noqa: PTH123  # a descriptor, not a path
            file.writelines(f"{name}={value}\n" for name, value in values.items())
            places.give_to_owner(file.fileno(), path.parent)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError as error:
        raise SecretsError(
            f"The secrets of this installation, {path}, cannot be written: {error.strerror}."
        ) from error
