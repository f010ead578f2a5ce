"""Broken and hostile files: a clear error or a right answer, bounded in time and memory."""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import re
import resource
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import duckdb
import pytest

from reconcile.errors import ReconcileError, UnreadableFileError
from reconcile.systems.files import Limits, ReadOptions, read_file
from reconcile.systems.files.unpacking import gunzip

SHEET = "xl/worksheets/sheet1.xml"
_OPEN = "http://schemas.openxmlformats.org"
_MAIN = f"{_OPEN}/spreadsheetml/2006/main"
_LINKS = f"{_OPEN}/package/2006/relationships"
_OFFICE = f"{_OPEN}/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_OPEN}/package/2006/content-types">'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_LINKS}">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
OPENING = f'<worksheet xmlns="{_MAIN}"><sheetData>'


def workbook(path: Path, sheet: str | None = None, padding: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        with archive.open(SHEET, "w", force_zip64=True) as file:
            file.write((sheet or OPENING).encode())
            for _ in range(padding):
                file.write(b" " * 1024 * 1024)
    return path


def read(path: Path, **limits: int) -> list[tuple[str | None, ...]]:
    con = duckdb.connect()
    read_file(con, path, "t", limits=Limits(**limits) if limits else Limits())
    return con.sql("FROM t ORDER BY rowid").fetchall()


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "bomb.xlsx", padding=600)
    assert path.stat().st_size < 2_000_000
    started = time.monotonic()
    with pytest.raises(UnreadableFileError, match=r"far more than an honest workbook.*Save the sheet as CSV"):
        read(path)
    assert time.monotonic() - started < 30


def test_a_workbook_that_claims_every_cell_is_refused(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = workbook(tmp_path / "sparse.xlsx", f"{OPENING}{cells}</sheetData></worksheet>")
    with pytest.raises(UnreadableFileError, match=r"more memory than is allowed.*Save the sheet as CSV"):
        read(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04broken", b"PK\x03\x04" + os.urandom(500)])
def test_a_broken_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="workbook"):
        read(path)


def test_a_truncated_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "cut.xlsx", f'{OPENING}<row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>')
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(UnreadableFileError, match="workbook"):
        read(path)


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(400):
            file.write(b"a,b\n" * 256 * 1024)
    with pytest.raises(UnreadableFileError, match="far more than an honest file"):
        read(path)


def test_a_cut_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(b"id,a\n" + b"1,x\n" * 9999)[:-20])
    with pytest.raises(UnreadableFileError, match="gzip data is damaged"):
        read(path)


def test_a_line_of_10_mb_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,a\n1," + "x" * 10_000_000 + "\n2,y\n")
    found = read(path)
    assert [(row[0], len(row[1] or "")) for row in found] == [("1", 10_000_000), ("2", 1)]


@pytest.mark.parametrize("content", ["id,a\n1," + "x" * 3_000_000, 'id,a\n1,"' + "x\n" * 1_500_000, "y" * 3_000_000])
def test_a_line_beyond_the_limit_names_the_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "long.csv"
    path.write_text(content)
    with pytest.raises(UnreadableFileError, match=r"line [12]: the line is longer than 1 MiB"):
        read(path, line_bytes=1024 * 1024)


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "id,v\n1,2\n")
    return target.getvalue()


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "growing.csv"
    path.write_text("id,v\n" + "".join(f"{n},{n}\n" for n in range(400_000)))
    is_done = threading.Event()

    def grow() -> None:
        with path.open("a") as file:
            while not is_done.wait(0.001):
                file.write("1,2\n")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(UnreadableFileError, match="changed while it was read"):
            read(path)
    finally:
        is_done.set()
        writer.join()


def test_a_full_disk_is_not_called_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,v\n" * 1000))
    with pytest.raises(OSError, match="No space left"):
        gunzip(tmp_path / "a.csv.gz", Path("/dev/full"))


def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("id,v\n1,2\n"))
    writer.start()
    con = duckdb.connect()
    read_file(con, path, "t")
    writer.join()
    assert con.sql("FROM t").fetchall() == [("1", "2")]


def test_an_open_quote_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text('id,a\n1,x\n2,"open\n3,y\n')
    with pytest.raises(UnreadableFileError, match=r"open\.csv, line 3: a quoted value opens .* never closed"):
        read(path)
    con = duckdb.connect()
    read_file(con, path, "t", ReadOptions(quote=""))
    assert con.sql("FROM t ORDER BY rowid").fetchall() == [("1", "x"), ("2", '"open'), ("3", "y")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"\n\n\n", "no record"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"PAR1 but not really", "Parquet file is damaged"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (bytes((n * n + n // 7) % 256 for n in range(4000)), "not text"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><table><tr><td>id</td></tr></table>", "web page or XML"),
        (b'<?xml version="1.0"?><Workbook><Worksheet/></Workbook>', "web page or XML"),
        (zipped("a.csv"), "ZIP archive with a.csv"),
        (zipped("word/document.xml", "b"), "ZIP archive, not"),
        (zipped("xl/worksheets/sheet1.xml"), "workbook (holds no sheet|is damaged)"),
        (zipped("xl/workbook.xml", "xl/worksheets/sheet1.xml")[:-30], "end of the workbook is missing"),
        (zipped("xl/workbook.xml", "xl/worksheets/sheet1.xml"), "workbook (holds no sheet|is damaged)"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=problem):
        read(path)


def readings(text: str) -> list[list[list[str]]]:
    """What Python's own reader makes of well-formed text; nothing of text that is broken.

    Delimiters behind the last value add no value, and blanks behind a closing quote are nothing.
    """
    found = []
    behind = re.sub('" +(?=[,\r\n])', '"', text)
    for wanted in (text, behind):
        try:
            rows = [row for row in csv.reader(io.StringIO(wanted, newline=""), strict=True) if row]
        except csv.Error:
            continue
        found.append([row[:2] if not any(row[2:]) else row for row in rows])
    return found


def is_broken(text: str) -> bool:
    """Whether Python's own strict reader refuses the text."""
    try:
        list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return True
    return False


@pytest.mark.parametrize("threads", [2, 4])  # with few threads a file is read by one
def test_random_text_is_read_as_python_reads_it_or_refused(tmp_path: Path, threads: int) -> None:
    chance = random.Random(20261122 + threads)
    pieces = ["a", "b ", ",", ",", "\n", "\n", "\r\n", '"', '"', '""', "é", "1.5", " ", "\t", ";", "\0", "x" * 30]
    answered = 0
    for attempt in range(150):
        body = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 60)))
        text = "id,name\n" + body + "\n"
        path = tmp_path / f"{attempt}.csv"
        path.write_bytes(text.encode())
        con = duckdb.connect(config={"threads": threads})
        try:
            found = read_file(con, path, "t", ReadOptions(delimiter=",", quote='"', has_header=True, skip_lines=0))
        except ReconcileError:
            behind = re.sub('" +(?=[,\r\n])', '"', text)
            assert all(is_broken(wanted) for wanted in (text, behind)), f"refused, but it is well-formed: {text!r}"
            continue
        answered += 1
        expected = readings(text)
        if not expected or (is_broken(text) and found.unreadable):
            assert found.unreadable > 0, f"read without complaint, but it is broken: {text!r}"
            continue
        shapes = [
            (
                [tuple(cell or None for cell in row) for row in rows[1:] if len(row) == 2],
                sum(1 for row in rows[1:] if len(row) != 2),
            )
            for rows in expected
        ]
        assert (con.sql("FROM t ORDER BY rowid").fetchall(), found.unreadable) in shapes, repr(text)
    assert answered > 30


@pytest.mark.parametrize("record", ['1,"a" "b"', '1,"a"  "b"', '1,"a" ""', ',"a," """"""","', '"1" "2",a'])
def test_quotes_that_open_again_are_listed(tmp_path: Path, record: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'id,name\n{record}\n2," "\n3,"x ""y"" z"\n')
    con = duckdb.connect()
    found = read_file(con, path, "t", ReadOptions(delimiter=",", quote='"', has_header=True))
    assert con.sql("FROM t ORDER BY rowid").fetchall() == [("2", " "), ("3", 'x "y" z')]
    assert con.sql(f"SELECT line, text FROM {found.unreadable_table}").fetchall() == [(2, record)]


def test_two_quotes_behind_a_blank_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,name\n1, ""\n2,""\n3," "\n')
    assert read(path) == [("1", ' ""'), ("2", None), ("3", " ")]


def test_random_bytes_end_in_a_clear_error_or_a_table(tmp_path: Path) -> None:
    chance = random.Random(7)
    started = time.monotonic()
    for attempt in range(60):
        content = chance.randbytes(chance.randint(1, 3000))
        path = tmp_path / f"{attempt}.csv"
        path.write_bytes(content)
        try:
            read(path)
        except ReconcileError as error:
            assert str(error).startswith("Cannot read")  # noqa: PT017 - either outcome is right, the wording is not free
    assert time.monotonic() - started < 60


_BOUNDED = """
import resource, sys
from pathlib import Path
import duckdb
from reconcile.systems.files import read_file
con = duckdb.connect()
con.execute("SET memory_limit = '200MB'")
con.execute("SET threads = 1")
con.execute("SET enable_progress_bar = false")  # it is drawn on standard output when a statement takes long
read = read_file(con, Path(sys.argv[1]), "t")
print(read.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_stays_bounded_on_a_ragged_file(tmp_path: Path) -> None:
    """The careful path holds a batch, not the file."""
    path = tmp_path / "big.csv"
    with path.open("w") as file:
        file.write("id,text\n")
        for number in range(300_000):
            file.write(f"{number},{'x' * 200}\n")
        file.write("ragged\n")
    done = subprocess.run([sys.executable, "-c", _BOUNDED, str(path)], capture_output=True, text=True, check=True)
    rows, peak_mib = (int(part) for part in done.stdout.split())
    assert rows == 300_000
    assert peak_mib < 700, f"{peak_mib} MiB"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
