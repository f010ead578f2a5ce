"""A delimited text file from bytes to table: encoding, dialect, header, rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from reconcile.errors import UnreadableFileError
from reconcile.systems.files.delimited import first_record, load_carefully, load_fast, look_through
from reconcile.systems.files.dialect import DIALECT_CHARACTERS, Dialect, detect_dialect
from reconcile.systems.files.encoding import (
    SAMPLE_BYTES,
    Encoding,
    known_encoding,
    require_utf8,
    scan_encoding,
    sniff_encoding,
    transcode,
)
from reconcile.systems.files.findings import ReadWarning
from reconcile.systems.files.headers import unique_names
from reconcile.systems.files.limits import Limits
from reconcile.systems.files.options import ReadOptions
from reconcile.systems.files.sql import identifier


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text file to read: the bytes at `path`, the name people know it by, and a folder to work in."""

    path: Path
    shown: str
    work: Path
    limits: Limits


def load_text(
    con: duckdb.DuckDBPyConnection, source: TextSource, table: str, options: ReadOptions, *, keep_empty: bool = False
) -> tuple[Dialect, list[ReadWarning]]:
    """Load a delimited file as `table` and list its unreadable records in `<table>_unreadable`.

    Returns:
        Its dialect, found or as `options` say, and warnings about its encoding, header and NUL characters.

    Raises:
        UnreadableFileError: not text, an encoding that does not fit, a quote never closed, a line beyond the limit.
    """
    encoding, warnings = _encoding(source, options)
    attempt = partial(_attempt, con, source, table, options, keep_empty=keep_empty)
    tried = attempt(encoding)
    if not tried.is_loaded and not options.encoding and encoding.name == "utf-8" and not encoding.bom_bytes:
        encoding, warnings = scan_encoding(source.path, source.limits)  # the sample was UTF-8; the rest may not be
        if encoding.name != "utf-8":
            tried = attempt(encoding)
    dialect = tried.dialect
    if not tried.is_loaded:
        path = _as_utf8(source, encoding)
        if path == source.path:
            require_utf8(path, shown=source.shown)
        names, _ = _names(path, dialect, source)
        load_carefully(
            con, path, table, names, dialect, shown=source.shown, limits=source.limits, keep_empty=keep_empty
        )
    return dialect, [
        *warnings,
        *tried.warnings,
        *_skipped(source, encoding, dialect),
        *(_nul_warnings(con, table) if tried.has_nul else []),
    ]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Dialect, warnings of the header, whether there are NUL characters, and whether the fast reader took the file."""

    dialect: Dialect
    warnings: list[ReadWarning]
    has_nul: bool
    is_loaded: bool


def _attempt(
    con: duckdb.DuckDBPyConnection,
    source: TextSource,
    table: str,
    options: ReadOptions,
    encoding: Encoding,
    *,
    keep_empty: bool,
) -> _Attempt:
    path = _as_utf8(source, encoding)
    dialect = _dialect(path, source, options, encoding)
    names, warnings = _names(path, dialect, source)
    look = look_through(path, dialect)
    is_loaded = look.is_plain and load_fast(con, path, table, names, dialect, keep_empty=keep_empty)
    return _Attempt(dialect, warnings, look.has_nul, is_loaded)


def plain_utf8(source: TextSource) -> Path:
    """The file where it is UTF-8 without a byte order mark, else a copy that is."""
    with source.path.open("rb") as file:
        encoding = sniff_encoding(file.read(SAMPLE_BYTES))
    if encoding is None or (encoding.name == "utf-8" and not encoding.bom_bytes):
        return source.path
    target = source.work / "plain.utf8"
    transcode(source.path, encoding, target, shown=source.shown, limits=source.limits)
    return target


def _as_utf8(source: TextSource, encoding: Encoding) -> Path:
    """The file itself when it is UTF-8, else a copy in UTF-8, made once per encoding."""
    if encoding.name in {"utf-8", "ascii"}:
        return source.path
    target = source.work / f"{encoding.name}.utf8"
    if not target.exists():
        transcode(source.path, encoding, target, shown=source.shown, limits=source.limits)
    return target


def _dialect(path: Path, source: TextSource, options: ReadOptions, encoding: Encoding) -> Dialect:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        sample = file.read(DIALECT_CHARACTERS)
        is_whole = not file.read(1)
    delimiter = options.delimiter or ("\t" if source.shown.casefold().removesuffix(".gz").endswith(".tsv") else None)
    base = Dialect(encoding=encoding.name, has_bom=encoding.bom_bytes > 0)
    found = detect_dialect(sample, base, is_whole=is_whole, delimiter=delimiter, skip_lines=options.skip_lines)
    if options.quote is not None:
        found = replace(found, quote=options.quote, escape=options.quote)
    if options.has_header is not None:
        found = replace(found, has_header=options.has_header)
    return replace(found, decimal=options.decimal) if options.decimal else found


def _names(path: Path, dialect: Dialect, source: TextSource) -> tuple[tuple[str, ...], list[ReadWarning]]:
    first = first_record(path, dialect, shown=source.shown, limits=source.limits)
    if not first:
        raise UnreadableFileError(source.shown, "it holds no record", remedy="Export it again.")
    if dialect.has_header:
        return unique_names(first)
    return tuple(f"column_{position}" for position in range(1, len(first) + 1)), []


def _skipped(source: TextSource, encoding: Encoding, dialect: Dialect) -> list[ReadWarning]:
    if not dialect.skip_lines:
        return []
    with _as_utf8(source, encoding).open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = [file.readline(source.limits.line_bytes).strip() for _ in range(min(dialect.skip_lines, 5))]
    return [ReadWarning("lines_before_header", dialect.skip_lines, examples=tuple(line[:80] for line in lines if line))]


def _nul_warnings(con: duckdb.DuckDBPyConnection, table: str) -> list[ReadWarning]:
    columns = con.sql(f"SELECT * FROM {identifier(table)} LIMIT 0").columns
    select = ", ".join(f"count(*) FILTER (contains({identifier(column)}, chr(0)))" for column in columns)
    counts = con.sql(f"SELECT {select} FROM {identifier(table)}").fetchall()[0]
    return [ReadWarning("nul_characters", n, column) for column, n in zip(columns, counts, strict=True) if n]


def _encoding(source: TextSource, options: ReadOptions) -> tuple[Encoding, list[ReadWarning]]:
    with source.path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    sniffed = sniff_encoding(sample)
    if options.encoding:
        wanted = known_encoding(options.encoding)
        if sniffed and sniffed.bom_bytes and sniffed.name.startswith(wanted.removesuffix("-sig")):
            return sniffed, []
        return Encoding(wanted.removesuffix("-sig")), []
    return (sniffed, []) if sniffed else scan_encoding(source.path, source.limits)
