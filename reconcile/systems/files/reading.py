"""Any honest file into a DuckDB table of text, with what was found out about it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import duckdb

from reconcile.errors import InputError, UnreadableFileError
from reconcile.systems.files.content import content_warnings
from reconcile.systems.files.delimited import UNREADABLE_COLUMNS
from reconcile.systems.files.dialect import Dialect, has_decimal_commas_only, has_header, title_rows
from reconcile.systems.files.findings import ReadWarning
from reconcile.systems.files.headers import unique_names
from reconcile.systems.files.json_lines import load_json_lines
from reconcile.systems.files.limits import LIMITS, Limits
from reconcile.systems.files.options import ReadOptions
from reconcile.systems.files.sql import identifier, literal
from reconcile.systems.files.structured import database_tables, load_database_table, load_parquet
from reconcile.systems.files.text_file import TextSource, load_text, plain_utf8
from reconcile.systems.files.unpacking import Form, detect_form, gunzip, is_gzip
from reconcile.systems.files.workbook import load_sheet


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A file as a DuckDB table.

    Attributes:
        table: its name; every column is VARCHAR, empty is NULL, `rowid` is the row's place from 0.
        empties: columns in which empty texts were kept apart from no value (read with `keep_empty`).
        unreadable_table: `(line BIGINT, problem VARCHAR, text VARCHAR)`, a row per record that is no row of `table`.
        name: the file's own name.
        rows: readable rows.
        unreadable: rows of `unreadable_table`. The file has `rows + unreadable` records.
        dialect: how its text is written; None for the other forms.
        told_decimal: the decimal mark of the other forms, as a person says or as a workbook's text cells have it; None
            for a point.
        sheet: sheet or table read; `sheets` all of them.
    """

    table: str
    unreadable_table: str
    name: str
    form: Form
    is_gzip: bool
    columns: tuple[str, ...]
    rows: int
    unreadable: int
    dialect: Dialect | None
    sheet: str | None
    sheets: tuple[str, ...]
    warnings: tuple[ReadWarning, ...]
    empties: tuple[str, ...] = ()
    told_decimal: str | None = None

    @property
    def tells_empty(self) -> bool:
        """Whether this kind of file can say that a value is empty rather than missing: a workbook cannot."""
        return self.form != "workbook" and (self.dialect is None or bool(self.dialect.quote))

    @property
    def decimal(self) -> str:
        """The decimal mark of its numbers."""
        return self.told_decimal or (self.dialect.decimal if self.dialect else ".")

    def describe(self) -> str:
        """One line for people, e.g. `CSV: comma, quote ", utf-8, header, decimal point`."""
        packed = " (gzip)" if self.is_gzip else ""
        names = {
            "delimited": "Text",
            "workbook": "Workbook",
            "parquet": "Parquet",
            "json": "JSON",
            "database": "DuckDB",
        }
        detail = self.dialect.describe() if self.dialect else (self.sheet or "")
        if self.told_decimal == "," and not self.dialect:
            detail = f"{detail}, decimal comma".removeprefix(", ")
        return f"{names[self.form]}{packed}{': ' if detail else ''}{detail}"


def read_file(
    con: duckdb.DuckDBPyConnection,
    path: Path | str,
    table: str,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
    *,
    name: str | None = None,
    limits: Limits = LIMITS,
    keep_empty: bool = False,
) -> ReadTable:
    """Load a CSV, TSV, XLSX, Parquet, JSON-lines or DuckDB file (text forms also in gzip) as a table of text.

    `table` names the table to make in `con`; `<table>_unreadable` is made beside it. `name` is what people know the
    file by; default the path's own. With `keep_empty` an empty text ("" in CSV) is not made NULL.

    Raises:
        InputError: the path is no file, or an option that cannot be.
        UnreadableFileError: it cannot be read, with the line and what to do.
        UnknownNameError: no such sheet or table.
    """
    source = Path(path)
    shown = name or source.name
    if source.is_dir():
        raise InputError(f"{str(source)!r} is a folder.", remedy="Name one of its files.")
    if not (source.is_file() or source.is_fifo()):
        raise InputError(f"There is no file {str(source)!r}.", remedy="Check the path.")
    con.execute(f"CREATE OR REPLACE TABLE {identifier(f'{table}_unreadable')} ({UNREADABLE_COLUMNS})")
    with tempfile.TemporaryDirectory(prefix="reconcile-read-") as folder:
        work = Path(folder)
        if source.is_fifo():  # it can be read once only
            with source.open("rb") as pipe, (work / "piped").open("wb") as copy:
                shutil.copyfileobj(pipe, copy)
            source = work / "piped"
        before = _state(source)
        is_packed = is_gzip(source)
        content = work / "unpacked" if is_packed else source
        if is_packed:
            gunzip(source, content, limits)
            if is_gzip(content):
                raise UnreadableFileError(shown, "it was packed with gzip twice", remedy="Unpack it once.")
        form = detect_form(content, shown)
        found = _LOADERS[form](con, TextSource(content, shown, work, limits), table, options, keep_empty=keep_empty)
        if _state(source) != before:
            raise UnreadableFileError(shown, "it changed while it was read", remedy="Try again when it is complete.")
    return _read_table(con, table, shown, form, found, is_gzip=is_packed, keep_empty=keep_empty)


def _state(path: Path) -> tuple[int, int, int]:
    """What is another when somebody has written to the file, or put another in its place."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True)
class _Found:
    dialect: Dialect | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    warnings: tuple[ReadWarning, ...] = ()
    decimal: str | None = None


class _Loader(Protocol):
    def __call__(
        self,
        con: duckdb.DuckDBPyConnection,
        source: TextSource,
        table: str,
        options: ReadOptions,
        /,
        *,
        keep_empty: bool,
    ) -> _Found: ...


def _delimited(
    con: duckdb.DuckDBPyConnection, source: TextSource, table: str, options: ReadOptions, *, keep_empty: bool
) -> _Found:
    dialect, warnings = load_text(con, source, table, options, keep_empty=keep_empty)
    return _Found(dialect=dialect, warnings=tuple(warnings))


def _workbook(
    con: duckdb.DuckDBPyConnection, source: TextSource, table: str, options: ReadOptions, *, keep_empty: bool
) -> _Found:
    del keep_empty  # a cell of a workbook is filled or not
    sheet = load_sheet(con, source.path, options.sheet, table, source.work, shown=source.shown, limits=source.limits)
    warnings = _name_columns(con, table, options)
    if sheet.errors:
        warnings.append(ReadWarning("workbook_errors", sheet.errors))
    if sheet.unsaved:
        warnings.append(ReadWarning("formulas_without_value", sheet.unsaved))
    others = tuple(name for name in sheet.names if name != sheet.name)
    if others and options.sheet is None:
        warnings.append(ReadWarning("other_sheets", len(others), examples=others[:5]))
    cells = con.sql(f"SELECT * FROM {identifier(table)} LIMIT {_DECIMAL_ROWS}").fetchall()
    has_commas = has_decimal_commas_only([[cell or "" for cell in row] for row in cells])
    decimal = options.decimal or ("," if has_commas else None)
    return _Found(sheet=sheet.name, sheets=sheet.names, warnings=tuple(warnings), decimal=decimal)


def _name_columns(con: duckdb.DuckDBPyConnection, table: str, options: ReadOptions) -> list[ReadWarning]:
    """Take the first row of a sheet, or that below its titles, as names where it is a header."""
    rows = con.sql(f"SELECT * FROM {identifier(table)} LIMIT 200").fetchall()
    cells = [[cell or "" for cell in row] for row in rows]
    front = title_rows(cells) if options.skip_lines is None else min(options.skip_lines, len(cells) - 1)
    is_header = has_header(cells[front:]) if options.has_header is None else options.has_header
    width = len(cells[0])
    names, warnings = unique_names(rows[front]) if is_header else (tuple(f"column_{i + 1}" for i in range(width)), [])
    select = ", ".join(f"c{i} AS {identifier(name)}" for i, name in enumerate(names))
    where = f"WHERE rowid >= {front + is_header}"
    con.execute(f"CREATE OR REPLACE TABLE {identifier(table)} AS SELECT {select} FROM {identifier(table)} {where}")
    if front:
        shown = tuple(" ".join(filter(None, row))[:80] for row in rows[: min(front, 5)])
        warnings.append(ReadWarning("lines_before_header", front, examples=shown))
    return warnings


def _parquet(
    con: duckdb.DuckDBPyConnection, source: TextSource, table: str, options: ReadOptions, *, keep_empty: bool
) -> _Found:
    warnings = load_parquet(con, source.path, table, shown=source.shown, keep_empty=keep_empty)
    return _Found(warnings=tuple(warnings), decimal=options.decimal)


def _json(
    con: duckdb.DuckDBPyConnection, source: TextSource, table: str, options: ReadOptions, *, keep_empty: bool
) -> _Found:
    path = plain_utf8(source)
    warnings = load_json_lines(con, path, table, shown=source.shown, limits=source.limits, keep_empty=keep_empty)
    return _Found(warnings=tuple(warnings), decimal=options.decimal)


def _database(
    con: duckdb.DuckDBPyConnection, source: TextSource, table: str, options: ReadOptions, *, keep_empty: bool
) -> _Found:
    name, warnings = load_database_table(
        con, source.path, options.sheet, table, shown=source.shown, keep_empty=keep_empty
    )
    return _Found(
        sheet=name,
        sheets=database_tables(source.path, shown=source.shown),
        warnings=tuple(warnings),
        decimal=options.decimal,
    )


_DECIMAL_ROWS = 2000
_LAST_ROWS = 3
_TELLING_COLUMNS = 3
_TOTAL = re.compile(
    r"(grand |sub)?-?totals?( .*)?|sum(me)?|(gesamt|zwischen)-?summe( .*)?|gesamt|somme|suma|totale", re.IGNORECASE
)
_LOADERS: Mapping[Form, _Loader] = {
    "delimited": _delimited,
    "workbook": _workbook,
    "parquet": _parquet,
    "json": _json,
    "database": _database,
}


def _read_table(
    con: duckdb.DuckDBPyConnection,
    table: str,
    shown: str,
    form: Form,
    found: _Found,
    *,
    is_gzip: bool,
    keep_empty: bool,
) -> ReadTable:
    columns = tuple(con.sql(f"SELECT * FROM {identifier(table)} LIMIT 0").columns)
    columns, told = _without_empty_end(con, table, columns, found.warnings)
    unreadable = _count(con, f"{table}_unreadable")
    warnings = [*told, *_ragged(con, table, unreadable), *content_warnings(con, table, columns)]
    rows = _count(con, table)
    warnings += [*_totals(con, table, rows), *_repeated_header(con, table, columns)]
    return ReadTable(
        table=table,
        unreadable_table=f"{table}_unreadable",
        name=shown,
        form=form,
        is_gzip=is_gzip,
        columns=columns,
        rows=rows,
        unreadable=unreadable,
        dialect=found.dialect,
        sheet=found.sheet,
        sheets=found.sheets,
        warnings=tuple(warnings),
        empties=_empties(con, table, columns) if keep_empty else (),
        told_decimal=found.decimal,
    )


def _without_empty_end(
    con: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], warnings: Sequence[ReadWarning]
) -> tuple[tuple[str, ...], list[ReadWarning]]:
    """Drop last columns with neither a name nor a value: a delimiter behind every line makes one.

    Returns:
        The columns that are left, and the warnings without those columns.
    """
    blank = next((warning for warning in warnings if warning.kind == "blank_headers"), None)
    others = [warning for warning in warnings if warning is not blank]
    nameless = blank.count if blank else 0
    while nameless and len(columns) > 1 and columns[-1] == f"column_{len(columns)}":
        name = identifier(columns[-1])
        if con.sql(f"SELECT 1 FROM {identifier(table)} WHERE {name} IS NOT NULL LIMIT 1").fetchall():
            break
        con.execute(f"ALTER TABLE {identifier(table)} DROP COLUMN {name}")
        columns, nameless = columns[:-1], nameless - 1
    if blank and nameless:
        examples = tuple(example for example in blank.examples if example in columns)
        others.insert(0, replace(blank, count=nameless, examples=examples))
    return columns, others


def _empties(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Columns that hold an empty text. Mostly none does, which the ranges that DuckDB keeps tell at once."""
    is_any = " OR ".join(f"{identifier(column)} = ''" for column in columns)
    if not con.sql(f"SELECT 1 FROM {identifier(table)} WHERE {is_any} LIMIT 1").fetchall():
        return ()
    select = ", ".join(f"coalesce(bool_or({identifier(column)} = ''), false)" for column in columns)
    found = con.sql(f"SELECT {select} FROM {identifier(table)}").fetchall()[0]
    return tuple(column for column, has_empty in zip(columns, found, strict=True) if has_empty)


def _totals(con: duckdb.DuckDBPyConnection, table: str, rows: int) -> list[ReadWarning]:
    """Among the last rows, those whose first value is "Total" or the like: reports end so, and amounts count twice."""
    last = con.sql(f"SELECT * FROM {identifier(table)} WHERE rowid >= {rows - _LAST_ROWS} ORDER BY rowid").fetchall()
    found = [[value for value in row if value] for row in last]
    totals = [row for row in found if len(row) > 1 and _TOTAL.fullmatch(row[0].strip())]
    if not totals or rows <= _LAST_ROWS:
        return []
    return [ReadWarning("total_rows", len(totals), examples=tuple(" ".join(row)[:80] for row in totals))]


def _repeated_header(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[ReadWarning]:
    """Rows that hold the names of the columns: exports that were put one behind the other."""
    is_header = " AND ".join(f"{identifier(name)} = {literal(name)}" for name in columns[:_TELLING_COLUMNS])
    found = con.sql(f"SELECT rowid + 1 FROM {identifier(table)} WHERE {is_header} ORDER BY rowid").fetchall()
    examples = tuple(f"row {row:,}" for (row,) in found[:5])
    return [ReadWarning("repeated_header", len(found), examples=examples)] if found else []


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.sql(f"SELECT count(*) FROM {identifier(table)}").fetchall()[0][0])


def _ragged(con: duckdb.DuckDBPyConnection, table: str, count: int) -> list[ReadWarning]:
    name = identifier(f"{table}_unreadable")
    rows = con.sql(f"SELECT line, problem FROM {name} ORDER BY line LIMIT 5").fetchall()
    examples = tuple(f"line {line}: {problem}" for line, problem in rows)
    return [ReadWarning("ragged_rows", count, examples=examples)] if count else []
