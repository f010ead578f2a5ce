"""From two relations to the two temporary tables that blocking and scoring read."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from reconcile.matching.clean.records import CleanRecords, clean_relation, roles_of
from reconcile.matching.clean.tokens import BIT_SCALE, Vocabulary, build_vocabulary, rarest_words
from reconcile.model import Role

Connection = duckdb.DuckDBPyConnection
COUNTED = {  # how often a value occurs on both sides together, by the column that says what "the same value" is
    "name_n": "name_key", "domain_n": "domain", "email_n": "email", "phone_n": "phone", "postcode_n": "postcode",
    "city_n": "city", "given_n": "given", "family_n": "family", "tax_id_n": "tax_id", "identifier_n": "identifier",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prepared:
    """The cleaned sides as temporary tables.

    Attributes:
        left, right: table names; the same for a table matched with itself.
        columns: cleaned columns of both.
    """

    left: str
    right: str
    left_rows: int
    right_rows: int
    columns: frozenset[str]
    vocabulary: Vocabulary | None


def prepare(con: Connection, relations: tuple[str, ...], wanted: tuple[Role, ...]) -> Prepared:
    """Clean one or two relations and write them as `_left` and `_right` (one: `_left` only)."""
    filled = [roles_of(con, relation) for relation in relations]
    per_side = [_side_roles(i, filled, wanted) for i in range(len(relations))]
    sides = [clean_relation(con, relation, roles) for relation, roles in zip(relations, per_side, strict=True)]
    vocabulary = (
        build_vocabulary([side.tokens for side in sides if side.tokens is not None]) if sides[0].tokens else None
    )
    common = set.intersection(*(set(side.frame.columns) for side in sides))
    counts = {name: _value_counts(sides, column) for name, column in COUNTED.items() if column in common}
    _write_words(con, vocabulary, sum(side.frame.height for side in sides))
    tables = ("_left", "_right")[: len(sides)]
    columns: frozenset[str] = frozenset()
    for i, (table, side) in enumerate(zip(tables, sides, strict=True)):
        columns = _write(con, table, side, common, {name: each[i] for name, each in counts.items()}, vocabulary)
    return Prepared(tables[0], tables[-1], sides[0].frame.height, sides[-1].frame.height, columns, vocabulary)


def _write_words(con: Connection, vocabulary: Vocabulary | None, records: int) -> None:
    """Write `_words(token_id, word, bits)` and `_rarity(rare_bits)`: what fewer than 16 names would share by chance."""
    if vocabulary is None:
        return
    con.register("_frame", vocabulary.frame.to_arrow())
    con.execute("CREATE OR REPLACE TEMP TABLE _words AS SELECT token_id, word, bits FROM _frame")
    con.unregister("_frame")
    rare_bits = max(7.0, math.log2(max(records, 2)) - 4.0) * BIT_SCALE
    con.execute(f"CREATE OR REPLACE TEMP TABLE _rarity AS SELECT {round(rare_bits)}::INTEGER AS rare_bits")


def _side_roles(i: int, filled: list[tuple[Role, ...]], wanted: tuple[Role, ...]) -> tuple[Role, ...]:
    """What to clean of one side: what all sides fill, and mail addresses when they can stand in for domains."""
    usable = set.intersection(*(set(roles) for roles in filled))
    if all({"domain", "email"} & set(roles) for roles in filled):
        usable |= {"domain", "email"}
    return tuple(role for role in filled[i] if role in usable and (not wanted or role in wanted))


def _value_counts(sides: list[CleanRecords], column: str) -> list[pl.Series]:
    """How many records of all sides have each record's value, per side; null where it has none."""
    hashes = pl.concat([side.frame[column].hash(seed=7) for side in sides])
    counts = pl.DataFrame({"hash": hashes}).select(pl.len().over("hash").clip(upper_bound=30_000).cast(pl.Int16))
    bounds = np.cumsum([0, *(side.frame.height for side in sides)]).tolist()
    return [counts.to_series()[a:b] for a, b in itertools.pairwise(bounds)]


def _write(  # noqa: PLR0917 - one call, by position
    con: Connection,
    table: str,
    side: CleanRecords,
    common: set[str],
    counts: dict[str, pl.Series],
    vocabulary: Vocabulary | None,
) -> frozenset[str]:
    frame = side.frame.select(column for column in side.frame.columns if column in common)
    frame = frame.with_columns(**counts)
    if vocabulary is not None and side.tokens is not None:
        frame = pl.concat([frame, rarest_words(side.tokens, vocabulary)], how="horizontal")
    con.register("_frame", frame.to_arrow())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM _frame")
    con.unregister("_frame")
    return frozenset(frame.columns)
