"""Run the deploy tool: python -m infra.deploy."""

from __future__ import annotations

import signal
import sys

from infra.deploy.cli import main

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # how a runner ends what it cancels
    sys.exit(main())
