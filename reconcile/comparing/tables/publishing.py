"""A file appears under its name once it is whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def published(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to, which becomes `target` at the end, and is removed where writing fails.

    What is there and no ordinary file, such as /dev/stdout, is written to directly; a link stays a link.
    """
    target = target.resolve()
    if target.exists() and not target.is_file():
        yield target
        return
    part = target.with_name(f".{os.getpid()}.part.{target.name}")  # its ending still tells the format
    part.unlink(missing_ok=True)
    try:
        yield part
        _sync(part)
        part.replace(target)
    except BaseException:
        for left_over in (part, part.with_name(f"{part.name}.wal")):  # DuckDB's own, where the disk was full
            left_over.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
