"""What gunicorn itself says, as JSON lines: GUNICORN_CMD_ARGS names this class."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from omc_project.json_lines import JsonLines


class GunicornLines(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Its logger, which keeps handlers of its own, with our formatter."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's handlers, and have them write JSON."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JsonLines())
