"""Commands on files that are asked to stop: a tidy end, whatever they were doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.practice import ROOT


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("long")
    left, right = folder / "left.csv", folder / "right.csv"
    for path, word in ((left, "a"), (right, "b")):
        duckdb.sql(
            f"COPY (SELECT 'K' || i AS id, 'name ' || hash(i) AS name, hash(i || '{word}') AS amount "
            f"FROM range(600000) t(i) ORDER BY hash(i || '{word}')) TO '{path}' (HEADER)"
        )
    return left, right


@pytest.mark.parametrize("command", ["compare", "link"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_leaves_nothing_half_done(
    files: tuple[Path, Path], tmp_path: Path, command: str, number: signal.Signals, code: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    out = tmp_path / ("out.json" if command == "compare" else "out.parquet")
    ended = 0
    for delay in (0.0, 0.5, 1.2):
        with subprocess.Popen(
            [sys.executable, "-m", "reconcile", command, *map(str, files), "--out", str(out)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            deadline = time.monotonic() + 60
            while not any(temporary.iterdir()) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(delay)
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
        if process.returncode != code:  # on a fast machine it was done before
            assert (process.returncode, errors) in {(0, ""), (1, "")}
            assert out.exists()
            out.unlink()
            continue
        ended += 1
        assert errors.strip() == "Stopped."
        assert list(temporary.iterdir()) == []
        assert list(tmp_path.iterdir()) == [temporary], "neither a report nor a piece of one"
    assert ended
