"""Records of a run, and what the match says of a pair of them, role by role."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reconcile.model import ROLES, Role, Side
from reconcile.reviewing.opening import OpenRun, among
from reconcile.reviewing.standing import Pair
from reconcile.reviewing.views import EvidenceRow, PairEvidence, RecordView

RECORD_COLUMNS = (
    "record_id",
    "link_id",
    "owner",
    "parent_id",
    "amount_cents",
    "is_test",
    "is_person_account",
    "created_at",
    "modified_at",
)


def read_records(opened: OpenRun, side: Side, record_ids: Sequence[str | None]) -> dict[str, RecordView]:
    """The records of these ids that the run holds, by id."""
    wanted = among("record_id", sorted({record_id for record_id in record_ids if record_id}))
    columns = ", ".join((*RECORD_COLUMNS, *ROLES, "extra::VARCHAR"))
    rows = opened.query(
        f"""
        SELECT {columns} FROM run.{side}_records
        WHERE rowid IN (SELECT place FROM places.{side}_records WHERE {wanted.sql}) ORDER BY record_id
        """,
        wanted.parameters,
    )
    return {row[0]: _record(side, row) for row in rows}


def _record(side: Side, row: tuple[Any, ...]) -> RecordView:
    plain = dict(zip(RECORD_COLUMNS, row, strict=False))
    filled = {role: value for role, value in zip(ROLES, row[len(RECORD_COLUMNS) : -1], strict=True) if value}
    return RecordView(side=side, **plain, values=filled, extra=json.loads(row[-1] or "{}"))


def search_records(opened: OpenRun, side: Side, text: str, *, limit: int = 20) -> tuple[RecordView, ...]:
    """Records of one side whose id, name, email, domain or phone contains `text`, the most alike names first.

    For picking a partner that the match did not propose. A blank text finds nothing.
    """
    wanted = text.strip().lower()
    if not wanted:
        return ()
    columns = ("record_id", "name", "email", "domain", "phone")
    found = " OR ".join(f"contains(lower(coalesce({column}, '')), $1)" for column in columns)
    rows = opened.query(
        f"""
        SELECT record_id FROM run.{side}_records WHERE {found}
        ORDER BY lower(record_id) = $1 DESC, jaro_winkler_similarity(lower(coalesce(name, '')), $1) DESC, record_id
        LIMIT $2
        """,
        [wanted, limit],
    )
    records = read_records(opened, side, [record_id for (record_id,) in rows])
    return tuple(records[record_id] for (record_id,) in rows)


def pair_evidence(opened: OpenRun, left_id: str, right_id: str) -> PairEvidence:
    """What the match says of any left and right record, candidates or not.

    Records that are not there count as empty.
    """
    lefts, rights = read_records(opened, "left", [left_id]), read_records(opened, "right", [right_id])
    return read_evidence(opened, "candidates", [(left_id, right_id)], lefts, rights)[left_id, right_id]


def read_evidence(
    opened: OpenRun,
    table: str,
    pairs: Collection[Pair],
    lefts: Mapping[str, RecordView],
    rights: Mapping[str, RecordView],
) -> dict[Pair, PairEvidence]:
    """The evidence of pairs of `candidates`, or of `<side>_pairs` with the levels of that side."""
    levels_table = "levels" if table == "candidates" else table.replace("_pairs", "_levels")
    levels = {(role, level): (label, weight) for role, level, label, weight in _levels(opened, levels_table)}
    scored = _scored_candidates(opened, pairs) if table == "candidates" else _scored_members(opened, table, pairs)
    prior = levels.get(("prior", 0), ("", None))[1]
    return {
        pair: _of_pair(pair, scored.get(pair, {}), (lefts.get(pair[0]), rights.get(pair[1])), levels, prior)
        for pair in pairs
    }


def _scored_candidates(opened: OpenRun, pairs: Collection[Pair]) -> dict[Pair, dict[str, Any]]:
    lefts = among("left_id", sorted({pair[0] for pair in pairs}))
    rights = among("right_id", sorted({pair[1] for pair in pairs}))
    return _by_pair(
        opened,
        f"""
        SELECT * FROM run.candidates WHERE rowid IN (
            SELECT place FROM places.candidates WHERE {lefts.sql}
            INTERSECT SELECT place FROM places.candidates WHERE {rights.sql})
        """,
        (*lefts.parameters, *rights.parameters),
        ("left_id", "right_id"),
    )


def _scored_members(opened: OpenRun, table: str, pairs: Collection[Pair]) -> dict[Pair, dict[str, Any]]:
    first, second = among("id_a", sorted({p[0] for p in pairs})), among("id_b", sorted({p[1] for p in pairs}))
    sql = f"SELECT * FROM run.{table} WHERE {first.sql} AND {second.sql}"
    return _by_pair(opened, sql, (*first.parameters, *second.parameters), ("id_a", "id_b"))


def _by_pair(
    opened: OpenRun, sql: str, parameters: Sequence[object], ids: tuple[str, str]
) -> dict[Pair, dict[str, Any]]:
    cursor = opened.con.cursor()
    cursor.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {(row[ids[0]], row[ids[1]]): row for row in rows}


def _levels(opened: OpenRun, table: str) -> list[tuple[Any, ...]]:
    return opened.query(f"SELECT role, level, label, weight FROM run.{table}")


def _of_pair(
    pair: Pair,
    scored: Mapping[str, Any],
    records: tuple[RecordView | None, RecordView | None],
    levels: Mapping[tuple[str, int], tuple[str, float | None]],
    prior: float | None,
) -> PairEvidence:
    left, right = ({} if record is None else record.values for record in records)
    rows = [
        _row(role, left.get(role), right.get(role), scored, levels) for role in ROLES if role in left or role in right
    ]
    return PairEvidence(
        left_id=pair[0],
        right_id=pair[1],
        probability=scored.get("probability"),
        weight=scored.get("weight"),
        margin=scored.get("margin"),
        prior=prior if scored else None,
        rows=tuple(sorted(rows, key=_telling)),
    )


def _row(
    role: Role,
    left: str | None,
    right: str | None,
    scored: Mapping[str, Any],
    levels: Mapping[tuple[str, int], tuple[str, float | None]],
) -> EvidenceRow:
    level = scored.get(f"level_{role}")
    return EvidenceRow(
        role=role,
        left_value=left,
        right_value=right,
        level=level,
        label=levels.get((role, level), ("", None))[0] if level is not None else "",
        weight=scored.get(f"weight_{role}"),
        is_equal=None if left is None or right is None else left == right,
    )


def _telling(row: EvidenceRow) -> tuple[bool, bool, float, int]:
    """What speaks against the pair first, then what differs, then what is missing, then what is equal."""
    return row.is_equal is True, row.is_equal is None, row.weight or 0.0, ROLES.index(row.role)
