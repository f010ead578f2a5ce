"""What a pass is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from reconcile.comparing.differences import field_names
from reconcile.model import Dataset, FieldPair, Progress, Reconciliation, Run, Side, Snapshot

SIDES: tuple[Side, Side] = ("left", "right")


def other_side(side: Side) -> Side:
    """The side across."""
    return "right" if side == "left" else "left"


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution under way: the open run file, with the snapshots attached, and what it was asked to do.

    Attributes:
        left_out: fields that the definition names and the snapshots lack, by side; the pass `records` fills it in.
        match: the figures of the match (`matching.rules.MatchSummary` by name); the pass `match` fills it in.
        models: the models to score with: "link", and "left" and "right" for duplicates; what is absent is learned.
        used: the models that scored, by the same names.
    """

    con: duckdb.DuckDBPyConnection
    reconciliation: Reconciliation
    left: Snapshot
    right: Snapshot
    run_id: str
    started_at: datetime
    previous: Run | None
    progress: Callable[[Progress], None]
    left_out: dict[Side, list[str]] = field(default_factory=dict)
    match: dict[str, Any] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)

    def dataset(self, side: Side) -> Dataset:
        """The definition of one side."""
        return self.reconciliation.left if side == "left" else self.reconciliation.right

    def snapshot(self, side: Side) -> Snapshot:
        """The snapshot of one side."""
        return self.left if side == "left" else self.right

    def alias(self, side: Side) -> str:
        """The name under which the side's snapshot is attached."""
        return "left_snapshot" if side == "left" or self.left.path == self.right.path else "right_snapshot"

    def attachments(self) -> dict[str, str]:
        """Alias -> path of each file to attach: the snapshots, and as `previous_run` the run before this one."""
        paths = {self.alias(side): self.snapshot(side).path for side in SIDES}
        if self.previous is not None and self.has_previous:
            paths["previous_run"] = self.previous.path
        return paths

    @property
    def has_previous(self) -> bool:
        """Whether there is a run before this one whose file is still there (run files may be cleared away)."""
        return self.previous is not None and Path(self.previous.path).is_file()

    def compared(self) -> tuple[FieldPair, ...]:
        """The field pairs of which each side has at least one field in its snapshot."""
        known = {side: set(self.columns(side)) for side in SIDES}
        return tuple(
            pair
            for pair in self.reconciliation.compare
            if known["left"] & set(field_names(pair.left_field)) and known["right"] & set(field_names(pair.right_field))
        )

    def stores_links(self, side: Side) -> bool:
        """Whether records of the side can name their partner."""
        return self.dataset(side).link_field is not None

    def columns(self, side: Side) -> list[str]:
        """Columns of the side's object in its snapshot, in order; empty when the object is not there."""
        rows = self.con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ? ORDER BY column_index",
            [self.alias(side), self.dataset(side).object],
        ).fetchall()
        return [name for (name,) in rows]
