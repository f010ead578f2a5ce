"""Cleaning: one module per family of roles, polars expressions throughout, nothing per row in Python."""

from reconcile.matching.clean.records import CleanBatch, clean_batch

__all__ = ["CleanBatch", "clean_batch"]
