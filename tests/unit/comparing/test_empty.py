"""An empty text and no value: the same unless a rule says otherwise, in every kind of file that tells them apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest

from reconcile.comparing.tables import ColumnPair, ColumnRule, Comparison, KeyColumn, Recipe, compare_files
from reconcile.systems.files.delimited import quoted_empties
from reconcile.systems.files.dialect import Dialect

ROWS = (("1", "a", ""), ("2", "b", None), ("3", "", "x"), ("4", None, None))
TURNED = (("1", "a", None), ("2", "b", None), ("3", None, "x"), ("4", "", None))
Row = tuple[str, str | None, str | None]


def csv_text(rows: tuple[Row, ...], more: str = "") -> str:
    lines = (",".join("" if value is None else f'"{value}"' for value in row) for row in rows)
    return "id,name,note\n" + "".join(f"{line}\n" for line in lines) + more


def write_csv(path: Path, rows: tuple[Row, ...]) -> Path:
    (made := path.with_suffix(".csv")).write_text(csv_text(rows))
    return made


def write_ragged_csv(path: Path, rows: tuple[Row, ...]) -> Path:
    (made := path.with_suffix(".csv")).write_text(csv_text(rows, "5,too,many,values\n"))
    return made


def write_parquet(path: Path, rows: tuple[Row, ...]) -> Path:
    made = path.with_suffix(".parquet")
    con = duckdb.connect()
    con.execute("CREATE TABLE t (id VARCHAR, name VARCHAR, note VARCHAR)")
    con.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    con.execute(f"COPY t TO '{made}'")
    return made


def write_json(path: Path, rows: tuple[Row, ...]) -> Path:
    made = path.with_suffix(".jsonl")
    con = duckdb.connect()
    con.execute("CREATE TABLE t (id VARCHAR, name VARCHAR, note VARCHAR)")
    con.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    con.execute(f"COPY t TO '{made}' (FORMAT json)")
    return made


def write_xlsx(path: Path, rows: tuple[Row, ...]) -> Path:
    made = path.with_suffix(".xlsx")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("t", 0)
    for row in (("id", "name", "note"), *rows):
        sheet.append(row)
    book.save(made)
    return made


Writer = Callable[[Path, tuple[Row, ...]], Path]


def compare(folder: Path, write: Writer, *, null_equals_empty: bool, duplicates: str = "refuse") -> Comparison:
    rule = ColumnRule(null_equals_empty=null_equals_empty)
    columns = (ColumnPair("name", "name", rule), ColumnPair("note", "note", rule))
    recipe = Recipe((KeyColumn("id", "id"),), columns, duplicates=duplicates)  # type: ignore[arg-type]  # one of DUPLICATES
    left, right = write(folder / "left", ROWS), write(folder / "right", TURNED)
    return compare_files(left, right, folder / "result.duckdb", recipe)


@pytest.mark.parametrize("write", [write_csv, write_ragged_csv, write_parquet, write_json])
def test_the_rule_tells_them_apart(tmp_path: Path, write: Writer) -> None:
    made = compare(tmp_path, write, null_equals_empty=False)
    assert {column.title: {k: v for k, v in column.classes.items() if v} for column in made.columns} == {
        "name": {"missing": 2},
        "note": {"missing": 1},
    }
    assert made.total("changed").pairs == 3
    assert not any("cannot tell" in note for note in made.notes)


@pytest.mark.parametrize("write", [write_csv, write_ragged_csv, write_parquet, write_json, write_xlsx])
def test_without_the_rule_they_are_the_same(tmp_path: Path, write: Writer) -> None:
    made = compare(tmp_path, write, null_equals_empty=True)
    assert (made.cells, made.total("same").pairs) == (0, 4)


def test_a_workbook_cannot_tell_and_the_report_says_so(tmp_path: Path) -> None:
    made = compare(tmp_path, write_xlsx, null_equals_empty=False)
    assert made.cells == 0
    assert [note for note in made.notes if "cannot tell" in note] == [
        "left.xlsx cannot tell an empty value from none: all of its empty values count as none.",
        "right.xlsx cannot tell an empty value from none: all of its empty values count as none.",
    ]


@pytest.mark.parametrize(
    ("text", "escape", "expected"),
    [
        ('1,"",', '"', {1}),
        ('"","",""\n', '"', {0, 1, 2}),
        ('"a,"",b","",""""\r\n', '"', {1}),
        ("1,,\n", '"', set()),
        ('"\\"","",x', "\\", {1}),
        ('"line\n"",""",""', '"', {1}),
        ('1,"" ,x', '"', {1}),
    ],
)
def test_which_values_of_a_record_are_empty_in_quotes(text: str, escape: str, expected: set[int]) -> None:
    assert quoted_empties(text, Dialect(escape=escape)) == expected
