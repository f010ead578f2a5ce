"""Delimited text into a DuckDB table: DuckDB's own reader where the file is clean, a careful one where it is not.

DuckDB's strict reader takes a file as a whole or refuses it, so a file that it takes has no ragged row. What it refuses
is read again record by record, and every record that is no row of the table is listed with its line.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import duckdb

from reconcile.errors import UnreadableFileError
from reconcile.systems.files.dialect import Dialect, python_reader
from reconcile.systems.files.encoding import overlong
from reconcile.systems.files.limits import LIMITS, MIB, Limits
from reconcile.systems.files.sql import identifier, literal

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 20_000
_BATCH_CHARACTERS = 16 * 1024 * 1024
_SHOWN_CHARACTERS = 2000
_FEW_THREADS = 2
_END_BYTES = 256
UNREADABLE_COLUMNS = "line BIGINT, problem VARCHAR, text VARCHAR"


class Record(NamedTuple):
    """One record of a text file: its first line, its values, what is wrong with it, and its raw text.

    The raw text is cut to what can be shown where something is wrong.
    """

    line: int
    row: list[str]
    problem: str
    text: str


def first_record(path: Path, dialect: Dialect, *, shown: str, limits: Limits = LIMITS) -> list[str]:
    """The first record after the skipped lines, which tells the number of columns; empty for a file without one.

    Raises:
        UnreadableFileError: it is longer than a line may be, or its quotes are broken.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        record = next(_careful_records(file, shown, dialect, limits, None), None)
    if record is None:
        return []
    if record.problem or len(record.row) > limits.columns:
        problem = record.problem or f"it has {len(record.row):,} columns"
        remedy = "Choose another delimiter or quote."
        raise UnreadableFileError(shown, f"the first record is no header ({problem})", line=record.line, remedy=remedy)
    return record.row


def load_fast(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    columns: Sequence[str],
    dialect: Dialect,
    *,
    keep_empty: bool = False,
) -> bool:
    """Load `path` (UTF-8) as `table` with DuckDB's strict reader.

    Several threads have to put their pieces in order, which costs half as much again as reading does. Where there are
    two, they gain more by reading a file each.

    Returns:
        False, with no table to be used, when it refuses anything in the file.
    """
    if dialect.skip_lines and not _ends_alike(path, dialect.skip_lines + 2):
        return False
    threads = int(con.sql("SELECT current_setting('threads')").fetchall()[0][0])
    options = {"all_varchar": True, "strict_mode": True, "allow_quoted_nulls": not keep_empty}
    is_alone = threads <= _FEW_THREADS and _load(con, path, table, columns, dialect, **options, parallel=False)
    if is_alone and is_whole_at_end(con, path, table, dialect):
        return True
    return _load(con, path, table, columns, dialect, **options)


def _ends_alike(path: Path, lines: int) -> bool:
    """Whether the first lines end alike. Where they do not, DuckDB's reader skips the whole file with the titles."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        found = [file.readline(LIMITS.line_bytes) for _ in range(lines)]
    return len({line[len(line.rstrip("\r\n")) :] for line in found if line.endswith(("\r", "\n"))}) < 2


def _load(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    columns: Sequence[str],
    dialect: Dialect,
    **options: bool,
) -> bool:
    names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    flags = ", ".join(f"{option}={str(value).lower()}" for option, value in options.items())
    source = (
        f"read_csv({literal(str(path))}, auto_detect=false, {flags}, "
        f"delim={literal(dialect.delimiter)}, quote={literal(dialect.quote)}, escape={literal(dialect.escape)}, "
        f"header={str(dialect.has_header).lower()}, skip={dialect.skip_lines}, "
        f"columns={{{names}}})"
    )
    try:
        con.execute(f"CREATE OR REPLACE TABLE {identifier(table)} AS SELECT * FROM {source}")
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return False
    return True


def is_whole_at_end(con: duckdb.DuckDBPyConnection, path: Path, table: str, dialect: Dialect) -> bool:
    """Whether the text at the end of the file is the last row of `table` and nothing more.

    DuckDB's reader takes a quote that is never closed for one that is closed at the end, if it has but one thread. Such
    a value holds everything from the quote on, so no shorter piece of the end reads as the same row. False may also
    mean that it could not be told.
    """
    name = identifier(table)
    rows = con.sql(f"SELECT * FROM {name} WHERE rowid = (SELECT max(rowid) FROM {name})").fetchall()
    if not dialect.quote or not rows:
        return not dialect.quote
    last = [value or "" for value in rows[0]]
    with path.open("rb") as file:
        # A value takes twice its length at most, when every character of it is a quote that is doubled.
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8 * sum(map(len, last)) - 4 * len(last) - _END_BYTES))
        text = file.read().decode("utf-8", errors="replace")
    starts = [match.end() for match in re.finditer(r"\r\n|\n|\r", text.rstrip("\r\n"))]
    most = sum(value.count("\n") + value.count("\r") for value in last) + 1
    return any(_only_record(text[start:], dialect) == last for start in starts[: -most - 1 : -1])


@dataclass(frozen=True, slots=True)
class TextLook:
    """What reading a file through once shows.

    Attributes:
        is_plain: nothing of two things occurs that DuckDB's reader takes for something else than it is. Where a value
            opens its quotes again behind blanks, as in `"a" "b"`, it drops the quotes between; and blanks in front of
            two quotes, the text ` ""`, it takes for no value.
        has_nul: a NUL character occurs.
    """

    is_plain: bool
    has_nul: bool


def look_through(path: Path, dialect: Dialect) -> TextLook:
    """Look at every piece of a file.

    Only where a quote stands behind blanks behind another at all is the file read through by a strict reader, which may
    find more to refuse.
    """
    quote, delimiter = re.escape(dialect.quote.encode()), re.escape(dialect.delimiter.encode())
    before = re.compile(b"(?:" + delimiter + rb"|[\r\n]|^) +" + quote + quote)
    behind = re.compile(quote + b" +" + quote)
    is_blank_before = is_reopened = has_nul = False
    for piece in _pieces(path):
        has_nul = has_nul or b"\0" in piece
        if dialect.quote and _has_blank_at(dialect.quote.encode(), piece):
            is_blank_before = is_blank_before or before.search(piece) is not None
            is_reopened = is_reopened or behind.search(piece) is not None
    return TextLook(not is_blank_before and (not is_reopened or _is_strict(path, dialect)), has_nul)


def _pieces(path: Path) -> Iterator[bytes]:
    """The pieces of a file, cut at line ends unless a line is long."""
    with path.open("rb") as file:
        while piece := file.read(MIB):
            yield piece + file.readline(MIB)


def _has_blank_at(quote: bytes, piece: bytes) -> bool:
    return quote in piece and (b" " + quote in piece or quote + b" " in piece)


def _is_strict(path: Path, dialect: Dialect) -> bool:
    """Whether a strict reader takes every record."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for _ in python_reader(file, dialect):
                pass
    except csv.Error:
        return False
    return True


def _only_record(text: str, dialect: Dialect) -> list[str] | None:
    """The record that a text is; None where it is none or several."""
    try:
        found = [row for row in python_reader(io.StringIO(text, newline=""), dialect) if row]
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None


def load_carefully(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    columns: Sequence[str],
    dialect: Dialect,
    *,
    shown: str,
    limits: Limits = LIMITS,
    keep_empty: bool = False,
) -> None:
    """Load `path` (UTF-8) record by record: rows into `table`, everything else into `<table>_unreadable`.

    Nothing between two delimiters is NULL; so is an empty text in quotes, unless `keep_empty`.

    Raises:
        UnreadableFileError: a quote that is never closed, or a record beyond the limit, with its line.
    """
    batches = _Batches(con, table, columns)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        found = _careful_records(file, shown, dialect, limits, len(columns))
        if dialect.has_header:
            next(found, None)
        for record in found:
            if record.problem:
                batches.add_unreadable(record.line, record.problem, record.text)
            else:
                kept = quoted_empties(record.text, dialect) if keep_empty else frozenset()
                batches.add([value or ("" if place in kept else None) for place, value in enumerate(record.row)])
    batches.flush()


def quoted_empties(text: str, dialect: Dialect) -> frozenset[int]:
    """Places of the values of a well-formed record that are empty texts in quotes, which no value is not."""
    quote, found, place, at = dialect.quote, set(), 0, 0
    if not quote or quote * 2 not in text:
        return frozenset()
    while at < len(text):
        if text[at] == quote:
            end = at + 1
            while end < len(text) and (text[end] != quote or text[end + 1 : end + 2] == quote):
                is_pair = text[end] in {quote, dialect.escape}  # a quote that is doubled, or what follows an escape
                end += 2 if is_pair else 1
            if end == at + 1:
                found.add(place)
            at = end
        following = text.find(dialect.delimiter, at)
        if following < 0:
            break
        place, at = place + 1, following + 1
    return frozenset(found)


@dataclass
class _Batches:
    """Rows on their way into DuckDB, flushed by number and by size so that memory stays bounded."""

    con: duckdb.DuckDBPyConnection
    table: str
    columns: Sequence[str]
    rows: list[Sequence[str | None]] = field(default_factory=list)
    unreadable: list[tuple[int, str, str]] = field(default_factory=list)
    characters: int = 0

    def __post_init__(self) -> None:
        names = ", ".join(f"{identifier(name)} VARCHAR" for name in self.columns)
        self.con.execute(f"CREATE OR REPLACE TABLE {identifier(self.table)} ({names})")

    def add(self, row: Sequence[str | None]) -> None:
        self.rows.append(row)
        self.characters += sum(len(value) for value in row if value)
        if len(self.rows) >= _BATCH_ROWS or self.characters >= _BATCH_CHARACTERS:
            self.flush()

    def add_unreadable(self, line: int, problem: str, text: str) -> None:
        self.unreadable.append((line, problem, text))
        if len(self.unreadable) >= _BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - slow to import, and a clean file needs none of it

        if self.rows:
            values = [pa.array(column, pa.string()) for column in zip(*self.rows, strict=True)]
            self._insert(self.table, pa.table(values, names=[f"c{i}" for i in range(len(values))]))
        if self.unreadable:
            line, problem, text = zip(*self.unreadable, strict=True)
            batch = pa.table({"line": pa.array(line, pa.int64()), "problem": list(problem), "text": list(text)})
            self._insert(f"{self.table}_unreadable", batch)
        self.rows, self.unreadable, self.characters = [], [], 0

    def _insert(self, table: str, batch: pa.Table) -> None:
        self.con.register("careful_batch", batch)
        self.con.execute(f"INSERT INTO {identifier(table)} SELECT * FROM careful_batch")
        self.con.unregister("careful_batch")


class _Lines:
    """The lines of a text file, remembering those of the record that is being read."""

    def __init__(self, file: TextIO, name: str, skip: int, limits: Limits) -> None:
        self._file, self._name, self._skip, self._limits = file, name, skip, limits
        self._pending: list[str] = []
        self._size = 0
        self._number = 0

    @property
    def start(self) -> int:
        """Line, from 1, on which the record being read begins."""
        return self._number - len(self._pending) + 1

    @property
    def whole(self) -> str:
        """The record as it is in the file."""
        return "".join(self._pending)

    @property
    def text(self) -> str:
        """What the record looks like in the file, cut to what can be shown."""
        return self.whole[:_SHOWN_CHARACTERS].rstrip("\r\n")

    def forget(self) -> None:
        """The record is done."""
        self._pending.clear()
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(self._limits.line_bytes + 1):
            self._number += 1
            if self._number <= self._skip:
                continue
            self._pending.append(line)
            self._size += len(line)
            if self._size > self._limits.line_bytes:
                raise overlong(Path(self._name), self.start, self._limits)
            yield line


def _careful_records(file: TextIO, name: str, dialect: Dialect, limits: Limits, width: int | None) -> Iterator[Record]:
    """Every record of a text file, with what is wrong with it.

    `width` is the expected number of values, None when it is not known yet. In a table of one column a blank line is an
    empty value; in a wider one it is passed over. Delimiters behind the last value add none.

    Raises:
        UnreadableFileError: a quote that is never closed, or a record beyond the limit.
    """
    lines = _Lines(file, name, dialect.skip_lines, limits)
    reader = python_reader(lines, dialect)
    while True:
        problem = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise _never_closed(name, lines.start) from error
            row = _without_blanks_after_quotes(lines.whole, dialect)
            problem = "" if row else str(error)
        if not row and not problem and width == 1:
            row = [""]
        while width is not None and len(row) > width and not row[-1]:
            row.pop()  # delimiters behind the last value, which the fast reader passes over too
        if not problem and row and width is not None and len(row) != width:
            problem = f"{len(row)} values where {width} were expected"
        if row or problem:
            yield Record(lines.start, row, problem, lines.text if problem else lines.whole)
        lines.forget()


def _without_blanks_after_quotes(text: str, dialect: Dialect) -> list[str]:
    """A record whose only fault is blanks behind a closing quote, which the fast reader passes over; else nothing."""
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    mended = re.sub(rf"{quote} +(?={delimiter}|[\r\n]|$)", dialect.quote, text)
    try:
        found = list(python_reader([mended], dialect))
    except csv.Error:
        return []
    return found[0] if len(found) == 1 else []


def _never_closed(name: str, line: int) -> UnreadableFileError:
    return UnreadableFileError(
        name,
        "a quoted value opens in this record and is never closed",
        line=line,
        remedy="Mend the quote there, or read the file without quotes.",
    )
