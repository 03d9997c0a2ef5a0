"""A progress bar for long commands, only where a person watches."""

from __future__ import annotations

from typing import TextIO

WIDTH = 30


class Bar:
    """One line on a terminal that is written anew; elsewhere it says nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_shown = stream.isatty()

    def show(self, share: float, label: str) -> None:
        """Draw how much is done, from 0 to 1, and of what."""
        if self._is_shown:
            done = round(WIDTH * min(max(share, 0), 1))
            self._stream.write(f"\r\033[K[{'#' * done}{'.' * (WIDTH - done)}] {share:4.0%} {label}")
            self._stream.flush()

    def clear(self) -> None:
        """Leave an empty line for what comes next."""
        if self._is_shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
