"""The one JSON document of a run file: the run, its definition, its snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconcile.model import Reconciliation, Run, Side, Snapshot
from reconcile.runs.passes import SIDES, Execution
from reconcile.state.serialise import from_document, to_document

FORMAT = 1
"""Version of the run file's tables; raised when a reader of the former version would misread them."""


def run_document(run: Run, execution: Execution, seconds: Mapping[str, float]) -> dict[str, Any]:
    """What `run.json` holds; times are ISO 8601 in UTC."""
    return {
        "format": FORMAT,
        "run": to_document(run),
        "reconciliation": to_document(execution.reconciliation),
        "left_snapshot": to_document(execution.left),
        "right_snapshot": to_document(execution.right),
        "previous_run_id": execution.previous.id if execution.previous else None,
        "left_out": {side: list(execution.left_out.get(side, ())) for side in SIDES},
        "match": execution.match,
        "models": dict(execution.used),
        "seconds": dict(seconds),
    }


def run_of(document: Mapping[str, Any], path: str) -> Run:
    """The run that a document describes; `path` is where the file is now (it may have been moved)."""
    return replace(from_document(Run, document["run"], path), path=path)


def reconciliation_of(document: Mapping[str, Any]) -> Reconciliation:
    """The definition that the run was made by."""
    return from_document(Reconciliation, document["reconciliation"], "the definition in the run file")


def snapshot_of(document: Mapping[str, Any], side: Side) -> Snapshot:
    """The snapshot of one side."""
    return from_document(Snapshot, document[f"{side}_snapshot"], f"the {side} snapshot in the run file")
