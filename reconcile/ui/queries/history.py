"""What the History page shows: the life of links, how they drift between runs, and who did what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import streamlit as st

from reconcile import audit, ledger
from reconcile.ledger import LinkChange
from reconcile.model import Run
from reconcile.state import audit as audit_rows
from reconcile.state import people
from reconcile.state.ledger import Period
from reconcile.ui.queries.files import rows
from reconcile.workbench import Workbench

PAGE = 100

_WHAT: Mapping[str, str] = {
    "baseline": "there at the first run",
    "found": "began",
    "moved": "moved",
    "returned": "returned",
    "pushed": "pushed by us",
    "removed": "ended: no system names it",
    "record_gone": "ended: a record is gone",
}


def drift_rows(workbench: Workbench, reconciliation_id: str) -> pd.DataFrame:
    """One row a run, newest first: at, standing, added, moved, returned, ended."""
    with workbench.database.read() as tx:
        found = ledger.drift(tx, reconciliation_id, limit=PAGE)
    return pd.DataFrame(
        [
            {
                "at": each.at,
                "standing": each.standing,
                "added": each.added,
                "moved": each.moved,
                "returned": each.returned,
                "ended": each.ended,
            }
            for each in found
        ]
    )


def link_changes(
    workbench: Workbench, reconciliation_id: str, before: tuple[datetime, int] | None
) -> tuple[LinkChange, ...]:
    """One page of beginnings and endings of links, newest first; what the first run found is left out."""
    with workbench.database.read() as tx:
        return ledger.changes(tx, reconciliation_id, before=before, limit=PAGE)


def change_rows(workbench: Workbench, changes: tuple[LinkChange, ...], run: Run | None) -> pd.DataFrame:
    """One row a change: at, what, right, left (names where the newest run knows them), by."""
    names = person_names(workbench)
    periods = [change.period for change in changes]
    left = record_names(run, "left", [period.left.record_id for period in periods])
    right = record_names(run, "right", [period.right.record_id for period in periods])
    return pd.DataFrame(
        [
            {
                "at": change.at,
                "what": _WHAT.get(change.what, change.what),
                "right": right.get(change.period.right.record_id, change.period.right.record_id),
                "left": left.get(change.period.left.record_id, change.period.left.record_id),
                "by": _cause(change, names),
            }
            for change in changes
        ]
    )


def record_history(workbench: Workbench, reconciliation_id: str, record_id: str) -> pd.DataFrame:
    """One row a link that the record ever had, oldest first: right, left, began, how, ended, why."""
    with workbench.database.read() as tx:
        periods = ledger.history_of_record(tx, reconciliation_id, record_id.strip())
    return pd.DataFrame([_period_row(period) for period in periods])


def audit_page(workbench: Workbench, *, person_id: str | None, before_seq: int | None) -> pd.DataFrame:
    """One page of the audit log, newest first: seq, at, who, action, subject, detail, hash."""
    names = person_names(workbench)
    with workbench.database.read() as tx:
        found = audit_rows.list_rows(tx, person_id=person_id, before_seq=before_seq, limit=PAGE)
    return pd.DataFrame(
        [
            {
                "seq": row.seq,
                "at": row.at,
                "who": names.get(row.person_id, row.person_id),
                "action": row.action,
                "subject": row.subject,
                "detail": ", ".join(f"{key}: {value}" for key, value in row.detail.items()),
                "hash": row.hash[:12],
            }
            for row in found
        ]
    )


def verify_audit(workbench: Workbench) -> tuple[int, int | None]:
    """(rows in the log, seq of the first that is missing or does not fit; None when all is well)."""
    with workbench.database.read() as tx:
        newest = audit.newest(tx)
    return newest.seq, _verified(workbench, workbench.settings.database_url, newest.seq, newest.hash)


def person_names(workbench: Workbench) -> dict[str, str]:
    """Person id -> name, those who left included."""
    with workbench.database.read() as tx:
        return {person.id: person.name for person in people.list_people(tx, with_inactive=True)}


def record_names(run: Run | None, side: str, ids: list[str]) -> dict[str, str]:
    """Record id -> name, as the run saw them; ids that it does not hold are left out."""
    if run is None or not ids or not Path(run.path).is_file():
        return {}
    sql = f"""SELECT record_id, coalesce(name, nullif(concat_ws(' ', given_name, family_name), '')) AS name
              FROM {side}_records WHERE record_id IN (SELECT unnest(?::VARCHAR[]))"""
    return {row["record_id"]: row["name"] for row in rows(run.path, sql, [ids]) if row["name"]}


# The whole chain is followed once for each head: a new row makes a new head.
@st.cache_data(max_entries=8, ttl="10m", show_spinner=False)
def _verified(_workbench: Workbench, database_url: str, seq: int, newest_hash: str) -> int | None:  # noqa: ARG001  the cache's key
    with _workbench.database.read() as tx:
        return audit.verify(tx)


def _cause(change: LinkChange, names: Mapping[str, str]) -> str:
    period = change.period
    cause = period.ended if period.ended is not None and period.ended.at == change.at else period.began
    who = names.get(cause.person_id, cause.person_id)
    return f"{who}, change set" if cause.change_set_id else f"seen in a run of {who}"


def _period_row(period: Period) -> dict[str, object]:
    return {
        "right": period.right.record_id,
        "left": period.left.record_id,
        "began": period.began.at,
        "how": _WHAT.get(period.beginning, period.beginning),
        "ended": period.ended.at if period.ended else None,
        "why": _WHAT.get(period.ending or "", "") if period.ended else "lives",
    }
