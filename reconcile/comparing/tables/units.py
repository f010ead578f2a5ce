"""Columns that hold the same amounts in two units: euros and cents, thousands and ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from reconcile.comparing.tables.side import Side, scalar
from reconcile.comparing.tables.values import NUMBER, number_sql
from reconcile.systems.files.sql import identifier

FACTORS = (Decimal(100), Decimal("0.01"), Decimal(1000), Decimal("0.001"))
_SKETCH_ROWS = 20_000
_ENOUGH_VALUES = 5
_ENOUGH_SHARED = 0.5
_UNIT_WORDS = re.compile(
    r"(?<![a-z])(in )?(cents?|ct|pence|minor( units?)?|units?|thousands?|eur|usd|gbp|chf)(?![a-z])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The factor that brings left amounts into the right one's unit, and the share of amounts that then meet."""

    factor: Decimal
    shared: float


def without_unit(name: str) -> str:
    """A name of words without those that name a unit; the name itself where nothing else is in it."""
    return " ".join(_UNIT_WORDS.sub(" ", name).split()) or name


def may_differ_in_unit(left: Side, right: Side, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those pairs of columns whose usual amounts, in the samples, are a hundred or a thousand times apart."""
    found = []
    for pair in pairs:
        one, two = left.looks[pair[0]].middle, right.looks[pair[1]].middle
        if one and two and any(0.5 < one * float(factor) / two < 2 for factor in FACTORS):
            found.append(pair)
    return found


def find_unit(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: tuple[str, str]) -> Unit | None:
    """The factor by which most amounts of both columns meet, while few meet as they are; None where there is none.

    Amounts are compared that fall into the same small share of all hashes on both sides, at least five of them.
    """
    plain = _shared(con, left, right, pair, Decimal(1))
    found = [Unit(factor, _shared(con, left, right, pair, factor)) for factor in FACTORS]
    best = max(found, key=lambda unit: unit.shared)
    return best if best.shared >= max(_ENOUGH_SHARED, 2 * plain) else None


def _shared(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: tuple[str, str], factor: Decimal) -> float:
    """Share of the smaller side's distinct amounts that the other side has too, once the left ones are multiplied."""
    every = max(1, max(left.rows, right.rows) // _SKETCH_ROWS)
    sets = []
    for place, (side, times) in enumerate(((left, factor), (right, Decimal(1)))):
        number = number_sql(identifier(pair[place]), side.read.decimal)
        amount = f"CAST(round(CAST({number} AS DOUBLE) * {times}, 6) AS {NUMBER})"
        sets.append(
            f"SELECT DISTINCT a FROM (SELECT {amount} AS a FROM {side.table}) WHERE a <> 0 AND hash(a) % {every} = 0"
        )
    counts = [int(scalar(con, f"SELECT count(*) FROM ({one})")) for one in sets]
    if min(counts) < _ENOUGH_VALUES:
        return 0.0
    common = int(scalar(con, f"SELECT count(*) FROM ({sets[0]}) a JOIN ({sets[1]}) b USING (a)"))
    return common / min(counts)
