"""Blocking on Spark: the keys of `reconcile.matching.block`, transpiled, and joined as on one machine.

What a key value is, is asked of Spark SQL. Rows with the same one come together on a worker, where the join of the
local engine makes the pairs: many times faster than lists of rows in Spark's own rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from reconcile.matching.block import NEIGHBOURS, ORDER, BlockingKey, hash_sql, refinements_for
from reconcile.matching.engines.spark.batches import spark_schema
from reconcile.matching.engines.spark.joining import JOINED, Joiner
from reconcile.matching.join import KEY_BITS, KEY_MASK, ROW_BITS, ROW_MASK

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class Blocks:
    """The candidate pairs.

    Attributes:
        pairs: l, r (rows), keys (the kinds of key that brought the pair, a bit each).
        refined, common: key values that were too common, and those still too common when refined.
        kept: what is held until the pairs are stored.
    """

    pairs: DataFrame
    refined: int = 0
    common: int = 0
    kept: tuple[DataFrame, ...] = ()

    def release(self) -> None:
        """Give back what was held for the pairs."""
        for each in self.kept:
            each.unpersist()


def to_spark_sql(expression: str) -> str:
    """A SQL expression of DuckDB over cleaned columns in Spark's dialect; hash() becomes xxhash64().

    >>> to_spark_sql("hash(9, name_key[:4])")
    'XXHASH64(9, SUBSTRING(name_key, 1, 4))'
    """
    return sqlglot.parse_one(expression, read="duckdb").transform(_spark_node).sql(dialect="spark")


def _spark_node(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Anonymous) and node.name.lower() == "hash":
        node.set("this", "XXHASH64")  # in place: what is put in its stead is not looked into
    if isinstance(node, exp.Bracket) and isinstance(node.expressions[0], exp.Slice):
        letters = node.expressions[0].args["expression"]
        return exp.Substring(this=node.this, start=exp.Literal.number(1), length=letters)
    return node


def every_pair(session: SparkSession, sides: Sequence[DataFrame], *, is_self: bool) -> Blocks:
    """Every pair; of one side with itself each pair once."""
    condition = "WHERE a.row < b.row" if is_self else ""
    pairs = session.sql(
        f"SELECT a.row AS l, b.row AS r, 0 AS keys FROM {{a}} a CROSS JOIN {{b}} b {condition}",
        a=sides[0].select("row"),
        b=sides[-1].select("row"),
    )
    return Blocks(pairs)


def join_keys(
    session: SparkSession,
    sides: Sequence[DataFrame],
    keys: Sequence[BlockingKey],
    limit: int,
    *,
    is_self: bool,
) -> Blocks:
    """The pairs of records that share a key.

    A key value that brings more than `limit` pairs is refined, and its records are compared with their neighbours.

    Args:
        session: where they are joined.
        sides: one or two, with the columns that keys are made of.
        keys: the kinds of key that these columns allow.
        limit: pairs per key value.
        is_self: whether one side is matched with itself: each pair comes once.
    """
    join = Joiner(limit, is_self)
    expressions = [hash_sql(i, key.parts) for i, key in enumerate(keys)]
    joined = _joined(session, [_hashes(session, side, expressions) for side in sides], join).persist()
    brought, refined, common, kept = [_codes(session, joined)], _count_oversized(session, joined), 0, [joined]
    if refined:
        near = [i for i, key in enumerate(keys) if key.has_neighbours]
        brought.append(_neighbours(session, joined, sides, near))
    attributes = [hash_sql(100 + i, [part]) for i, part in enumerate(refinements_for(sides[0].columns))]
    if refined and attributes:
        hashes = [_refined(session, joined, i, side, attributes) for i, side in enumerate(sides)]
        kept.append(_joined(session, hashes, join).persist())
        brought.append(_codes(session, kept[-1]))
        common = _count_oversized(session, kept[-1])
    return Blocks(_distinct(session, brought), refined, common, tuple(kept))


def _stacked(expressions: Sequence[str]) -> str:
    hashed = ", ".join(f"{i}, {to_spark_sql(each)}" for i, each in enumerate(expressions))
    return f"stack({len(expressions)}, {hashed})"


def _hashes(session: SparkSession, side: DataFrame, expressions: Sequence[str]) -> DataFrame:
    """The hashes of a side, long: row, k (position of the expression), h."""
    if not expressions:
        return session.sql("SELECT row, 0 AS k, 0L AS h FROM {side} WHERE false", side=side)
    return session.sql(
        f"SELECT row, k, h FROM (SELECT row, {_stacked(expressions)} AS (k, h) FROM {{side}}) WHERE h IS NOT NULL",
        side=side,
    )


def _joined(session: SparkSession, hashes: Sequence[DataFrame], join: Joiner) -> DataFrame:
    """The hashes of all sides, joined: see `JOINED`."""
    named: dict[str, Any] = {f"side{i}": each for i, each in enumerate(hashes)}
    rows = " UNION ALL ".join(f"SELECT k, h, row, tinyint({i}) AS side FROM {{side{i}}}" for i in range(len(hashes)))
    together = session.sql(f"SELECT * FROM ({rows}) DISTRIBUTE BY k, h", **named)
    return together.mapInArrow(join, spark_schema(JOINED))


def _codes(session: SparkSession, joined: DataFrame) -> DataFrame:
    return session.sql("SELECT code FROM {joined} WHERE code IS NOT NULL", joined=joined)


def _distinct(session: SparkSession, brought: Sequence[DataFrame]) -> DataFrame:
    """Every pair once: l, r, keys."""
    named: dict[str, Any] = {f"part{i}": each for i, each in enumerate(brought)}
    codes = " UNION ALL ".join(f"SELECT code FROM {{{name}}}" for name in named)
    return session.sql(
        f"""SELECT int(shiftright(pair, {ROW_BITS})) AS l, int(pair & {ROW_MASK}) AS r, keys FROM (
            SELECT shiftright(code, {KEY_BITS}) AS pair, bit_or(shiftleft(1, int(code & {KEY_MASK}))) AS keys
            FROM ({codes}) GROUP BY 1)""",
        **named,
    )


def _count_oversized(session: SparkSession, joined: DataFrame) -> int:
    """How many key values would bring too many pairs."""
    found = session.sql("SELECT count(DISTINCT k, h) AS n FROM {joined} WHERE code IS NULL", joined=joined)
    return int(found.collect()[0]["n"])


def _refined(
    session: SparkSession, joined: DataFrame, side: int, records: DataFrame, attributes: Sequence[str]
) -> DataFrame:
    """The rows of oversized values by what they say besides: row, k (attribute and key), h (of the value with both)."""
    return session.sql(
        f"""SELECT row, a * 32 + k AS k, xxhash64(h, second) AS h FROM (
            SELECT o.row, o.k, o.h, {_stacked(attributes)} AS (a, second)
            FROM {{joined}} o JOIN {{records}} s ON s.row = o.row WHERE o.code IS NULL AND o.side = {side})
        WHERE second IS NOT NULL""",
        joined=joined,
        records=records,
    )


def _neighbours(session: SparkSession, joined: DataFrame, sides: Sequence[DataFrame], keys: Sequence[int]) -> DataFrame:
    """Each record of an oversized value of some kinds of key with the next few in order, as codes of pairs."""
    order = [column for column in ORDER if column in sides[0].columns]
    texts = "".join(f", coalesce(s.{column}, '') AS {column}" for column in order)
    members = " UNION ALL ".join(
        f"""SELECT o.k, o.h, o.side, o.row, s.record_id{texts} FROM {{joined}} o JOIN {{side{i}}} s ON s.row = o.row
        WHERE o.code IS NULL AND o.side = {i} AND o.k IN ({", ".join(map(str, keys)) or -1})"""
        for i in range(len(sides))
    )
    ahead = ", ".join(f"lead(struct(side, row), {i}) OVER w" for i in range(1, NEIGHBOURS + 1))
    is_first, is_other = ("side = 0", "side <> next.side") if len(sides) > 1 else ("row < next.row", "true")
    named: dict[str, Any] = {f"side{i}": side for i, side in enumerate(sides)}
    return session.sql(
        f"""SELECT shiftleft(shiftleft(bigint(if({is_first}, row, next.row)), {ROW_BITS})
            | if({is_first}, next.row, row), {KEY_BITS}) | k AS code
        FROM (SELECT k, side, row, explode(ahead) AS next FROM (
            SELECT k, side, row, array({ahead}) AS ahead FROM ({members})
            WINDOW w AS (PARTITION BY k, h ORDER BY {", ".join([*order, "record_id", "side"])})))
        WHERE next IS NOT NULL AND {is_other}""",
        joined=joined,
        **named,
    )
