"""Run the deploy tool: python -m infra.deploy."""

from __future__ import annotations

import signal
import sys

from infra.deploy.cli import main

if __name__ == "__main__":
    # A runner ends what it cancels by SIGTERM; who starts in the background has SIGINT ignored.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    sys.exit(main())
