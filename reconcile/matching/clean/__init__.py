"""Cleaning: one module per family of roles, polars expressions throughout, nothing per row in Python."""

from reconcile.matching.clean.records import CleanRecords, clean_relation

__all__ = ["CleanRecords", "clean_relation"]
