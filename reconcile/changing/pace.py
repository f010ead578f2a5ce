"""How patient a push is, and how it is told to hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Wish = Literal["go on", "pause", "stop", "leave"]
"""What the caller of a push wants between two batches. `leave`: this process ends, another one will go on."""
Control = Callable[[], Wish]


def go_on() -> Wish:
    """The control of a caller that wants nothing: what people ask for is read from the database anyway."""
    return "go on"


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits and bounds of a push, in seconds.

    Attributes:
        attempts: how often one operation is sent in one push, when each time it is known not to have happened.
        back_off_s: the first wait before something is tried again; each further one is twice as long.
        longest_back_off_s: no wait is longer.
        grace_s: how long a write whose answer was lost may still be on its way: it is read back at once, and again
            after this time, before it is taken not to have happened.
        lease_s: how long the right to push outlives a process that died on another machine.
        recheck_s: how often the organisation behind a connection is asked who it is.
    """

    attempts: int = 6
    back_off_s: float = 0.5
    longest_back_off_s: float = 30.0
    grace_s: float = 5.0
    lease_s: float = 60.0
    recheck_s: float = 60.0

    def wait_s(self, failures: int) -> float:
        """The wait after so many failures in a row, 1 or more."""
        return float(min(self.longest_back_off_s, self.back_off_s * 2 ** (failures - 1)))


def wait(seconds: float, is_over: Callable[[], bool], slice_s: float = 0.25) -> None:
    """Sleep, but wake up when `is_over` says that waiting is pointless."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not is_over():
        time.sleep(min(slice_s, left))
