"""Make a backup of a house, and build a house from one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

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
from infra.backup.houses import House

Say = Callable[[str], None]
Ask = Callable[[str], str]
TABLES = (
    "SELECT count(*) FROM pg_class "
    "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
)
KEEPERS = (
    "SELECT oid::regprocedure FROM pg_proc WHERE proowner = to_regrole('omc_keeper') ORDER BY 1"
)
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
MAKE_KEEPER = """
DO $$ BEGIN CREATE ROLE omc_keeper NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"""
AFTERWARDS = """
from django.core.management import call_command
from django.utils import timezone
from trading.killing import engage
from trading.models import KillSwitch
call_command("migrate", interactive=False, verbosity=0)
engage(KillSwitch.EVERYTHING, actor="restore", now=timezone.now(),
       reason="Restored from a backup: reconcile every account with its venue first.")
"""


def back_up(house: House, folder: Path, *, now: datetime, keep: int, say: Say) -> Path:
    """Write a backup into a folder, which programs that run meanwhile do not disturb."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name_of(now)
    with TemporaryDirectory(prefix=".omc-backup-", dir=folder) as name:
        dump = Path(name) / DATABASE
        tables = int(_ask_sql(house, house.database, TABLES))
        if not tables:
            raise BackupError(f"The database {house.database} is empty: there is nothing to keep.")
        with dump.open("wb") as stream:
            words = ["pg_dump", "--format=custom", f"--dbname={house.database}"]
            house.postgres(words, stdin=None, stdout=stream)
        parts = {DATABASE: dump}
        if content := house.read_secrets():
            parts[SECRETS] = Path(name) / SECRETS
            parts[SECRETS].touch(mode=0o600)
            parts[SECRETS].write_bytes(content)
        manifest = Manifest(
            made_at=now.isoformat(),
            server=_ask_sql(house, house.database, "SHOW server_version"),
            tables=tables,
            keepers=tuple(_ask_sql(house, house.database, KEEPERS).splitlines()),
            digests={name: digest_of(part) for name, part in parts.items()},
        )
        write(file, parts, manifest)
    say(f"{file}: {tables} tables, {file.stat().st_size / 2**20:.1f} MB")
    if SECRETS in parts:
        say("It holds the secrets of this installation: keep it as you keep a password.")
    else:
        say("The secrets come from the environment and are NOT in it: keep them apart.")
    for old in prune(folder, keep):
        say(f"Removed {old}.")
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """One restore; `ask` is how a person confirms that something is replaced."""

    house: House
    file: Path
    now: datetime
    ask: Ask
    say: Say

    def run(self) -> None:
        """Build the house anew; the database that was there is kept under another name."""
        with opened(self.file) as (manifest, folder):
            is_empty = self._require_leave(manifest)
            if is_empty:
                self._fill(self.house.database, folder, manifest)
            else:
                self._swap(folder, manifest)
            if (folder / SECRETS).exists():
                self.house.write_secrets((folder / SECRETS).read_bytes())
                self.say("The secrets are in their place; others that were there lie beside them.")
            else:
                self.say("The backup holds no secrets: set those that belong to it.")
        self.house.manage("shell", "--no-imports", "--command", AFTERWARDS)
        self.say(
            f"Restored what was known at {manifest.made_at}. Collectors fetch what came after, as "
            "far as their sources still have it. The kill switch is engaged: compare every "
            "account with its venue, then release it in the admin. Empty Redis if it is older."
        )

    def _require_leave(self, manifest: Manifest) -> bool:
        """Return whether the database is empty; if it is not, have a person type its name."""
        name = self.house.database
        if others := int(_ask_sql(self.house, name, OTHERS)):
            raise BackupError(
                f"{others} programs are connected to {name}. Stop them first: Ctrl-C at "
                "scripts/up, or docker compose stop web worker orders beat."
            )
        tables = int(_ask_sql(self.house, name, TABLES))
        if not tables:
            return True
        self.say(f"The database {name} is not empty: it holds {tables} tables.")
        self.say(f"The backup is of {manifest.made_at}, with {manifest.tables} tables.")
        if self.ask(f"Type {name} to have it take their place: ").strip() != name:
            raise BackupError(
                f"Nothing was changed. To replace {name}, type its name when you are asked, or "
                f"start with --replace {name}."
            )
        return False

    def _fill(self, database: str, folder: Path, manifest: Manifest) -> None:
        """Fill an empty database, wholly or not at all."""
        _ask_sql(self.house, database, MAKE_KEEPER)
        words = ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner"]
        with (folder / DATABASE).open("rb") as stream:
            self.house.postgres([*words, f"--dbname={database}"], stdin=stream, stdout=None)
        _ask_sql(self.house, database, _give_back(manifest.keepers))
        found = int(_ask_sql(self.house, database, TABLES))
        if found != manifest.tables:
            raise BackupError(f"{database} holds {found} tables; {manifest.tables} were kept.")

    def _swap(self, folder: Path, manifest: Manifest) -> None:
        """Fill a new database, and let the two change names only when it is complete."""
        name, stamp = self.house.database, f"{self.now:%Y%m%d%H%M%S}"
        new, old = f"{name}_new_{stamp}", f"{name}_before_{stamp}"
        _ask_sql(self.house, "postgres", f'CREATE DATABASE "{new}"')
        try:
            self._fill(new, folder, manifest)
            _ask_sql(self.house, "postgres", f'ALTER DATABASE "{name}" RENAME TO "{old}"')
        except BackupError:
            with suppress(BackupError):
                _ask_sql(self.house, "postgres", f'DROP DATABASE "{new}"')
            raise
        _ask_sql(self.house, "postgres", f'ALTER DATABASE "{new}" RENAME TO "{name}"')
        self.say(f'What was there is kept as {old}; to remove it: DROP DATABASE "{old}"')


def _give_back(keepers: tuple[str, ...]) -> str:
    """Make omc_keeper the owner of its functions; a managed server's owner may only just do so."""
    given = "\n".join(f"ALTER FUNCTION {keeper} OWNER TO omc_keeper;" for keeper in keepers)
    return f"""
DO $$ BEGIN
EXECUTE format('GRANT omc_keeper TO %I', current_user);
GRANT CREATE ON SCHEMA public TO omc_keeper;
{given}
REVOKE CREATE ON SCHEMA public FROM omc_keeper;
EXECUTE format('REVOKE omc_keeper FROM %I', current_user);
END $$"""


def _ask_sql(house: House, database: str, sql: str) -> str:
    words = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]
    more = ["--set=ON_ERROR_STOP=1", f"--dbname={database}", f"--command={sql}"]
    return house.postgres([*words, *more], stdin=None, stdout=None).decode().strip()
