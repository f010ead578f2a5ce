"""Matching again after a few changes: new and changed records against kept keys, everything else carried over.

What was counted over whole sides (how rare words and values are, which keys are too common) and the model stay as they
were kept, so an unchanged pair of records says what it said before, and the links are those of matching everything with
the same statistics and model. After many changes match everything again: the statistics grow old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from reconcile.errors import InputError
from reconcile.matching.block import BlockingKey, BlockingReport, Candidates, keys_for
from reconcile.matching.candidates import pattern_scores
from reconcile.matching.clean.records import population
from reconcile.matching.comparison import Comparison
from reconcile.matching.kept import (
    SIDES,
    KeptMatch,
    attached,
    fine_rows_sql,
    keep_match,
    key_rows_sql,
    read_match,
    said_sql,
)
from reconcile.matching.learn import Evidence, every_rank, rank_with
from reconcile.matching.link import finish
from reconcile.matching.models import model_from_json, model_to_json
from reconcile.matching.pairs import Rows
from reconcile.matching.patterns import Integers, number_patterns, unpack
from reconcile.matching.pipeline import (
    Report,
    Scored,
    Stopwatch,
    configure,
    drop_work_tables,
    find_candidates,
    score_pairs,
    score_rows,
    silent,
)
from reconcile.matching.prepare import Prepared, prepare
from reconcile.matching.rivals import Rivals
from reconcile.matching.rules import LinkResult, MatchRules
from reconcile.matching.score import comparisons_for
from reconcile.matching.side import Side
from reconcile.matching.statistics import Statistics
from reconcile.matching.texts import TextsInMemory

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Compared pairs: rows of the kept numbering, kinds of key, pattern."""

    left: Rows
    right: Rows
    keys: npt.NDArray[np.int32]
    pattern: Integers


def link_and_keep(
    con: Connection, left: str, right: str, kept: Path, rules: MatchRules | None = None, *, progress: Report = silent
) -> LinkResult:
    """`link`, and write what `link_changes` needs to the file `kept`, in place of one that is there.

    Raises:
        InputError: as `link`; or so few records that every pair is compared, which needs no keeping.
    """
    rules = rules or MatchRules()
    watch = Stopwatch(progress)
    scored = score_pairs(con, (left, right), rules, watch)
    if not scored.blocking.keys:
        drop_work_tables(con)
        raise InputError("So few records are compared pair by pair.", remedy="Match them all again when some change.")
    patterns = _patterns_of(scored)
    model = model_to_json(scored.model)
    keep_match(con, kept, (left, right), scored.prepared, scored.candidates, patterns, model, rules)
    return finish(con, scored, rules, watch)


def _patterns_of(scored: Scored) -> Integers:
    """The pattern of each pair, without the competition."""
    own = scored.model.comparisons[:-1]
    radix, patterns = 1, np.zeros(scored.scores.height, dtype=np.int64)
    for each in own:
        patterns += scored.scores[f"level_{each.role}"].to_numpy().astype(np.int64) * radix
        radix *= len(each.labels)
    return patterns[scored.score]


def link_changes(
    con: Connection, left: str, right: str, kept: Path, rules: MatchRules | None = None, *, progress: Report = silent
) -> LinkResult:
    """Match two relations of which most records are those of a kept match.

    Args:
        con: an open DuckDB connection; `candidates` and `levels` are written as `link` writes them.
        left: every left record as it is now, not the changed ones alone.
        right: the same of the other side.
        kept: the file that `link_and_keep` wrote; it is not changed.
        rules: thresholds and cardinality; roles and model are those of the kept match.
        progress: told at the begin of each stage.

    Raises:
        InputError: the file holds no kept match; or as `link`.
    """
    rules = rules or MatchRules()
    watch = Stopwatch(progress)
    with attached(con, kept) as name:
        with watch.stage("clean"):
            configure(con, rules)
            match, statistics = read_match(con, name)
            rules = replace(rules, model=match.model, block_pairs=match.limit)
            fresh = tuple(
                _find_changes(con, name, side, relation, match.roles[i])
                for i, (side, relation) in enumerate(zip(SIDES, (left, right), strict=True))
            )
        with watch.stage("block"):
            _find_pairs(con, name, match, statistics, rules)
        with watch.stage("score"):
            comparisons = comparisons_for(match.columns)
            new = _score_new(con, (left, right), fresh, statistics, comparisons, rules, match)
        with watch.stage("learn"):
            scored = _all_scored(con, name, match, new, comparisons, rules)
        result = finish(con, scored, rules, watch)
        for table in ("fresh", "gone", "keys", "near"):
            for side in SIDES:
                con.execute(f"DROP TABLE IF EXISTS temp._{table}_{side}")
        con.execute("DROP TABLE IF EXISTS temp._new_pairs")
    return result


def _find_changes(con: Connection, kept: str, side: str, relation: str, roles: Sequence[str]) -> str:
    """Write `_fresh_<side>` (row, and all of a new or changed record) and `_gone_<side>` (row: changed or removed)."""
    said = said_sql(con, relation, roles)  # type: ignore[arg-type]  # roles were written as text
    con.execute(f"CREATE OR REPLACE TEMP TABLE _said AS {said}")
    con.execute(f"""CREATE OR REPLACE TEMP TABLE _gone_{side} AS
        SELECT row FROM {kept}.{side}_records ANTI JOIN _said USING (record_id, said)""")
    source = population(con.sql(f"SELECT * FROM {relation} LIMIT 0").columns, relation)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE _fresh_{side} AS
        SELECT (SELECT count(*) FROM {kept}.{side}_records)::INTEGER
            + (row_number() OVER (ORDER BY record_id))::INTEGER - 1 AS kept_row, s.*
        FROM {source} s JOIN (SELECT record_id FROM _said ANTI JOIN {kept}.{side}_records USING (record_id, said))
            USING (record_id)""")
    con.execute("DROP TABLE temp._said")
    return f"_fresh_{side}"


def _find_pairs(con: Connection, kept: str, match: KeptMatch, statistics: Statistics, rules: MatchRules) -> None:
    """Write `_new_pairs(l, r, keys)`: the pairs that new and changed records bring, in the kept numbering."""
    keys = keys_for(match.columns)
    for side in SIDES:
        _write_fresh_keys(con, kept, side, keys, match, statistics, rules)
    left, right = (f"(SELECT k, h, row FROM _keys_{side} ANTI JOIN {kept}.common USING (h))" for side in SIDES)
    old_left, old_right = (
        f"(SELECT k, h, row FROM {kept}.{side}_keys ANTI JOIN _gone_{side} USING (row))" for side in SIDES
    )
    joins = " UNION ALL ".join(
        f"SELECT a.row AS l, b.row AS r, a.k AS k FROM {a} a JOIN {b} b ON a.h = b.h"
        for a, b in ((left, right), (left, old_right), (old_left, right))
    )
    con.execute(f"""CREATE OR REPLACE TEMP TABLE _new_pairs AS
        SELECT l, r, bit_or(1::INTEGER << k)::INTEGER AS keys FROM ({joins}) GROUP BY l, r ORDER BY l, r""")


def _write_fresh_keys(  # noqa: PLR0917 - one call, by position
    con: Connection,
    kept: str,
    side: str,
    keys: Sequence[BlockingKey],
    match: KeptMatch,
    statistics: Statistics,
    rules: MatchRules,
) -> None:
    """Write `_keys_<side>(k, h, row)` of the new and changed records."""
    prepared = prepare(con, (f"_fresh_{side}",), rules, statistics, match.roles[SIDES.index(side)])
    con.execute(f"CREATE OR REPLACE TEMP TABLE _fresh_keys AS {key_rows_sql(prepared.left, keys)}")
    fine = fine_rows_sql("_fresh_keys", f"{kept}.common", prepared.left, match.columns)
    con.execute(f"INSERT INTO _fresh_keys {fine}")
    con.execute(f"""CREATE OR REPLACE TEMP TABLE _keys_{side} AS SELECT k, h, f.kept_row AS row
        FROM _fresh_keys JOIN {prepared.left} c USING (row) JOIN _fresh_{side} f USING (record_id)""")
    con.execute("DROP TABLE temp._fresh_keys")
    drop_work_tables(con)


def _score_new(  # noqa: PLR0917 - one call, by position
    con: Connection,
    relations: tuple[str, str],
    fresh: tuple[str, ...],
    statistics: Statistics,
    comparisons: tuple[Comparison, ...],
    rules: MatchRules,
    match: KeptMatch,
) -> _Pairs:
    """Clean the records that the new pairs join, and score those pairs."""
    near = []
    for side, relation, changed, row in zip(SIDES, relations, fresh, ("l", "r"), strict=True):
        wanted = f"SELECT DISTINCT {row} AS row FROM _new_pairs"
        con.execute(f"""CREATE OR REPLACE TEMP TABLE _near_{side} AS
            SELECT kept_row, s.* FROM (SELECT record_id, row AS kept_row FROM kept_match.{side}_records
                JOIN ({wanted}) USING (row) ANTI JOIN _gone_{side} USING (row)) JOIN {relation} s USING (record_id)
            UNION ALL SELECT * FROM {changed} WHERE kept_row IN ({wanted})""")
        near.append(f"_near_{side}")
    found = con.execute("SELECT l, r, keys FROM _new_pairs").fetchnumpy()
    left, right = (np.asarray(found[side], dtype=np.int32) for side in "lr")
    keys = np.asarray(found["keys"], dtype=np.int32)
    if len(left) == 0:
        return _Pairs(left, right, keys, np.zeros(0, dtype=np.int64))
    prepared = prepare(con, (near[0], near[1]), rules, statistics, *match.roles)
    places = [
        _places(con, table, near_rows) for table, near_rows in zip((prepared.left, prepared.right), near, strict=True)
    ]
    patterns = score_rows(prepared, places[0][left], places[1][right], comparisons, rules)
    drop_work_tables(con)
    return _Pairs(left, right, keys, patterns)


def _places(con: Connection, table: str, near: str) -> Rows:
    """Row in the cleaned table by kept row."""
    found = con.execute(f"SELECT c.row, n.kept_row FROM {table} c JOIN {near} n USING (record_id)").fetchnumpy()
    kept = np.asarray(found["kept_row"])
    places = np.zeros(int(kept.max(initial=-1)) + 1, dtype=np.int32)
    places[kept] = np.asarray(found["row"])
    return places


def _all_scored(  # noqa: PLR0917 - one call, by position
    con: Connection, kept: str, match: KeptMatch, new: _Pairs, comparisons: tuple[Comparison, ...], rules: MatchRules
) -> Scored:
    """The kept pairs of records that are still the same, and the new ones, ranked and weighed by the kept model."""
    old = con.execute(f"SELECT l, r, keys, pattern FROM {kept}.pairs").fetchnumpy()
    stays = np.ones(len(old["l"]), dtype=bool)
    for side, row in zip(SIDES, "lr", strict=True):
        gone = np.asarray(con.execute(f"SELECT row FROM _gone_{side}").fetchnumpy()["row"])
        count = con.execute(f"SELECT count(*) FROM {kept}.{side}_records").fetchall()[0][0]
        is_gone = np.zeros(count, dtype=bool)
        is_gone[gone] = True
        stays &= ~is_gone[np.asarray(old[row])]
    left = np.concatenate([np.asarray(old["l"])[stays], new.left])
    right = np.concatenate([np.asarray(old["r"])[stays], new.right])
    keys = np.concatenate([np.asarray(old["keys"])[stays], new.keys])
    patterns = np.concatenate([np.asarray(old["pattern"])[stays], new.pattern])
    order = np.argsort(left.astype(np.int64) << 32 | right)
    report = BlockingReport(keys_for(match.columns), {})
    candidates = Candidates(report, left[order], right[order], keys[order])
    sides = tuple(_ids(con, kept, side) for side in SIDES)
    prepared = Prepared("_left", "_right", *_alive(con, kept), match.columns, None, sides)
    return weigh(prepared, candidates, patterns[order], comparisons, rules)


def _ids(con: Connection, kept: str, side: str) -> Side:
    """The ids of all records by kept row: enough of a side to write candidates."""
    ids = con.sql(f"""SELECT record_id FROM (SELECT row, record_id FROM {kept}.{side}_records
        UNION ALL SELECT kept_row, record_id FROM _fresh_{side}) ORDER BY row""").pl()
    return Side(ids.height, TextsInMemory([ids], ("record_id",)), {})


def _alive(con: Connection, kept: str) -> tuple[int, int]:
    counts = [
        con.execute(f"""SELECT (SELECT count(*) FROM {kept}.{side}_records) - (SELECT count(*) FROM _gone_{side})
            + (SELECT count(*) FROM _fresh_{side})""").fetchall()[0][0]
        for side in SIDES
    ]
    return counts[0], counts[1]


def weigh(
    prepared: Prepared,
    candidates: Candidates,
    patterns: Integers,
    comparisons: tuple[Comparison, ...],
    rules: MatchRules,
) -> Scored:
    """Rank and weigh scored pairs by the model of the rules."""
    model = model_from_json(rules.model, comparisons)
    distinct, counts, place = number_patterns(patterns, comparisons)
    levels = unpack(distinct, comparisons)
    nothing = np.zeros((0, len(comparisons)), dtype=np.int64), np.zeros(0), np.zeros(0)
    evidence = Evidence(comparisons, levels, counts, *nothing, prepared.left_rows, prepared.right_rows, 1.0)
    rivals = Rivals(candidates.left, candidates.right, place, rules.threads)
    rank_with(model, evidence, rivals)
    return Scored(prepared, candidates, model, rivals.index(), pattern_scores(model, every_rank(levels)), rivals)


def link_again(
    con: Connection, left: str, right: str, kept: Path, rules: MatchRules | None = None, *, progress: Report = silent
) -> LinkResult:
    """Match everything again with the statistics and the model of a kept match: what `link_changes` stands in for."""
    rules = rules or MatchRules()
    watch = Stopwatch(progress)
    with attached(con, kept) as name:
        match, statistics = read_match(con, name)
    rules = replace(rules, model=match.model, block_pairs=match.limit)
    with watch.stage("clean"):
        configure(con, rules)
        prepared = prepare(con, (left, right), rules, statistics)
    with watch.stage("block"):
        candidates = find_candidates(con, prepared, rules, is_self=False)
    with watch.stage("score"):
        comparisons = comparisons_for(match.columns)
        patterns = score_rows(prepared, candidates.left, candidates.right, comparisons, rules)
    with watch.stage("learn"):
        scored = weigh(prepared, candidates, patterns, comparisons, rules)
    return finish(con, scored, rules, watch)
