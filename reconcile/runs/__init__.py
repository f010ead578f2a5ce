"""Runs: executing a reconciliation over two snapshots, and reading what came out."""

from reconcile.runs.comparison import ExceptionChange, LinkChange, RunComparison, compare_runs
from reconcile.runs.execution import execute
from reconcile.runs.reading import (
    RunSummary,
    open_run,
    pair_evidence_hash,
    read_document,
    read_exceptions,
    read_run,
    summarise,
)
from reconcile.runs.stakes import WORTH_SQL

__all__ = [
    "WORTH_SQL",
    "ExceptionChange",
    "LinkChange",
    "RunComparison",
    "RunSummary",
    "compare_runs",
    "execute",
    "open_run",
    "pair_evidence_hash",
    "read_document",
    "read_exceptions",
    "read_run",
    "summarise",
]
