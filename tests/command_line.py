"""The command line as a real process, with a workbench folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.practice import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


def commands_in(home: Path) -> Run:
    """Runs `python -m reconcile ARGUMENT...` in that folder; `stdin` is what it reads."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "reconcile", *arguments],
            cwd=ROOT,
            env={**os.environ, "RECONCILE_HOME": str(home)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The document that a command printed with --json."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
