"""Pairs of files as people really bring them: empty, very wide, very long, packed twice, keys spelled otherwise."""

from __future__ import annotations

import gzip
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from reconcile.comparing.tables import Comparison, compare_files
from reconcile.errors import UnreadableFileError

SHARED = Path(__file__).resolve().parents[4] / "shared/data"


def compare(folder: Path, left: str, right: str) -> Comparison:
    for name, text in (("left", left), ("right", right)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return compare_files(folder / "left.csv", folder / "right.csv", folder / "result.duckdb")


def counts(made: Comparison) -> dict[str, int]:
    return {item.name: item.pairs for item in made.totals if item.pairs}


def test_a_table_without_rows_is_compared(tmp_path: Path) -> None:
    header = "name,invoice_id,amount\n"
    assert compare(tmp_path, header, header).is_equal
    made = compare(tmp_path, header, f"{header}a,1,2\nb,2,3\n")
    assert (made.key, counts(made), made.is_tied) == ("invoice_id", {"only_right": 2}, True)


def test_five_hundred_columns_take_seconds_and_little_memory(tmp_path: Path) -> None:
    names = ",".join(f"c{place}" for place in range(500))
    rows = [f"{row}," + ",".join(str(row * place) for place in range(500)) for row in range(60)]
    other = [*rows[:3], "3," + ",".join(str(3 * place + 1) for place in range(500)), *rows[4:]]
    started = time.monotonic()
    made = compare(tmp_path, f"id,{names}\n" + "\n".join(rows) + "\n", f"id,{names}\n" + "\n".join(other) + "\n")
    assert (counts(made), made.cells) == ({"same": 59, "changed": 1}, 500)
    assert time.monotonic() - started < 60


def test_a_value_of_ten_megabytes_is_compared(tmp_path: Path) -> None:
    long = "x" * 10_000_000
    started = time.monotonic()
    made = compare(tmp_path, f"id,note\n1,{long}\n2,b\n", f"id,note\n1,{long}y\n2,B\n")
    assert {name: n for name, n in made.columns[0].classes.items() if n} == {"real": 1, "format": 1}
    assert time.monotonic() - started < 60


def test_keys_in_another_case_and_with_blanks_are_found(tmp_path: Path) -> None:
    left = "Code,size\n" + "".join(f" ab{n} ,{n}\n" for n in range(50))
    right = "code,size\n" + "".join(f"AB{n},{n}\n" for n in range(50))
    made = compare(tmp_path, left, right)
    assert (made.key, counts(made)) == ("Code = code", {"same": 50})


def test_what_a_key_may_differ_in_is_said(tmp_path: Path) -> None:
    left = "id,v\n" + "".join(f"{n:05},{n}\n" for n in range(1, 40))
    made = compare(tmp_path, left, "id,v\n" + "".join(f"{n},{n}\n" for n in range(1, 40)))
    assert counts(made) == {"same": 39}
    assert made.notes == ("The key id is matched regardless of leading zeros.",)


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y"])
def test_the_order_of_day_and_month_is_told_by_the_other_file(tmp_path: Path, form: str) -> None:
    days = [date(2024, month, day) for month in (4, 5) for day in range(1, 12)]
    one = "id,on\n" + "".join(f"{n},{day.strftime(form)}\n" for n, day in enumerate(days))
    two = "id,on\n" + "".join(f"{n},{day}\n" for n, day in enumerate(days))
    assert compare(tmp_path, one, two).is_equal
    assert compare(tmp_path, two, one).is_equal


def test_the_same_rows_in_another_order_of_rows_and_columns_are_equal(tmp_path: Path) -> None:
    one = "id,name,v\n" + "".join(f"{n},n{n},{n}.50\n" for n in range(50))
    two = "v,id,name\n" + "".join(f"{n}.50,{n},n{n}\n" for n in reversed(range(50)))
    assert compare(tmp_path, one, two).is_equal


def test_a_file_packed_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(gzip.compress(b"id,v\n1,a\n")))
    with pytest.raises(UnreadableFileError, match="packed with gzip twice"):
        compare_files(tmp_path / "a.csv.gz", tmp_path / "a.csv.gz", tmp_path / "result.duckdb")


def test_parquet_types_arrive_as_text(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE t AS SELECT i AS id, CAST(i * 1.5 AS DECIMAL(18, 4)) AS amount, "
        "TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS at, {'a': i, 'b': [i]} AS inside, NULL::INT AS none, "
        "DATE '2026-01-01' + i::INT AS day FROM range(50) r(i)"
    )
    con.execute(f"COPY t TO '{tmp_path / 'left.parquet'}'")
    con.execute(
        "UPDATE t SET inside = {'a': 99, 'b': [id]} WHERE id = 7; UPDATE t SET amount = amount + 1 WHERE id = 8"
    )
    con.execute(f"COPY t TO '{tmp_path / 'right.parquet'}'")
    made = compare_files(tmp_path / "left.parquet", tmp_path / "right.parquet", tmp_path / "result.duckdb")
    assert {column.title: column.mismatches for column in made.columns if column.mismatches} == {
        "inside": 1,
        "amount": 1,
    }
    con.execute(f"COPY (SELECT * EXCLUDE inside FROM t) TO '{tmp_path / 'right.csv'}'")
    made = compare_files(tmp_path / "left.parquet", tmp_path / "right.csv", tmp_path / "result.duckdb")
    assert counts(made) == {"same": 49, "changed": 1}


def test_a_real_list_against_itself_in_another_order_and_form(tmp_path: Path) -> None:
    source = SHARED / "financedatabase_equities.parquet"
    if not source.exists():
        pytest.skip("the shared data are not here")
    con = duckdb.connect()
    con.execute(f"COPY (FROM '{source}' ORDER BY hash(symbol)) TO '{tmp_path / 'other.csv'}'")
    made = compare_files(source, tmp_path / "other.csv", tmp_path / "result.duckdb")
    assert made.key == "symbol"
    assert made.is_tied
    assert (counts(made).get("changed", 0), made.total("only_left").pairs, made.total("only_right").pairs) == (0, 0, 0)
