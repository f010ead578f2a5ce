"""Why two records match, or why they do not."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from reconcile.errors import UnknownNameError
from reconcile.matching.block import BlockingKey
from reconcile.matching.candidates import probability, write_frame_columns
from reconcile.matching.clean.records import quoted
from reconcile.matching.learn import Integers, unpack
from reconcile.matching.pipeline import Scored, Stopwatch, drop_work_tables, score_pairs, silent
from reconcile.matching.rivals import CLEAR_BITS, FAR_BITS, NO_RIVAL_BITS, RIVAL_LEVELS
from reconcile.matching.rules import MatchRules
from reconcile.matching.score import write_patterns
from reconcile.model import Band

Connection = duckdb.DuckDBPyConnection
PLACE = ("street", "city", "region", "postcode", "country")


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One step of the waterfall: a role, both values, how much they agree, and what that weighs in bits.

    Attributes:
        total: the running total after this step; the first row is the weight before any evidence.
    """

    role: str
    left_value: str | None
    right_value: str | None
    level: int
    label: str
    weight: float
    total: float


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """What one kind of blocking key says of the pair.

    Attributes:
        outcome: "same" (it brings the pair), "too common" (the same, but oversized and refined away), "different",
            "missing left" or "missing right".
    """

    name: str
    left_value: str | None
    right_value: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Rival:
    """Another candidate of one of the two records that weighs more."""

    left_id: str
    right_id: str
    weight: float
    probability: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of a pair.

    Attributes:
        was_compared: whether a blocking key brought the pair, or every pair was compared.
        verdict: one sentence: why it matches, or what stopped it.
    """

    left_id: str
    right_id: str
    weight: float
    probability: float
    band: Band
    was_compared: bool
    evidence: tuple[EvidenceRow, ...]
    keys: tuple[KeyVerdict, ...]
    rivals: tuple[Rival, ...]
    verdict: str


def explain(  # noqa: PLR0917 - two relations and a record of each, in that order everywhere
    con: Connection, left: str, right: str, left_id: str, right_id: str, rules: MatchRules | None = None
) -> Explanation:
    """Match the two relations and explain one pair of their records, candidate or not.

    Raises:
        UnknownNameError: no record of that id.
        InputError: as `link`.
    """
    rules = rules or MatchRules()
    scored = score_pairs(con, (left, right), rules, Stopwatch(silent))
    try:
        return _explain(con, scored, (left, right), (left_id, right_id), rules)
    finally:
        drop_work_tables(con)


def _explain(
    con: Connection, scored: Scored, relations: tuple[str, str], ids: tuple[str, str], rules: MatchRules
) -> Explanation:
    row = _row(con, scored.prepared.left, ids[0]), _row(con, scored.prepared.right, ids[1])
    at = np.flatnonzero((scored.left == row[0]) & (scored.right == row[1]))
    levels = _levels(con, scored, row)
    weight, evidence = _waterfall(con, scored, levels, relations, ids)
    keys = tuple(_key_verdict(con, scored, key, row, was_compared=len(at) > 0) for key in scored.blocking.keys)
    rivals = _rivals(con, scored, row, weight)
    chance = float(probability(np.array([weight]))[0])
    band: Band = "accept" if chance >= rules.accept else "review" if chance >= rules.review else "ignore"
    was_compared = len(at) > 0
    verdict = _verdict(was_compared, chance, band, keys, evidence, rivals, rules)
    return Explanation(*ids, weight, chance, band, was_compared, evidence, keys, rivals, verdict)


def _row(con: Connection, table: str, record_id: str) -> int:
    found = con.execute(f"SELECT row FROM {table} WHERE record_id = ?", [record_id]).fetchall()
    if not found:
        raise UnknownNameError("record", record_id)
    return int(found[0][0])


def _levels(con: Connection, scored: Scored, row: tuple[int, int]) -> Integers:
    """The pair's levels, with the rank that agrees with its own weight."""
    comparisons = scored.model.comparisons[: -1 if scored.rivals else None]
    pair: dict[str, np.ndarray] = {
        "l": np.array([row[0]], np.int32),
        "r": np.array([row[1]], np.int32),
        "keys": np.zeros(1, np.int64),
    }
    write_frame_columns(con, pair, "_one")
    write_patterns(con, comparisons, scored.prepared.left, scored.prepared.right, "_one", "_one_scored")
    pattern = np.array(con.execute("SELECT pattern FROM _one_scored").fetchall()[0], dtype=np.int64)
    for table in ("_one", "_one_scored"):
        con.execute(f"DROP TABLE temp.{table}")
    levels = unpack(pattern, comparisons)
    if scored.rivals is None:
        return levels
    every = np.column_stack([np.repeat(levels, RIVAL_LEVELS - 1, axis=0), np.arange(1, RIVAL_LEVELS)])
    weights = scored.model.weights(every)[2]
    others = ((scored.left == row[0]) | (scored.right == row[1])) & ~(
        (scored.left == row[0]) & (scored.right == row[1])
    )
    strongest = float(scored.weight[others].max(initial=-np.inf))
    ranks = [_rank(float(weight), strongest) for weight in weights]
    settled = [i for i, rank in enumerate(ranks) if rank == i + 1]
    return every[[settled[-1] if settled else ranks[-1] - 1]]


def _rank(weight: float, rival: float) -> int:
    if rival < NO_RIVAL_BITS:
        return RIVAL_LEVELS - 1
    ahead = weight - rival
    return 1 + (ahead >= -FAR_BITS) + (ahead >= -CLEAR_BITS) + (ahead >= CLEAR_BITS)


def _waterfall(
    con: Connection, scored: Scored, levels: Integers, relations: tuple[str, str], ids: tuple[str, str]
) -> tuple[float, tuple[EvidenceRow, ...]]:
    before, parts, total = scored.model.weights(levels)
    running = float(before[0])
    rows = [EvidenceRow("prior", None, None, 0, "before any evidence", running, running)]
    for i, each in enumerate(scored.model.comparisons):
        level = int(levels[0, i])
        running += float(parts[0, i])
        values = [
            _value(con, relation, record_id, each.role) for relation, record_id in zip(relations, ids, strict=True)
        ]
        rows.append(
            EvidenceRow(each.role, values[0], values[1], level, each.labels[level], float(parts[0, i]), running)
        )
    return float(total[0]), tuple(rows)


def _value(con: Connection, relation: str, record_id: str, role: str) -> str | None:
    """What the record says for a role, as it was given."""
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    wanted = [column for column in (PLACE if role == "place" else (role,)) if column in columns]
    if role == "domain" and "email" in columns and "domain" not in columns:
        wanted = ["email"]
    if not wanted:
        return None
    texts = ", ".join(f'"{column}"' for column in wanted)
    found = con.execute(f"SELECT concat_ws(', ', {texts}) FROM {quoted(relation)} WHERE record_id = ?", [record_id])
    return found.fetchall()[0][0] or None


def _key_verdict(
    con: Connection, scored: Scored, key: BlockingKey, row: tuple[int, int], *, was_compared: bool
) -> KeyVerdict:
    values = [
        _key_value(con, table, key, number)
        for table, number in ((scored.prepared.left, row[0]), (scored.prepared.right, row[1]))
    ]
    outcome = "different"
    if values[0] is None or values[1] is None:
        outcome = "missing left" if values[0] is None else "missing right"
    elif values[0] == values[1]:
        outcome = "same" if was_compared else "too common"
    return KeyVerdict(key.name, values[0], values[1], outcome)


def _key_value(con: Connection, table: str, key: BlockingKey, row: int) -> str | None:
    """The key of a record as text; null when a part is. A word is shown, not its number."""
    parts = ", ".join("name" if "name_set" in part else f"({part})::VARCHAR" for part in key.parts)
    found = con.execute(f"SELECT {parts} FROM {table} WHERE row = {row}").fetchall()[0]
    if any(part is None for part in found):
        return None
    shown = list(found)
    for i, part in enumerate(key.parts):
        if "t1" in part or "t2" in part:
            words = con.execute("SELECT word FROM _words WHERE token_id = ?", [int(found[i])]).fetchall()
            shown[i] = words[0][0] if words else found[i]
    return " + ".join(shown)


def _rivals(con: Connection, scored: Scored, row: tuple[int, int], weight: float) -> tuple[Rival, ...]:
    """The three strongest other candidates of either record that weigh more than the pair."""
    if scored.rivals is None:
        return ()
    weights = scored.weight
    others = ((scored.left == row[0]) ^ (scored.right == row[1])) & (weights > weight)
    places = np.flatnonzero(others)
    best = places[np.argsort(-weights[places], kind="stable")][:3]
    rivals = []
    for place in best.tolist():
        left_id, right_id = con.execute(
            f"SELECT (SELECT record_id FROM _left WHERE row = {scored.left[place]}), "
            f"(SELECT record_id FROM _right WHERE row = {scored.right[place]})"
        ).fetchall()[0]
        bits = float(weights[place])
        rivals.append(Rival(left_id, right_id, bits, float(probability(np.array([bits]))[0])))
    return tuple(rivals)


def _verdict(  # noqa: PLR0917 - one call, by position
    was_compared: bool, chance: float, band: Band, keys: tuple[KeyVerdict, ...], evidence: tuple[EvidenceRow, ...],
    rivals: tuple[Rival, ...], rules: MatchRules,
) -> str:  # fmt: skip
    if not was_compared:
        common = [key.name for key in keys if key.outcome == "too common"]
        if common:
            shared = ", ".join(common)
            return f"Not compared: it shares {shared}, but too many records do. Compared, it would have {chance:.1%}."
        return f"Not compared: none of the {len(keys)} blocking keys is the same. Compared, it would have {chance:.1%}."
    if band == "accept":
        return f"Accepted: {chance:.1%} is at or above {rules.accept:.0%}."
    against = min(evidence[1:], key=lambda row: row.weight)
    reason = (
        f"{against.role} ({against.label}) takes {-against.weight:.1f} bits"
        if against.weight < 0
        else "too little is known"
    )
    rival = f"; {rivals[0].left_id} - {rivals[0].right_id} is the better candidate" if rivals else ""
    shown = "shown for review" if band == "review" else f"below the review threshold of {rules.review:.0%}"
    return f"{chance:.1%}: {shown}, as {reason}{rival}."
