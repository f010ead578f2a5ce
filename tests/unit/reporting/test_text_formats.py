"""JSON, CSV and the page: the same figures, harmless, complete."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reconcile.reporting import RunReport, render
from reconcile.reporting.cells import harmless
from reconcile.reporting.wording import KINDS
from tests.unit.reporting.conftest import NAMES, left_id

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, text: str) -> None:
    """Compare with a file that must be there; REGOLD=1 writes it anew, to be looked at before it is committed."""
    path = GOLDEN / name
    if os.environ.get("REGOLD"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path} is missing: write it with REGOLD=1 and look at it"
    assert text == path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def document(report: RunReport) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(render(report, "json"))
    return loaded


def test_json_holds_everything(document: dict[str, Any], report: RunReport) -> None:
    assert document["format"] == 1
    assert document["report"]["ties_out"] is True
    assert len(document["exceptions"]) == report.exceptions
    assert [each["class"] for each in document["differences"]] == ["real", "format"]
    assert "run_path" not in document["report"]
    (found,) = [each for each in document["exceptions"] if each["kind"] == "one_sided"]
    assert (found["left_id"], found["amount_cents"]) == (left_id(4), 50_000)


def test_json_is_as_it_was(document: dict[str, Any]) -> None:
    golden("report.json", json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


@pytest.fixture(scope="module")
def tables(report: RunReport) -> dict[str, list[list[str]]]:
    with zipfile.ZipFile(io.BytesIO(render(report, "csv"))) as archive:
        return {
            name: list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")))
            for name in archive.namelist()
            if name.endswith(".csv")
        }


def test_csv_has_a_file_for_every_listing(tables: dict[str, list[list[str]]], report: RunReport) -> None:
    kinds = {f"exceptions-{kind}.csv": next(k.count for k in report.kinds if k.kind == kind) for kind in KINDS}
    assert {name: len(tables[name]) - 1 for name in kinds} == kinds
    assert set(tables) == {*kinds, "summary.csv", "differences.csv", "decisions.csv", "changes.csv", "sources.csv"}
    assert ["left", "Ties out", "yes"] in tables["summary.csv"]


def test_csv_cells_are_harmless(tables: dict[str, list[list[str]]]) -> None:
    cells = {cell for rows in tables.values() for row in rows for cell in row}
    assert {"'=1+1", "'+49 30 1", "'-2", "'@cmd", "'\t=3", "'=looked it up"} <= cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "500.00" in cells


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme", "Acme"),
        ("", ""),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("1=1", "1=1"),
        ("'quoted", "'quoted"),
    ],
)
def test_harmless(text: str, expected: str) -> None:
    assert harmless(text) == expected


class _Page(HTMLParser):
    """What a page refers to and shows."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(report: RunReport) -> tuple[str, _Page]:
    source = render(report, "html").decode()
    parsed = _Page()
    parsed.feed(source)
    return source, parsed


def test_the_page_needs_nothing_else(page: tuple[str, _Page]) -> None:
    source, parsed = page
    assert parsed.addresses == []
    assert not {"script", "link", "iframe", "img"} & set(parsed.tags)
    assert not re.search(r"url\(|@import|https?://", source)
    assert "prefers-color-scheme: dark" in source
    assert parsed.tags.count("svg") >= 2


def test_the_page_shows_text_as_text(page: tuple[str, _Page], report: RunReport) -> None:
    source, parsed = page
    assert "<b>Bold" not in source
    assert NAMES[7] in parsed.text
    assert "Totals tie out" in parsed.text
    for kind in report.kinds:
        assert kind.title in parsed.text
    assert "PRACTICE" in parsed.text


def test_the_page_says_when_totals_do_not_tie_out(report: RunReport) -> None:
    wrong = replace(report, totals=(replace(report.totals[0], population=9), report.totals[1]))
    assert "Totals do NOT tie out" in render(wrong, "html").decode()


def test_the_charts_are_as_they_were(page: tuple[str, _Page]) -> None:
    charts = re.findall(r"<svg class=\"chart\".*?</svg>", page[0], re.DOTALL)
    assert len(charts) == 2
    golden("charts.svg", "\n".join(charts) + "\n")
