"""The file that carries what clients changed from one run of the practice orgs to the next.

Lines of JSON: a header that names the version and the generated world, any number of parts, and an end that has the
number of parts and the SHA-256 of all lines before it. Whatever does not fit that is refused as a whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VERSION = 1
_NAME = "reconcile practice state"
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

Part = list[Any]  # its kind, then what it holds


def write_state(path: Path, world: Mapping[str, Any], parts: Iterable[Part]) -> None:
    """Write the file beside its place and move it there: at any moment the old or the new one is there, whole.

    Raises:
        OSError: a full disk, a folder that cannot be written to.
    """
    beside = path.with_name(f"{path.name}.part")
    digest, count = hashlib.sha256(), 0
    with beside.open("wb") as file:
        for count, part in enumerate([{"file": _NAME, "version": VERSION, "world": dict(world)}, *parts]):  # noqa: B007
            line = _ENCODE(part).encode() + b"\n"
            digest.update(line)
            file.write(line)
        file.write(_ENCODE({"parts": count, "sha256": digest.hexdigest()}).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_state(path: Path, world: Mapping[str, Any]) -> list[Part]:
    """The parts of the file.

    Raises:
        ValueError: it is damaged, of another version, or belongs to another generated world.
        OSError: it cannot be read.
    """
    *lines, last = path.read_bytes().splitlines(keepends=True) or [b""]
    end = _end(last)
    if end.get("parts") != len(lines) - 1 or end.get("sha256") != hashlib.sha256(b"".join(lines)).hexdigest():
        raise ValueError("it is damaged or was not written to its end")
    header = json.loads(lines[0])
    if not isinstance(header, dict) or header.get("file") != _NAME or header.get("version") != VERSION:
        raise ValueError(f"it is not of version {VERSION}")
    if header["world"] != dict(world):
        raise ValueError(f"it belongs to other practice data: {header['world']}, not {dict(world)}")
    return [json.loads(line) for line in lines[1:]]


def _end(line: bytes) -> dict[str, Any]:
    """The last line, or nothing where it is none."""
    try:
        end = json.loads(line)
    except ValueError:
        return {}
    return end if isinstance(end, dict) else {}
