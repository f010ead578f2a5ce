"""Snapshots: what one pull of one connection brought, as an immutable DuckDB file."""

from reconcile.snapshots.canonical import canonical_sql
from reconcile.snapshots.files import remove_leftovers, snapshot_path
from reconcile.snapshots.profile import ColumnProfile, profile
from reconcile.snapshots.pull import OVERLAP, pull
from reconcile.snapshots.store import (
    attach_sql,
    has_gone,
    object_fields,
    open_snapshot,
    read_snapshot,
    snapshot_objects,
)

__all__ = [
    "OVERLAP",
    "ColumnProfile",
    "attach_sql",
    "canonical_sql",
    "has_gone",
    "object_fields",
    "open_snapshot",
    "profile",
    "pull",
    "read_snapshot",
    "remove_leftovers",
    "snapshot_objects",
    "snapshot_path",
]
