"""From scored patterns to the tables that others read."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from reconcile.matching.learn import MatchModel
from reconcile.matching.patterns import Integers
from reconcile.matching.rules import MatchRules

Connection = duckdb.DuckDBPyConnection


def pattern_scores(model: MatchModel, levels: Integers) -> pl.DataFrame:
    """One row per row of `levels`: level_<role>, weight_<role>, weight (log2 of the odds) and probability."""
    _, parts, total = model.weights(levels)
    columns: dict[str, object] = {}
    for i, each in enumerate(model.comparisons):
        columns[f"level_{each.role}"] = levels[:, i].astype(np.int16)
        columns[f"weight_{each.role}"] = parts[:, i]
    return pl.DataFrame(columns | {"weight": total, "probability": probability(total)})


def probability(weight: np.ndarray) -> np.ndarray:
    """The probability of a weight in bits."""
    return np.asarray(1.0 / (1.0 + np.exp2(-np.clip(weight, -1000, 1000))))


def write_levels(con: Connection, model: MatchModel, table: str) -> None:
    """Write `table(role, level, label, weight, m, u)`; the row of role "prior" is the weight before any evidence.

    u is the share among all non-matching pairs, of whatever class; weight is log2(m / u): the level on its own.
    """
    others = [name for name in model.sizes if name != "match"]
    total = sum(model.sizes[name] for name in others)
    before = float(np.log2(model.sizes["match"] / total))
    rows: list[tuple[str, int, str, float, float | None, float | None]] = [
        ("prior", 0, "before any evidence", before, None, None)
    ]
    for i, each in enumerate(model.comparisons):
        m = model.shares["match"][i]
        u = sum((model.shares[name][i] * (model.sizes[name] / total) for name in others), start=np.zeros(len(m)))
        rows.append((each.role, 0, each.labels[0], 0.0, None, None))
        rows.extend(
            (each.role, level, label, float(np.log2(m[level] / u[level])), float(m[level]), float(u[level]))
            for level, label in enumerate(each.labels)
            if level
        )
    schema = {
        "role": pl.String,
        "level": pl.Int16,
        "label": pl.String,
        "weight": pl.Float64,
        "m": pl.Float64,
        "u": pl.Float64,
    }
    write_frame(con, pl.DataFrame(rows, schema=schema, orient="row"), table)


def write_frame(con: Connection, frame: pl.DataFrame, table: str, columns: str = "*", *, is_more: bool = False) -> None:
    """Write a frame as a table.

    Args:
        con: where to.
        frame: the rows.
        table: the table to write, replaced if it exists.
        columns: what to select of it, as SQL.
        is_more: whether to add to the table that is there instead.
    """
    verb = f"INSERT INTO {table}" if is_more else f"CREATE OR REPLACE TABLE {table} AS"
    con.register("_written_frame", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
    con.execute(f"{verb} SELECT {columns} FROM _written_frame")
    con.unregister("_written_frame")


def band_sql(rules: MatchRules, probability: str = "probability") -> str:
    """The band of a probability."""
    return (
        f"CASE WHEN {probability} >= {rules.accept} THEN 'accept' "
        f"WHEN {probability} >= {rules.review} THEN 'review' ELSE 'ignore' END"
    )
