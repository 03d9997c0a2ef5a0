"""Run one function in a process of its own, on the database of this run."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import Any

import django


def call(module: str, function: str, argument: Any) -> Any:
    """Return what `module.function(argument)` returns in a new process; JSON both ways."""
    command = [sys.executable, "-m", __name__, module, function, json.dumps(argument)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603  # ourselves
    return json.loads(done.stdout)


def main() -> None:
    """Do what `call` asks, and print the answer."""
    module, function, argument = sys.argv[1:]
    django.setup()
    answer = getattr(importlib.import_module(module), function)(json.loads(argument))
    print(json.dumps(answer))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
