"""Spreadsheets (XLSX, XLS, XLSB, ODS) into a DuckDB table of text, opened in a process of their own.

A workbook is a ZIP archive of XML: a small hostile one can unpack to terabytes or claim a sheet of 17 thousand million
cells. It is therefore measured first and then opened by a child process whose memory and time are limited.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from reconcile.errors import UnknownNameError, UnreadableFileError
from reconcile.systems.files.limits import LIMITS, MIB, Limits
from reconcile.systems.files.sql import identifier, literal

_PROCESS = Path(__file__).with_name("workbook_process.py")
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_STAMP = _DATE + " [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
_TOO_LARGE = "it unpacks to far more than an honest workbook would"
_SAVE_AS_CSV = "Save the sheet as CSV and give that."
_SAVE_AGAIN = "Open it in a spreadsheet program and save it again, or save the sheet as CSV."
_READER = re.compile(r"^(calamine error: )?((Xlsx|Xlsb|Xls|Ods) error: )?")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet loaded as text.

    Attributes:
        names: all sheets of the workbook, in order.
        name: the one loaded.
        errors: cells that hold an error such as #N/A and were read as empty.
        unsaved: formulas whose value is not in the file, as programs write them, and that were read as empty.
    """

    names: tuple[str, ...]
    name: str
    errors: int
    unsaved: int


def sheet_names(path: Path, *, shown: str, limits: Limits = LIMITS) -> tuple[str, ...]:
    """The sheets of a workbook, in order.

    Raises:
        UnreadableFileError: damaged, protected, or hostile.
    """
    _measure(path, shown, limits)
    return tuple(_child(["names", str(path)], shown, limits)["names"])


def load_sheet(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    name: str | None,
    table: str,
    work: Path,
    *,
    shown: str,
    limits: Limits = LIMITS,
) -> Sheet:
    """Load a sheet as `table` with columns c0, c1 ...: every row, the first included, without wholly empty ones.

    Dates arrive as `2026-03-04`, with the time where any value of the column has one; times as `05:06:00`.

    `name` is None for the first sheet; `work` is a folder for the child's file.

    Raises:
        UnknownNameError: no such sheet.
        UnreadableFileError: damaged, protected, empty or hostile.
    """
    _measure(path, shown, limits)
    target = work / f"{table}.sheet.parquet"
    try:
        answer = _child(["load", str(path), name or "", str(target)], shown, limits)
        if not answer.get("rows"):
            raise UnreadableFileError(shown, f"sheet {answer['name']!r} is empty", remedy="Choose another sheet.")
        _load_rows(con, target, table, int(answer["columns"]))
    finally:
        target.unlink(missing_ok=True)
    return Sheet(tuple(answer["names"]), answer["name"], int(answer["errors"]), int(answer["unsaved"]))


def _measure(path: Path, shown: str, limits: Limits) -> None:
    """Refuse an archive that unpacks to too much, by unpacking it: what its directory declares may be a lie."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            is_cut = file.read(4) == b"PK\x03\x04"
        if is_cut:  # an archive's directory stands at its end
            raise UnreadableFileError(shown, "the end of the workbook is missing", remedy="Copy or download it again.")
        return
    packed, unpacked = path.stat().st_size, 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    while chunk := file.read(MIB):
                        unpacked += len(chunk)
                        if unpacked > limits.workbook_bytes or limits.is_bomb(packed, unpacked):
                            raise UnreadableFileError(shown, _TOO_LARGE, remedy=_SAVE_AS_CSV)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableFileError(shown, f"the workbook is damaged ({error})", remedy="Save it again.") from error


def _child(request: list[str], shown: str, limits: Limits) -> dict[str, Any]:
    command = [sys.executable, "-P", str(_PROCESS), str(limits.workbook_memory_bytes), str(limits.workbook_seconds)]
    try:
        done = subprocess.run(  # noqa: S603 - our own script, arguments are not a shell's
            [*command, *request], capture_output=True, timeout=limits.workbook_seconds, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        problem = f"the workbook takes longer than {limits.workbook_seconds} s to open"
        raise UnreadableFileError(shown, problem, remedy=_SAVE_AS_CSV) from error
    if done.returncode != 0 or not done.stdout:
        raise UnreadableFileError(shown, _reason(done.stderr.decode(errors="replace")), remedy=_SAVE_AS_CSV)
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer.get("problem") == "no such sheet":
        raise UnknownNameError("sheet", request[2], tuple(answer["names"]))
    if "problem" in answer:
        words = _READER.sub("", answer["problem"])
        raise UnreadableFileError(shown, f"the workbook is damaged or protected ({words})", remedy=_SAVE_AGAIN)
    if not answer["names"]:
        raise UnreadableFileError(shown, "the workbook holds no sheet", remedy=_SAVE_AGAIN)
    return answer


def _environment() -> dict[str, str]:
    """One memory arena and thread per pool keep the child's address space small."""
    return {**os.environ, "ARROW_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def _reason(stderr: str) -> str:
    if "memory" in stderr.casefold():
        return "the sheet spans so many cells that it needs more memory than is allowed"
    lines = stderr.strip().splitlines()
    return f"the workbook cannot be opened ({lines[-1][:200] if lines else 'its reader stopped'})"


def _load_rows(con: duckdb.DuckDBPyConnection, source: Path, table: str, width: int) -> None:
    scan = f"read_parquet({literal(str(source))})"
    names = [f"c{i}" for i in range(width)]
    select = ", ".join(f"{sql} AS {name}" for name, sql in zip(names, _as_written(con, scan, names), strict=True))
    any_value = " OR ".join(f"{name} IS NOT NULL" for name in names)
    con.execute(f"CREATE OR REPLACE TABLE {identifier(table)} AS SELECT {select} FROM {scan} WHERE {any_value}")


def _as_written(con: duckdb.DuckDBPyConnection, scan: str, names: list[str]) -> list[str]:
    """SQL per column that gives dates and times as a person sees them in the sheet."""
    parts = []
    for name in names:
        stamps = f"regexp_full_match({name}, '{_STAMP}')"
        parts.append(f"count(*) FILTER ({stamps} AND NOT ends_with({name}, ' 00:00:00')), count(*) FILTER ({stamps})")
    counts = con.sql(f"SELECT {', '.join(parts)} FROM {scan}").fetchall()[0]
    written = []
    for index, name in enumerate(names):
        with_time, stamps = counts[2 * index], counts[2 * index + 1]
        text = f"nullif({name}, '')"
        if stamps:
            text = f"regexp_replace({text}, '^(1899-12-31|1899-12-30) ([0-9:.]+)$', '\\2')"
        if stamps and not with_time:
            text = f"regexp_replace({text}, '^({_DATE}) 00:00:00$', '\\1')"
        written.append(text)
    return written
