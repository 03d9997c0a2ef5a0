"""Run one suite of benchmarks and judge it: `scripts/bench SUITE`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks import agents, ledgers, quality, trading
from benchmarks.engine import last_words, start
from benchmarks.figures import Figure, as_json, as_table, exit_status
from benchmarks.measuring import hurry, say

SUITES: dict[str, Any] = {
    "agents": agents,
    "ledgers": ledgers,
    "quality": quality,
    "trading": trading,
}
ROWS = 10_000_000


def main() -> int:
    """Measure, print the table, write the JSON; return 1 if a goal is missed."""
    asked = _arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # let atexit stop the engines
    if asked.quick:
        hurry(2)
    start(asked.home)
    try:
        figures = _measure(SUITES[asked.suite], asked.rows, asked.only)
    except Exception:
        say(last_words())
        raise
    print(as_table(figures))  # noqa: T201  # the answer
    say(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores. Judge on a quiet machine.")
    if asked.json:
        asked.json.write_text(json.dumps(as_json(figures, rows=asked.rows), indent=2) + "\n")
    return exit_status(figures)


def _measure(suite: Any, rows: int, only: Collection[str]) -> list[Figure]:
    """Run the parts of a suite; they use models, which are there only now."""
    figures: list[Figure] = []
    for name in suite.PARTS:
        if not only or name in only:
            part: Any = importlib.import_module(f"{suite.__name__}.{name}")
            figures += part.measure(rows)
    return figures


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the large size (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="one part")
    parser.add_argument("--quick", action="store_true", help="repeat little; not for judging")
    parser.add_argument("--home", type=Path, help="folder of the engines; default: .omc")
    asked = parser.parse_args(words)
    parts = SUITES[asked.suite].PARTS
    if unknown := set(asked.only) - set(parts):
        parser.error(f"no part is called {min(unknown)!r}. Parts are: {', '.join(parts)}.")
    return asked


if __name__ == "__main__":
    sys.exit(main())
