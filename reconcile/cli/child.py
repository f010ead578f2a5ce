"""Runs a module as a child of the supervisor, and ends with it: `python -m reconcile.cli.child MODULE [ARGUMENT]...`.

A supervisor that is killed outright cannot end its children. Left alone they would hold the ports and the worker's
lock, and the next start would fail on them.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import time
from threading import Thread

_INTERVAL_S = 1.0
_GRACE_S = 10.0


def main() -> None:
    """Take the place of `python -m MODULE`, watching the parent."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_INTERVAL_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
