"""What each kind of blocking key says of one pair of records: which brought it, and which missed it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np

from reconcile.matching.block import BlockingKey, block, keys_for
from reconcile.matching.prepare import Prepared
from reconcile.matching.rules import MatchRules

Connection = duckdb.DuckDBPyConnection
Outcome = Literal["same", "too common", "different", "missing left", "missing right"]


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """What one kind of blocking key says of the pair.

    Attributes:
        outcome: "same" (it brings the pair), "too common" (the same, but so many records share it that it brings a
            pair only where a second attribute agrees too), "different", "missing left" or "missing right".
    """

    name: str
    left_value: str | None
    right_value: str | None
    outcome: Outcome


def key_verdicts(
    con: Connection, prepared: Prepared, rows: tuple[int, int], rules: MatchRules, *, is_self: bool
) -> tuple[tuple[KeyVerdict, ...], bool]:
    """The verdict of every key, and whether the pair is brought at all.

    Args:
        con: the connection that holds the cleaned sides.
        prepared: the cleaned sides.
        rows: of the left and the right record.
        rules: those of the match.
        is_self: whether one side is matched with itself.

    Returns:
        No verdicts and True where both sides are so small that every pair is compared.
    """
    if max(prepared.left_rows, prepared.right_rows) < rules.compare_all_below:
        return (), True
    keys = keys_for(prepared.columns)
    values = [(_value(con, prepared.left, key, rows[0]), _value(con, prepared.right, key, rows[1])) for key in keys]
    agreeing = [i for i, key in enumerate(keys) if _agree(con, prepared, key, rows)]
    brought = _bringing(con, prepared, rows, [keys[i] for i in agreeing], rules, is_self=is_self) if agreeing else 0
    verdicts = []
    for i, key in enumerate(keys):
        outcome: Outcome = "same" if brought >> i & 1 else "too common" if i in agreeing else _missing(*values[i])
        verdicts.append(KeyVerdict(key.name, *values[i], outcome))
    return tuple(verdicts), brought != 0


def _missing(left: str | None, right: str | None) -> Outcome:
    if left is None:
        return "missing left"
    return "missing right" if right is None else "different"


def _agree(con: Connection, prepared: Prepared, key: BlockingKey, rows: tuple[int, int]) -> bool:
    """Whether the two records have the same key; what is shown of it may still differ (the order of words)."""
    parts = (
        f"(SELECT {part} FROM {prepared.left} WHERE row = {rows[0]}) = "
        f"(SELECT {part} FROM {prepared.right} WHERE row = {rows[1]})"
        for part in key.parts
    )
    return bool(con.execute(f"SELECT coalesce({' AND '.join(parts)}, false)").fetchall()[0][0])


def _bringing(
    con: Connection,
    prepared: Prepared,
    rows: tuple[int, int],
    agreeing: list[BlockingKey],
    rules: MatchRules,
    *,
    is_self: bool,
) -> int:
    """The keys that bring the pair, a bit each in the order of `keys_for`.

    The real blocking is asked, over no more than the records that share a key with the pair: whether a key value is
    too common depends on those alone.
    """
    sides = ((prepared.left, rows[0], "_near_left"), (prepared.right, rows[1], "_near_right"))
    for table, row, target in sides:
        same = " OR ".join(_same_key(table, row, key) for key in agreeing)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT * FROM {table} WHERE {same}")
    left, right = sides[0][2], sides[0 if is_self else 1][2]
    found = block(con, left, right, prepared.columns, rules.block_pairs, is_self=is_self)
    first, second = _place(con, left, rows[0]), _place(con, right, rows[1])
    if is_self:
        first, second = min(first, second), max(first, second)
    for _, _, table in sides:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    brought = found.keys[(found.left == first) & (found.right == second)]
    return int(brought[0]) if len(brought) else 0


def _place(con: Connection, table: str, row: int) -> int:
    """Where a record stands in a table that holds some of the records of its side."""
    return int(np.flatnonzero(con.execute(f"SELECT row FROM {table}").fetchnumpy()["row"] == row)[0])


def _same_key(table: str, row: int, key: BlockingKey) -> str:
    """Whether a record of the table has the same key as that of the row."""
    parts = (f"({part}) = (SELECT {part} FROM {table} WHERE row = {row})" for part in key.parts)
    return f"({' AND '.join(parts)})"


def _value(con: Connection, table: str, key: BlockingKey, row: int) -> str | None:
    """The key of a record as text; null when a part is. A word is shown, not its number."""
    parts = ", ".join("name" if "name_set" in part else f"({part})::VARCHAR" for part in key.parts)
    needed = " AND ".join(f"({part}) IS NOT NULL" for part in key.parts)
    found = con.execute(f"SELECT {parts} FROM {table} WHERE row = {row} AND {needed}").fetchall()
    if not found:
        return None
    shown = list(found[0])
    for i, part in enumerate(key.parts):
        if "t1" in part or "t2" in part:
            words = con.execute("SELECT word FROM _words WHERE token_id = ?", [int(shown[i])]).fetchall()
            shown[i] = words[0][0] if words else shown[i]
    return " + ".join(str(part) for part in shown)
