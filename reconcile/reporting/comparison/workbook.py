"""A comparison as an Excel workbook: summary, columns, changed rows with both values side by side, the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reconcile.comparing.tables import DIFFERENCE_CLASSES, Comparison, ComparisonFile, ResultRow, RowClass
from reconcile.comparing.tables.publishing import published
from reconcile.comparing.tables.wording import (
    DIFFERENCE_MEANINGS,
    DIFFERENCE_TITLES,
    ROW_TITLES,
    evidence_words,
    tie,
    verdict,
)
from reconcile.reporting.cells import is_dangerous

LAST_ROW = 1_048_575
"""Rows of a sheet counted from 0, Excel's own limit."""
_MOST_COLUMNS = 16_384
_LONGEST = 32_767
_COLOURS = {
    "real": "#F8CBAD",
    "missing": "#FFE699",
    "timing": "#DDEBF7",
    "rounding": "#E2EFDA",
    "format": "#EDEDED",
}
Value = tuple[str | float | None, str]
"""A value and the name of its style."""


class _Styles:
    """The formats of one workbook and where its sheets end; "quoted" formats keep text as text even after an edit."""

    def __init__(self, book: Workbook, last_row: int) -> None:
        self.last_row = last_row
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        text = {**base, "num_format": "@"}
        self._formats: dict[str, Format] = {
            "text": book.add_format(text),
            "quoted": book.add_format({**text, "quote_prefix": True}),
            "wrap": book.add_format({**base, "text_wrap": True}),
            "mono": book.add_format({**base, "font_name": "Consolas", "font_size": 9}),
            "title": book.add_format({**base, "bold": True, "font_size": 16}),
            "heading": book.add_format({**base, "bold": True, "font_size": 12}),
            "header": book.add_format(
                {**base, "bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "text_wrap": True}
            ),
            "count": book.add_format({**base, "num_format": "#,##0"}),
            "number": book.add_format({**base, "num_format": "#,##0.######"}),
            "share": book.add_format({**base, "num_format": "0.00%"}),
            "total": book.add_format({**base, "bold": True, "top": 1, "num_format": "#,##0"}),
        }
        for name, colour in _COLOURS.items():
            self._formats[name] = book.add_format({**text, "bg_color": colour})
            self._formats[f"{name} quoted"] = book.add_format({**text, "bg_color": colour, "quote_prefix": True})

    def __getitem__(self, name: str) -> Format:
        return self._formats[name]


def write_xlsx(file: ComparisonFile, path: Path, *, last_row: int = LAST_ROW) -> None:
    """Write the workbook. Memory does not grow with the rows; a listing goes on in a further sheet after `last_row`.

    Every value of the compared files is text, so that no id or postcode becomes a number and nothing is a formula.
    """
    made = file.comparison
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with published(path) as part, xlsxwriter.Workbook(str(part), options) as book:
        book.set_properties({"title": f"{made.left.name} against {made.right.name}", "author": "Reconcile"})
        styles = _Styles(book, last_row)
        _write_summary(book, styles, made)
        _write_columns(book, styles, made)
        _Sheet(book, styles, "Changed").write(
            _changed_header(made), (_changed(row, made) for row in file.each("changed"))
        )
        singles: tuple[tuple[RowClass, str, Sequence[str]], ...] = (
            ("only_left", "left", made.left.columns),
            ("only_right", "right", made.right.columns),
        )
        for name, side, columns in singles:
            rows = (_single(row, side, columns) for row in file.each(name))
            _Sheet(book, styles, ROW_TITLES[name]).write([(column, 20) for column in columns], rows)
        _write_duplicates(book, styles, file)
        _write_unreadable(book, styles, file)
        _write_recipe(book, styles, made)


class _Sheet:
    """A listing under a frozen header with filters; it goes on in a further sheet when Excel's is full."""

    def __init__(self, book: Workbook, styles: _Styles, name: str) -> None:
        self._book, self._styles, self._name = book, styles, name

    def write(self, header: Sequence[tuple[str, int]], rows: Iterable[Sequence[Value]]) -> None:
        """Write all rows under `header`, which gives titles and widths."""
        source, part = iter(rows), 1
        while True:
            sheet = self._book.add_worksheet(self._name if part == 1 else f"{self._name} {part}")
            if not self._fill(sheet, header[:_MOST_COLUMNS], source):
                return
            part += 1

    def _fill(self, sheet: Worksheet, header: Sequence[tuple[str, int]], rows: Iterator[Sequence[Value]]) -> bool:
        for place, (title, width) in enumerate(header):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, self._styles["header"])
        sheet.freeze_panes(1, 1)
        last = 0
        for row in rows:
            last += 1
            for place, (value, style) in enumerate(row[:_MOST_COLUMNS]):
                put(sheet, self._styles, (last, place), value, style)
            if last == self._styles.last_row:
                break
        if header:
            sheet.autofilter(0, 0, max(last, 1), len(header) - 1)
        return last == self._styles.last_row


def put(sheet: Worksheet, styles: _Styles, at: tuple[int, int], value: str | float | None, style: str) -> None:
    """Write one cell: numbers as numbers, everything else as text that stays text."""
    row, place = at
    if value is None or value == "":
        if style in _COLOURS:
            sheet.write_blank(row, place, None, styles[style])
        return
    if isinstance(value, int | float):
        sheet.write_number(row, place, value, styles[style])
        return
    text = value
    if len(value) > _LONGEST:
        mark = f" … (cut: {len(value):,} characters)"
        text = value[: _LONGEST - len(mark)] + mark
    if is_dangerous(text) and style in _COLOURS:
        style = f"{style} quoted"
    elif is_dangerous(text) and style == "text":
        style = "quoted"
    sheet.write_string(row, place, text, styles[style])


def _write_summary(book: Workbook, styles: _Styles, made: Comparison) -> None:
    sheet = book.add_worksheet("Summary")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 3, 22)
    lines: list[list[Value]] = [
        [(f"{made.left.name} against {made.right.name}", "title")],
        [(verdict(made), "text")],
        [(tie(made), "text")],
        [],
        [("Records", "header"), ("Pairs", "header"), ("Left", "header"), ("Right", "header")],
    ]
    first = len(lines) + 1
    lines += [
        [(ROW_TITLES[item.name], "text"), (item.pairs, "count"), (item.left_rows, "count"), (item.right_rows, "count")]
        for item in made.totals
    ]
    total_line = len(lines)
    lines += [[("All records of the file", "total"), (None, "total")], []]
    lines += [[("Key", "heading")], [(made.key, "text")], []]
    for title, source in (("Left", made.left), ("Right", made.right)):
        lines += [[(title, "heading")], [(source.name, "text")], [(source.description, "text")]]
        lines += [[(f"Warning: {warning}", "text")] for warning in source.warnings]
        lines += [[(f"Columns not compared: {', '.join(source.unmapped)}", "text")]] if source.unmapped else []
        lines.append([])
    lines += [[(note, "text")] for note in made.notes]
    lines += [[], [("Differences", "heading")]]
    lines += [[(DIFFERENCE_TITLES[name], name), (DIFFERENCE_MEANINGS[name], "text")] for name in DIFFERENCE_CLASSES]
    lines += [[], [(f"Compared {made.made_at:%Y-%m-%d %H:%M} UTC in {made.seconds} s", "text")]]
    for row, line in enumerate(lines):
        for place, (value, style) in enumerate(line):
            put(sheet, styles, (row, place), value, style)
        if row == total_line:
            last = first + len(made.totals) - 1
            for place, (letter, count) in enumerate((("C", made.left.records), ("D", made.right.records)), start=2):
                # A formula of ours: the controller sees that the classes add up to the file.
                sheet.write_formula(row, place, f"=SUM({letter}{first}:{letter}{last})", styles["total"], count)


def _write_columns(book: Workbook, styles: _Styles, made: Comparison) -> None:
    header = [
        ("Column", 24), ("Left column", 20), ("Right column", 20), ("Kind", 9), ("Rule", 24), ("Compared", 12),
        ("Mismatches", 12), ("Share", 10), *((DIFFERENCE_TITLES[name], 11) for name in DIFFERENCE_CLASSES),
        ("Largest difference", 16), ("Mean difference", 16), ("Sum left", 20), ("Sum right", 20), ("Difference", 18),
    ]  # fmt: skip

    def rows() -> Iterator[list[Value]]:
        for column in made.columns:
            yield [
                (column.title, "text"), (column.left, "text"), (column.right, "text"), (column.kind, "text"),
                (column.rule, "text"), (column.compared, "count"), (column.mismatches, "count"),
                (column.share, "share"),
                *((column.classes[name], "count") for name in DIFFERENCE_CLASSES),
                (column.largest, "number"), (column.mean, "number"),
                (_number(column.left_sum), "number"), (_number(column.right_sum), "number"),
                (_number(column.difference), "number"),
            ]  # fmt: skip

    _Sheet(book, styles, "Columns").write(header, rows())


def _number(text: str | None) -> float | str | None:
    """A sum as a number where a spreadsheet's 15 digits hold it, else as text."""
    if text is None:
        return None
    return float(text) if len(text.strip("-").replace(".", "")) <= 15 else text


def _changed_header(made: Comparison) -> list[tuple[str, int]]:
    header = [(pair[0], 20) for pair in made.key_columns] or [("Matched with probability", 14), ("Evidence, bits", 40)]
    header.append(("Differing", 9))
    for column in made.columns:
        header += [(f"{column.title} (left)", 20), (f"{column.title} (right)", 20)]
    return header


def _changed(row: ResultRow, made: Comparison) -> list[Value]:
    values: list[Value] = _key_cells(row, made)
    values.append((len(row.cells), "count"))
    for column in made.columns:
        cell = row.cells.get(column.position)
        if cell is not None:
            values += [(cell.left, cell.difference), (cell.right, cell.difference)]
        else:
            values += [((row.left or {}).get(column.left), "text"), ((row.right or {}).get(column.right), "text")]
    return values


def _key_cells(row: ResultRow, made: Comparison) -> list[Value]:
    if not made.key_columns:
        return [(row.probability, "share"), (evidence_words(row.evidence), "text")]
    values = row.left if row.left is not None else row.right or {}
    place = 0 if row.left is not None else 1
    return [(values.get(pair[place]), "text") for pair in made.key_columns]


def _single(row: ResultRow, side: str, columns: Sequence[str]) -> list[Value]:
    values = (row.left if side == "left" else row.right) or {}
    return [(values.get(column), "text") for column in columns]


def _write_duplicates(book: Workbook, styles: _Styles, file: ComparisonFile) -> None:
    made = file.comparison
    pairs = [*made.key_columns, *((column.left, column.right) for column in made.columns)]

    def rows() -> Iterator[list[Value]]:
        for row in file.each("duplicate_key"):
            place, values = (0, row.left) if row.left is not None else (1, row.right or {})
            yield [("left" if place == 0 else "right", "text"), *((values.get(pair[place]), "text") for pair in pairs)]

    _Sheet(book, styles, "Duplicates").write([("File", 8), *((pair[0], 20) for pair in pairs)], rows())


def _write_unreadable(book: Workbook, styles: _Styles, file: ComparisonFile) -> None:
    if not file.comparison.total("unreadable").pairs:
        return

    def rows() -> Iterator[list[Value]]:
        offset = 0
        while found := file.unreadable(offset=offset, limit=1000):
            for side, line, problem, text in found:
                yield [(side, "text"), (line, "count"), (problem, "text"), (text, "text")]
            offset += len(found)

    _Sheet(book, styles, "Unreadable").write([("File", 8), ("Line", 10), ("Problem", 40), ("Text", 80)], rows())


def _write_recipe(book: Workbook, styles: _Styles, made: Comparison) -> None:
    sheet = book.add_worksheet("Recipe")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 100)
    put(sheet, styles, (0, 0), "Save these lines as recipe.toml to repeat the comparison.", "heading")
    for row, line in enumerate(made.recipe.splitlines(), start=2):
        put(sheet, styles, (row, 0), line, "mono")
