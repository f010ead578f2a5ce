"""What always holds of a comparison, against an oracle that shares no code with the engine.

A comparison costs the same for seven rows as for seventy, so there are few examples with many rows rather than many
examples with few; the smallest tables are named examples.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconcile.comparing.tables import (
    ColumnPair,
    ColumnRule,
    Comparison,
    KeyColumn,
    Recipe,
    Workspace,
)
from reconcile.comparing.tables.recipe import Duplicates, Kind
from tests.properties import comparison_oracle as oracle

KINDS: dict[str, Kind] = {"amount": "number", "on": "date", "note": "text", "flag": "text"}
HEADER = ("id", *KINDS)
QUICK = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.one_of(
    st.decimals(-10_000, 10_000, places=2).map(str),
    st.integers(-300, 300).map(str),
    st.sampled_from(
        [
            "",
            "0",
            "0.00",
            "-0",
            "1.5",
            "1.50",
            "1.505",
            "007",
            "12.345",
            "12.35",
            "100",
            "100.4",
            "n/a",
            "99999999999999999999",
            "0.30000000000000004",
            "0.3",
            "0.30000000000000000",
        ]
    ),
)
dates = st.one_of(
    st.dates().filter(lambda d: d.year > 1900).map(str),
    st.sampled_from(["", "2026-03-04", "2026-3-4", "2026-03-05", "2026-02-30", "soon"]),
)
notes = st.one_of(
    st.text(alphabet="aAbBéÉ19 -.,'\"\n;\t", max_size=8),
    st.sampled_from(
        ["", " ", "INV-1", "inv 1", "INV1", "1-11", "11-1", "1.11", "x=1", "Müller", "MÜLLER", "1-2-3", "1 2 3", "12-3"]
    ),
)
flags = st.sampled_from(["", "NULL", "n/a ", "true", "TRUE", "yes", "Y", "1", "0", "no", "false", "maybe"])
ids = st.sampled_from(["a", "b", "c", "001", "1", "A", "", *(f"k{n}" for n in range(40))])
rows = st.fixed_dictionaries({"id": ids, "amount": numbers, "on": dates, "note": notes, "flag": flags})
tables = st.lists(rows, min_size=0, max_size=75)
EMPTY: list[oracle.Row] = []
ONE: list[oracle.Row] = [{"id": "a", "amount": "1.5", "on": "2026-03-04", "note": "x", "flag": "yes"}]
rules = st.fixed_dictionaries(
    {
        "amount": st.builds(
            oracle.OracleRule,
            absolute=st.sampled_from([None, Decimal(0), Decimal("0.01"), Decimal(2)]),
            relative=st.sampled_from([None, Decimal("0.1")]),
            decimals=st.sampled_from([None, 0, 1, 2]),
        ),
        "on": st.builds(oracle.OracleRule, days=st.sampled_from([None, 0, 1, 30])),
        "note": st.builds(oracle.OracleRule, ignore_case=st.booleans(), ignore_space=st.booleans()),
    }
)


def write(path: Path, table: Sequence[oracle.Row], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, header, lineterminator="\n", quoting=csv.QUOTE_ALL)
        out.writeheader()
        out.writerows(table)
    return path


def recipe(given_rules: dict[str, oracle.OracleRule] | None = None, duplicates: Duplicates = "list") -> Recipe:
    pairs = []
    for name, kind in KINDS.items():
        rule = (given_rules or {}).get(name, oracle.OracleRule())
        pairs.append(
            ColumnPair(
                name,
                name,
                ColumnRule(
                    kind=kind,
                    absolute=rule.absolute,
                    relative=rule.relative,
                    decimals=rule.decimals,
                    days=None if rule.days is None else Decimal(rule.days),
                    ignore_case=rule.ignore_case,
                    ignore_space=rule.ignore_space,
                    left_format="iso" if kind == "date" else None,
                    right_format="iso" if kind == "date" else None,
                ),
            )
        )
    return Recipe(keys=(KeyColumn("id", "id"),), columns=tuple(pairs), duplicates=duplicates)


def compare(folder: Path, left: Sequence[oracle.Row], right: Sequence[oracle.Row], how: Recipe) -> Comparison:
    paths = write(folder / "left.csv", left), write(folder / "right.csv", right)
    with Workspace() as work:
        work.load_both(*paths, how)
        return work.compare(how, None)


def counts(made: Comparison) -> dict[str, tuple[int, int]]:
    return {item.name: (item.left_rows, item.right_rows) for item in made.totals}


def cells(made: Comparison) -> dict[str, dict[str, int]]:
    return {column.left: {name: n for name, n in column.classes.items() if n} for column in made.columns}


@QUICK
@given(tables, tables, rules)
@example(EMPTY, ONE, {})
@example(ONE, ONE * 2, {})
def test_the_report_counts_what_the_oracle_counts(
    left: list[oracle.Row], right: list[oracle.Row], given_rules: dict[str, oracle.OracleRule]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = compare(Path(folder), left, right, recipe(given_rules))
    expected = oracle.compare(left, right, ["id"], KINDS, given_rules)
    assert counts(made) == {
        "same": (expected.rows["same"],) * 2,
        "changed": (expected.rows["changed"],) * 2,
        "only_left": (expected.rows["only_left"], 0),
        "only_right": (0, expected.rows["only_right"]),
        "duplicate_key": (expected.rows["duplicate_key left"], expected.rows["duplicate_key right"]),
        "unreadable": (0, 0),
    }
    assert cells(made) == {name: dict(expected.cells[name]) for name in KINDS}
    assert made.is_tied


@QUICK
@given(tables, st.randoms(use_true_random=False), st.sampled_from(["nearest", "groups"]))
def test_a_file_equals_itself_whatever_the_order_of_rows_and_columns(
    table: list[oracle.Row], chance: random.Random, duplicates: Duplicates
) -> None:
    shuffled = [dict(row) for row in table]
    chance.shuffle(shuffled)
    header = list(HEADER)
    chance.shuffle(header)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        how = recipe(duplicates=duplicates)
        with Workspace() as work:
            work.load_both(write(folder / "left.csv", table), write(folder / "right.csv", shuffled, header), how)
            made = work.compare(how, None)
    assert made.is_equal
    assert made.cells == 0
    assert made.total("same").left_rows == len(table)


MIRRORED = {"only_left": "only_right", "only_right": "only_left"}


@QUICK
@given(tables, tables, rules, st.sampled_from(["list", "nearest", "groups"]))
@example(ONE, EMPTY, {}, "nearest")
@example(ONE * 2, ONE * 3, {}, "groups")
def test_swapping_the_sides_mirrors_the_report(
    left: list[oracle.Row], right: list[oracle.Row], given_rules: dict[str, oracle.OracleRule], duplicates: Duplicates
) -> None:
    how = recipe(given_rules, duplicates)
    with tempfile.TemporaryDirectory() as folder:
        one = compare(Path(folder), left, right, how)
        two = compare(Path(folder), right, left, how)
    assert counts(one) == {MIRRORED.get(name, name): (b, a) for name, (a, b) in counts(two).items()}
    assert cells(one) == cells(two)
    assert [(c.left_sum, c.right_sum, c.largest) for c in one.columns] == [
        (c.right_sum, c.left_sum, c.largest) for c in two.columns
    ]
    assert one.is_tied
    assert two.is_tied
