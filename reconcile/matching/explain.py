"""Why two records match, or why they do not.

A match is made ready once (`open_explainer`: both sides cleaned, the model read), then any two of its records can be
asked about, candidate or not. What the match decided is read from its tables and only what it never looked at is
worked out anew, so an explanation says exactly what the match did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np

from reconcile.errors import InputError, UnknownNameError
from reconcile.matching.candidates import probability
from reconcile.matching.clean.records import quoted
from reconcile.matching.dedupe import dedupe
from reconcile.matching.keys import KeyVerdict, key_verdicts
from reconcile.matching.learn import Evidence, MatchModel, rank_with
from reconcile.matching.link import link
from reconcile.matching.models import model_from_json
from reconcile.matching.patterns import Integers, unpack
from reconcile.matching.pipeline import configure, drop_work_tables, score_rows
from reconcile.matching.prepare import Prepared, prepare
from reconcile.matching.rivals import COMPETITION, RIVAL_LEVELS, Rivals
from reconcile.matching.rules import MatchRules
from reconcile.matching.score import comparisons_for
from reconcile.model import Band

Connection = duckdb.DuckDBPyConnection
Stop = Literal["", "keys", "too common", "review threshold", "accept threshold", "rival"]
COLUMNS_OF = {
    "place": ("street", "city", "region", "postcode", "country"),
    "person": ("given_name", "family_name"),
}
MOST_RIVALS = 3
RANKINGS = 3  # how often `rank_with` ranks


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
class Rival:
    """Another candidate of one of the two records that weighs more, or that was chosen instead."""

    left_id: str
    right_id: str
    weight: float
    probability: float
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of a pair.

    Attributes:
        was_compared: whether a blocking key brought the pair, or every pair was compared.
        keys: what each kind of key says of it; empty where every pair was compared.
        stopped_by: what kept it from being accepted; empty when nothing did. "keys": no key is the same;
            "too common": they share keys, but too many records do; "rival": another pair of one of them won.
        verdict: the same in one sentence.
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
    stopped_by: Stop
    verdict: str


@dataclass(frozen=True, slots=True)
class Explainer:
    """A match that can be asked about. One thread at a time: its tables belong to its connection.

    Attributes:
        relations: the records of the left and the right side; the same relation twice for duplicates.
        candidates: the table of the match: left_id, right_id (duplicates: id_a, id_b) and what `link` writes.
    """

    con: Connection
    relations: tuple[str, str]
    candidates: str
    prepared: Prepared
    model: MatchModel
    rules: MatchRules

    @property
    def is_self(self) -> bool:
        """Whether the records of one side are matched with each other."""
        return self.prepared.left == self.prepared.right

    @property
    def has_competition(self) -> bool:
        """Whether the model weighs a candidate against its rivals."""
        return self.model.comparisons[-1].role == COMPETITION.role


def open_explainer(
    con: Connection,
    left: str,
    right: str,
    model: str,
    rules: MatchRules | None = None,
    *,
    candidates: str = "candidates",
) -> Explainer:
    """Make a match that was carried out ready to be asked about: this cleans both sides again.

    Args:
        con: a connection that sees the records and the candidates; temporary tables are written to it.
        left: the relation that was matched.
        right: the other one; the same for duplicates.
        model: `LinkResult.model` or `DedupeResult.model`.
        rules: those of the match.
        candidates: the table that the match wrote.

    Raises:
        InputError: the model was learned for other roles.
    """
    rules = rules or MatchRules()
    configure(con, rules)
    prepared = prepare(con, (left,) if left == right else (left, right), rules)
    read = model_from_json(model, comparisons_for(prepared.columns))
    return Explainer(con, (left, right), candidates, prepared, read, rules)


def explain(  # noqa: PLR0917 - two relations and a record of each, in that order everywhere
    con: Connection, left: str, right: str, left_id: str, right_id: str, rules: MatchRules | None = None
) -> Explanation:
    """Match two relations (or one with itself) and explain one pair of their records, candidate or not.

    The tables of the match stay in the connection's current schema, as `link` or `dedupe` writes them.

    Raises:
        UnknownNameError: no record of that id.
        InputError: one record twice; or as `link`.
    """
    rules = rules or MatchRules()
    for relation, record_id in ((left, left_id), (right, right_id)):
        _require_record(con, relation, record_id)
    if left == right:
        found = dedupe(con, left, rules)
        explainer = open_explainer(con, left, right, found.model, rules, candidates=found.pairs)
    else:
        linked = link(con, left, right, rules)
        explainer = open_explainer(con, left, right, linked.model, rules, candidates=linked.candidates)
    try:
        return explain_pair(explainer, left_id, right_id)
    finally:
        close_explainer(explainer)


def close_explainer(explainer: Explainer) -> None:
    """Remove the temporary tables; the explainer is of no use afterwards."""
    drop_work_tables(explainer.con)


def explain_pair(explainer: Explainer, left_id: str, right_id: str) -> Explanation:
    """Explain two records of a match.

    Raises:
        UnknownNameError: no record of that id took part.
        InputError: one record twice.
    """
    if explainer.is_self and left_id == right_id:
        raise InputError(f"{left_id} is one record.", remedy="Name two records.")
    rows = _row(explainer, 0, left_id), _row(explainer, 1, right_id)
    stored = _candidate(explainer, left_id, right_id)
    keys, is_brought = key_verdicts(explainer.con, explainer.prepared, rows, explainer.rules, is_self=explainer.is_self)
    weight, evidence = _waterfall(explainer, stored or _scored(explainer, rows, left_id, right_id), left_id, right_id)
    chance = float(probability(np.array([weight]))[0])
    band: Band = (
        "accept" if chance >= explainer.rules.accept else "review" if chance >= explainer.rules.review else "ignore"
    )
    rivals = _rivals(explainer, left_id, right_id, weight)
    was_compared = stored is not None or is_brought
    is_lost = stored is not None and stored.get("is_chosen") is False
    stop = _stop(band, keys, rivals, was_compared=was_compared, is_lost=is_lost)
    verdict = _verdict(explainer.rules, stop, chance, keys, evidence, rivals)
    return Explanation(left_id, right_id, weight, chance, band, was_compared, evidence, keys, rivals, stop, verdict)


def _require_record(con: Connection, relation: str, record_id: str) -> None:
    if not con.execute(f"SELECT 1 FROM {quoted(relation)} WHERE record_id = ? LIMIT 1", [record_id]).fetchall():
        raise UnknownNameError("record", record_id)


def _row(explainer: Explainer, side: int, record_id: str) -> int:
    table = explainer.prepared.right if side else explainer.prepared.left
    found = explainer.con.execute(f"SELECT row FROM {table} WHERE record_id = ?", [record_id]).fetchall()
    if not found:
        raise UnknownNameError("record", record_id)
    return int(found[0][0])


def _columns(explainer: Explainer) -> tuple[str, str]:
    return ("id_a", "id_b") if explainer.is_self else ("left_id", "right_id")


def _candidate(explainer: Explainer, left_id: str, right_id: str) -> dict[str, Any] | None:
    """The pair as the match wrote it: every column, and `before`: its weight before any evidence."""
    first, second = _columns(explainer)
    ids = sorted((left_id, right_id)) if explainer.is_self else [left_id, right_id]
    found = explainer.con.execute(f"SELECT * FROM {explainer.candidates} WHERE {first} = ? AND {second} = ?", ids)
    names = [column[0] for column in found.description or ()]
    rows = found.fetchall()
    if not rows:
        return None
    row = dict(zip(names, rows[0], strict=True))
    told = sum(row[f"weight_{each.role}"] for each in explainer.model.comparisons)
    return {**row, "before": row["weight"] - told}


def _scored(explainer: Explainer, rows: tuple[int, int], left_id: str, right_id: str) -> dict[str, Any]:
    """The pair as the match would have written it: level_<role>, weight_<role>, before and weight."""
    comparisons = explainer.model.comparisons[: -1 if explainer.has_competition else None]
    levels = _levels(explainer, rows)
    if explainer.has_competition:
        levels = _with_rank(explainer, levels, left_id, right_id)
        comparisons = explainer.model.comparisons
    before, parts, total = explainer.model.weights(levels)
    row: dict[str, Any] = {"before": float(before[0]), "weight": float(total[0])}
    for i, each in enumerate(comparisons):
        row |= {f"level_{each.role}": int(levels[0, i]), f"weight_{each.role}": float(parts[0, i])}
    return row


def _levels(explainer: Explainer, rows: tuple[int, int]) -> Integers:
    """The levels of one pair in every comparison but the competition, as the match would have found them."""
    comparisons = explainer.model.comparisons[: -1 if explainer.has_competition else None]
    left, right = (np.array([row], dtype=np.int32) for row in (sorted(rows) if explainer.is_self else rows))
    return unpack(score_rows(explainer.prepared, left, right, comparisons, explainer.rules), comparisons)


def _with_rank(explainer: Explainer, levels: Integers, left_id: str, right_id: str) -> Integers:
    """The levels with the rank among its rivals: the match's own ranking over again, with the candidates around it.

    A rank hangs on the rivals' weights, those on the rivals' own ranks, and so on, as often as the match ranks. The
    candidates that it did not keep are too unlikely to be rivals, but they may have been before they were ranked.
    """
    ids, near = _around(explainer, left_id, right_id)
    patterns, place = np.unique(np.concatenate([levels, near]), axis=0, return_inverse=True)
    left, right = (
        np.unique([own, *(pair[side] for pair in ids)], return_inverse=True)[1].astype(np.int32)
        for side, own in enumerate((left_id, right_id))
    )
    rivals = Rivals(left, right, place.astype(np.int32), threads=1)
    nothing = np.zeros(0)
    comparisons = explainer.model.comparisons[:-1]
    evidence = Evidence(comparisons, patterns, nothing, patterns[:0], nothing, nothing, 0, 0, 0.0)
    rank_with(explainer.model, evidence, rivals)
    return np.column_stack([levels, rivals.index()[:1] % RIVAL_LEVELS])


def _around(explainer: Explainer, left_id: str, right_id: str) -> tuple[list[tuple[str, str]], Integers]:
    """The kept candidates that a ranking of this pair looks at, directly or through others: their ids and levels."""
    names = ", ".join(f"level_{each.role}" for each in explainer.model.comparisons[:-1])
    lefts, rights, rows = {left_id}, {right_id}, []
    for _ in range(RANKINGS):
        rows = explainer.con.execute(
            f"SELECT left_id, right_id, {names} FROM {explainer.candidates} "
            "WHERE (left_id IN (SELECT unnest(?::VARCHAR[])) OR right_id IN (SELECT unnest(?::VARCHAR[]))) "
            "AND NOT (left_id = ? AND right_id = ?)",
            [sorted(lefts), sorted(rights), left_id, right_id],
        ).fetchall()
        lefts.update(row[0] for row in rows)
        rights.update(row[1] for row in rows)
    width = len(explainer.model.comparisons) - 1
    return [row[:2] for row in rows], np.array([row[2:] for row in rows], dtype=np.int64).reshape(len(rows), width)


def _waterfall(
    explainer: Explainer, row: Mapping[str, Any], left_id: str, right_id: str
) -> tuple[float, tuple[EvidenceRow, ...]]:
    running = float(row["before"])
    steps = [EvidenceRow("prior", None, None, 0, "before any evidence", running, running)]
    for each in explainer.model.comparisons:
        level, weight = int(row[f"level_{each.role}"]), float(row[f"weight_{each.role}"])
        running += weight
        left, right = (
            _compared(explainer.con, relation, record_id, each.role, level)
            for relation, record_id in zip(explainer.relations, (left_id, right_id), strict=True)
        )
        steps.append(EvidenceRow(each.role, left, right, level, each.labels[level], weight, running))
    return float(row["weight"]), tuple(steps)


def _compared(con: Connection, relation: str, record_id: str, role: str, level: int) -> str | None:
    """What was compared: where it was a name that the record does not say, the two of a person stand in for it."""
    said = _value(con, relation, record_id, role)
    return _value(con, relation, record_id, "person") if said is None and role == "name" and level > 0 else said


def _value(con: Connection, relation: str, record_id: str, role: str) -> str | None:
    """What the record says for a role, as it was given."""
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    wanted = [column for column in COLUMNS_OF.get(role, (role,)) if column in columns]
    texts = ", ".join(f"nullif({quoted(column)}, '')" for column in wanted)
    if role == "domain" and "email" in columns:
        # A record without a website is known by the domain of its mail address.
        texts = f"coalesce({texts}, email)" if texts else "email"
    if not texts:
        return None
    found = con.execute(f"SELECT concat_ws(', ', {texts}) FROM {quoted(relation)} WHERE record_id = ?", [record_id])
    return found.fetchall()[0][0] or None


def _rivals(explainer: Explainer, left_id: str, right_id: str, weight: float) -> tuple[Rival, ...]:
    """The strongest other candidates of either record that weigh more than the pair, or were chosen; strongest first.

    Of duplicates there are none: a record may have many.
    """
    if explainer.is_self:
        return ()
    rows = explainer.con.execute(
        f"""SELECT left_id, right_id, weight, probability, is_chosen FROM {explainer.candidates}
        WHERE (left_id = ?) <> (right_id = ?) AND (weight > ? OR is_chosen)
        ORDER BY weight DESC, left_id, right_id LIMIT {MOST_RIVALS}""",
        [left_id, right_id, weight],
    ).fetchall()
    return tuple(Rival(*row) for row in rows)


def _stop(
    band: Band, keys: tuple[KeyVerdict, ...], rivals: tuple[Rival, ...], *, was_compared: bool, is_lost: bool
) -> Stop:
    if not was_compared:
        return "too common" if any(key.outcome == "too common" for key in keys) else "keys"
    if band == "ignore":
        return "review threshold"
    if is_lost and any(rival.is_chosen for rival in rivals):
        return "rival"
    return "accept threshold" if band == "review" else ""


def _verdict(  # noqa: PLR0917 - one call, by position
    rules: MatchRules, stop: Stop, chance: float, keys: tuple[KeyVerdict, ...], evidence: tuple[EvidenceRow, ...],
    rivals: tuple[Rival, ...],
) -> str:  # fmt: skip
    if stop == "too common":
        shared = ", ".join(key.name for key in keys if key.outcome == "too common")
        return f"Not compared: it shares {shared}, but too many records do. Compared, it would have {chance:.1%}."
    if stop == "keys":
        return f"Not compared: none of the {len(keys)} blocking keys is the same. Compared, it would have {chance:.1%}."
    if stop == "rival":
        winner = next(rival for rival in rivals if rival.is_chosen)
        return (
            f"Not chosen: it has {chance:.1%}, but {winner.left_id} - {winner.right_id} ({winner.probability:.1%}) won."
        )
    if not stop:
        return f"Accepted: {chance:.1%} is at or above {rules.accept:.0%}."
    shown = (
        f"shown for review, below the {rules.accept:.0%} that is accepted"
        if stop == "accept threshold"
        else f"below the review threshold of {rules.review:.0%}"
    )
    return f"{chance:.1%}: {shown}, as {_reason(evidence)}{_better(rivals)}."


def _reason(evidence: tuple[EvidenceRow, ...]) -> str:
    against = min(evidence[1:], key=lambda row: row.weight)
    if against.weight > -0.1:
        return "too little is known"
    return f"{against.role} ({against.label}) takes {-against.weight:.1f} bits"


def _better(rivals: tuple[Rival, ...]) -> str:
    return f"; {rivals[0].left_id} - {rivals[0].right_id} is the better candidate" if rivals else ""
