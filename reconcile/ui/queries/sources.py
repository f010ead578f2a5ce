"""What the Sources page shows: connections, their snapshots, and what the columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from reconcile.model import Connection, Snapshot
from reconcile.snapshots import open_snapshot, profile
from reconcile.state import connections, snapshots
from reconcile.workbench import Workbench

KEPT_PROFILES = 32


@dataclass(frozen=True, slots=True)
class Source:
    """A connection and its snapshots, newest first."""

    connection: Connection
    snapshots: tuple[Snapshot, ...]

    @property
    def newest(self) -> Snapshot | None:
        """The newest snapshot; None before the first pull."""
        return self.snapshots[0] if self.snapshots else None


def list_sources(workbench: Workbench, first: Sequence[str] = ()) -> list[Source]:
    """Every connection in use with its last twenty snapshots: those of the ids in `first`, then the others by name."""
    with workbench.database.read() as tx:
        found = [
            Source(connection, snapshots.list_snapshots(tx, connection.id, limit=20))
            for connection in connections.list_connections(tx)
        ]
    order = {connection_id: place for place, connection_id in enumerate(first)}
    return sorted(found, key=lambda source: order.get(source.connection.id, len(order)))


def object_counts(snapshot: Snapshot) -> pd.DataFrame:
    """One row an object: object, rows, expected (null: the source cannot count), state, months, hash."""
    return pd.DataFrame(
        [
            {
                "object": each.object,
                "rows": each.rows,
                "expected": each.expected,
                "state": _completeness(each.is_complete, each.expected),
                "months": _months(each.months),
                "hash": each.content_hash[:12],
            }
            for each in snapshot.objects
        ]
    )


def snapshot_rows(found: Sequence[Snapshot]) -> pd.DataFrame:
    """One row a snapshot: pulled (time), seconds, kind, records, complete, file."""
    return pd.DataFrame(
        [
            {
                "pulled": each.finished_at,
                "seconds": (each.finished_at - each.started_at).total_seconds(),
                "kind": each.kind,
                "records": sum(count.rows for count in each.objects),
                "complete": all(count.is_complete for count in each.objects),
                "file": each.path,
            }
            for each in found
        ]
    )


@st.cache_data(max_entries=KEPT_PROFILES, show_spinner=False)
def column_profile(path: str, object_name: str) -> pd.DataFrame:
    """What each column of an object holds: column, label, type, filled (0..1), distinct, examples (text)."""
    with closing(open_snapshot(Path(path))) as con:
        found = profile(con, object_name)
    return pd.DataFrame(
        [
            {
                "column": each.name,
                "label": each.label,
                "type": each.type,
                "filled": (each.rows - each.nulls) / each.rows if each.rows else 0.0,
                "distinct": each.distinct,
                "examples": " | ".join(value for value, _ in each.examples),
            }
            for each in found
        ]
    )


def _completeness(is_complete: bool, expected: int | None) -> str:
    if expected is None:
        return "not countable"
    return "complete" if is_complete else "INCOMPLETE"


def _months(months: object) -> str:
    if not isinstance(months, dict) or not months:
        return "–"
    agreeing = sum(1 for rows_found, expected in months.values() if expected is None or rows_found == expected)
    return f"{agreeing} of {len(months)} agree"
