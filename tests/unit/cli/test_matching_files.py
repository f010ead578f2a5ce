"""`link` and `dedupe` on files as people have them: any encoding and delimiter, workbooks, broken and empty ones."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from reconcile.cli.matching import dedupe_command, link_command

HERE = "id;name;city\n1;Müller GmbH;Köln\n2;Acme Inc;Boston\n"
THERE = "id,name,city\n9,Mueller GmbH,Koeln\n8,ACME Incorporated,Boston\n"


def linked(left: Path, folder: Path) -> Result:
    (folder / "right.csv").write_text(THERE, encoding="utf-8")
    arguments = [str(left), str(folder / "right.csv"), "--out", str(folder / "links.csv")]
    return CliRunner().invoke(link_command, arguments)


def pairs(folder: Path) -> list[tuple[str, str]]:
    with (folder / "links.csv").open(encoding="utf-8") as file:
        return [(row["left_id"], row["right_id"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("form", ["latin-1", "utf-8-sig", "utf-16", "gzip", "workbook"])
def test_files_are_read_as_people_have_them(tmp_path: Path, form: str) -> None:
    left = tmp_path / ("left.xlsx" if form == "workbook" else "left.csv.gz" if form == "gzip" else "left.csv")
    if form == "workbook":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for line in HERE.splitlines():
            sheet.append(line.split(";"))
        book.save(left)
    else:
        left.write_bytes(gzip.compress(HERE.encode()) if form == "gzip" else HERE.encode(form))
    result = linked(left, tmp_path)
    assert result.exit_code == 0, result.output
    assert pairs(tmp_path) == [("1", "9"), ("2", "8")]


def test_the_sheet_of_a_workbook_can_be_chosen(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Read me").append(["nothing here"])
    sheet = book.create_sheet("Customers")
    for line in HERE.splitlines():
        sheet.append(line.split(";"))
    book.save(tmp_path / "left.xlsx")
    (tmp_path / "right.csv").write_text(THERE, encoding="utf-8")
    arguments = [str(tmp_path / "left.xlsx"), str(tmp_path / "right.csv"), "--out", str(tmp_path / "links.csv")]
    chosen = CliRunner().invoke(link_command, [*arguments, "--left-sheet", "Customers"])
    assert chosen.exit_code == 0, chosen.output
    assert pairs(tmp_path) == [("1", "9"), ("2", "8")]
    wrong = CliRunner().invoke(link_command, [*arguments, "--left-sheet", "Kunden"])
    assert "no sheet" in str(wrong.exception)
    found = CliRunner().invoke(
        dedupe_command, [arguments[0], "--sheet", "Customers", "--out", str(tmp_path / "clusters.csv")]
    )
    assert found.exit_code == 0, found.output


def test_rows_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    left = tmp_path / "left.csv"
    left.write_text("id,name,city\n1,Mueller,Koeln\n2,Acme,Boston,too,many\n3,Beta,Hull\n", encoding="utf-8")
    result = linked(left, tmp_path)
    assert result.exit_code == 0, result.output
    assert "Warning: 1 rows of left.csv cannot be read and are left out; line 3: " in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("id,name\n", "has no records"),
        ('id,name\n1,"Acme\n2,Beta\n', "line 2: a quoted value opens in this record and is never closed"),
        ("x,y\n1,2\n", "No column means the same in both files. Roles found in"),
    ],
)
def test_what_cannot_be_matched_is_said(tmp_path: Path, text: str, message: str) -> None:
    left = tmp_path / "left.csv"
    left.write_text(text, encoding="utf-8")
    result = linked(left, tmp_path)
    assert result.exit_code != 0
    assert message in str(result.exception) + result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "left.csv"], "'left.csv' is read, and would be overwritten"),
        (["--out", "../data/left.csv"], "is read, and would be overwritten"),
        (["--out", "c.csv", "--pairs", "c.csv"], "c.csv' is to be written twice"),
        (["--out", "c.csv", "--save-model", "left.csv"], "'left.csv' is read, and would be overwritten"),
        (["--out", "c.xlsx"], "the ending '.xlsx' is not known"),
        (["--out", "c.csv", "--pairs", "c"], "the ending '' is not known"),
        (["--out", "nowhere/c.csv"], "There is no folder"),
    ],
)
def test_nothing_is_written_over_what_is_read_nor_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("left.csv").write_text(HERE, encoding="utf-8")
    Path("right.csv").write_text(THERE, encoding="utf-8")
    commands = [(dedupe_command, ["left.csv"])]
    if "--pairs" not in options:
        commands += [(link_command, ["left.csv", "right.csv"]), (link_command, ["right.csv", "left.csv"])]
    for command, files in commands:
        result = CliRunner().invoke(command, [*files, *options])
        assert message in str(result.exception)
        assert sorted(path.name for path in folder.iterdir()) == ["left.csv", "right.csv"]
    assert Path("left.csv").read_text(encoding="utf-8") == HERE
