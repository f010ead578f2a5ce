"""Reading honest files: every form, dialect and encoding, with what is found out on the way."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from reconcile.errors import InputError, UnknownNameError, UnreadableFileError
from reconcile.systems.files import ReadOptions, ReadTable, read_file

UMLAUT = "id,name,amount\n1,Müller,2\n2,Zoë,3\n"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def rows(con: duckdb.DuckDBPyConnection, read: ReadTable) -> list[tuple[str | None, ...]]:
    return con.sql(f'FROM "{read.table}" ORDER BY rowid').fetchall()


def unreadable(con: duckdb.DuckDBPyConnection, read: ReadTable) -> list[tuple[int, str]]:
    return con.sql(f'SELECT line, text FROM "{read.unreadable_table}" ORDER BY line').fetchall()


@pytest.mark.parametrize(
    ("content", "delimiter", "quote", "decimal", "has_header", "expected"),
    [
        ("id,a\n1,x\n2,y\n", ",", '"', ".", True, [("1", "x"), ("2", "y")]),
        ("id;a;b\n1;1,50;x\n2;2,75;y\n", ";", '"', ",", True, [("1", "1,50", "x"), ("2", "2,75", "y")]),
        ("id\ta\n1\tx, y\n", "\t", '"', ".", True, [("1", "x, y")]),
        ("id|a\n1|x\n", "|", '"', ".", True, [("1", "x")]),
        ("1,x\n2,y\n", ",", '"', ".", False, [("1", "x"), ("2", "y")]),
        ('id,a\n1,"x ""y"", z"\n', ",", '"', ".", True, [("1", 'x "y", z')]),
        ('id,a\n1,"two\nlines"\n2,\n', ",", '"', ".", True, [("1", "two\nlines"), ("2", None)]),
        ("id,a\r\n1,x\r\n2,y\r\n", ",", '"', ".", True, [("1", "x"), ("2", "y")]),
        ("id,a\r\n1,x\n2,y\r\n", ",", '"', ".", True, [("1", "x"), ("2", "y")]),
        ("id,'a b'\n1,'x, y'\n", ",", "'", ".", True, [("1", "x, y")]),
        ("id,2025,2026\n1,10,20\n", ",", '"', ".", True, [("1", "10", "20")]),
        ("id;a;b\n1;2,50;3,75\n2;4,00;5,25\n", ";", '"', ",", True, [("1", "2,50", "3,75"), ("2", "4,00", "5,25")]),
        ("1;2,50;3,75\n2;4,00;5,25\n", ";", '"', ",", False, [("1", "2,50", "3,75"), ("2", "4,00", "5,25")]),
        ("Liste\nid;a;b\n1;2,5;3,5\n2;4,5;5,5\n", ";", '"', ",", True, [("1", "2,5", "3,5"), ("2", "4,5", "5,5")]),
        (
            'k|a|b\n1|"x ;, 1"|"y ;, 2"\n2|"x ;, 3"|"z"\n',
            "|",
            '"',
            ".",
            True,
            [("1", "x ;, 1", "y ;, 2"), ("2", "x ;, 3", "z")],
        ),
        ("k,a\n1,x;y;z\n2,u;v;w\n", ",", '"', ".", True, [("1", "x;y;z"), ("2", "u;v;w")]),
        ("id;a\n1;1.234,50 €\n2;7,25 €\n", ";", '"', ",", True, [("1", "1.234,50 €"), ("2", "7,25 €")]),
        ("name\nSmith\nJones\n", ",", '"', ".", True, [("Smith",), ("Jones",)]),
        ("name\nSmith, Ann\nJones, Bob\n", ",", '"', ".", True, None),
        ("Sales report\nid,a,b\n1,x,y\n2,x,y\n3,x,y\n", ",", '"', ".", True, [(str(n), "x", "y") for n in (1, 2, 3)]),
    ],
)
def test_the_dialect_is_found(  # noqa: PLR0917 - one argument a column of the table above
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, delimiter: str, quote: str, decimal: str,
    has_header: bool, expected: list[tuple[str | None, ...]] | None,
) -> None:  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    read = read_file(con, path, "t")
    assert read.dialect is not None
    found = (read.dialect.quote, read.dialect.decimal, read.dialect.has_header)
    assert found == (quote, decimal, has_header)
    if expected is None:
        assert read.columns == ("name",)
        return
    assert read.dialect.delimiter == delimiter
    assert rows(con, read) == expected
    assert unreadable(con, read) == []


@pytest.mark.parametrize(
    ("encoding", "found", "has_bom"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("cp1252", "cp1252", False),
        ("utf-16", "utf-16-le", True),
        ("utf-16-be", "utf-16-be", False),
        ("utf-32", "utf-32-le", True),
    ],
)
def test_the_encoding_is_found(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str, found: str, has_bom: bool
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(UMLAUT.encode(encoding))
    read = read_file(con, path, "t")
    assert rows(con, read) == [("1", "Müller", "2"), ("2", "Zoë", "3")]
    assert read.columns == ("id", "name", "amount")
    assert read.dialect is not None
    assert (read.dialect.encoding, read.dialect.has_bom) == (found, has_bom)


def test_a_foreign_encoding_behind_the_sample_is_found(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n" + b"1,plain\n" * 60_000 + "2,Müller\n".encode("cp1252"))
    read = read_file(con, path, "t")
    assert rows(con, read)[-1] == ("2", "Müller")
    assert read.rows == 60_001


def test_lines_in_two_encodings_are_read_and_told(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,Zoë\n2,Ärger\n".encode() + "3,Müller\n".encode("cp1252"))
    read = read_file(con, path, "t")
    assert rows(con, read) == [("1", "Zoë"), ("2", "Ärger"), ("3", "Müller")]
    assert [(w.kind, w.count, w.examples) for w in read.warnings] == [("mixed_encodings", 1, ("3,Müller",))]


def test_a_wrong_encoding_names_the_line(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,ok\n2,Müller\n".encode("cp1252"))
    with pytest.raises(UnreadableFileError, match=r"a\.csv, line 3: .*utf-8.*Choose another encoding"):
        read_file(con, path, "t", ReadOptions(encoding="utf-8"))


def test_ragged_rows_are_listed_with_their_lines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,a,b\n1,x,y\n2,x\n"3\n3",x,y,z\n\n4,"un"x,y\n5,x,y\n')
    read = read_file(con, path, "t")
    assert rows(con, read) == [("1", "x", "y"), ("5", "x", "y")]
    assert unreadable(con, read) == [(3, "2,x"), (4, '"3\n3",x,y,z'), (7, '4,"un"x,y')]
    assert (read.rows, read.unreadable) == (2, 3)
    assert [(w.kind, w.count) for w in read.warnings] == [("ragged_rows", 3)]


BODY = "id,name,amount\n1,a,2\n2,b,3\n3,c,4\n"


@pytest.mark.parametrize(
    ("front", "skipped"),
    [
        ("", 0),
        ("\n\n", 2),
        ("  \n", 1),
        ("Report\n", 1),
        ("Report\n\n", 2),
        ('Report "A"\n\n \n', 3),
        ("Report\nfor May\n\n", 3),
        ("\nReport\n\nfor May\n", 4),
        ("Report,,\nMade,2026-03-04,\n,,\n", 3),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ragged", ["", "4,d\n"])
def test_what_stands_above_the_header_is_no_row(  # noqa: PLR0917 - one argument a column of the tables above
    con: duckdb.DuckDBPyConnection, tmp_path: Path, front: str, skipped: int, end: str, ragged: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((front + BODY + ragged).replace("\n", end).encode())
    read = read_file(con, path, "t")
    assert read.columns == ("id", "name", "amount")
    assert rows(con, read) == [("1", "a", "2"), ("2", "b", "3"), ("3", "c", "4")]
    assert [text for _, text in unreadable(con, read)] == ([ragged.strip()] if ragged else [])
    assert {w.kind: w.count for w in read.warnings}.get("lines_before_header", 0) == skipped


@pytest.mark.parametrize("titles", [1, 2])
@pytest.mark.parametrize("odd", [0, 1, 2, 4])
@pytest.mark.parametrize(("end", "other"), [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\r")])
@pytest.mark.parametrize("threads", [1, 4])
def test_no_row_is_lost_where_lines_below_a_title_end_otherwise(  # noqa: PLR0917 - one argument a column, as above
    con: duckdb.DuckDBPyConnection, tmp_path: Path, titles: int, odd: int, end: str, other: str, threads: int
) -> None:
    con.execute(f"SET threads = {threads}")
    lines = ["Report"] * titles + [line for line in BODY.splitlines() if line]
    text = "".join(line + (other if place == odd else end) for place, line in enumerate(lines))
    (tmp_path / "a.csv").write_bytes(text.encode())
    read = read_file(con, tmp_path / "a.csv", "t")
    assert rows(con, read) == [("1", "a", "2"), ("2", "b", "3"), ("3", "c", "4")]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiters_within_quotes_of_every_record_mislead_nobody(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, delimiter: str
) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        written = [("key", "a", "b"), *((f"K{n}", f'x "q" ;, {n}', f"y ;, |\t{n}") for n in range(60))]
        csv.writer(file, delimiter=delimiter).writerows(written)
    read = read_file(con, tmp_path / "a.csv", "t")
    assert [read.columns, *rows(con, read)] == written


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
@pytest.mark.parametrize("body", ["a;b\n1;x,y\n2;z,w\n", "id;name;v\n1;a,b;2\n2;b,c;3\n3;d,e;5\n"])
def test_a_line_that_tells_the_delimiter_is_no_header(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, first: str, body: str
) -> None:
    (tmp_path / "a.csv").write_text(first + body, newline="")
    read = read_file(con, tmp_path / "a.csv", "t")
    header, *below = (tuple(line.split(";")) for line in body.splitlines())
    assert (read.columns, rows(con, read)) == (header, below)


def test_titles_above_a_sheet_are_no_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Report"], [], ["id", "name", "twice"], [1, "a", "=A4*2"], [2, "b", 4], [3, "c", 6]):
        sheet.append(row)
    book.save(path)
    read = read_file(con, path, "t")
    assert read.columns == ("id", "name", "twice")
    assert rows(con, read) == [("1", "a", None), ("2", "b", "4"), ("3", "c", "6")]
    assert {w.kind: w.count for w in read.warnings} == {"lines_before_header": 1, "formulas_without_value": 1}


def test_headers_are_made_unique(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,a,,A,rowid\n1,2,3,4,5\n2,3,4,5,6\n")
    read = read_file(con, path, "t", ReadOptions(has_header=True))
    assert read.columns == ("id", "a", "column_3", "A_2", "rowid_2")
    assert {w.kind: w.count for w in read.warnings} == {"blank_headers": 1, "duplicate_headers": 2}


@pytest.mark.parametrize(
    ("column", "values", "kind", "count", "example"),
    [
        ("account", ["1.23457E+11", "123456789012", "123456789013"], "scientific_notation", 1, "1.23457E+11"),
        ("zip", ["01234", "02345", "3456", "99999"], "lost_zeros", 1, "3456"),
        ("zip", ["12345", "2345", "99999", "88888", "77777"], "lost_zeros", 1, "2345"),
        ("sf", ["001B0000003DHPv", "001B0000003DHPvIAO", "001A0000006Vm9r"], "salesforce_15", 2, "001B0000003DHPv"),
        ("on", ["13/01/2026", "14/02/2026", "02/25/2026"], "mixed_dates", 1, "02/25/2026"),
        ("note", ["a\0b", "c"], "nul_characters", 1, None),
    ],
)
def test_damaged_values_are_told_with_count_and_example(  # noqa: PLR0917 - as above
    con: duckdb.DuckDBPyConnection, tmp_path: Path, column: str, values: list[str], kind: str, count: int,
    example: str | None,
) -> None:  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text("\n".join([f"k,{column}", *(f"r{i},{value}" for i, value in enumerate(values))]) + "\n")
    warnings = read_file(con, path, "t").warnings
    assert [(w.kind, w.column, w.count) for w in warnings] == [(kind, column, count)]
    if example is not None:
        assert warnings[0].examples[0] == example
        assert example in warnings[0].sentence


@pytest.mark.parametrize("values", [["10", "9", "100"], ["alpha", "beta"], ["2026-01-01", "2026-02-03"]])
def test_healthy_values_bring_no_warning(con: duckdb.DuckDBPyConnection, tmp_path: Path, values: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["k,v", *(f"r{i},{value}" for i, value in enumerate(values))]) + "\n")
    assert read_file(con, path, "t").warnings == ()


def test_gzip_is_unpacked(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(UMLAUT.encode()))
    read = read_file(con, path, "t")
    assert read.is_gzip
    assert rows(con, read) == [("1", "Müller", "2"), ("2", "Zoë", "3")]


def test_json_lines_become_columns(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        '{"id":"001","n":{"x":1.5,"l":[1,2]},"ok":true}',
        "",
        "broken",
        '{"id":"2","n":null,"big":12345678901234567890}',
    ]
    path.write_text("\n".join(lines) + "\n")
    read = read_file(con, path, "t")
    assert read.columns == ("id", "n.x", "n.l", "ok", "big")
    assert rows(con, read) == [
        ("001", "1.5", "[1,2]", "true", None),
        ("2", None, None, None, "12345678901234567890"),
    ]
    assert unreadable(con, read) == [(3, "broken")]


def test_a_json_array_is_read_too(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"id": "1", "a": "x"}, {"id": "2", "a": None}], indent=2))
    assert rows(con, read_file(con, path, "t")) == [("1", "x"), ("2", None)]


def test_parquet_arrives_as_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    con.execute(
        f"COPY (SELECT '007' AS id, 1.50::DECIMAL(9,2) AS amount, DATE '2026-03-04' AS day, true AS ok, [1, 2] AS l, "
        f"{{'a': 1}} AS s, NULL AS nothing) TO '{path}'"
    )
    read = read_file(con, path, "t")
    assert rows(con, read) == [("007", "1.50", "2026-03-04", "true", "[1,2]", '{"a":1}', None)]


def test_a_table_of_a_database_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute('CREATE TABLE "Account" AS SELECT \'1\' AS "Id"')
        other.execute("CREATE TABLE contact AS SELECT '2' AS \"Id\"")
        other.execute("CREATE TABLE _fields AS SELECT 1 AS x")
    read = read_file(con, path, "t", ReadOptions(sheet="Account"))
    assert rows(con, read) == [("1",)]
    assert read.sheets == ("Account", "contact")
    with pytest.raises(UnknownNameError, match=r"no table named 'Lead'.*Account, contact"):
        read_file(con, path, "t", ReadOptions(sheet="Lead"))


def test_a_workbook_is_read_as_people_see_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "First"
    sheet.append(["id", "amount", "day", "seen", "gone"])
    seen = datetime.fromisoformat("2026-03-04T05:06:00")
    sheet.append(["007", 12.5, seen.date(), seen, None])
    seen = datetime.fromisoformat("2026-03-05T00:00:00")
    sheet.append(["008", 13, seen.date(), seen, "#N/A"])
    sheet["E3"].data_type = "e"
    book.create_sheet("Empty")
    book.save(path)
    read = read_file(con, path, "t")
    assert read.columns == ("id", "amount", "day", "seen", "gone")
    assert rows(con, read) == [
        ("007", "12.5", "2026-03-04", "2026-03-04 05:06:00", None),
        ("008", "13", "2026-03-05", "2026-03-05 00:00:00", None),
    ]
    assert (read.sheet, read.sheets) == ("First", ("First", "Empty"))
    assert [(w.kind, w.count) for w in read.warnings] == [("workbook_errors", 1), ("other_sheets", 1)]
    with pytest.raises(UnreadableFileError, match="sheet 'Empty' is empty"):
        read_file(con, path, "t", ReadOptions(sheet="Empty"))
    with pytest.raises(UnknownNameError, match="no sheet named 'Nowhere'"):
        read_file(con, path, "t", ReadOptions(sheet="Nowhere"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (ReadOptions(delimiter=";"), [("1,x",)]),
        (ReadOptions(has_header=False), [("id", "a"), ("1", "x")]),
        (ReadOptions(quote=""), [("1", "x")]),
    ],
)
def test_options_go_before_what_is_found(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, options: ReadOptions, expected: list[tuple[str, ...]]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,a\n1,x\n")
    assert rows(con, read_file(con, path, "t", options)) == expected


@pytest.mark.parametrize(
    "options",
    [{"delimiter": ",,"}, {"quote": "''"}, {"decimal": "x"}, {"encoding": "klingon"}, {"skip_lines": -1}],
)
def test_options_that_cannot_be_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(InputError):
        ReadOptions(**options)  # type: ignore[arg-type]  # the point of the test


def test_a_file_that_is_not_there(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_file(con, tmp_path / "nothing.csv", "t")


ROWS = [{"id": n, "who": {"name": f"n{n}"}} for n in (1, 2)]


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("\ufeff" + json.dumps(ROWS, indent=1), 0),
        ("\n  " + json.dumps(ROWS), 0),
        (json.dumps({"object": "list", "data": ROWS, "has_more": True}), 2),
        (json.dumps({"totalSize": 2, "records": ROWS}, indent=2), 2),
        ("\ufeff" + "\n".join(json.dumps(row) for row in ROWS), 0),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_json_is_read_as_programs_write_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, around: int, encoding: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(text.removeprefix("\ufeff") if encoding == "utf-16" else text, encoding=encoding)
    read = read_file(con, path, "t")
    assert (read.columns, rows(con, read), read.unreadable) == (("id", "who.name"), [("1", "n1"), ("2", "n2")], 0)
    assert {w.kind: w.count for w in read.warnings} == ({"json_around_rows": around} if around else {})


def test_one_object_with_a_list_in_it_stays_one_row(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"id": 1, "lines": [{"a": 1}, {"a": 2}]}))
    assert read_file(con, tmp_path / "a.json", "t").rows == 1


@pytest.mark.parametrize("form", ["json", "parquet", "duckdb"])
def test_names_that_duckdb_needs_itself_and_names_in_two_cases_are_kept_apart(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"a.{form}"
    names = ("id", "rowid", "ID") if form == "json" else ("id", "rowid")
    if form == "json":
        path.write_text(json.dumps({"id": 1, "rowid": 2, "ID": 3}) + "\n")
    elif form == "parquet":
        con.execute(f"COPY (SELECT 1 AS id, 2 AS rowid) TO '{path}'")
    else:
        con.execute(f"ATTACH '{path}' AS x; CREATE TABLE x.t AS SELECT 1 AS id, 2 AS rowid; DETACH x")
    read = read_file(con, path, "t")
    assert read.columns == ("id", "rowid_2", "ID_2")[: len(names)]
    assert con.sql("FROM t").fetchall() == [("1", "2", "3")[: len(names)]]
    assert [w.kind for w in read.warnings] == ["duplicate_headers"]


def test_other_sheets_are_named_unless_one_was_chosen(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("Cover", "Invoices"):
        book.create_sheet(name).append(["id", "v"])
    book.remove(book.worksheets[0])
    book.save(tmp_path / "a.xlsx")
    (warning,) = read_file(con, tmp_path / "a.xlsx", "t").warnings
    assert (warning.kind, warning.count, warning.examples) == ("other_sheets", 1, ("Invoices",))
    assert not read_file(con, tmp_path / "a.xlsx", "t", ReadOptions(sheet="Cover")).warnings


@pytest.mark.parametrize(
    ("cells", "decimal", "expected"),
    [
        (["1.234,50 €", "7,25"], None, ","),
        (["1.234,50 €", 7.25], None, "."),
        (["1,234.50", "7.25"], None, "."),
        (["1.234", "2.500"], ",", ","),
    ],
)
def test_a_workbook_tells_its_decimal_mark_or_is_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, cells: list[str | float], decimal: str | None, expected: str
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["id", "amount"])
    for place, cell in enumerate(cells):
        book.active.append([place, cell])
    book.save(tmp_path / "a.xlsx")
    assert read_file(con, tmp_path / "a.xlsx", "t", ReadOptions(decimal=decimal)).decimal == expected


@pytest.mark.parametrize(
    ("text", "columns", "nameless"),
    [
        ("id;v;\n1;x;\n2;y;\n", ("id", "v"), 0),
        ("id;v;;\n1;x;;\n2;y;;\n", ("id", "v"), 0),
        ("id;;v;\n1;;x;\n2;;y;\n", ("id", "column_2", "v"), 1),
        ("id;v;\n1;x;\n2;y;z\n", ("id", "v", "column_3"), 1),
        ('id;v;\n1;x;""\n2;y;\n', ("id", "v"), 0),
    ],
)
def test_a_last_column_without_name_and_values_is_none(
    tmp_path: Path, text: str, columns: tuple[str, ...], nameless: int
) -> None:
    (tmp_path / "a.csv").write_text(text)
    con = duckdb.connect()
    read = read_file(con, tmp_path / "a.csv", "t", ReadOptions(delimiter=";"))
    assert read.columns == columns == tuple(con.sql("FROM t").columns)
    assert [warning.count for warning in read.warnings if warning.kind == "blank_headers"] == (
        [nameless] * bool(nameless)
    )
    assert con.sql("SELECT rowid, id FROM t ORDER BY rowid").fetchall() == [(0, "1"), (1, "2")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id,v\n1,x\nid,v\n2,y\nid,v\n", ("row 2", "row 4")),
        ("id,v\n1,x\nid,w\n2,y\n", ()),
        ("id\nid\n", ("row 1",)),
    ],
)
def test_a_header_in_the_middle_is_told(tmp_path: Path, text: str, rows: tuple[str, ...]) -> None:
    (tmp_path / "a.csv").write_text(text)
    warnings = read_file(duckdb.connect(), tmp_path / "a.csv", "t").warnings
    assert [(w.kind, w.count, w.examples) for w in warnings] == ([("repeated_header", len(rows), rows)] if rows else [])


@pytest.mark.parametrize(
    ("last", "count"),
    [
        ("TOTAL,,60", 1),
        (",Gesamtsumme,60", 1),
        ("Subtotal,,50\nGrand total for May,,60", 2),
        ("Total Energies,x,60", 1),  # told too often rather than too seldom: it is a question, nothing is left out
        ("x,Total,60", 0),
        ("Totality,x,60", 0),
        ("Total,,", 0),
    ],
)
def test_a_total_at_the_end_is_told(con: duckdb.DuckDBPyConnection, tmp_path: Path, last: str, count: int) -> None:
    lines = "".join(f"r{n},c{n},{n}\n" for n in range(10))
    (tmp_path / "a.csv").write_text(f"id,name,amount\n{lines}{last}\n")
    read = read_file(con, tmp_path / "a.csv", "t")
    assert read.rows == 10 + len(last.split("\n"))
    assert [(w.kind, w.count) for w in read.warnings] == ([("total_rows", count)] if count else [])
