"""What leaves a comparison: workbook, page, JSON, CSV, patch; and the command line's exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from reconcile.comparing.tables import ColumnPair, ColumnRule, ComparisonFile, KeyColumn, Recipe, compare_files
from reconcile.errors import InputError
from reconcile.reporting.comparison import write_output, write_xlsx

LEFT = """id,name,amount,zip
1,Acme Ltd,1.50,01234
2,=cmd|calc,10.00,99999
3,<b>Gone</b>,5,1
4,-5 apples,1.0,2
6,twice,1,1
6,again,1,1
ragged
"""
RIGHT = """id,name,amount,zip
1,ACME Ltd,1.5,01234
2,+evil,10.01,99999
4,-5 apples,1.0,2
5,@new,7,3
6,twice,1,1
"""


@pytest.fixture
def result(tmp_path: Path) -> Path:
    (tmp_path / "left.csv").write_text(LEFT)
    (tmp_path / "right.csv").write_text(RIGHT)
    recipe = Recipe(keys=(KeyColumn("id", "id"),))
    compare_files(tmp_path / "left.csv", tmp_path / "right.csv", tmp_path / "result.duckdb", recipe)
    return tmp_path / "result.duckdb"


def write(result: Path, name: str) -> Path:
    path = result.with_name(name)
    with ComparisonFile(result) as file:
        write_output(file, path)
    return path


def test_the_workbook_is_complete_and_harmless(result: Path) -> None:
    book = openpyxl.load_workbook(write(result, "o.xlsx"))
    assert book.sheetnames == [
        "Summary", "Columns", "Changed", "Only left", "Only right", "Duplicates", "Unreadable", "Recipe",
    ]  # fmt: skip
    summary = {row[0]: row[1:] for row in book["Summary"].iter_rows(values_only=True) if row[0]}
    assert summary["Changed"][:3] == (2, 2, 2)
    assert summary["Duplicate key"][:3] == (3, 2, 1)
    assert summary["Unreadable"][1:3] == (1, 0)
    changed = list(book["Changed"].iter_rows(min_row=2))
    evil = next(cell for row in changed for cell in row if cell.value == "=cmd|calc")
    assert evil.data_type == "s"
    assert evil.quotePrefix
    assert evil.fill.fgColor.rgb == "FFF8CBAD"
    ids = book["Only left"]["A"][1:]
    assert [(cell.value, cell.data_type, cell.number_format) for cell in ids] == [("3", "s", "@")]
    assert book["Changed"].freeze_panes is not None
    assert book["Changed"].auto_filter.ref is not None
    formulas = [c.value for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert formulas == ["=SUM(C6:C11)", "=SUM(D6:D11)"]


def test_a_full_sheet_goes_on_in_the_next(result: Path) -> None:
    with ComparisonFile(result) as file:
        write_xlsx(file, result.with_name("o.xlsx"), last_row=2)
    book = openpyxl.load_workbook(result.with_name("o.xlsx"))
    duplicates = [sheet for sheet in book if sheet.title.startswith("Duplicates")]
    assert [sheet.title for sheet in duplicates] == ["Duplicates", "Duplicates 2"]
    assert [sheet.max_row for sheet in duplicates] == [3, 2]


def test_the_page_needs_nothing_else_and_escapes_values(result: Path) -> None:
    text = write(result, "o.html").read_text()
    assert "&lt;b&gt;Gone&lt;/b&gt;" in text
    assert "<b>Gone" not in text
    assert "<mark>" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text


def test_the_json_has_the_report_and_the_rows(result: Path) -> None:
    document = json.loads(write(result, "o.json").read_text())
    report = document["report"]
    assert (report["is_equal"], report["is_tied"]) == (False, True)
    assert {item["name"]: item["left_rows"] for item in report["totals"]} == {
        "same": 1, "changed": 2, "only_left": 1, "only_right": 0, "duplicate_key": 2, "unreadable": 1,
    }  # fmt: skip
    first = document["rows"]["changed"][0]
    assert first["key"] == "1"
    assert {cell["column"]: (cell["left"], cell["right"], cell["class"]) for cell in first["cells"]} == {
        "name": ("Acme Ltd", "ACME Ltd", "format"),
        "amount": ("1.50", "1.5", "format"),
    }
    assert "path" not in report
    assert str(result.parent) not in json.dumps(document)


def test_the_csv_lists_every_difference_harmless(result: Path) -> None:
    content = write(result, "o.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    evil = next(row for row in rows if row["key"] == "2" and row["column"] == "name")
    assert (evil["left"], evil["right"], evil["difference"]) == ("'=cmd|calc", "'+evil", "real")
    assert [row["class"] for row in rows] == [
        "changed", "changed", "changed", "changed", "only_left", "duplicate_key", "duplicate_key", "only_right",
        "duplicate_key",
    ]  # fmt: skip


def test_the_patch_makes_the_left_table_the_right_one(tmp_path: Path) -> None:
    left = "id,a,b\n1,x,y\n2,x,\n3,gone,z\n"
    right = "id,a,b\n1,X,y\n2,,new\n4,fresh,\n"
    (tmp_path / "left.csv").write_text(left)
    (tmp_path / "right.csv").write_text(right)
    result = tmp_path / "result.duckdb"
    compare_files(tmp_path / "left.csv", tmp_path / "right.csv", result, Recipe(keys=(KeyColumn("id", "id"),)))
    table = {row["id"]: row for row in csv.DictReader(left.splitlines())}
    for change in csv.DictReader(write(result, "o.patch.csv").read_text().splitlines()):
        if change["action"] == "delete":
            del table[change["id"]]
            continue
        row = table.setdefault(change["id"], {"id": change["id"], "a": "", "b": ""})
        assert row[change["column"]] == change["before"]
        row[change["column"]] = change["after"]
    assert table == {row["id"]: row for row in csv.DictReader(right.splitlines())}


def patched(left: str, patch: str, key: str, *, delimiter: str) -> str:
    """The left table with the patch carried out, as CSV."""
    header, *_ = rows = list(csv.DictReader(left.splitlines(), delimiter=delimiter))
    table = {row[key]: row for row in rows}
    for change in csv.DictReader(io.StringIO(patch)):
        if change["action"] == "delete":
            del table[change[key]]
            continue
        row = table.setdefault(change[key], dict.fromkeys(header, "") | {key: change[key]})
        if change["column"]:
            row[change["column"]] = change["after"]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(header), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(table.values())
    return out.getvalue()


_DAYS = [date(2025, 1, 28) + timedelta(days=n) for n in range(30)]


@pytest.mark.parametrize(
    ("left_line", "right_line"),
    [
        (lambda n, c, d: f"{n};{c / 100:.2f};{d}".replace(".", ","), lambda n, c, d: f"{n},{c / 100:.2f},{d}"),
        (lambda n, c, d: f"{n};{c / 100:.2f};{d}", lambda n, c, d: f"{n},{c},{d}"),
        (lambda n, c, d: f"{n};{c};{d}", lambda n, c, d: f"{n},{c / 100:.2f},{d}"),
        (lambda n, c, d: f"{n};{c};{d:%d.%m.%Y}", lambda n, c, d: f"{n},{c},{d:%m/%d/%Y}"),
        (lambda n, c, d: f"{n};{c};{d}", lambda n, c, d: f"{n},{c},{d:%d.%m.%Y} 10:30"),
    ],
)
def test_the_patch_speaks_the_left_files_language(
    tmp_path: Path, left_line: Callable[[int, int, date], str], right_line: Callable[[int, int, date], str]
) -> None:
    cents = [1000 + n * 7919 % 90_000 for n in range(30)]
    lines = list(zip(range(30), cents, _DAYS, strict=True))
    other = [(n, c + 7 * (n == 4), d + timedelta(days=20 * (n == 5))) for n, c, d in lines]
    left = "id;amount;day\n" + "".join(f"{left_line(*line)}\n" for line in lines[:-2])
    (tmp_path / "right.csv").write_text("id,amount,day\n" + "".join(f"{right_line(*line)}\n" for line in other[1:]))
    recipe = Recipe(keys=(KeyColumn("id", "id"),), ignore_format=True)
    result = tmp_path / "result.duckdb"
    (tmp_path / "left.csv").write_text(left)
    assert not compare_files(tmp_path / "left.csv", tmp_path / "right.csv", result, recipe).is_equal
    text = patched(left, write(result, "o.patch.csv").read_text(), "id", delimiter=";")
    (tmp_path / "left.csv").write_text(text)
    made = compare_files(tmp_path / "left.csv", tmp_path / "right.csv", tmp_path / "again.duckdb", recipe)
    assert made.is_equal
    assert [column.title for column in made.columns] == ["amount", "day"]


def test_the_patch_of_a_list_of_keys_has_every_row(tmp_path: Path) -> None:
    left = "id\n" + "".join(f"k{n}\n" for n in range(20))
    (tmp_path / "left.csv").write_text(left)
    (tmp_path / "right.csv").write_text("id\n" + "".join(f"k{n}\n" for n in range(5, 22)))
    result = tmp_path / "result.duckdb"
    compare_files(tmp_path / "left.csv", tmp_path / "right.csv", result)
    text = patched(left, write(result, "o.patch.csv").read_text(), "id", delimiter=",")
    assert text.split() == (tmp_path / "right.csv").read_text().split()


@pytest.mark.parametrize("duplicates", ["refuse", "list", "nearest", "groups"])
def test_masked_columns_are_masked_wherever_they_are(tmp_path: Path, duplicates: str) -> None:
    (tmp_path / "l.csv").write_bytes(
        b"made for SECRET0\n\nid,iban,v,only\nSECRET1,SECRET2,a,SECRET3\nSECRET1,SECRET2,b,SECRET3\n"
        b"x\xc3\xbc,SECRET4,c,SECRET5\nM\xfcSECRET6,SECRET7,d,e\nSECRET8,SECRET9\nSECRET9,SECRET9,q,w\n"
    )
    (tmp_path / "r.csv").write_text(
        "id,iban,v,other\nSECRET1,SECRET2,a,SECRET1\nSECRET1,SECRETA,x,SECRETB\nSECRETC,SECRETD,c,SECRETE\n"
    )
    names = [f"o{ending}" for ending in (".html", ".json", ".csv", ".patch.csv", ".xlsx", ".duckdb")]
    outputs = [text for name in names for text in ("--out", str(tmp_path / name))]
    masked = [text for name in ("id", "iban", "only", "other") for text in ("--sensitive", name)]
    done = run(tmp_path / "l.csv", tmp_path / "r.csv", "--key", "id", "--duplicates", duplicates, *masked, *outputs,
               "--save-recipe", tmp_path / "o.toml", "--json")  # fmt: skip
    assert done.returncode == (2 if duplicates == "refuse" else 1), done.stderr
    texts = [done.stdout, done.stderr]
    for name in ("o.html", "o.json", "o.csv", "o.patch.csv", "o.toml"):
        texts += [(tmp_path / name).read_text()] if (tmp_path / name).exists() else []
    if duplicates != "refuse":
        sheets = openpyxl.load_workbook(tmp_path / "o.xlsx")
        texts.append(str([row for sheet in sheets for row in sheet.iter_rows(values_only=True)]))
        with ComparisonFile(tmp_path / "o.duckdb") as file:
            tables = [name for (name,) in file.con.sql("SELECT table_name FROM duckdb_tables()").fetchall()]
            texts += [str(file.con.sql(f'FROM "{name}"').fetchall()) for name in tables]
        again = run(
            tmp_path / "l.csv", tmp_path / "r.csv", "--recipe", tmp_path / "o.toml", "--out", tmp_path / "p.json"
        )
        texts += [again.stdout, again.stderr, (tmp_path / "p.json").read_text()]
    assert "SECRET" not in " ".join(texts)


def test_a_cut_text_of_the_workbook_says_so(tmp_path: Path) -> None:
    for name in ("l", "r"):
        (tmp_path / f"{name}.csv").write_text(f"id,t\n1,{'x' * 40_000}{name}\n2,a\n")
    compare_files(
        tmp_path / "l.csv", tmp_path / "r.csv", tmp_path / "result.duckdb", Recipe(keys=(KeyColumn("id", "id"),))
    )
    cells = [
        cell
        for row in openpyxl.load_workbook(write(tmp_path / "result.duckdb", "o.xlsx"))["Changed"].values
        for cell in row
    ]
    assert sum(str(cell).endswith("(cut: 40,001 characters)") for cell in cells) == 2


def test_sensitive_values_are_in_no_output(tmp_path: Path) -> None:
    (tmp_path / "left.csv").write_text("id,salary,v\n1,71234,a\n2,82345,b\n")
    (tmp_path / "right.csv").write_text("id,salary,v\n1,71299,a\n3,93456,c\n")
    recipe = Recipe(
        keys=(KeyColumn("id", "id"),),
        columns=(ColumnPair("salary", "salary", ColumnRule(is_sensitive=True)), ColumnPair("v", "v")),
    )
    result = tmp_path / "result.duckdb"
    compare_files(tmp_path / "left.csv", tmp_path / "right.csv", result, recipe)
    texts = [write(result, f"o{ending}").read_text() for ending in (".html", ".json", ".csv", ".patch.csv")]
    sheets = openpyxl.load_workbook(write(result, "o.xlsx"))
    texts.append(str([row for sheet in sheets for row in sheet.iter_rows(values_only=True)]))
    for text in texts:
        for secret in ("71234", "71299", "82345", "93456"):
            assert secret not in text


def test_an_unknown_ending_is_refused(result: Path) -> None:
    with pytest.raises(InputError, match="no known ending"):
        write(result, "o.docx")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reconcile", "compare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("right", "options", "code", "said"),
    [
        ("id,v\n2,b\n1,a\n", [], 0, "The tables are equal"),
        ("id,v\n1,a\n2,c\n", [], 1, "1 changed"),
        ("id,v\n1,a\n2,B\n", ["--ignore-format"], 0, "The tables are equal"),
        ("id,v\n1,a\n2,b\n", ["--key", "nope"], 2, "no column in the left table named 'nope'"),
        ('id,v\n1,"a\n2,b\n', [], 2, "line 2: a quoted value opens"),
        ("", [], 2, "the file is empty"),
    ],
)
def test_the_exit_code_says_how_it_went(tmp_path: Path, right: str, options: list[str], code: int, said: str) -> None:
    (tmp_path / "left.csv").write_text("id,v\n1,a\n2,b\n")
    (tmp_path / "right.csv").write_text(right)
    done = run(tmp_path / "left.csv", tmp_path / "right.csv", "--key", "id", *options)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


def test_the_command_takes_and_saves_recipes_and_writes_what_is_asked(tmp_path: Path) -> None:
    (tmp_path / "left.csv").write_text("id,v,secret\n1,10.00,s1\n2,5.00,s2\n")
    (tmp_path / "right.csv").write_text("id,v,secret\n1,10.40,x1\n2,5.00,s2\n")
    both = (tmp_path / "left.csv", tmp_path / "right.csv")
    first = run(*both, "--tolerance", "v=0.5", "--sensitive", "secret", "--save-recipe", tmp_path / "r.toml", "--json")
    assert first.returncode == 1
    report = json.loads(first.stdout)
    assert {column["title"]: column["mismatches"] for column in report["columns"]} == {"v": 0, "secret": 1}
    second = run(*both, "--recipe", tmp_path / "r.toml", "--out", tmp_path / "o.json", "--out", tmp_path / "o.duckdb")
    assert second.returncode == 1
    assert json.loads((tmp_path / "o.json").read_text())["rows"]["changed"][0]["cells"][0]["left"] == "•••"
    with ComparisonFile(tmp_path / "o.duckdb") as file:
        assert file.comparison.total("changed").pairs == 1


def run_on_a_terminal(*arguments: str | Path) -> str:
    """What a person sees on a terminal of 80 columns."""
    main, other = pty.openpty()
    command = [sys.executable, "-m", "reconcile", "compare", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=other, stderr=other) as process:
        os.close(other)
        seen = b""
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # how Linux says that the last writer has gone
                break
            if not piece:
                break
            seen += piece
        process.wait()
    os.close(main)
    return seen.decode()


def test_a_terminal_shows_how_far_it_is_and_a_pipe_does_not(tmp_path: Path) -> None:
    for name in ("left", "right"):
        rows = "".join(f"{n},{n * 7 % 1000},{name if n % 9 == 0 else 'x'}\n" for n in range(400_000))
        (tmp_path / f"{name}.csv").write_text(f"id,amount,note\n{rows}")
    files = [tmp_path / "left.csv", tmp_path / "right.csv"]
    seen = run_on_a_terminal(*files, "--key", "id")
    assert re.search("\r(reading the files|matching rows|comparing cells) .*[0-9]+ s\x1b\\[K", seen)
    assert "The tables differ: 44,445 changed" in seen
    assert run(*files, "--key", "id").stderr == ""


EXAMPLES = Path(__file__).parents[3] / "data/examples"


def test_rows_matched_by_content_come_with_their_evidence(tmp_path: Path) -> None:
    files = [EXAMPLES / name for name in ("accounts_crm.csv", "customers_billing.csv")]
    done = run(*files, "--no-key", "--out", tmp_path / "o.json", "--out", tmp_path / "o.xlsx")
    assert done.returncode == 1, done.stderr
    rows = json.loads((tmp_path / "o.json").read_text())["rows"]["changed"]
    sure = [row for row in rows if row["probability"] > 0.99]
    assert len(sure) > 60
    for row in sure:
        assert {"name", "place"} <= {item["role"] for item in row["evidence"]}
    assert any(item["level"] == "same address" for row in sure for item in row["evidence"])
    header, first = list(openpyxl.load_workbook(tmp_path / "o.xlsx")["Changed"].iter_rows(max_row=2, values_only=True))
    assert header[:2] == ("Matched with probability", "Evidence, bits")
    assert "name " in str(first[1])
