"""DuckDB files that never change: written under a temporary name, made durable, renamed into place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from reconcile.errors import StorageError

_PARTIAL = ".partial"
_SPILL = ".spill"
_REFUSED_BY_DISK = re.compile(r'Could not write (?:to )?file "[^"]*": ([^\n]+)')
_CUT_OFF = re.compile(r'Could not read enough bytes from file "([^"]*)"')
_being_written: set[Path] = set()


def snapshot_path(folder: Path, connection_id: str, started_at: datetime) -> Path:
    """Where the snapshot of that moment lies: `<folder>/<connection id>/<utc>.duckdb`."""
    return folder / connection_id / f"{started_at:%Y%m%dT%H%M%S}.{started_at.microsecond:06d}Z.duckdb"


@contextmanager
def written_whole(final: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a new file that appears as `final` when the block ends well, and otherwise not at all.

    Raises:
        StorageError: the disk takes nothing more, or a snapshot that the block reads is cut off.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(final.parent)
    partial = final.with_name(f".{final.name}{_PARTIAL}")
    _being_written.add(partial)
    try:
        spill = f"{partial}{_SPILL}"
        with duckdb.connect(str(partial), config={"memory_limit": memory_limit, "temp_directory": spill}) as con:
            yield con
        _make_durable(partial)
        partial.chmod(0o444)
        partial.rename(final)
        _make_durable(final.parent)
    except duckdb.Error as error:
        known = _storage_error(error, final)
        if known is None:
            raise
        raise known from error
    finally:
        _being_written.discard(partial)
        _remove(partial)


def _storage_error(error: duckdb.Error, final: Path) -> StorageError | None:
    """What DuckDB says of the disk or of a damaged file, as a sentence; None for everything else."""
    if refusal := _REFUSED_BY_DISK.search(str(error)):
        remedy = "Make room on the disk, then try again; nothing was left behind."
        return StorageError(str(final), f"it cannot be written ({refusal[1]})", remedy=remedy)
    if cut := _CUT_OFF.search(str(error)):
        return StorageError(
            cut[1], "the file is damaged, its end is missing", remedy="Pull the connection again, whole."
        )
    return None


def remove_leftovers(folder: Path) -> tuple[Path, ...]:
    """Remove what was left behind by writers that were killed; one that is still running keeps its file."""
    found = tuple(path for path in folder.glob(f".*{_PARTIAL}") if not _is_in_use(path))
    for path in found:
        _remove(path)
    return found


def _is_in_use(path: Path) -> bool:
    # DuckDB locks the file that it writes, and the lock dies with its process: nothing else needs to be remembered.
    if path in _being_written:
        return True
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.IOException as error:
        return "lock" in str(error).lower() or "another process" in str(error).lower()
    except duckdb.Error:
        return False
    return False


def _remove(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    partial.with_name(f"{partial.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(f"{partial}{_SPILL}", ignore_errors=True)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
