"""Ending a command that a person or the system asks to stop: tidily, and with the exit code that says so."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_stopped_by: list[int] = []


def heed_signals() -> None:
    """Let Ctrl-C, and what asks a process to end, unwind the command: temporary files go, half-written ones too.

    The exit code is that of a process which the signal ended, 128 and its number: Python's own for Ctrl-C would be 1,
    which here means that something was found. A second signal ends the process at once.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as in the background of a script
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    _stopped_by.append(number)
    os.write(sys.stderr.fileno(), b"\nStopped.\n")  # a print that the signal interrupted could not be entered again
    raise SystemExit(128 + number)


def end_if_stopped() -> None:
    """End a command that was asked to stop: DuckDB passes on that as a fault of the statement which it broke off.

    Raises:
        SystemExit: it was.
    """
    if _stopped_by:
        raise SystemExit(128 + _stopped_by[0])
