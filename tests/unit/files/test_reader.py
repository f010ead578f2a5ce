"""Files as a connection."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from reconcile.errors import DefinitionError, UnknownNameError
from reconcile.model import Connection
from reconcile.systems import open_reader
from reconcile.systems.files import FilesReader


def reader(path: Path, **options: str) -> FilesReader:
    found = open_reader(Connection("f", "Files", "files", "practice", options={"path": str(path), **options}), {})
    assert isinstance(found, FilesReader)
    return found


def values(found: FilesReader, name: str, fields: list[str]) -> list[dict[str, str | None]]:
    return [row for batch in found.changes(name, fields, None) for row in batch.to_pylist()]


def test_a_folder_is_a_connection(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("name,account_id\nA,1\nB,2\n")
    (tmp_path / "payments.csv").write_text("amount\n5\n5\n7\n")
    (tmp_path / "readme.md").write_text("no table")
    found = reader(tmp_path)
    assert found.objects() == ("accounts", "payments")
    info = found.describe("accounts")
    assert (info.id_field, [field.name for field in info.fields]) == ("account_id", ["name", "account_id"])
    assert found.count("accounts") == 2
    assert values(found, "accounts", ["account_id", "name"]) == [
        {"account_id": "1", "name": "A"},
        {"account_id": "2", "name": "B"},
    ]


def test_rows_without_an_id_get_one_from_their_content(tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_text("amount\n5\n5\n7\n")
    first = values(reader(path), "payments", ["row_id", "amount"])
    path.write_text("amount\n7\n5\n5\n")
    second = values(reader(path), "payments", ["row_id", "amount"])
    assert len({row["row_id"] for row in first}) == 3
    assert {(row["row_id"], row["amount"]) for row in first} == {(row["row_id"], row["amount"]) for row in second}


def test_the_fingerprint_is_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n")
    before = reader(path).fingerprint()
    assert reader(path).fingerprint() == before
    path.write_text("id\n2\n")
    assert reader(path).fingerprint() != before


def test_sheets_are_objects(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title in ("Left", "Right"):
        sheet = book.create_sheet(title)
        sheet.append(["id", "v"])
        sheet.append([title, "1"])
    del book["Sheet"]
    book.save(tmp_path / "b.xlsx")
    found = reader(tmp_path / "b.xlsx")
    assert found.objects() == ("Left", "Right")
    assert values(found, "Right", ["id"]) == [{"id": "Right"}]


def test_an_id_column_that_repeats_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,a\n1,b\n")
    with pytest.raises(DefinitionError, match="'id' has blank or repeated values"):
        reader(tmp_path / "a.csv", id_field="id").describe("a")
    with pytest.raises(UnknownNameError, match="no object named 'b'"):
        reader(tmp_path / "a.csv").describe("b")


def test_no_path_no_connection() -> None:
    with pytest.raises(DefinitionError, match="no path is given"):
        FilesReader(Connection("f", "Files", "files", "practice"))
