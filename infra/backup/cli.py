"""The command lines of scripts/backup and scripts/restore."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.backup.errors import BackupError
from infra.backup.houses import House, compose
from infra.backup.local import local
from infra.backup.transfer import Restoration, back_up


def main(words: Sequence[str] | None = None) -> int:
    """Run a backup or a restore; return the exit status: 0 done, 1 not done."""
    options = _options(words)
    try:
        _run(options)
    except BackupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was there is as it was.\n")
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.command == "restore" and not options.file.exists():
        raise BackupError(f"There is no {options.file}. Name a file that scripts/backup wrote.")
    house: House = compose(os.environ) if options.compose else local()
    now = datetime.now(UTC)  # noqa: TID251  # a door, and Django may not be here
    if options.command == "backup":
        back_up(house, options.folder, now=now, keep=options.keep, say=_say)
        return
    ask = (lambda _: options.replace) if options.replace else _ask
    Restoration(house=house, file=options.file, now=now, ask=ask, say=_say).run()


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts")
    commands = parser.add_subparsers(dest="command", required=True)
    backup = commands.add_parser("backup", help="write the house into one file")
    backup.add_argument("folder", type=Path, nargs="?", default=Path("backups"))
    backup.add_argument("--keep", type=int, default=0, help="remove all but so many (0: none)")
    restore = commands.add_parser("restore", help="build the house from a file")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", default="", help="the database's name: it may be replaced")
    for each in (backup, restore):
        each.add_argument("--compose", action="store_true", help="the containers of compose.yaml")
    return parser.parse_args(words)


def _ask(question: str) -> str:
    """Ask a person; nobody there to type is a no."""
    if not sys.stdin.isatty():
        return ""
    return input(question)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
