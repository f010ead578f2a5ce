"""From scored patterns to the tables that others read."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from reconcile.matching.learn import Floats, Integers, MatchModel, unpack
from reconcile.matching.rules import MatchRules

Connection = duckdb.DuckDBPyConnection


def pattern_scores(model: MatchModel, patterns: Integers) -> pl.DataFrame:
    """One row per pattern: weight (bits, log2 of the odds), probability, and level and weight per comparison."""
    levels = unpack(patterns, model.comparisons)
    prior = float(np.log2(model.prior / (1 - model.prior)))
    columns: dict[str, Floats | Integers] = {"pattern": patterns}
    weight = np.full(len(patterns), prior)
    for i, each in enumerate(model.comparisons):
        bits = np.concatenate(([0.0], np.log2(model.m[i][1:] / model.u[i][1:])))
        columns[f"level_{each.role}"] = levels[:, i].astype(np.int16)
        columns[f"weight_{each.role}"] = bits[levels[:, i]]
        weight = weight + bits[levels[:, i]]
    return pl.DataFrame(columns | {"weight": weight, "probability": 1.0 / (1.0 + np.exp2(-weight))})


def write_levels(con: Connection, model: MatchModel, table: str) -> None:
    """Write `table(role, level, label, weight, m, u)`; the row of role "prior" is the weight before any evidence."""
    rows = [("prior", 0, "before any evidence", float(np.log2(model.prior / (1 - model.prior))), None, None)]
    for i, each in enumerate(model.comparisons):
        for level, label in enumerate(each.labels):
            m, u = float(model.m[i][level]), float(model.u[i][level])
            rows.append(
                (
                    each.role,
                    level,
                    label,
                    float(np.log2(m / u)) if level else 0.0,
                    m if level else None,
                    u if level else None,
                )
            )
    frame = pl.DataFrame(
        rows,
        schema={
            "role": pl.String,
            "level": pl.Int16,
            "label": pl.String,
            "weight": pl.Float64,
            "m": pl.Float64,
            "u": pl.Float64,
        },
        orient="row",
    )
    con.register("_levels", frame.to_arrow())
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM _levels")
    con.unregister("_levels")


def band_sql(rules: MatchRules, probability: str = "probability") -> str:
    """The band of a probability."""
    return f"CASE WHEN {probability} >= {rules.accept} THEN 'accept' WHEN {probability} >= {rules.review} THEN 'review' ELSE 'ignore' END"
