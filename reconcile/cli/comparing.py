"""How far a comparison is, on a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

import click

from reconcile.model import Progress

_EVERY_S = 0.2
_BAR_CELLS = 24


class TerminalProgress:
    """One line on standard error that says the stage, how far it is, and the seconds so far; gone at the end.

    Where standard error is no terminal nothing is written. Use it as a context manager.
    """

    def __init__(self) -> None:
        self.is_on = sys.stderr.isatty()
        self._stage, self._begin = "", time.monotonic()
        self._percent: Callable[[], float | None] = lambda: None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> TerminalProgress:
        if self.is_on:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self.is_on:
            self._thread.join()

    def watch(self, percent: Callable[[], float | None]) -> None:
        """Ask `percent` from now on how far the stage is: 0 to 100, or None where nobody can say."""
        self._percent = percent

    def report(self, progress: Progress) -> None:
        """A stage begins."""
        self._stage = progress.stage

    def _draw(self) -> None:
        while not self._done.wait(_EVERY_S):
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"\r{self._line()[:width]}\x1b[K", err=True, nl=False)
        click.echo("\r\x1b[K", err=True, nl=False)

    def _line(self) -> str:
        seconds = f"{time.monotonic() - self._begin:.0f} s"
        percent = self._percent()
        if percent is None:
            return f"{self._stage} … {seconds}"
        filled = round(_BAR_CELLS * percent / 100)
        return f"{self._stage} {'█' * filled}{'░' * (_BAR_CELLS - filled)} {percent:3.0f} % {seconds}"
