"""The first sheet of the workbook, whose totals are formulas, and the last one with sources and definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reconcile.reporting.cells import is_dangerous
from reconcile.reporting.tree import AGES, RunReport, SideTotals
from reconcile.reporting.wording import AMOUNTS_NOTE, STATUSES, moment, share
from reconcile.reporting.xlsx_print import set_up_print

AddFormat = Callable[..., Format]
_ENVIRONMENT_COLORS = {"production": "#B3261E", "sandbox": "#1F5FBF", "practice": "#6B7280"}


class _Sheet:
    """A sheet written from the top down, with the formats that both sheets need."""

    def __init__(self, book: Workbook, add: AddFormat, name: str, report: RunReport) -> None:
        self.sheet: Worksheet = book.add_worksheet(name)
        self.row = 0
        self.title = add(bold=True, font_size=16, font_color="#1F3A5F")
        self.section = add(bold=True, font_size=12, font_color="#1F3A5F", bottom=2, bottom_color="#1F3A5F")
        self.header = add(bold=True, bg_color="#E8EDF3", bottom=1, text_wrap=True)
        self.number_header = add(bold=True, bg_color="#E8EDF3", bottom=1, text_wrap=True, align="right")
        self.text = add(text_wrap=True)
        self.plain = add()
        self.quiet = add(font_color="#555555")
        self.id = add(num_format="@", font_name="Consolas", font_size=9)
        self.quoted = add(num_format="@", quote_prefix=True, text_wrap=True)
        self.number = add(num_format="#,##0")
        self.money = add(num_format="#,##0.00")
        self.share = add(num_format="0.0%")
        self.total = add(bold=True, top=1, num_format="#,##0")
        self.total_money = add(bold=True, top=1, num_format="#,##0.00")
        self.total_text = add(bold=True, top=1)
        self.good = add(bold=True, font_color="#1B6E3C", bg_color="#E3F4E8")
        self.bad = add(bold=True, font_color="#FFFFFF", bg_color="#B3261E")
        self.sheet.hide_gridlines(2)
        set_up_print(self.sheet, report)

    def put(self, column: int, value: Any, style: Format | None = None) -> None:
        """One cell of the present row; text stays text whatever it begins with."""
        if value is None:
            return
        if isinstance(value, int | float):
            self.sheet.write_number(self.row, column, value, style or self.number)
            return
        text = str(value)
        self.sheet.write_string(self.row, column, text, self.quoted if is_dangerous(text) else style or self.plain)

    def line(self, *values: Any, style: Format | None = None) -> None:
        """A row of cells from the first column on."""
        for column, value in enumerate(values):
            self.put(column, value, style)
        self.row += 1

    def headers(self, *names: str, numbers_from: int = 99) -> None:
        """A header row; columns from `numbers_from` on are set to the right, as their numbers are."""
        for column, name in enumerate(names):
            self.put(column, name, self.number_header if column >= numbers_from else self.header)
        self.row += 1

    def head(self, text: str, columns: int) -> None:
        """A section title, ruled across `columns`."""
        self.row += 1
        for column in range(columns):
            self.sheet.write_blank(self.row, column, None, self.section)
        self.put(0, text, self.section)
        self.row += 1

    def check(self, label: str, formula: str, *, is_good: bool, good: str, bad: str) -> None:
        """A row with a live verdict: `formula` is true when all is well."""
        self.put(0, label, self.total_text)
        self.sheet.write_formula(
            self.row,
            1,
            f'=IF({formula},"{good}","{bad}")',
            self.good if is_good else self.bad,
            good if is_good else bad,
        )
        self.row += 1


def write_summary(book: Workbook, add: AddFormat, report: RunReport) -> None:
    """The sheet a controller reads first."""
    page = _Sheet(book, add, "Summary", report)
    page.sheet.set_column(0, 0, 30)
    page.sheet.set_column(1, 8, 15)
    page.line(report.title, style=page.title)
    _write_environment(page, add, report)
    page.line(f"Run {report.run_id}, {moment(report.run_started_at)}, by {report.run_by}", style=page.quiet)
    made_by = f" by {report.made_by}" if report.made_by else ""
    page.line(f"Report made {moment(report.made_at)}{made_by}", style=page.quiet)
    for side in report.totals:
        _write_totals(page, side)
    first, last = _write_kinds(page, report)
    _write_statuses(page, report)
    _write_people(page, report)
    _write_pushes(page, report)
    _write_changes(page, report)
    _add_chart(book, page, first, last)
    page.sheet.activate()


def _write_environment(page: _Sheet, add: AddFormat, report: RunReport) -> None:
    for source in report.sources:
        color = _ENVIRONMENT_COLORS[source.environment]
        style = add(bold=True, font_color="#FFFFFF", bg_color=color)
        page.put(0, f"{source.side.upper()}: {source.connection_name}", style)
        page.put(1, source.environment.upper(), style)
        page.put(2, source.fingerprint, page.id)
        page.put(4, f"as of {moment(source.finished_at)}", page.quiet)
        page.row += 1


def _write_totals(page: _Sheet, side: SideTotals) -> None:
    page.head(f"{side.side.capitalize()} side: every record once", 3)
    page.headers("Category", "Records", "Share", numbers_from=1)
    first = page.row
    for category in side.categories:
        page.put(0, category.title)
        page.put(1, category.records)
        page.put(2, category.records / side.population if side.population else 0.0, page.share)
        page.row += 1
    page.put(0, "Sum of the categories", page.total_text)
    cells = f"{xl_rowcol_to_cell(first, 1)}:{xl_rowcol_to_cell(max(page.row - 1, first), 1)}"
    total = sum(each.records for each in side.categories)
    page.sheet.write_formula(page.row, 1, f"=SUM({cells})", page.total, total)
    sum_cell = xl_rowcol_to_cell(page.row, 1)
    page.row += 1
    page.put(0, "Population of the snapshot")
    page.put(1, side.population)
    population_cell = xl_rowcol_to_cell(page.row, 1)
    page.row += 1
    page.check("Totals", f"{sum_cell}={population_cell}", is_good=side.ties_out, good="tie out", bad="DO NOT TIE OUT")
    page.line("Without any partner", share(side.unlinkable_share))


def _write_kinds(page: _Sheet, report: RunReport) -> tuple[int, int]:
    """The table of kinds; gives its first and last row."""
    page.head("Exceptions by kind and age", 5 + len(AGES))
    page.headers("Kind", "Exceptions", "Amount at stake", *AGES, "Decided", "Open", numbers_from=1)
    first = page.row
    for kind in report.kinds:
        page.put(0, kind.title)
        page.put(1, kind.count)
        page.put(2, kind.amount_cents / 100, page.money)
        for place, age in enumerate(AGES):
            page.put(3 + place, kind.ages.get(age, 0))
        page.put(3 + len(AGES), kind.decided)
        page.put(4 + len(AGES), kind.undecided)
        page.row += 1
    last = page.row - 1
    page.put(0, "Sum", page.total_text)
    page.put(2, report.amount_cents / 100, page.total_money)
    sums = {3 + place: sum(kind.ages.get(age, 0) for kind in report.kinds) for place, age in enumerate(AGES)}
    sums |= {3 + len(AGES): sum(kind.decided for kind in report.kinds)}
    sums |= {1: report.exceptions, 4 + len(AGES): sum(kind.undecided for kind in report.kinds)}
    for column, value in sums.items():
        cells = f"{xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(last, column)}"
        page.sheet.write_formula(page.row, column, f"=SUM({cells})", page.total, value)
    page.row += 1
    page.line(AMOUNTS_NOTE, style=page.quiet)
    return first, last


def _write_statuses(page: _Sheet, report: RunReport) -> None:
    page.head("Links", 2)
    page.headers("Status", "Links", numbers_from=1)
    for status, title in STATUSES.items():
        if status in report.link_statuses:
            page.line(title, report.link_statuses[status])


def _write_people(page: _Sheet, report: RunReport) -> None:
    page.head("Decisions", 5)
    page.headers("Person", "Same", "Different", "Unsure", "All", numbers_from=1)
    for person in report.people:
        page.line(person.person, *(person.verdicts.get(v, 0) for v in ("same", "different", "unsure")), person.total)
    if not report.people:
        page.line("Nobody has decided anything yet.", style=page.quiet)


def _write_pushes(page: _Sheet, report: RunReport) -> None:
    page.head("Pushed and verified", 7)
    page.headers("Change set", "State", "Sent", "Succeeded", "Verified", "Failed", "Uncertain", numbers_from=2)
    for each in report.change_sets:
        page.line(each.title, each.state, each.sent, each.succeeded, each.verified, each.failed, each.uncertain)
    if not report.change_sets:
        page.line("Nothing was pushed since this run.", style=page.quiet)


def _write_changes(page: _Sheet, report: RunReport) -> None:
    if report.changes is None:
        return
    page.head("Since the run before", 2)
    found = report.changes
    for label, value in (
        ("Links added", found.links_added),
        ("Links removed", found.links_removed),
        ("Links moved", found.links_moved),
        ("Exceptions new", found.exceptions_new),
        ("Exceptions gone", found.exceptions_gone),
        ("Exceptions returned", found.exceptions_returned),
    ):
        page.line(label, value)
    page.line(f"Compared with {found.previous_run_id}", style=page.quiet)


def _add_chart(book: Workbook, page: _Sheet, first: int, last: int) -> None:
    chart = book.add_chart({"type": "bar"})
    chart.add_series({
        "name": "Exceptions", "categories": ["Summary", first, 0, last, 0], "values": ["Summary", first, 1, last, 1],
        "fill": {"color": "#2F6DB5"}, "gap": 60, "data_labels": {"value": True, "font": {"size": 8}},
    })  # fmt: skip
    chart.set_title({"name": "Exceptions by kind", "name_font": {"size": 11, "color": "#1F3A5F"}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 9}})
    chart.set_x_axis({"major_gridlines": {"visible": True, "line": {"color": "#E1E5EA"}}, "num_font": {"size": 8}})
    chart.set_size({"width": 470, "height": 300})
    page.sheet.insert_chart(6, 4, chart, {"object_position": 3, "description": "Exceptions by kind, as in the table"})


def write_definition(book: Workbook, add: AddFormat, report: RunReport) -> None:
    """The sheet that says what was compared with what, by which rules, from which snapshots."""
    page = _Sheet(book, add, "Sources and rules", report)
    page.sheet.set_column(0, 0, 30)
    page.sheet.set_column(1, 1, 62)
    page.sheet.set_column(2, 5, 22)
    page.line("Sources and rules", style=page.title)
    for source in report.sources:
        page.head(f"{source.side.capitalize()}: {source.connection_name}", 6)
        page.line("System", source.system)
        page.line("Environment", source.environment)
        page.line("Organisation or site", source.fingerprint)
        page.line("Snapshot", f"{source.snapshot_id} ({source.snapshot_kind})")
        page.line("Read", f"{moment(source.started_at)} to {moment(source.finished_at)}")
        page.line("Fields not in the snapshot", ", ".join(source.left_out) or "none")
        page.headers("Object", "Content hash", "Rows", "Counted by source", "Complete", numbers_from=2)
        for each in source.objects:
            complete = "yes" if each.is_complete else "NO"
            page.line(each.object, each.content_hash, each.rows, each.expected, complete)
    page.head(f"Definition: {report.definition.name}, version {report.definition.version}", 6)
    for label, value in report.definition.lines:
        page.put(0, label)
        page.put(1, value, page.text)
        page.row += 1
    page.head("Proof", 6)
    page.line("Run file SHA-256", report.file_hash)
