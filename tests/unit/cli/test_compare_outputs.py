"""What `compare` is asked to write: refused before the work where it cannot be, whole or not there, told honestly."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.practice import ROOT

COMMAND = [sys.executable, "-m", "reconcile", "compare"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, other in (("l", "x"), ("r", "y")):
        rows = "".join(f"{n},{other if n == 7 else n},{n * 2}\n" for n in range(60))
        (tmp_path / f"{name}.csv").write_text(f"id,v,w\n{rows}")
    return [tmp_path / "l.csv", tmp_path / "r.csv"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (["o.docx"], "no known ending"),
        (["o"], "no known ending"),
        (["nowhere/o.json"], "There is no folder"),
        (["sub.json"], "is a folder"),
        (["l.csv"], "would be overwritten"),
        (["sub.json/../r.csv"], "would be overwritten"),
        (["o.json", "sub.json/../o.json"], "written twice"),
        (["o.duckdb", "p.duckdb"], "Two DuckDB files"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    files: list[Path], tmp_path: Path, outputs: list[str], said: str
) -> None:
    (tmp_path / "sub.json").mkdir()
    before = {path: path.read_bytes() for path in files}
    options = [text for name in outputs for text in ("--out", str(tmp_path / name))]
    done = run(*files, "--out", tmp_path / "good.json", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "good.json").exists()
    assert {path: path.read_bytes() for path in files} == before


@pytest.mark.parametrize("size", ["1", "lots", "2 GB each"])
def test_a_limit_that_is_no_size_is_refused_in_plain_words(files: list[Path], size: str) -> None:
    done = run(*files, "--memory-limit", size)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--memory-limit '{size}' is no size. Write it like \"2GB\"." in done.stderr


def test_the_ending_may_be_in_capitals(files: list[Path], tmp_path: Path) -> None:
    assert run(*files, "--out", tmp_path / "O.JSON", "--out", tmp_path / "O.DUCKDB").returncode == 1
    assert (tmp_path / "O.JSON").read_text().startswith("{")
    assert (tmp_path / "O.DUCKDB").read_bytes()[8:12] == b"DUCK"


def test_an_output_may_be_no_ordinary_file(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "null.json").symlink_to("/dev/null")
    assert run(*files, "--out", tmp_path / "null.json").returncode == 1
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_is_one_sentence(files: list[Path], tmp_path: Path) -> None:
    for name in ("o.json", "o.html", "o.csv"):
        (tmp_path / name).symlink_to("/dev/full")
        done = run(*files, "--out", tmp_path / name)
        assert done.returncode == 2
        assert re.fullmatch("Could not compare: .*No space left.*\n", done.stderr), done.stderr


@pytest.mark.parametrize("tolerance", ["nan", "inf", "1,5", "-1", "1e30", "1000%", ""])
def test_a_tolerance_that_is_none_is_refused(files: list[Path], tolerance: str) -> None:
    done = run(*files, "--tolerance", f"w={tolerance}")
    assert done.returncode == 2
    assert done.stderr.startswith("Could not compare: ")
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_failure(files: list[Path]) -> None:
    with subprocess.Popen(
        [*COMMAND, *files], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


def test_what_was_not_compared_is_said_and_not_called_equal(files: list[Path], tmp_path: Path) -> None:
    text = files[0].read_text().splitlines()
    more = "\n".join(f"{line},{n % 3}" if n else f"{line},discount" for n, line in enumerate(text))
    (tmp_path / "more.csv").write_text(more + "\n")
    done = run(files[0], tmp_path / "more.csv")
    assert done.returncode == 0
    assert "The tables are equal in all that was compared: 60 rows on both sides." in done.stdout
    assert "! Not compared, because only the right file has it: discount." in done.stderr


def test_columns_of_two_names_are_said(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(files[0].read_text().replace("id,v,w", "id,v,weight_kg"))
    assert "! Compared under two names: w with weight_kg." in run(files[0], tmp_path / "r.csv").stderr


def test_groups_of_unequal_size_are_not_called_as_many(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("id,colour\n" + "a,red\n" * 3 + "b,blue\n" * 2)
    (tmp_path / "r.csv").write_text("id,colour\n" + "a,red\n" * 2 + "b,blue\n" * 2)
    done = run(tmp_path / "l.csv", tmp_path / "r.csv", "--key", "id", "--duplicates", "groups")
    assert "5 left and 4 right rows" in done.stdout
    assert "1 group agrees but has more rows on one side" in done.stderr


def test_a_killed_comparison_leaves_nothing_under_the_final_names(tmp_path: Path) -> None:
    for name in ("l", "r"):
        rows = "".join(f"{n},{name}{n},{n * 2}\n" for n in range(150_000))
        (tmp_path / f"{name}.csv").write_text(f"id,v,w\n{rows}")
    names = [f"o{ending}" for ending in (".duckdb", ".xlsx", ".html", ".csv", ".patch.csv", ".json")]
    options = [text for name in names for text in ("--out", str(tmp_path / name))]
    arguments = [*COMMAND, str(tmp_path / "l.csv"), str(tmp_path / "r.csv"), *options]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob(".*.part.o.xlsx")) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert {path.name for path in tmp_path.glob("o*")} <= {"o.duckdb"}
