"""The rows behind a report's figures, read from the run file in batches: exceptions, differences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from reconcile.model import ExceptionKind
from reconcile.reporting.tree import RunReport
from reconcile.reporting.wording import STATUSES
from reconcile.runs import open_run

_BATCH = 2_000
Shape = Literal["text", "id", "number", "money", "probability", "time", "long"]


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column of a listing: key in the row, title for people, and what shape its values have.

    Values: `number` and `money` (cents) int, `probability` float 0..1, `time` datetime, the others str; None is empty.
    """

    key: str
    title: str
    shape: Shape
    width: int


EXCEPTION_COLUMNS: tuple[ReportColumn, ...] = (
    ReportColumn("rank", "Rank", "number", 7),
    ReportColumn("side", "Side", "text", 7),
    ReportColumn("left_id", "Left id", "id", 21),
    ReportColumn("left_name", "Left name", "text", 34),
    ReportColumn("right_id", "Right id", "id", 21),
    ReportColumn("right_name", "Right name", "text", 34),
    ReportColumn("probability", "Probability", "probability", 11),
    ReportColumn("amount_cents", "Amount at stake", "money", 15),
    ReportColumn("first_seen_at", "First seen (UTC)", "time", 17),
    ReportColumn("age_days", "Age, days", "number", 9),
    ReportColumn("story", "What is the matter", "long", 52),
    ReportColumn("related", "Related records", "long", 52),
    ReportColumn("owner", "Owner", "id", 20),
    ReportColumn("verdict", "Decision", "text", 12),
    ReportColumn("decided_by", "Decided by", "text", 20),
    ReportColumn("decided_at", "Decided (UTC)", "time", 17),
    ReportColumn("note", "Note", "long", 30),
    ReportColumn("exception_id", "Exception", "id", 21),
)

DIFFERENCE_COLUMNS: tuple[ReportColumn, ...] = (
    ReportColumn("name", "Field", "text", 18),
    ReportColumn("class", "Class", "text", 10),
    ReportColumn("left_id", "Left id", "id", 21),
    ReportColumn("right_id", "Right id", "id", 21),
    ReportColumn("left_value", "Left value", "long", 42),
    ReportColumn("right_value", "Right value", "long", 42),
    ReportColumn("status", "Link", "text", 12),
    ReportColumn("left_field", "Left field", "text", 24),
    ReportColumn("right_field", "Right field", "text", 24),
)

_EXCEPTIONS_SQL = """
    SELECT e.*, l.name AS left_name, r.name AS right_name, coalesce(l.owner, r.owner) AS owner
    FROM exceptions e LEFT JOIN left_records l ON l.record_id = e.left_id
    LEFT JOIN right_records r ON r.record_id = e.right_id
    WHERE e.kind = $kind ORDER BY e.rank
"""

_DIFFERENCES_SQL = """
    SELECT d.*, k.status FROM differences d JOIN links k USING (left_id, right_id)
    WHERE $with_format OR d.class <> 'format'
    ORDER BY list_position(['real', 'missing', 'timing', 'rounding', 'format'], d.class), d.name, d.left_id, d.right_id
"""


def _stream(path: str, sql: str, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    with closing(open_run(path)) as con:
        found = con.execute(sql, dict(parameters))
        names = [column[0] for column in found.description or []]
        while rows := found.fetchmany(_BATCH):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def exception_rows(report: RunReport, kind: ExceptionKind) -> Iterator[dict[str, Any]]:
    """The exceptions of one kind by rank, with the keys of `EXCEPTION_COLUMNS` and the decoded `detail`.

    Raises:
        StorageError: the run file is gone or damaged.
    """
    for row in _stream(report.run_path, _EXCEPTIONS_SQL, {"kind": kind}):
        detail = json.loads(row["detail"])
        seen_at: datetime = row["first_seen_at"].replace(tzinfo=UTC)
        told = {
            "detail": detail,
            "story": detail.get("story", ""),
            "related": related(kind, detail),
            "first_seen_at": seen_at,
            "age_days": (report.run_started_at - seen_at).days,
        }
        yield row | _names(kind, row, detail) | told | _decision(report, row["exception_id"])


def difference_rows(report: RunReport, *, with_format: bool) -> Iterator[dict[str, Any]]:
    """The differences, real ones first, with the keys of `DIFFERENCE_COLUMNS`.

    Args:
        report: of which run.
        with_format: also those that mean the same.

    Raises:
        StorageError: the run file is gone or damaged.
    """
    for row in _stream(report.run_path, _DIFFERENCES_SQL, {"with_format": with_format}):
        yield row | {"status": STATUSES.get(row["status"], row["status"])}


def _names(kind: str, row: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster has no pair in question: it shows its first member on its side."""
    if kind != "duplicate" or not detail.get("members"):
        return {}
    first = detail["members"][0]
    return {f"{row['side']}_id": first["record_id"], f"{row['side']}_name": first["name"]}


def _decision(report: RunReport, exception_id: str) -> dict[str, Any]:
    said = report.decided.get(exception_id)
    if said is None:
        return {"verdict": None, "decided_by": None, "decided_at": None, "note": None}
    verdict = f"{said.verdict} (evidence changed since)" if said.is_changed else said.verdict
    return {"verdict": verdict, "decided_by": said.person, "decided_at": said.made_at, "note": said.note}


def related(kind: str, detail: Mapping[str, Any]) -> str:
    """The further records that an exception's detail names, as one text."""
    if kind == "duplicate":
        return "; ".join(f"{each['record_id']} {each['name'] or ''}".strip() for each in detail.get("members", ()))
    parts = [_link_text(each) for each in detail.get("links", ()) if kind in {"conflicting", "shared", "dangling"}]
    parts += [_candidate_text(each) for each in detail.get("candidates", ())]
    if detail.get("survivor"):
        parts.insert(0, f"merged into {detail['survivor']}")
    if detail.get("lookalike"):
        parts.insert(0, f"{detail['lookalike']} differs by case only")
    return "; ".join(parts)


def _link_text(link: Mapping[str, Any]) -> str:
    sides = {(True, True): "both sides", (True, False): "left side", (False, True): "right side"}
    stored = sides.get((bool(link["stored_left"]), bool(link["stored_right"])), "nobody")
    return f"{link['left_id']} - {link['right_id']} (stored by {stored})"


def _candidate_text(candidate: Mapping[str, Any]) -> str:
    return f"{candidate['left_id']} - {candidate['right_id']} ({candidate['probability']:.1%})"
