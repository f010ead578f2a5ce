"""Columns that hold the same amounts in two units are paired by name and values, with the factor."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.comparing.tables import ColumnProposal, Recipe, Workspace, compare_files

AMOUNTS = random.Random(3).sample(range(100, 500_000), 200)  # cents


def write(path: Path, column: str, values: list[str]) -> Path:
    lines = "".join(f"I{place},{value}\n" for place, value in enumerate(values))
    path.write_text(f"invoice,{column}\n{lines}", encoding="utf-8")
    return path


def propose(left: Path, right: Path) -> ColumnProposal:
    with Workspace() as work:
        work.load_both(left, right, Recipe())
        return work.propose_columns()[1]


CENTS = [str(amount) for amount in AMOUNTS]
EUROS = [f"{Decimal(amount) / 100:.2f}" for amount in AMOUNTS]
THOUSANDS = [f"{Decimal(amount) / 1000}" for amount in AMOUNTS]


@pytest.mark.parametrize(
    ("left", "right", "factor"),
    [
        (("Amount", EUROS), ("amount_cents", CENTS), Decimal(100)),
        (("amount_cents", CENTS), ("Amount", EUROS), Decimal("0.01")),
        (("amount", EUROS), ("amount", CENTS), Decimal(100)),
        (("revenue_thousands", THOUSANDS), ("revenue", CENTS), Decimal(1000)),
        (("amount", EUROS), ("amount", EUROS), None),
    ],
)
def test_the_unit_is_found(
    tmp_path: Path, left: tuple[str, list[str]], right: tuple[str, list[str]], factor: Decimal | None
) -> None:
    found = propose(write(tmp_path / "l.csv", *left), write(tmp_path / "r.csv", *right))
    assert (found.left, found.right, found.factor) == (left[0], right[0], factor)
    assert found.confidence > 0.85


def test_amounts_that_do_not_meet_are_no_pair(tmp_path: Path) -> None:
    other = random.Random(4)
    right = [str(other.randint(100, 500_000) * 7 + 3) for _ in AMOUNTS]
    found = propose(write(tmp_path / "l.csv", "Amount", EUROS), write(tmp_path / "r.csv", "volume", right))
    assert found.right is None


def test_the_comparison_applies_the_factor_and_says_so(tmp_path: Path) -> None:
    cents = [str(amount + (1 if place == 7 else 0)) for place, amount in enumerate(AMOUNTS)]
    left = write(tmp_path / "l.csv", "Amount", EUROS)
    made = compare_files(left, write(tmp_path / "r.csv", "amount_cents", cents), tmp_path / "result.duckdb")
    assert (made.columns[0].mismatches, made.columns[0].difference) == (1, "-1")
    assert "Amount is multiplied by 100 to be compared with amount_cents." in made.notes


@pytest.mark.parametrize(("gap", "expected"), [(1, "rounding"), (7, "real")])
def test_the_class_of_a_difference_does_not_depend_on_which_side_has_cents(
    tmp_path: Path, gap: int, expected: str
) -> None:
    euros = write(tmp_path / "e.csv", "Amount", EUROS)
    cents = write(tmp_path / "c.csv", "amount_cents", [str(c + gap * (n == 7)) for n, c in enumerate(AMOUNTS)])
    for left, right in ((euros, cents), (cents, euros)):
        made = compare_files(left, right, tmp_path / "result.duckdb")
        assert {name: n for name, n in made.columns[0].classes.items() if n} == {expected: 1}
