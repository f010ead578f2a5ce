"""The part that linking and deduplication share: clean, block, score, learn."""

from __future__ import annotations

import re
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

from reconcile.errors import DefinitionError, InputError
from reconcile.matching.block import BlockingReport, Candidates, all_pairs, block
from reconcile.matching.candidates import pattern_scores
from reconcile.matching.comparison import Comparison
from reconcile.matching.learn import Evidence, MatchModel, every_rank, learn, rank_with
from reconcile.matching.models import model_from_json
from reconcile.matching.pairs import Rows
from reconcile.matching.patterns import Floats, Integers, count_patterns, number_patterns, unpack
from reconcile.matching.prepare import Prepared, forget, prepare
from reconcile.matching.refine import refine
from reconcile.matching.rivals import Rivals
from reconcile.matching.rules import MatchRules
from reconcile.matching.sample import DrawnPairs, draw_pairs
from reconcile.matching.score import comparisons_for, score_patterns
from reconcile.model import Progress

Connection = duckdb.DuckDBPyConnection
Report = Callable[[Progress], None]
DUCKDB_SHARE = 0.25  # of a memory limit; the rest is for the numbers that are compared and the program itself
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
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
class Tally:
    """All compared pairs, counted.

    Attributes:
        compared: how many there are.
        keys: kinds of key that brought a pair, or a number of pairs alike, a bit each.
        matches: the expected number of matches among those.
    """

    compared: int
    keys: npt.NDArray[np.int32]
    matches: Floats


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything known once the pairs are scored.

    Attributes:
        candidates: rows of each compared pair, and the kinds of blocking key that brought it.
        score: position of the pair's levels among the rows of `scores`.
        scores: per distinct levels: level_<role>, weight_<role>, weight, probability.
        rivals: the competition; None when one side is matched with itself.
        counted: all compared pairs where the candidates are only those worth keeping; None where they are all.
    """

    prepared: Prepared
    candidates: Candidates
    model: MatchModel
    score: Rows
    scores: pl.DataFrame
    rivals: Rivals | None
    counted: Tally | None = None

    def tally(self) -> Tally:
        """All compared pairs, counted."""
        return self.counted or Tally(len(self.score), self.candidates.keys, self.probabilities())

    @property
    def blocking(self) -> BlockingReport:
        """What the keys brought."""
        return self.candidates.report

    def weights(self) -> Floats:
        """Weight of each pair in bits."""
        return self.scores["weight"].to_numpy()[self.score]

    def probabilities(self) -> Floats:
        """Probability of each pair."""
        return self.scores["probability"].to_numpy()[self.score]


def configure(con: Connection, rules: MatchRules) -> None:
    """Apply the memory limit and the thread count."""
    if rules.memory_limit:
        con.execute("SET memory_limit = ?", [f"{round(memory_bytes(rules.memory_limit) * DUCKDB_SHARE)}B"])
        if con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0] in {"", ".tmp"}:
            con.execute(f"SET temp_directory = '{Path(tempfile.gettempdir()) / 'reconcile-spill'}'")
    if rules.threads:
        con.execute("SET threads = ?", [rules.threads])
    con.execute("SET preserve_insertion_order = true")


def memory_bytes(text: str) -> float:
    """A size like "1GB" or "512 MiB" in bytes.

    Raises:
        DefinitionError: no such size.
    """
    found = re.fullmatch(r"\s*([0-9.]+)\s*([a-zA-Z]*)\s*", text)
    if found is None or found[2].lower() not in UNITS:
        raise DefinitionError("memory limit", f"{text!r} is no size", remedy='Write it like "2GB".')
    return float(found[1]) * UNITS[found[2].lower()]


def score_pairs(con: Connection, relations: tuple[str, ...], rules: MatchRules, watch: Stopwatch) -> Scored:
    """Clean the relations, block, score every pair and learn the weights."""
    if rules.engine == "spark":
        from reconcile.matching.engines.spark.pipeline import score_pairs_on_spark  # noqa: PLC0415 - only where it is installed

        return score_pairs_on_spark(con, relations, rules, watch)
    is_self = len(relations) == 1
    with watch.stage("clean"):
        configure(con, rules)
        prepared = prepare(con, relations, rules)
        comparisons = comparisons_for(prepared.columns)
        if not comparisons:
            raise InputError(
                f"{' and '.join(relations)} have no role in common that can be compared.",
                remedy="Say which columns hold the name, address, phone ... of a record.",
            )
    with watch.stage("block"):
        candidates = find_candidates(con, prepared, rules, is_self=is_self)
    with watch.stage("score"):
        patterns = score_rows(prepared, candidates.left, candidates.right, comparisons, rules)
        drawn = draw_pairs(prepared.sides[0], prepared.sides[-1], rules.seed, is_self=is_self)
    with watch.stage("learn"):
        return _learn(con, comparisons, prepared, candidates, patterns, drawn, rules)


def find_candidates(con: Connection, prepared: Prepared, rules: MatchRules, *, is_self: bool) -> Candidates:
    """The pairs worth comparing: all of two small sides, else those that share a key."""
    if max(prepared.left_rows, prepared.right_rows) < rules.compare_all_below:
        return all_pairs(prepared.left_rows, prepared.right_rows, is_self=is_self)
    limit, sides = rules.block_pairs, prepared.sides
    threads = 1 if rules.memory_limit else rules.threads  # each kind of key has numbers of its own
    return block(con, prepared.left, prepared.right, prepared.columns, limit, threads, is_self=is_self, sides=sides)


def score_rows(
    prepared: Prepared, left: Rows, right: Rows, comparisons: tuple[Comparison, ...], rules: MatchRules
) -> Integers:
    """The pattern of levels of each pair of rows, whether or not blocking brought it."""
    sides = prepared.sides[0], prepared.sides[-1]
    return score_patterns(*sides, left, right, prepared.vocabulary, comparisons, rules.threads)


def _learn(  # noqa: PLR0917 - one call, by position
    con: Connection,
    comparisons: tuple[Comparison, ...],
    prepared: Prepared,
    candidates: Candidates,
    patterns: Integers,
    drawn: DrawnPairs,
    rules: MatchRules,
) -> Scored:
    is_self = prepared.left == prepared.right
    distinct, counts, place = number_patterns(patterns, comparisons)
    records = prepared.left_rows, prepared.right_rows
    sampled = score_rows(prepared, drawn.left, drawn.right, comparisons, rules)
    random_patterns, random_counts, random_draws = count_patterns(sampled, drawn.weight)
    evidence = Evidence(
        comparisons,
        unpack(distinct, comparisons),
        counts,
        unpack(random_patterns, comparisons),
        random_counts,
        random_draws,
        *records,
        max(records[0] * (records[0] - 1) / 2 if is_self else float(records[0]) * records[1], 1.0),
    )
    rivals = None if is_self else Rivals(candidates.left, candidates.right, place, rules.threads)
    levels = evidence.levels if rivals is None else every_rank(evidence.levels)

    def judged_levels() -> tuple[Integers, npt.NDArray[np.bool_]]:
        score = place if rivals is None else rivals.index()
        judged = _judged(con, rules, prepared, candidates, levels[:0], comparisons)
        return np.concatenate([levels[score[judged.places]], judged.missed]), judged.is_same

    model = fit(evidence, rivals, rules, judged_levels)
    score = place if rivals is None else rivals.index()
    return Scored(prepared, candidates, model, score, pattern_scores(model, levels), rivals)


def fit(
    evidence: Evidence,
    rivals: Rivals | None,
    rules: MatchRules,
    judged_levels: Callable[[], tuple[Integers, npt.NDArray[np.bool_]]],
) -> MatchModel:
    """The model to score with, stored or learned; the rivals are ranked by it alone, so that both give the same."""
    if rules.model:
        model = model_from_json(rules.model, evidence.comparisons, has_competition=rivals is not None)
    else:
        model = learn(evidence, rivals)
        if rules.judgements:
            levels, is_same = judged_levels()
            model = refine(model, levels, is_same) if len(is_same) else model
    if rivals is not None:
        rank_with(model, evidence, rivals)
    return model


@dataclass(frozen=True, slots=True)
class _Judged:
    """Judged pairs: first those among the candidates, by their places, then those that no key brought, by levels."""

    places: Integers
    missed: Integers
    is_same: npt.NDArray[np.bool_]


def _judged(  # noqa: PLR0917 - one call, by position
    con: Connection,
    rules: MatchRules,
    prepared: Prepared,
    candidates: Candidates,
    no_levels: Integers,
    comparisons: tuple[Comparison, ...],
) -> _Judged:
    """The judged pairs and what was said, in an order that rows do not change.

    A pair that no key brought has levels all the same; only of its competition nothing is known.
    """
    is_self = prepared.left == prepared.right
    found = con.execute(f"""
        SELECT a.row AS l, b.row AS r, j.verdict = 'same' AS same FROM {rules.judgements} j
        JOIN {prepared.left} a ON a.record_id = j.left_id JOIN {prepared.right} b ON b.record_id = j.right_id
        WHERE j.verdict IN ('same', 'different') ORDER BY j.left_id, j.right_id""").fetchnumpy()
    first, second = np.asarray(found["l"], dtype=np.int32), np.asarray(found["r"], dtype=np.int32)
    if is_self:
        first, second = np.minimum(first, second), np.maximum(first, second)
    codes = candidates.left.astype(np.int64) << 32 | candidates.right.astype(np.int64)
    wanted = first.astype(np.int64) << 32 | second.astype(np.int64)
    place = np.searchsorted(codes, wanted)
    place[place == len(codes)] = 0
    is_candidate = codes[place] == wanted if len(codes) else np.zeros(len(wanted), dtype=bool)
    missed = ~is_candidate
    levels = unpack(score_rows(prepared, first[missed], second[missed], comparisons, rules), comparisons)
    padded = np.zeros((len(levels), no_levels.shape[1]), dtype=np.int64)
    padded[:, : levels.shape[1]] = levels
    same = np.asarray(found["same"], dtype=bool)
    return _Judged(place[is_candidate], padded, np.concatenate([same[is_candidate], same[missed]]))


def drop_work_tables(con: Connection) -> None:
    """Forget the cleaned sides."""
    forget(con)
