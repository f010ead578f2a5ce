"""Runs: executing a reconciliation over two snapshots, and reading what came out."""

from reconcile.runs.execution import execute

__all__ = ["execute"]
