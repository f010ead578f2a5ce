"""Random pairs, the same ones for any order of the rows: what agreement by chance looks like."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

Connection = duckdb.DuckDBPyConnection
RECORDS = 20_000
SHIFTS = 5


def write_random_pairs(con: Connection, left: str, right: str, seed: int, target: str, *, is_self: bool) -> None:
    """Write `target(l, r, keys)`: records drawn by a hash of ids and seed, each paired with up to 5 others."""
    lefts, rights = _draw(con, left, seed), _draw(con, right, seed + 1)
    size = max(len(lefts), len(rights))
    first = np.tile(lefts[np.arange(size) % len(lefts)], SHIFTS)
    second = np.concatenate([rights[(np.arange(size) + 1 + step * 17) % len(rights)] for step in range(SHIFTS)])
    frame = pl.DataFrame({"l": first, "r": second}).unique()
    if is_self:
        frame = frame.filter(pl.col("l") != pl.col("r"))
    con.register("_drawn", frame.to_arrow())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT l, r, 0::BIGINT AS keys FROM _drawn")
    con.unregister("_drawn")


def _draw(con: Connection, table: str, seed: int) -> np.ndarray:
    found = con.execute(
        f"SELECT row FROM {table} ORDER BY hash(record_id, {seed}), record_id LIMIT {RECORDS}"
    ).fetchnumpy()
    return np.asarray(found["row"], dtype=np.int32)
