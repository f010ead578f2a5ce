"""Matching again after a few changes: new and changed records against kept keys, everything else carried over.

What was counted over whole sides (how rare words and values are) and the model stay as they were kept, so an unchanged
pair of records says what it said before, and the links are those of matching everything with the same statistics and
model. After many changes match everything again: the statistics grow old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.block import BlockingReport, Candidates, keys_for
from reconcile.matching.candidates import pattern_scores
from reconcile.matching.changed_pairs import (
    create,
    drop_tables,
    find_pairs,
    find_touched,
    newly_common_sql,
    refine_touched,
)
from reconcile.matching.clean.records import population
from reconcile.matching.comparison import Comparison
from reconcile.matching.kept import SIDES, KeptMatch, attached, keep_match, read_match, said_sql, update_match
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
from reconcile.matching.vocabulary import Vocabulary
from reconcile.model import Role

Connection = duckdb.DuckDBPyConnection


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
    con: Connection,
    left: str,
    right: str,
    kept: Path,
    rules: MatchRules | None = None,
    *,
    update: bool = False,
    progress: Report = silent,
) -> LinkResult:
    """Match two relations of which most records are those of a kept match.

    Args:
        con: an open DuckDB connection; `candidates` and `levels` are written as `link` writes them.
        left: every left record as it is now, not the changed ones alone.
        right: the same of the other side.
        kept: the file that `link_and_keep` wrote.
        rules: thresholds and cardinality; roles and model are those of the kept match.
        update: whether the file is to hold this match afterwards, so that the next changes are matched against it.
        progress: told at the begin of each stage.

    Raises:
        InputError: the file holds no kept match; or as `link`.
    """
    rules = rules or MatchRules()
    watch = Stopwatch(progress)
    relations = left, right
    with attached(con, kept) as name:
        with watch.stage("clean"):
            configure(con, rules)
            match, statistics = read_match(con, name)
            rules = replace(rules, model=match.model, block_pairs=match.limit)
            for side, relation, roles in zip(SIDES, relations, match.roles, strict=True):
                _find_changes(con, name, side, relation, roles)
            vocabulary = _clean(con, ("_fresh_left", "_fresh_right"), match, statistics, rules)
            statistics = statistics if vocabulary is None else statistics.with_words(vocabulary)
        with watch.stage("block"):
            _find_pairs(con, name, relations, match, statistics, rules)
        with watch.stage("score"):
            comparisons = comparisons_for(match.columns)
            new = _score_new(con, name, relations, match, statistics, comparisons, rules)
        with watch.stage("learn"):
            scored = _all_scored(con, name, match, new, comparisons, rules)
        result = finish(con, scored, rules, watch)
        if update:
            update_match(con, name, vocabulary, new)
        drop_tables(con)
    return result


def _find_changes(con: Connection, kept: str, side: str, relation: str, roles: Sequence[Role]) -> None:
    """Write `_fresh_<side>` (kept_row, said, and all of a new or changed record) and `_gone_<side>` (row)."""
    create(con, "_said", said_sql(con, relation, roles))
    create(con, f"_gone_{side}", f"SELECT row FROM {kept}.{side}_records ANTI JOIN _said USING (said)")
    source = population(con.sql(f"SELECT * FROM {relation} LIMIT 0").columns, relation)
    create(
        con,
        f"_fresh_{side}",
        f"""SELECT (SELECT coalesce(max(row), -1) FROM {kept}.{side}_records)::INTEGER
            + (row_number() OVER (ORDER BY record_id))::INTEGER AS kept_row, said, s.*
        FROM {source} s JOIN (FROM _said ANTI JOIN {kept}.{side}_records USING (said)) USING (record_id)""",
    )
    con.execute("DROP TABLE temp._said")


def _clean(
    con: Connection, relations: tuple[str, str], match: KeptMatch, statistics: Statistics, rules: MatchRules
) -> Vocabulary | None:
    """Add the records of two relations with a kept_row, cleaned, to `_cleaned_<side>`; the words with theirs in it."""
    prepared = prepare(con, relations, rules, statistics, *match.roles)
    for side, table, relation in zip(SIDES, (prepared.left, prepared.right), relations, strict=True):
        rows = f"SELECT f.kept_row AS row, c.* EXCLUDE (row) FROM {table} c JOIN {relation} f USING (record_id)"
        if relation == f"_fresh_{side}":
            create(con, f"_cleaned_{side}", rows)
        else:
            con.execute(f"INSERT INTO _cleaned_{side} {rows}")
    drop_work_tables(con)
    return prepared.vocabulary


def _find_pairs(  # noqa: PLR0917 - one call, by position
    con: Connection,
    kept: str,
    relations: tuple[str, str],
    match: KeptMatch,
    statistics: Statistics,
    rules: MatchRules,
) -> None:
    """Write `_new_pairs` and `_changed`, and what the file is updated with."""
    keys = keys_for(match.columns)
    find_touched(con, kept, keys, rules.block_pairs)
    near = [
        _write_near(con, kept, side, relation, newly_common_sql(side))
        for side, relation in zip(SIDES, relations, strict=True)
    ]
    if any(con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall() for table in near):
        _clean(con, (near[0], near[1]), match, statistics, rules)
    refine_touched(con, kept, keys, match.columns, rules.block_pairs)
    find_pairs(con, kept)


def _write_near(con: Connection, kept: str, side: str, relation: str, rows: str) -> str:
    """Write `_near_<side>`: kept_row and all of the unchanged records whose rows a SELECT gives."""
    create(
        con,
        f"_near_{side}",
        f"""SELECT kept_row, s.* FROM (SELECT record_id, row AS kept_row FROM {kept}.{side}_records
            WHERE row IN ({rows})) JOIN {relation} s USING (record_id)""",
    )
    return f"_near_{side}"


def _score_new(  # noqa: PLR0917 - one call, by position
    con: Connection,
    kept: str,
    relations: tuple[str, str],
    match: KeptMatch,
    statistics: Statistics,
    comparisons: tuple[Comparison, ...],
    rules: MatchRules,
) -> pl.DataFrame:
    """The pairs that are new, cleaned and scored, and those whose kinds of key change: l, r, keys, pattern."""
    other: pl.DataFrame = con.sql(f"""SELECT l, r, (p.keys & ~mask) | bits AS keys, pattern FROM {kept}.pairs p
        JOIN _changed USING (l, r) WHERE (p.keys & ~mask) | bits <> 0""").pl()
    con.execute(
        f"INSERT INTO _new_pairs SELECT l, r, bits FROM _changed ANTI JOIN {kept}.pairs USING (l, r) WHERE bits <> 0"
    )
    pairs: pl.DataFrame = con.sql("SELECT l, r, keys FROM _new_pairs ORDER BY l, r").pl()
    if pairs.height == 0:
        return other
    near = []
    for side, relation, row in zip(SIDES, relations, "lr", strict=True):
        rows = f"SELECT {row} FROM _new_pairs"
        near.append(_write_near(con, kept, side, relation, rows))
        con.execute(f"""INSERT INTO {near[-1]}
            SELECT * EXCLUDE (said) FROM _fresh_{side} WHERE kept_row IN ({rows})""")
    prepared = prepare(con, (near[0], near[1]), rules, statistics, *match.roles)
    places = [
        _places(con, table, near_rows) for table, near_rows in zip((prepared.left, prepared.right), near, strict=True)
    ]
    left, right = (place[pairs[row].to_numpy()] for place, row in zip(places, "lr", strict=True))
    patterns = score_rows(prepared, left, right, comparisons, rules)
    drop_work_tables(con)
    return pl.concat([pairs.with_columns(pattern=pl.Series(patterns)), other])


def _places(con: Connection, table: str, near: str) -> Rows:
    """Row in the cleaned table by kept row."""
    found = con.execute(f"SELECT c.row, n.kept_row FROM {table} c JOIN {near} n USING (record_id)").fetchnumpy()
    kept = np.asarray(found["kept_row"])
    places = np.zeros(int(kept.max(initial=-1)) + 1, dtype=np.int32)
    places[kept] = np.asarray(found["row"])
    return places


def _all_scored(  # noqa: PLR0917 - one call, by position
    con: Connection,
    kept: str,
    match: KeptMatch,
    new: pl.DataFrame,
    comparisons: tuple[Comparison, ...],
    rules: MatchRules,
) -> Scored:
    """The kept pairs of records that are still the same, and the new ones, ranked and weighed by the kept model."""
    old = con.execute(f"SELECT l, r, keys, pattern FROM {kept}.pairs ANTI JOIN _changed USING (l, r)").fetchnumpy()
    stays = np.ones(len(old["l"]), dtype=bool)
    for side, row in zip(SIDES, "lr", strict=True):
        rows = np.asarray(old[row], dtype=np.int32)
        gone = np.asarray(con.execute(f"SELECT row FROM _gone_{side}").fetchnumpy()["row"], dtype=np.int32)
        is_gone = np.zeros(max(int(rows.max(initial=-1)), int(gone.max(initial=-1))) + 1, dtype=np.bool_)
        is_gone[gone] = True
        stays &= ~is_gone[rows]
    left, right, keys, patterns = (
        np.concatenate([np.asarray(old[name])[stays], new[name].to_numpy()]) for name in ("l", "r", "keys", "pattern")
    )
    candidates = Candidates(BlockingReport(keys_for(match.columns), {}), left, right, keys)
    sides = tuple(_ids(con, kept, side) for side in SIDES)
    prepared = Prepared("_left", "_right", *_alive(con, kept), match.columns, None, sides)
    return weigh(prepared, candidates, patterns, comparisons, rules)


def _ids(con: Connection, kept: str, side: str) -> Side:
    """The ids of all records by kept row, null where a record is gone: enough of a side to write candidates."""
    found = con.sql(
        f"SELECT row, record_id FROM {kept}.{side}_records UNION ALL SELECT kept_row, record_id FROM _fresh_{side}"
    ).pl()
    rows = found["row"].to_numpy()
    places = np.zeros(int(rows.max(initial=-1)) + 1, dtype=np.int32)
    places[rows] = np.arange(len(rows))
    ids = found.select(pl.col("record_id").gather(places))
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
    model = model_from_json(rules.model, comparisons, has_competition=True)
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
        prepared = prepare(con, (left, right), rules, statistics, *match.roles)
    with watch.stage("block"):
        candidates = find_candidates(con, prepared, rules, is_self=False)
    with watch.stage("score"):
        comparisons = comparisons_for(match.columns)
        patterns = score_rows(prepared, candidates.left, candidates.right, comparisons, rules)
    with watch.stage("learn"):
        scored = weigh(prepared, candidates, patterns, comparisons, rules)
    return finish(con, scored, rules, watch)
