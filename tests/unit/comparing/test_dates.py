"""Dates that one file writes and the other counts, or runs together; and columns that only look so."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reconcile.comparing.tables import ColumnResult, Comparison, ComparisonFile, compare_files
from reconcile.reporting.comparison import write_output

DAYS = [date(2023, 1, 1) + timedelta(days=7 * n % 800) for n in range(60)]
DAY = timedelta(days=1)
LATER = 10  # the row whose date is a day later in the other file


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


WAYS: dict[str, Callable[[date], str]] = {
    "YYYYMMDD": lambda day: f"{day:%Y%m%d}",
    "day numbers of a spreadsheet": lambda day: str((day - date(1899, 12, 30)).days),
    "seconds since 1970": lambda day: str(_seconds(day)),
    "milliseconds since 1970": lambda day: str(1000 * _seconds(day)),
}


def _file(folder: Path, name: str, header: str, values: list[str]) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(f"id,{header}\n" + "".join(f"K{n},{value}\n" for n, value in enumerate(values)), encoding="utf-8")
    return path


def _compare(folder: Path, header: str, left: list[str], right: list[str]) -> tuple[Comparison, ColumnResult]:
    one, two = _file(folder, "left", header, left), _file(folder, "right", header, right)
    made = compare_files(one, two, folder / "result.duckdb")
    return made, made.columns[0]


def _moved(way: Callable[[date], str]) -> list[str]:
    return [way(day + timedelta(days=n == LATER)) for n, day in enumerate(DAYS)]


@pytest.mark.parametrize("shown", WAYS)
@pytest.mark.parametrize("is_left", [False, True])
def test_a_date_meets_the_same_date_however_the_other_file_counts_it(tmp_path: Path, shown: str, is_left: bool) -> None:
    written, counted = [str(day) for day in DAYS], _moved(WAYS[shown])
    made, column = _compare(tmp_path, "due", *((counted, written) if is_left else (written, counted)))
    assert column.kind == "date"
    assert shown in column.rule
    assert "YYYY-MM-DD" in column.rule
    assert {name: count for name, count in column.classes.items() if count} == {"timing": 1}
    assert made.notes == (), "the key is believed: dates that one side counts do not speak against it"
    with ComparisonFile(tmp_path / "result.duckdb") as file:
        write_output(file, tmp_path / "o.patch.csv")
    (line,) = csv.DictReader(io.StringIO((tmp_path / "o.patch.csv").read_text(encoding="utf-8-sig")))
    before, after = (counted[LATER], WAYS[shown](DAYS[LATER])) if is_left else (written[LATER], str(DAYS[LATER] + DAY))
    assert (line["before"], line["after"]) == (before, after)


def test_a_spreadsheets_fraction_of_a_day_is_a_time(tmp_path: Path) -> None:
    times = [datetime(day.year, day.month, day.day, 10, 20, n % 60, tzinfo=UTC) for n, day in enumerate(DAYS)]
    serials = [f"{(time - datetime(1899, 12, 30, tzinfo=UTC)) / DAY:.7f}" for time in times]
    made, column = _compare(tmp_path, "booked", [f"{time:%Y-%m-%d %H:%M:%S}" for time in times], serials)
    assert (column.kind, made.is_equal) == ("date", True)


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d %b %Y", "%d.%m.%y", "%Y%m%d", "%m/%d/%Y 00:00"])
def test_a_column_of_seconds_is_paired_with_the_dates_that_it_counts(tmp_path: Path, written: str) -> None:
    left = _file(tmp_path, "left", "seats,created", [f"{n % 9},{_seconds(day)}" for n, day in enumerate(DAYS)])
    right = _file(tmp_path, "right", "booking_day,seats", [f"{day:{written}},{n % 9}" for n, day in enumerate(DAYS)])
    made = compare_files(left, right, tmp_path / "result.duckdb")
    assert {(column.left, column.right) for column in made.columns} == {("seats", "seats"), ("created", "booking_day")}
    assert made.is_equal


@pytest.mark.parametrize(
    ("header", "left", "right", "kind"),
    [
        ("price", ["45123", "45124"], ["45123", "45125"], "number"),  # no dates on the other side
        ("order_no", ["20230101", "20230102"], ["20230101", "20230103"], "text"),
        ("due", ["20230101", "20230102"], ["20230101", "20230103"], "date"),
        ("due", ["7", "9"], ["2023-01-01", "2023-01-02"], "text"),  # counts no days that anybody uses
    ],
)
def test_numbers_are_dates_only_where_something_speaks_for_it(
    tmp_path: Path, header: str, left: list[str], right: list[str], kind: str
) -> None:
    _, column = _compare(tmp_path, header, left * 10, right * 10)
    assert column.kind == kind
