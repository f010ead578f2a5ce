"""The part that linking and deduplication share: clean, block, score, learn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.block import BlockingReport, all_pairs, block
from reconcile.matching.candidates import pattern_scores, write_frame, write_frame_columns
from reconcile.matching.learn import Evidence, Floats, Integers, MatchModel, every_rank, learn, rank_with, unpack
from reconcile.matching.models import model_from_json
from reconcile.matching.prepare import Prepared, prepare
from reconcile.matching.refine import refine
from reconcile.matching.rivals import Rivals, Rows
from reconcile.matching.rules import MatchRules
from reconcile.matching.sample import write_random_pairs
from reconcile.matching.score import Comparison, comparisons_for, write_patterns
from reconcile.model import Progress

Connection = duckdb.DuckDBPyConnection
Report = Callable[[Progress], None]
Pairs = tuple[Rows, Rows, Integers, Integers]
STAGES = ("clean", "block", "score", "learn", "decide", "write")


def silent(_: Progress) -> None:
    """Report nothing."""


@dataclass
class Stopwatch:
    """Wall time by stage, and progress to whoever listens."""

    progress: Report
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self.progress(Progress(name, STAGES.index(name), len(STAGES), "stages"))
        begin = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything known once the pairs are scored.

    Attributes:
        left, right: rows of each compared pair in the tables `_left` and `_right`.
        keys: the kinds of blocking key that brought it, a bit each.
        score: position of the pair's levels among the rows of `scores`.
        scores: per distinct levels: pattern (position), level_<role>, weight_<role>, weight, probability.
        rivals: the competition; None when one side is matched with itself.
    """

    prepared: Prepared
    blocking: BlockingReport
    model: MatchModel
    left: Rows
    right: Rows
    keys: Integers
    score: Integers
    scores: pl.DataFrame
    rivals: Rivals | None

    @property
    def weight(self) -> Floats:
        """Weight of each pair in bits."""
        return self.scores["weight"].to_numpy()[self.score]


def configure(con: Connection, rules: MatchRules) -> None:
    """Apply the memory limit and the thread count."""
    if rules.memory_limit:
        con.execute("SET memory_limit = ?", [rules.memory_limit])
        if con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0] in {"", ".tmp"}:
            con.execute(f"SET temp_directory = '{Path(tempfile.gettempdir()) / 'reconcile-spill'}'")
    if rules.threads:
        con.execute("SET threads = ?", [rules.threads])
    con.execute("SET preserve_insertion_order = false")


def score_pairs(con: Connection, relations: tuple[str, ...], rules: MatchRules, watch: Stopwatch) -> Scored:
    """Clean the relations, block, score every pair and learn the weights."""
    is_self = len(relations) == 1
    with watch.stage("clean"):
        configure(con, rules)
        prepared = prepare(con, relations, rules.roles)
        comparisons = comparisons_for(prepared.columns)
        if not comparisons:
            raise InputError(
                f"{' and '.join(relations)} have no role in common that can be compared.",
                remedy="Say which columns hold the name, address, phone ... of a record.",
            )
    with watch.stage("block"):
        blocking = _block(con, prepared, rules, is_self=is_self)
    with watch.stage("score"):
        write_patterns(con, comparisons, prepared.left, prepared.right, "_pairs", "_scored")
        write_random_pairs(con, prepared.left, prepared.right, rules.seed, "_random", is_self=is_self)
        write_patterns(con, comparisons, prepared.left, prepared.right, "_random", "_random_scored")
        pairs = _read_pairs(con)
    with watch.stage("learn"):
        return _learn(con, comparisons, prepared, blocking, pairs, rules)


def _block(con: Connection, prepared: Prepared, rules: MatchRules, *, is_self: bool) -> BlockingReport:
    if max(prepared.left_rows, prepared.right_rows) < rules.compare_all_below:
        return all_pairs(con, prepared.left, prepared.right, is_self=is_self)
    return block(con, prepared.left, prepared.right, prepared.columns, rules.block_pairs, is_self=is_self)


def _read_pairs(con: Connection) -> Pairs:
    """The scored pairs, in no particular order: nothing that follows depends on it."""
    found = con.execute("SELECT l, r, keys, pattern FROM _scored").fetchnumpy()
    con.execute("DROP TABLE temp._scored")
    left, right = (np.asarray(found[side], dtype=np.int32) for side in "lr")
    return left, right, np.asarray(found["keys"], dtype=np.int64), np.asarray(found["pattern"], dtype=np.int64)


def _learn(  # noqa: PLR0917 - one call, by position
    con: Connection,
    comparisons: tuple[Comparison, ...],
    prepared: Prepared,
    blocking: BlockingReport,
    pairs: Pairs,
    rules: MatchRules,
) -> Scored:
    is_self = prepared.left == prepared.right
    left, right, keys, pattern = pairs
    patterns, place = np.unique(pattern, return_inverse=True)
    random_patterns, random_counts = _count_patterns(con, "_random_scored")
    records = prepared.left_rows, prepared.right_rows
    evidence = Evidence(
        comparisons,
        unpack(patterns, comparisons),
        np.bincount(place, minlength=len(patterns)).astype(np.float64),
        unpack(random_patterns, comparisons),
        random_counts,
        *records,
        max(records[0] * (records[0] - 1) / 2 if is_self else float(records[0]) * records[1], 1.0),
    )
    rivals = None if is_self else Rivals(left, right, place)
    levels = evidence.levels if rivals is None else every_rank(evidence.levels)
    if rules.model:
        model = model_from_json(rules.model, comparisons)
    else:
        model = learn(evidence, rivals)
        if rules.judgements:
            score = place.astype(np.int64) if rivals is None else rivals.index()
            judged, is_same = _judged(con, rules.judgements, left, right, is_self=is_self)
            model = refine(model, levels[score[judged]], is_same) if len(judged) else model
    if rivals is not None and (rules.model or model.corrections):
        rank_with(model, evidence, rivals)
    score = place.astype(np.int64) if rivals is None else rivals.index()
    return Scored(prepared, blocking, model, left, right, keys, score, pattern_scores(model, levels), rivals)


def _judged(
    con: Connection, judgements: str, left: Rows, right: Rows, *, is_self: bool
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Places of the judged pairs among the candidates, and what was said; in an order that rows do not change."""
    found = con.execute(f"""
        SELECT a.row AS l, b.row AS r, j.verdict = 'same' AS same FROM {judgements} j
        JOIN _left a ON a.record_id = j.left_id JOIN {"_left" if is_self else "_right"} b ON b.record_id = j.right_id
        WHERE j.verdict IN ('same', 'different') ORDER BY j.left_id, j.right_id""").fetchnumpy()
    first, second = np.asarray(found["l"], dtype=np.int64), np.asarray(found["r"], dtype=np.int64)
    if is_self:
        first, second = np.minimum(first, second), np.maximum(first, second)
    codes = left.astype(np.int64) << 32 | right.astype(np.int64)
    order = np.argsort(codes, kind="stable")
    wanted = first << 32 | second
    place = np.minimum(np.searchsorted(codes[order], wanted), max(len(codes) - 1, 0))
    is_candidate = codes[order][place] == wanted if len(codes) else np.zeros(0, dtype=bool)
    return order[place[is_candidate]], np.asarray(found["same"], dtype=bool)[is_candidate]


def _count_patterns(con: Connection, table: str) -> tuple[Integers, Floats]:
    """The distinct patterns of a table in ascending order, and how many pairs have each."""
    found = con.execute(f"SELECT pattern, count(*) AS n FROM {table} GROUP BY pattern ORDER BY pattern").fetchnumpy()
    return np.asarray(found["pattern"], dtype=np.int64), np.asarray(found["n"], dtype=np.float64)


def write_kept(con: Connection, scored: Scored, columns: dict[str, np.ndarray]) -> None:
    """Write the kept pairs to `_kept` and the scores to `_scores`."""
    write_frame_columns(con, columns, "_kept")
    write_frame(con, scored.scores, "_scores", is_temporary=True)


def drop_work_tables(con: Connection) -> None:
    """Remove the temporary tables of a match."""
    for table in ("_left", "_right", "_words", "_rarity", "_pairs", "_random", "_random_scored", "_kept", "_scores"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
