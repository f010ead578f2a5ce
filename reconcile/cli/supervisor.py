"""Keeps a few child processes alive together: one that dies is started again, and all end with the parent."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import FrameType

import click

import reconcile

_ROOT = Path(reconcile.__file__).resolve().parent.parent
_QUICK_DEATH_S = 30.0
_QUICK_DEATHS_ALLOWED = 3
_GRACE_S = 15.0


@dataclass
class Child:
    """One child process: its name for messages, its command, and its life so far."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = field(default=0.0)
    quick_deaths: int = 0

    @classmethod
    def of_module(cls, name: str, module: str, *arguments: str) -> Child:
        """A child that is `python -m module arguments`."""
        return cls(name, (sys.executable, "-m", "reconcile.cli.child", module, *arguments))

    @classmethod
    def of_reconcile(cls, *arguments: str) -> Child:
        """A child that is another command of this program."""
        return cls.of_module(arguments[0], "reconcile", *arguments)

    def start(self) -> None:
        """Start it, in its own session so that a Ctrl+C reaches the parent alone."""
        self.process = subprocess.Popen(self.command, cwd=_ROOT, start_new_session=True)  # noqa: S603 - our own commands
        self.started_at = time.monotonic()

    def has_died(self) -> bool:
        """Whether it ran and ended."""
        return self.process is not None and self.process.poll() is not None

    def end(self) -> None:
        """Ask it to end; insist after a while."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def supervise(children: Sequence[Child], when_up: Callable[[], None] | None = None) -> None:
    """Run the children until SIGINT, SIGTERM or SIGHUP; `when_up` is called once in a thread after all were started.

    A child that dies is started again; one that dies at once several times in a row ends everything with exit code 1.
    """
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the last: the terminal was closed
        signal.signal(number, ask_to_stop)
    try:
        for child in children:
            child.start()
        if when_up is not None:
            Thread(target=_call, args=(when_up,), daemon=True).start()
        has_failed = _watch(children, stop)
    finally:
        for child in reversed(children):
            child.end()
    if has_failed:
        sys.exit(1)


def _watch(children: Sequence[Child], stop: Event) -> bool:
    while not stop.wait(0.5):
        for child in children:
            if child.has_died() and not _restart(child):
                click.echo(f"The {child.name} process keeps ending; giving up. Its last messages are above.", err=True)
                return True
    return False


def _restart(child: Child) -> bool:
    is_quick = time.monotonic() - child.started_at < _QUICK_DEATH_S
    child.quick_deaths = child.quick_deaths + 1 if is_quick else 0
    if child.quick_deaths >= _QUICK_DEATHS_ALLOWED:
        return False
    click.echo(f"The {child.name} process ended; starting it again.", err=True)
    child.start()
    return True


def _call(when_up: Callable[[], None]) -> None:
    try:
        when_up()
    except Exception as error:  # noqa: BLE001 - the children run on, so that whatever it was can be looked at in the app
        click.echo(f"Error: {error}", err=True)
