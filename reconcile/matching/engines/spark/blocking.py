"""Blocking in Spark SQL: the keys of `reconcile.matching.block`, transpiled, and their join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from reconcile.matching.block import BlockingKey, hash_sql, refinements_for

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class Blocks:
    """The candidate pairs.

    Attributes:
        pairs: l, r (rows), keys (the kinds of key that brought the pair, a bit each).
        refined, dropped: key values that were too common, and those still too common when refined.
    """

    pairs: DataFrame
    refined: int = 0
    dropped: int = 0


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
    """The pairs of records that share a key; a key value that brings more than `limit` pairs is refined.

    Args:
        session: where they are joined.
        sides: one or two, with the columns that keys are made of.
        keys: the kinds of key that these columns allow.
        limit: pairs per key value.
        is_self: whether one side is matched with itself: each pair comes once.
    """
    expressions = [hash_sql(i, key.parts) for i, key in enumerate(keys)]
    left, right = (_hashes(session, side, expressions) for side in (sides[0], sides[-1]))
    brought = _pairs(session, left, right, limit, is_self=is_self)
    oversized = _oversized(session, left, right, limit).persist()
    refined, dropped = oversized.count(), 0
    if refined:
        attributes = [hash_sql(100 + i, [part]) for i, part in enumerate(refinements_for(sides[0].columns))]
        left, right = (
            _refined(session, each, oversized, _hashes(session, side, attributes))
            for each, side in ((left, sides[0]), (right, sides[-1]))
        )
        dropped = _oversized(session, left, right, limit).count()
        brought = brought.unionAll(_pairs(session, left, right, limit, is_self=is_self))
    pairs = session.sql("SELECT l, r, bit_or(shiftleft(1, k)) AS keys FROM {brought} GROUP BY l, r", brought=brought)
    return Blocks(pairs, refined, dropped)


def _hashes(session: SparkSession, side: DataFrame, expressions: Sequence[str]) -> DataFrame:
    """The hashes of a side, long: row, k (position of the expression), h."""
    if not expressions:
        return session.sql("SELECT row, 0 AS k, 0L AS h FROM {side} WHERE false", side=side)
    hashed = ", ".join(f"{i}, {to_spark_sql(each)}" for i, each in enumerate(expressions))
    return session.sql(
        f"SELECT row, k, h FROM (SELECT row, stack({len(expressions)}, {hashed}) AS (k, h) FROM {{side}}) "
        "WHERE h IS NOT NULL",
        side=side,
    )


# Rows by (k, h) with the number of rows on their side; both sides and all that follows need one exchange each.
_SIZED = """
    l AS (SELECT k, h, row, count(*) OVER (PARTITION BY k, h) AS size FROM {left}),
    r AS (SELECT k, h, row, count(*) OVER (PARTITION BY k, h) AS size FROM {right}),
    sizes AS (SELECT k, h, max(size) AS size FROM r GROUP BY k, h)"""


def _pairs(session: SparkSession, left: DataFrame, right: DataFrame, limit: int, *, is_self: bool) -> DataFrame:
    """The pairs of all values that are not oversized: l, r, k. Oversized ones are left out before they are joined."""
    condition = "WHERE small.row < r.row" if is_self else ""
    return session.sql(
        f"""WITH {_SIZED},
        small AS (
            SELECT l.k, l.h, l.row FROM l JOIN sizes s ON l.k = s.k AND l.h = s.h WHERE l.size * s.size <= {limit})
        SELECT small.row AS l, r.row AS r, small.k % 32 AS k
        FROM small JOIN r ON small.k = r.k AND small.h = r.h {condition}""",
        left=left,
        right=right,
    )


def _oversized(session: SparkSession, left: DataFrame, right: DataFrame, limit: int) -> DataFrame:
    """The key values that would bring more than `limit` pairs: k, h."""
    return session.sql(
        f"""WITH lefts AS (SELECT k, h, count(*) AS size FROM {{left}} GROUP BY k, h),
        rights AS (SELECT k, h, count(*) AS size FROM {{right}} GROUP BY k, h)
        SELECT l.k, l.h FROM lefts l JOIN rights r ON l.k = r.k AND l.h = r.h WHERE l.size * r.size > {limit}""",
        left=left,
        right=right,
    )


def _refined(session: SparkSession, keys: DataFrame, oversized: DataFrame, attributes: DataFrame) -> DataFrame:
    """The rows of oversized values by what they say besides: k (attribute and key), h (of the value with both)."""
    return session.sql(
        """SELECT keys.row, a.k * 32 + keys.k AS k, xxhash64(keys.h, a.h) AS h
        FROM {keys} keys JOIN {oversized} o ON keys.k = o.k AND keys.h = o.h JOIN {attributes} a ON a.row = keys.row""",
        keys=keys,
        oversized=oversized,
        attributes=attributes,
    )
