"""The threads in which a desk reads and compares: for each purpose one at a time, the latest."""

from __future__ import annotations

import atexit
import math
import threading
import time
import weakref
from collections.abc import Callable
from typing import Literal

from reconcile.comparing.tables.side import INTERRUPT_EVERY_S

Work = Literal["left", "right", "compare"]

_PATIENCE_S = 10.0
_known: weakref.WeakSet[Works] = weakref.WeakSet()


class Works:
    """Threads by what they are for. One that begins breaks off the former one of its purpose, and waits for its end."""

    def __init__(self, interrupt: Callable[[Work], None]) -> None:
        self._interrupt = interrupt
        self._latest: dict[Work, threading.Thread] = {}
        _known.add(self)

    def begin(self, what: Work, work: Callable[[], None], *, after: Work | None = None) -> None:
        """Begin `work` in a thread, once what runs for the same purpose, and for `after`, has ended."""
        former, other = self._latest.get(what), self._latest.get(after) if after else None

        def run() -> None:
            if other is not None:
                other.join()
            if former is not None:
                self._break_off(what, former, until=math.inf)
            work()

        # A server that is stopped breaks off what nobody will see, rather than wait for it.
        self._latest[what] = threading.Thread(target=run, daemon=True)
        self._latest[what].start()

    def stop(self, what: Work) -> None:
        """Break off what runs for a purpose."""
        self.begin(what, lambda: None)

    def end(self) -> None:
        """Break off everything, and wait until it has ended; ten seconds at most."""
        deadline = time.monotonic() + _PATIENCE_S
        for what, thread in list(self._latest.items()):
            self._break_off(what, thread, until=deadline)

    def _break_off(self, what: Work, thread: threading.Thread, *, until: float) -> None:
        while thread.is_alive() and time.monotonic() < until:
            self._interrupt(what)
            thread.join(INTERRUPT_EVERY_S)


@atexit.register
def _end_all() -> None:
    # A thread in the middle of a statement when the process ends makes it crash.
    for works in list(_known):
        works.end()
