"""The report as an Excel workbook: a summary that adds up by formula, one sheet per kind, all of it ready to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reconcile.reporting.cells import is_dangerous
from reconcile.reporting.rows import (
    DIFFERENCE_COLUMNS,
    EXCEPTION_COLUMNS,
    ReportColumn,
    difference_rows,
    exception_rows,
)
from reconcile.reporting.tree import RunReport
from reconcile.reporting.wording import moment
from reconcile.reporting.xlsx_print import set_up_print
from reconcile.reporting.xlsx_summary import write_definition, write_summary

_LAST_ROW = 1_048_575
"""Rows of a sheet, counted from 0 (Excel's own limit)."""
_LONGEST = 32_767
"""Characters of a cell (Excel's own limit)."""


class Styles:
    """The formats of one workbook."""

    def __init__(self, book: Workbook) -> None:
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        self.base = base
        self._book = book
        self.header = book.add_format({**base, "bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF",
                                       "text_wrap": True, "valign": "vcenter"})  # fmt: skip
        self.shapes: dict[str, Format] = {
            "text": book.add_format(base),
            "id": book.add_format({**base, "num_format": "@", "font_name": "Consolas", "font_size": 9}),
            "long": book.add_format({**base, "text_wrap": True}),
            "number": book.add_format({**base, "num_format": "0"}),
            "money": book.add_format({**base, "num_format": "#,##0.00"}),
            "probability": book.add_format({**base, "num_format": "0.0%"}),
            "time": book.add_format({**base, "num_format": "yyyy-mm-dd hh:mm"}),
        }
        # Shown as text whatever it begins with, also after the cell has been edited.
        self.quoted = {
            shape: book.add_format({**base, "num_format": "@", "quote_prefix": True, "text_wrap": shape == "long"})
            for shape in ("text", "id", "long")
        }

    def add(self, **properties: Any) -> Format:
        """A further format on the same base."""
        return self._book.add_format({**self.base, **properties})


def write_xlsx(report: RunReport, path: Path) -> None:
    """Write the workbook to `path`. Memory does not grow with the number of exceptions.

    Raises:
        StorageError: the run file is gone or damaged.
        OSError: the file cannot be written.
    """
    try:
        _write(report, path)
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _write(report: RunReport, path: Path) -> None:
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                    "strings_to_numbers": False, "remove_timezone": True},
    )  # fmt: skip
    with book:
        book.set_properties({
            "title": report.title, "subject": f"Run {report.run_id}", "author": report.made_by or "Reconcile",
            "comments": f"Made {moment(report.made_at)} from run file sha256 {report.file_hash}",
            "created": report.made_at.replace(tzinfo=None),
        })  # fmt: skip
        styles = Styles(book)
        write_summary(book, styles.add, report)
        for kind in report.kinds:
            listing = Listing(book, styles, report, kind.title, EXCEPTION_COLUMNS)
            listing.write(exception_rows(report, kind.kind), f"{kind.meaning} {kind.count} in this run.")
        differences = Listing(book, styles, report, "Differences", DIFFERENCE_COLUMNS)
        formats = sum(each.classes.get("format", 0) for each in report.differences)
        differences.write(
            difference_rows(report, with_format=False),
            f"Fields on which linked records disagree. {formats} that only differ in format are counted, not listed.",
        )
        _write_decisions(book, styles, report)
        _write_changes(book, styles, report)
        write_definition(book, styles.add, report)


class Listing:
    """A sheet of rows under a frozen header with filters; goes on in a further sheet when Excel's is full."""

    def __init__(
        self, book: Workbook, styles: Styles, report: RunReport, name: str, columns: tuple[ReportColumn, ...]
    ) -> None:
        self.book, self.styles, self.report, self.name, self.columns = book, styles, report, name, columns

    def write(self, rows: Iterable[Mapping[str, Any]], caption: str) -> None:
        """Write all rows, with `caption` above the header."""
        source, part = iter(rows), 1
        while True:
            sheet = self.book.add_worksheet(self.name if part == 1 else f"{self.name} {part}")
            has_more = self._fill(sheet, source, caption)
            if not has_more:
                return
            part += 1

    def _fill(self, sheet: Worksheet, rows: Iterator[Mapping[str, Any]], caption: str) -> bool:
        self._set_up(sheet)
        sheet.write_string(0, 0, caption, self.styles.add(italic=True, font_color="#555555"))
        sheet.set_row(1, 30)
        for place, column in enumerate(self.columns):
            sheet.write_string(1, place, column.title, self.styles.header)
        last = 1
        for row in rows:
            last += 1
            for place, column in enumerate(self.columns):
                self._write_cell(sheet, last, place, column, row.get(column.key))
            if last == _LAST_ROW:
                break
        sheet.autofilter(1, 0, max(last, 2), len(self.columns) - 1)
        return last == _LAST_ROW

    def _set_up(self, sheet: Worksheet) -> None:
        for place, column in enumerate(self.columns):
            sheet.set_column(place, place, column.width)
        sheet.freeze_panes(2, 0)
        sheet.hide_gridlines(2)
        set_up_print(sheet, self.report, repeat_rows=(1, 1))

    def _write_cell(self, sheet: Worksheet, row: int, place: int, column: ReportColumn, value: Any) -> None:
        shape = column.shape
        if value is None or value == "":
            return
        if shape == "money":
            sheet.write_number(row, place, value / 100, self.styles.shapes[shape])
        elif shape in {"number", "probability"}:
            sheet.write_number(row, place, value, self.styles.shapes[shape])
        elif shape == "time":
            sheet.write_datetime(row, place, value.replace(tzinfo=None), self.styles.shapes[shape])
        else:
            text = str(value)[:_LONGEST]
            style = self.styles.quoted[shape] if is_dangerous(text) else self.styles.shapes[shape]
            sheet.write_string(row, place, text, style)


_DECISION_COLUMNS = (
    ReportColumn("made_at", "Decided (UTC)", "time", 17),
    ReportColumn("person", "Decided by", "text", 24),
    ReportColumn("verdict", "Decision", "text", 12),
    ReportColumn("kind", "Of a", "text", 14),
    ReportColumn("left_id", "Left id", "id", 21),
    ReportColumn("right_id", "Right id", "id", 21),
    ReportColumn("is_open", "Still in this run", "text", 12),
    ReportColumn("note", "Note", "long", 50),
    ReportColumn("exception_id", "Exception", "id", 21),
)
_CHANGE_COLUMNS = (
    ReportColumn("created_at", "Made (UTC)", "time", 17),
    ReportColumn("title", "Change set", "text", 40),
    ReportColumn("state", "State", "text", 14),
    ReportColumn("author", "Author", "text", 22),
    ReportColumn("approver", "Approved by", "text", 22),
    ReportColumn("operations", "Operations", "number", 11),
    ReportColumn("sent", "Sent", "number", 9),
    ReportColumn("succeeded", "Succeeded", "number", 10),
    ReportColumn("verified", "Verified", "number", 9),
    ReportColumn("failed", "Failed", "number", 9),
    ReportColumn("uncertain", "Uncertain", "number", 10),
    ReportColumn("returned", "Not done", "number", 9),
    ReportColumn("ties_out", "Ties out", "text", 9),
    ReportColumn("id", "Change set id", "id", 34),
)


def _yes_or_no(value: bool) -> str:  # the one thing it is about
    return "yes" if value else "no"


def _write_decisions(book: Workbook, styles: Styles, report: RunReport) -> None:
    rows = (
        {name: getattr(each, name) for name in ("made_at", "person", "verdict", "kind", "left_id", "right_id", "note")}
        | {"exception_id": each.exception_id, "is_open": _yes_or_no(each.is_open)}
        for each in report.decisions
    )
    Listing(book, styles, report, "Decisions", _DECISION_COLUMNS).write(
        rows, f"Judgements of this reconciliation that stand: {len(report.decisions)}."
    )


def _write_changes(book: Workbook, styles: Styles, report: RunReport) -> None:
    rows = (
        {column.key: getattr(each, column.key) for column in _CHANGE_COLUMNS}
        | {"operations": sum(each.operations.values()), "ties_out": _yes_or_no(each.ties_out)}
        for each in report.change_sets
    )
    Listing(book, styles, report, "Changes", _CHANGE_COLUMNS).write(
        rows, f"Change sets since this run began: {len(report.change_sets)}. Verified means read back and as intended."
    )
