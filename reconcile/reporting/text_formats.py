"""The report as JSON (one document) and as CSV (a zip of one file per listing)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from reconcile.reporting.cells import harmless
from reconcile.reporting.rows import (
    DIFFERENCE_COLUMNS,
    EXCEPTION_COLUMNS,
    ReportColumn,
    difference_rows,
    exception_rows,
)
from reconcile.reporting.tree import RunReport
from reconcile.reporting.wording import moment

JSON_FORMAT = 1
"""Version of the JSON document; raised when a reader of the former version would misread it."""


def write_json(report: RunReport, path: Path) -> None:
    """Write one JSON document: `format`, `report` (the whole tree), `exceptions` and `differences` (format ones too).

    Times are ISO 8601, amounts are cents, ids are text. Rows are written as they are read: memory does not grow.

    Raises:
        StorageError: the run file is gone or damaged.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"format": {JSON_FORMAT},\n"report": ')
        json.dump(_plain(_without_run_path(report)), file, ensure_ascii=False, indent=1)
        file.write(',\n"exceptions": ')
        kinds = (row for kind in report.kinds for row in exception_rows(report, kind.kind))
        _write_array(
            file, kinds, (*tuple(column.key for column in EXCEPTION_COLUMNS), "kind", "evidence_hash", "detail")
        )
        file.write(',\n"differences": ')
        _write_array(
            file, difference_rows(report, with_format=True), tuple(column.key for column in DIFFERENCE_COLUMNS)
        )
        file.write("}\n")


def _without_run_path(report: RunReport) -> dict[str, Any]:
    """The tree; where the run file lies on this machine is nobody's business elsewhere, its hash names it."""
    names = [each.name for each in fields(report) if each.name not in {"run_path", "decided"}]
    return {name: getattr(report, name) for name in names} | {"ties_out": report.ties_out}


def _write_array(file: TextIO, rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> None:
    file.write("[")
    for place, row in enumerate(rows):
        file.write(",\n" if place else "\n")
        json.dump({key: _plain(row.get(key)) for key in keys}, file, ensure_ascii=False)
    file.write("]")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


_README = """Report of {title}
Run {run} of {at}, report made {made}.

summary.csv          totals of both sides, and what they must add up to
exceptions-KIND.csv  one file for each kind, by rank
differences.csv      compared fields in which linked records disagree, format ones too
decisions.csv        judgements of this reconciliation that stand
changes.csv          change sets since this run began
sources.csv          snapshots: rows, the source's own count, content hash

UTF-8 with a byte order mark, comma, CRLF, header row. Times are UTC.
Amounts are in units of each customer's own currency.
An apostrophe stands before text that a spreadsheet would take for a formula (= + - @).
"""


def write_csv(report: RunReport, path: Path) -> None:
    """Write a zip of CSV files, fit for a spreadsheet; `README.txt` in it says what each is.

    Raises:
        StorageError: the run file is gone or damaged.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        readme = _README.format(
            title=report.title, run=report.run_id, at=moment(report.run_started_at), made=moment(report.made_at)
        )
        archive.writestr("README.txt", readme)
        _add(archive, "summary.csv", ("side", "category", "records"), _summary_rows(report))
        for kind in report.kinds:
            rows = (_cells(EXCEPTION_COLUMNS, row) for row in exception_rows(report, kind.kind))
            _add(archive, f"exceptions-{kind.kind}.csv", _titles(EXCEPTION_COLUMNS), rows)
        differences = (_cells(DIFFERENCE_COLUMNS, row) for row in difference_rows(report, with_format=True))
        _add(archive, "differences.csv", _titles(DIFFERENCE_COLUMNS), differences)
        _add(
            archive,
            "decisions.csv",
            _DECISION_NAMES,
            ([getattr(d, n) for n in _DECISION_NAMES] for d in report.decisions),
        )
        _add(
            archive, "changes.csv", _CHANGE_NAMES, ([getattr(c, n) for n in _CHANGE_NAMES] for c in report.change_sets)
        )
        _add(archive, "sources.csv", _SOURCE_NAMES, _source_rows(report))


_DECISION_NAMES = ("made_at", "person", "verdict", "kind", "left_id", "right_id", "is_open", "note", "exception_id")
_CHANGE_NAMES = (
    *("id", "title", "state", "author", "approver", "created_at", "sent", "succeeded", "verified"),
    *("failed", "uncertain", "returned", "ties_out"),
)
_SOURCE_NAMES = (
    *("side", "connection", "environment", "fingerprint", "snapshot", "read at"),
    *("object", "rows", "counted by source", "content hash"),
)


def _summary_rows(report: RunReport) -> Iterable[list[Any]]:
    for side in report.totals:
        yield from ([side.side, each.title, each.records] for each in side.categories)
        yield [side.side, "Population", side.population]
        yield [side.side, "Ties out", "yes" if side.ties_out else "NO"]


def _source_rows(report: RunReport) -> Iterable[list[Any]]:
    for source in report.sources:
        about = [source.side, source.connection_name, source.environment, source.fingerprint, source.snapshot_id]
        for each in source.objects:
            yield [*about, source.finished_at, each.object, each.rows, each.expected, each.content_hash]


def _titles(columns: tuple[ReportColumn, ...]) -> tuple[str, ...]:
    return tuple(column.title for column in columns)


def _cells(columns: tuple[ReportColumn, ...], row: Mapping[str, Any]) -> list[Any]:
    return [_cell(column, row.get(column.key)) for column in columns]


def _cell(column: ReportColumn, value: Any) -> Any:
    if value is None:
        return None
    if column.shape == "money":
        return Decimal(value).scaleb(-2)
    return round(value, 6) if column.shape == "probability" else value


def _add(archive: zipfile.ZipFile, name: str, header: tuple[str, ...], rows: Iterable[list[Any]]) -> None:
    with archive.open(name, "w") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_text(value) for value in row])


def _text(value: Any) -> Any:
    """Numbers stay numbers (a negative one is no formula); text is made harmless."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return harmless(value) if isinstance(value, str) else value
