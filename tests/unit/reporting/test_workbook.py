"""The workbook, read back with another library: what a controller gets."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from reconcile.reporting import RunReport, write_report
from reconcile.reporting.wording import KINDS
from tests.run_files import STARTED_AT
from tests.unit.reporting.conftest import NAMES, left_id

KIND_SHEETS = [title for title, _ in KINDS.values()]


@pytest.fixture(scope="module")
def path(report: RunReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("workbook") / "report.xlsx"
    write_report(report, "xlsx", made)
    return made


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def rows_of(sheet: Worksheet) -> list[dict[str, object]]:
    header = [str(cell.value) for cell in sheet[2]]
    return [
        dict(zip(header, (cell.value for cell in row), strict=True))
        for row in sheet.iter_rows(min_row=3)
        if row[0].value
    ]


def test_sheets(book: Workbook) -> None:
    assert book.sheetnames == ["Summary", *KIND_SHEETS, "Differences", "Decisions", "Changes", "Sources and rules"]


@pytest.mark.parametrize("name", [*KIND_SHEETS, "Differences", "Decisions", "Changes"])
def test_listings_are_set_up_for_work_and_print(book: Workbook, name: str) -> None:
    sheet = book[name]
    assert sheet.freeze_panes == "A3"
    assert str(sheet.auto_filter.ref).startswith("A2:")
    assert sheet.print_title_rows == "$2:$2"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert min(column.width for column in sheet.column_dimensions.values()) >= 7


def test_ids_are_text_and_names_no_formulas(book: Workbook) -> None:
    (row,) = rows_of(book["Dangling"])
    assert row["Left id"] == left_id(5)
    for sheet in book.worksheets[1:-1]:
        for cells in sheet.iter_rows(min_row=3):
            for cell in cells:
                assert cell.data_type != "f", f"{sheet.title}!{cell.coordinate}"
                if isinstance(cell.value, str) and cell.value[0] in "=+-@\t":
                    assert cell.quotePrefix, f"{sheet.title}!{cell.coordinate}"
    names = {row["Left name"] for kind in ("One-sided", "Dangling", "Unlinked") for row in rows_of(book[kind])}
    assert names == {NAMES[4], NAMES[5], NAMES[6]}


def test_values_have_their_types(book: Workbook) -> None:
    (row,) = rows_of(book["One-sided"])
    assert (row["Amount at stake"], row["Probability"], row["Age, days"]) == (500, 0.99, 13)
    assert row["First seen (UTC)"] == STARTED_AT.replace(tzinfo=None)  # a spreadsheet has no time zones
    cell = book["One-sided"]["H3"]
    assert cell.number_format == "#,##0.00"


def test_every_exception_is_in_the_sheet_of_its_kind(book: Workbook, report: RunReport) -> None:
    for kind in report.kinds:
        assert len(rows_of(book[kind.title])) == kind.count


def test_the_summary_adds_up_by_formula(book: Workbook, path: Path) -> None:
    formulas = [
        c.value for row in book["Summary"].iter_rows() for c in row if isinstance(c.value, str) and c.value[0] == "="
    ]
    assert sum(formula.startswith("=SUM(") for formula in formulas) >= 9
    assert sum(formula.startswith("=IF(") for formula in formulas) == 2
    shown = openpyxl.load_workbook(path, data_only=True)["Summary"]
    texts = [[cell.value for cell in row] for row in shown.iter_rows()]
    assert sum("tie out" in row for row in texts) == 2
    totals = [row for row in texts if row[0] == "Sum of the categories"]
    assert [row[1] for row in totals] == [8, 8]
    (sums,) = [row for row in texts if row[0] == "Sum"]
    assert sums[1:3] == [6, 2700]  # no formula for amounts: a record in two kinds is counted once in their sum
    assert "xl/charts/chart1.xml" in _parts(path)


def _parts(path: Path) -> list[str]:
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_totals_that_do_not_tie_out_are_said(report: RunReport, tmp_path: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415

    wrong = replace(report, totals=(replace(report.totals[0], population=9), report.totals[1]))
    write_report(wrong, "xlsx", tmp_path / "wrong.xlsx")
    shown = openpyxl.load_workbook(tmp_path / "wrong.xlsx", data_only=True)["Summary"]
    values = [cell.value for row in shown.iter_rows() for cell in row]
    assert "DO NOT TIE OUT" in values
