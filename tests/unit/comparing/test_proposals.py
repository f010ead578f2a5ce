"""What is taken unasked: columns that belong together however they are written, and keys that really name the rows."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from reconcile.comparing.tables import Comparison, compare_files

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
