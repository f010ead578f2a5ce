"""What a run looks like as a whole: weights, thresholds, and the estimated quality at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from reconcile.matching.block import BlockingKey
from reconcile.matching.rules import MatchSummary

Connection = duckdb.DuckDBPyConnection
THRESHOLDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a threshold would accept.

    Attributes:
        pairs: candidates at or above it.
        precision: their mean probability.
        recall: their share of all expected matches among the candidates.
    """

    threshold: float
    pairs: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class WeightBin:
    """Candidates whose weight lies in [bits, bits + 1)."""

    bits: int
    pairs: int


def threshold_curve(
    con: Connection, table: str = "candidates", thresholds: Sequence[float] = THRESHOLDS
) -> tuple[CurvePoint, ...]:
    """Estimated precision and recall at each threshold, from the probabilities themselves (no truth is needed)."""
    rows = con.execute(
        f"""SELECT t.threshold, count(c.probability), coalesce(avg(c.probability), 1.0),
            coalesce(sum(c.probability), 0.0), (SELECT coalesce(sum(probability), 0.0) FROM {table})
        FROM (SELECT unnest(?::DOUBLE[]) AS threshold) t LEFT JOIN {table} c ON c.probability >= t.threshold
        GROUP BY t.threshold ORDER BY t.threshold""",
        [list(thresholds)],
    ).fetchall()
    return tuple(CurvePoint(at, pairs, mean, part / whole if whole else 0.0) for at, pairs, mean, part, whole in rows)


def weight_bins(con: Connection, table: str = "candidates") -> tuple[WeightBin, ...]:
    """How many candidates have which weight, bit by bit."""
    rows = con.execute(
        f"SELECT floor(weight)::INTEGER AS bits, count(*) FROM {table} GROUP BY bits ORDER BY bits"
    ).fetchall()
    return tuple(WeightBin(*row) for row in rows)


def unlinkable_share(
    con: Connection, records: str, ids: str, table: str = "candidates", threshold: float = 0.1
) -> float:
    """Share of the records of which no candidate reaches the threshold; `ids` is the candidates' column of ids."""
    row = con.execute(
        f"""SELECT count(*) FILTER (c.id IS NULL), count(*) FROM {records} r
        LEFT JOIN (SELECT DISTINCT {ids} AS id FROM {table} WHERE probability >= ?) c ON c.id = r.record_id""",
        [threshold],
    ).fetchall()[0]
    return row[0] / row[1] if row[1] else 0.0


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """What one kind of blocking key brought: pairs, and the expected matches that no other key would have."""

    name: str
    pairs: int
    alone: int


@dataclass(frozen=True, slots=True)
class LevelFigure:
    """One level of agreement: its share among matches (m) and among all other pairs (u), and log2 of their quotient."""

    role: str
    level: int
    label: str
    weight: float
    m: float | None
    u: float | None


@dataclass(frozen=True, slots=True)
class MatchReport:
    """A match as a whole.

    Attributes:
        estimated_recall: share of the true pairs that the keys bring, by capture and recapture; None: not known.
        unlinkable: by side, the share of records of which no candidate reaches the review threshold.
    """

    bins: tuple[WeightBin, ...]
    curve: tuple[CurvePoint, ...]
    keys: tuple[KeyFigure, ...]
    estimated_recall: float | None
    unlinkable: dict[str, float]
    levels: tuple[LevelFigure, ...]


def report_match(con: Connection, summary: MatchSummary, sides: dict[str, str], review: float) -> MatchReport:
    """What `link` wrote, as a whole; `sides` says which relation is left and which is right."""
    levels = con.execute("SELECT role, level, label, weight, m, u FROM levels ORDER BY role, level DESC").fetchall()
    return MatchReport(
        weight_bins(con),
        threshold_curve(con),
        tuple(
            KeyFigure(name, pairs, summary.unique_pairs_per_key.get(name, 0))
            for name, pairs in sorted(summary.pairs_per_key.items(), key=lambda each: (-each[1], each[0]))
        ),
        summary.estimated_recall,
        {side: unlinkable_share(con, name, f"{side}_id", threshold=review) for side, name in sides.items()},
        tuple(LevelFigure(*row) for row in levels),
    )


def unique_per_key(
    keys: Sequence[BlockingKey], bits: npt.NDArray[np.integer], match: npt.NDArray[np.float64]
) -> dict[str, int]:
    """Expected matches that only this kind of key brought, by its name."""
    return {key.name: round(float(match[bits == (1 << i)].sum())) for i, key in enumerate(keys)}


def blocking_recall(
    keys: Sequence[BlockingKey], bits: npt.NDArray[np.integer], match: npt.NDArray[np.float64]
) -> float | None:
    """Share of the true pairs that the keys bring, by capture and recapture.

    Keys that need the name and keys that do not are two catches of the same pairs; from their overlap Chapman's
    estimator (1951) gives how many there are. None where there are not two such groups or too little was caught.
    """
    by_name = sum(
        1 << i
        for i, key in enumerate(keys)
        if key.columns & {"name_key", "name_set", "t1", "given_root", "family_sound"}
    )
    other = sum(1 << i for i in range(len(keys))) & ~by_name
    first, second = (bits & by_name) != 0, (bits & other) != 0
    caught = float(match[first].sum()), float(match[second].sum()), float(match[first & second].sum())
    if not by_name or not other or caught[2] < 20:
        return None
    everything = (caught[0] + 1) * (caught[1] + 1) / (caught[2] + 1) - 1
    return min(float(match[first | second].sum()) / everything, 1.0)
