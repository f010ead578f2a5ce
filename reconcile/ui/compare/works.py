"""The threads in which a desk reads and compares: for each purpose one at a time, the latest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from reconcile.comparing.tables.side import INTERRUPT_EVERY_S

Work = Literal["left", "right", "compare"]


class Works:
    """Threads by what they are for. One that begins breaks off the former one of its purpose, and waits for its end."""

    def __init__(self, interrupt: Callable[[Work], None]) -> None:
        self._interrupt = interrupt
        self._latest: dict[Work, threading.Thread] = {}

    def begin(self, what: Work, work: Callable[[], None], *, after: Work | None = None) -> None:
        """Begin `work` in a thread, once what runs for the same purpose, and for `after`, has ended."""
        former, other = self._latest.get(what), self._latest.get(after) if after else None

        def run() -> None:
            if other is not None:
                other.join()
            while former is not None and former.is_alive():
                self._interrupt(what)
                former.join(INTERRUPT_EVERY_S)
            work()

        # A server that is stopped does not wait for a comparison that nobody will see.
        self._latest[what] = threading.Thread(target=run, daemon=True)
        self._latest[what].start()

    def stop(self, what: Work) -> None:
        """Break off what runs for a purpose."""
        self.begin(what, lambda: None)
