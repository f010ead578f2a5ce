"""The tree: totals that add up, ages, what people decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconcile.errors import StorageError, UnknownNameError
from reconcile.reporting import FILE_ENDINGS, FORMATS, MIME_TYPES, RunReport, render, write_report
from reconcile.reporting.rows import exception_rows
from tests.unit.reporting.conftest import left_id


def test_totals_tie_out(report: RunReport) -> None:
    left, right = report.totals
    assert (left.population, left.linked, left.in_exceptions, left.set_aside) == (8, 3, 5, 0)
    assert (right.population, right.linked, right.in_exceptions) == (8, 4, 4)
    assert {c.category: c.records for c in left.categories} == {
        "linked": 3,
        "dangling": 1,
        "one_sided": 1,
        "unlinked": 1,
        "duplicate": 2,
    }
    assert report.ties_out
    assert not replace(left, population=9).ties_out
    assert not replace(report, totals=(replace(left, linked=4), right)).ties_out


@pytest.mark.parametrize(
    ("kind", "count", "amount_cents", "ages", "decided"),
    [
        ("one_sided", 1, 50_000, {"up to 30 days": 1}, 0),
        ("unlinked", 1, 70_000, {"up to 7 days": 1}, 1),
        ("unmatched", 2, 140_000, {"today": 2}, 0),
        ("duplicate", 1, 10_000, {"today": 1}, 0),
        ("shared", 0, 0, {}, 0),
    ],
)
def test_kinds(
    report: RunReport, *, kind: str, count: int, amount_cents: int, ages: dict[str, int], decided: int
) -> None:
    found = {each.kind: each for each in report.kinds}[kind]  # type: ignore[index]  # the cases name kinds as text
    assert (found.count, found.amount_cents, found.ages, found.decided) == (count, amount_cents, ages, decided)
    assert found.undecided == count - decided


def test_what_people_decided(report: RunReport) -> None:
    (decision,) = report.decisions
    assert (decision.person, decision.verdict, decision.is_open, decision.note) == (
        "Ana Lyst",
        "same",
        True,
        "=looked it up",
    )
    assert [(each.person, each.total) for each in report.people] == [("Ana Lyst", 1)]
    (row,) = exception_rows(report, "unlinked")
    assert (row["verdict"], row["decided_by"]) == ("same", "Ana Lyst")


def test_rows_say_what_is_related(report: RunReport) -> None:
    (unlinked,) = exception_rows(report, "unlinked")
    assert unlinked["related"] == f"{left_id(6)} - cb_6 (75.0%)"
    assert unlinked["age_days"] == 4
    (duplicate,) = exception_rows(report, "duplicate")
    assert (duplicate["left_id"], duplicate["left_name"]) == (left_id(0), "Acme Ltd")
    assert duplicate["related"] == f"{left_id(0)} Acme Ltd; {left_id(7)} <b>Bold & Co</b>"


def test_sources_and_definition(report: RunReport) -> None:
    left, right = report.sources
    assert (left.connection_name, right.connection_name) == ("Our CRM", "Our billing")
    assert dict(report.definition.lines)["Left: link stored in"] == "Billing__c"
    assert report.is_practice


def test_formats_belong_together(report: RunReport) -> None:
    assert set(FORMATS) == set(FILE_ENDINGS) == set(MIME_TYPES)
    with pytest.raises(UnknownNameError, match="report format"):
        render(report, "pdf")


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_report_is_written_whole_or_not_at_all(report: RunReport, file_format: str, tmp_path: Path) -> None:

    folder = tmp_path
    gone = replace(report, run_path=str(folder / "gone.duckdb"))
    with pytest.raises(StorageError):
        write_report(gone, file_format, folder / "report")
    with pytest.raises(StorageError):
        write_report(report, file_format, folder / "no such folder" / "report")
    assert list(folder.iterdir()) == []
    write_report(report, file_format, folder / "report")
    assert (folder / "report").read_bytes()
    assert [each.name for each in folder.iterdir()] == ["report"]
