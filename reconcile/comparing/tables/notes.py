"""What is worth knowing of a comparison beside its figures: what was found out rather than given, and what is odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from reconcile.comparing.tables.keys import KeyCheck
from reconcile.comparing.tables.plan import Plan
from reconcile.comparing.tables.recipe import KeyNormalisation
from reconcile.comparing.tables.result import ClassTotal, ColumnResult
from reconcile.comparing.tables.side import one_row
from reconcile.comparing.tables.values import number_sql

_SIGN_ROWS, _FEWEST_SIGNS, _NEARLY_ALL = 1000, 5, 0.9
_REGARDLESS: Mapping[KeyNormalisation, str] = {
    "trim": "blanks around it",
    "case": "upper and lower case",
    "zeros": "leading zeros",
    "salesforce": "the last 3 of 18 characters of a Salesforce id",
    "composed": "how accents are stored",
    "point": "a point and zeros behind whole numbers",
}


def key_notes(plan: Plan) -> list[str]:
    """In what keys may differ and still meet: said plainly, because it may have been found rather than given."""
    return [
        f"The key {key.left} is matched regardless of {' and '.join(_REGARDLESS[step] for step in key.normalise)}."
        for key in plan.keys
        if key.normalise
    ]


def repeated_notes(check: KeyCheck, plan: Plan) -> list[str]:
    """How many keys occur more than once, and what was done with their rows."""
    if check.is_unique:
        return []
    ways = {"nearest": "paired with the nearest", "groups": "compared as groups with sums"}
    lefts = f"{check.left_repeated:,} left keys ({check.left_repeated_rows:,} rows)"
    rights = f"{check.right_repeated:,} right keys ({check.right_repeated_rows:,} rows)"
    way = ways.get(plan.recipe.duplicates, "listed and not compared")
    return [f"{lefts} and {rights} occur more than once; these rows were {way}."]


def unit_notes(plan: Plan) -> list[str]:
    """Amounts in two units: said plainly, because the factor may have been found rather than given."""
    return [
        f"{column.pair.left} is multiplied by {column.rule.left_factor:f} to be compared with {column.pair.right}."
        for column in plan.columns
        if column.rule.left_factor is not None
    ]


def empty_notes(plan: Plan) -> list[str]:
    """Where empty is to differ from none, say which file cannot tell the two apart."""
    if all(column.rule.null_equals_empty for column in plan.columns):
        return []
    return [
        f"{side.read.name} cannot tell an empty value from none: all of its empty values count as none."
        for side in (plan.left, plan.right)
        if not side.read.tells_empty
    ]


def nothing_met_notes(plan: Plan, totals: Sequence[ClassTotal]) -> list[str]:
    """Where not one key is on both sides, it is seldom because all rows are missing."""
    found = {item.name: (item.left_rows, item.right_rows) for item in totals}
    is_alone = (found["only_left"][0], found["only_right"][1]) == (plan.left.rows, plan.right.rows)
    if not plan.keys or not is_alone or not plan.left.rows or not plan.right.rows:
        return []
    return ["No key is in both files: perhaps it is another column, or the two files write it otherwise."]


def group_notes(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Groups may agree in every sum and value, and yet one side has a row more: an analyst has to know."""
    found = one_row(
        con,
        "SELECT count(*) FROM pairs WHERE how = 'group' AND left_count > 0 AND right_count > 0 "
        "AND left_count <> right_count AND row NOT IN (SELECT row FROM result.rows)",
    )[0]
    words = "1 group agrees but has" if found == 1 else f"{found:,} groups agree but have"
    return [f"{words} more rows on one side than on the other."] if found else []


def sign_notes(con: duckdb.DuckDBPyConnection, plan: Plan, columns: Sequence[ColumnResult]) -> list[str]:
    """Where one file books as minus what the other books as plus, every amount differs and no single one is wrong."""
    decimals = (plan.left.read.decimal, plan.right.read.decimal)
    left, right = (number_sql(f"{side}_value", mark) for side, mark in zip(("left", "right"), decimals, strict=True))
    notes = []
    for column, result in zip(plan.columns, columns, strict=True):
        are_most = 2 * result.classes["real"] > result.compared
        if not are_most or column.kind.kind != "number" or column.rule.left_factor or column.rule.is_sensitive:
            continue
        some = f"SELECT * FROM result.cells WHERE position = {column.position} AND class = 'real' LIMIT {_SIGN_ROWS}"
        found, opposite = one_row(con, f"SELECT count(*), count(*) FILTER ({left} = -({right})) FROM ({some})")
        if found >= _FEWEST_SIGNS and opposite >= _NEARLY_ALL * found:
            title = column.pair.title
            notes.append(f"{title} has the opposite sign in the other file; with the factor -1 it is compared without.")
    return notes
