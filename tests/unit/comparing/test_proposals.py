"""What is taken unasked: columns that belong together however they are written, and keys that really name the rows."""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from reconcile.comparing.tables import ColumnPair, Comparison, KeyColumn, Recipe, compare_files
from reconcile.errors import DefinitionError

Table = Sequence[Sequence[object]]


def write(path: Path, header: Sequence[str], rows: Table, *, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def compare(folder: Path, left: Path, right: Path) -> Comparison:
    return compare_files(left, right, folder / "result.duckdb")


def mapped(made: Comparison) -> dict[str, str]:
    return {column.left: column.right for column in made.columns}


def german(cents: int) -> str:
    return f"{cents / 100:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


def test_amounts_and_days_of_two_countries_belong_together(tmp_path: Path) -> None:
    cents = [(n * 7919) % 9_000_000 + 100_000 for n in range(80)]
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(80)]
    one = [(f"RE-{n}", german(c), day.strftime("%d.%m.%Y")) for n, (c, day) in enumerate(zip(cents, days, strict=True))]
    two = [(f"RE-{n}", c / 100, f"{day} 00:00:00") for n, (c, day) in enumerate(zip(cents, days, strict=True))]
    left = write(tmp_path / "l.csv", ["Rechnung", "Betrag", "Datum"], one, delimiter=";")
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["invoice", "total", "created"], two))
    assert mapped(made) == {"Betrag": "total", "Datum": "created"}
    assert made.columns[0].left_sum == made.columns[0].right_sum == f"{sum(cents) / 100:.2f}".rstrip("0")


def test_amounts_with_currency_and_groups_belong_to_plain_ones(tmp_path: Path) -> None:
    cents = [(n * 7919) % 9_000_000 + 100_000 for n in range(60)]
    left = write(tmp_path / "l.csv", ["id", "Total due"], [(n, f"${c / 100:,.2f}") for n, c in enumerate(cents)])
    right = write(tmp_path / "r.csv", ["id", "open"], [(n, f"{c / 100:.2f}") for n, c in enumerate(cents)])
    assert mapped(compare(tmp_path, left, right)) == {"Total due": "open"}


def test_yes_and_no_and_small_numbers_prove_no_pair(tmp_path: Path) -> None:
    one = [(f"C{n}", "true" if n % 2 else "false", n % 5 + 1) for n in range(200)]
    two = [(f"C{n}", "true" if n % 3 else "false", n * 7 % 5 + 1) for n in range(200)]
    left = write(tmp_path / "l.csv", ["customer", "newsletter", "seats"], one)
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["customer", "is_paid", "tier"], two))
    assert mapped(made) == {}
    assert (made.left.unmapped, made.right.unmapped) == (("newsletter", "seats"), ("is_paid", "tier"))


def test_names_of_columns_meet_however_their_accents_are_stored(tmp_path: Path) -> None:
    rows = [(n, f"v{n}", f"w{n}") for n in range(20)]
    left = write(tmp_path / "l.csv", ["id", "Größe", "金額1"], rows)
    names = ["id", unicodedata.normalize("NFD", "Größe"), "日付1"]
    made = compare(tmp_path, left, write(tmp_path / "r.csv", names, [(a, b, f"x{c}") for a, b, c in rows]))
    assert mapped(made) == {"Größe": names[1]}


def test_row_numbers_of_each_file_are_no_key(tmp_path: Path) -> None:
    names = [f"INV-{n:04d}" for n in range(300)]
    one = [(n, name, len(name) * n + 5, "open") for n, name in enumerate(names)]
    two = [(n, *row[1:]) for n, row in enumerate(sorted(one, key=lambda row: hash_of(row[1])))]
    left = write(tmp_path / "l.csv", ["id", "invoice", "amount", "status"], one)
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["id", "invoice", "amount", "status"], two))
    assert (made.key, {c.title: c.mismatches > 250 for c in made.columns}) == (
        "invoice",
        {"id": True, "amount": False, "status": False},
    )


def test_a_key_that_nothing_speaks_for_is_doubted(tmp_path: Path) -> None:
    left = write(tmp_path / "l.csv", ["id", "name", "town"], [(n, f"a{n}", f"t{n % 50}") for n in range(300)])
    rows = [(n, f"b{n}", f"t{n * 7 % 50}") for n in range(300)]
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["id", "name", "town"], rows))
    assert made.key == "id"
    assert "little speaks for it" in made.notes[0]


def test_amounts_are_no_key(tmp_path: Path) -> None:
    one = [(f"C{n // 2}", f"{n * 1.37 + 5:.2f}") for n in range(100)]
    left = write(tmp_path / "l.csv", ["customer", "amount"], one)
    with pytest.raises(DefinitionError, match=r"to be taken unasked; nearest comes .*% meet"):
        compare(tmp_path, left, write(tmp_path / "r.csv", ["customer", "amount"], one[10:]))
    lines = [(f"SO{n // 3}", n % 3, f"{n * 2.5:.2f}") for n in range(300)]
    left = write(tmp_path / "l.csv", ["order", "line", "amount"], lines)
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["order", "line", "amount"], lines[:-3]))
    assert set(made.key.split(" + ")) == {"order", "line"}


@pytest.mark.parametrize(
    ("spelled", "said"),
    [
        (lambda n: f" 00{n:04d} ", "blanks around it and leading zeros"),
        (lambda n: f"{n}.0", "a point and zeros behind whole numbers"),
        (lambda n: f"{n}", None),
    ],
)
def test_keys_spelled_otherwise_meet(tmp_path: Path, spelled: Callable[[int], str], said: str | None) -> None:
    one = [(spelled(n), f"x{n % 7}", n * 1.5) for n in range(1, 200)]
    two = [(n, f"x{n % 7}", n * 1.5) for n in range(1, 200)]
    left = write(tmp_path / "l.csv", ["acct_no", "v", "amount"], one)
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["acct_no", "v", "amount"], two))
    assert (made.key, made.is_equal) == ("acct_no", True)
    assert made.notes == ((f"The key acct_no is matched regardless of {said}.",) if said else ())


def test_keys_whose_accents_are_stored_otherwise_meet(tmp_path: Path) -> None:
    names = [f"{name} {n}" for n in range(20) for name in ("Müller", "Çelik", "Ångström")]
    left = write(tmp_path / "l.csv", ["customer id", "v"], [(name, len(name)) for name in names])
    two = [(unicodedata.normalize("NFD", name), len(name)) for name in names]
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["customer id", "v"], two))
    assert made.is_equal
    assert made.notes == ("The key customer id is matched regardless of how accents are stored.",)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_recipe_need_not_list_the_key_and_what_is_ignored_is_none(tmp_path: Path) -> None:
    rows = [(n, f"C{n}", n * 3, f"x{n}") for n in range(40)]
    left = write(tmp_path / "l.csv", ["id", "code", "amount", "v"], rows)
    right = write(tmp_path / "r.csv", ["id", "code", "amount", "v"], rows[::-1])
    recipe = Recipe(columns=(ColumnPair("v", "v"), ColumnPair("amount", "amount")))
    made = compare_files(left, right, tmp_path / "result.duckdb", recipe)
    assert (made.key, mapped(made)) == ("id", {"v": "v", "amount": "amount"})
    recipe = Recipe(columns=(*recipe.columns, ColumnPair("id", "id", is_ignored=True)))
    assert compare_files(left, right, tmp_path / "result.duckdb", recipe).key == "code"


def test_a_key_that_meets_nowhere_is_told(tmp_path: Path) -> None:
    left = write(tmp_path / "l.csv", ["day", "v"], [(f"{n + 1:02d}.01.2025", n) for n in range(20)])
    right = write(tmp_path / "r.csv", ["day", "v"], [(f"2025-01-{n + 1:02d}", n) for n in range(20)])
    made = compare_files(left, right, tmp_path / "result.duckdb", Recipe(keys=(KeyColumn("day", "day"),)))
    assert made.notes == (
        "No key is in both files: perhaps it is another column, or the two files write it otherwise.",
    )


def test_a_column_of_few_values_is_found_in_a_long_table_too(tmp_path: Path) -> None:
    for name, header, step in (("l", "id,status,branch", 1), ("r", "no,stage,office", 7)):
        duckdb.sql(
            f"COPY (SELECT 'K' || k, ['open', 'paid', 'void', 'overdue'][1 + k % 4], ['North', 'South'][1 + k % 2] "
            f"|| (k % 3) FROM (SELECT (i * {step}) % 60000 AS k FROM range(60000) t(i))) "
            f"TO '{tmp_path / name}.csv' (HEADER false)"
        )
        path = tmp_path / f"{name}.csv"
        path.write_text(f"{header}\n{path.read_text()}")
    made = compare(tmp_path, tmp_path / "l.csv", tmp_path / "r.csv")
    assert (mapped(made), made.is_equal) == ({"status": "stage", "branch": "office"}, True)


def test_a_salesforce_id_of_18_characters_meets_its_15(tmp_path: Path) -> None:
    ids = [f"001{hashlib.sha256(str(n).encode()).hexdigest()[:12].title()}" for n in range(60)]
    one = [(a, f"name {n}") for n, a in enumerate(ids)]
    two = [(f"name {n}", f"{a}AAA") for n, a in enumerate(ids)]
    left = write(tmp_path / "l.csv", ["Account ID", "Name"], one)
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["company", "cf_salesforce_account_id"], two))
    assert (made.key, mapped(made)) == ("Account ID = cf_salesforce_account_id", {"Name": "company"})
    assert made.is_equal


def test_a_name_and_the_word_for_its_number_belong_together_where_values_do(tmp_path: Path) -> None:
    one = [(f"SO{n // 3}", n % 3 + 1, f"Customer {n}", n * 1.5) for n in range(120)]
    left = write(tmp_path / "l.csv", ["order", "line", "customer", "price"], one)
    two = [(order, line, f"C-{n}", price) for n, (order, line, _, price) in enumerate(one)]
    made = compare(tmp_path, left, write(tmp_path / "r.csv", ["order_id", "line_no", "customer_id", "price"], two))
    assert set(made.key.split(" + ")) == {"order = order_id", "line = line_no"}
    assert mapped(made) == {"price": "price"}
