"""The folder of a desk: who holds it, and the note in it by which a page that is loaded again finds everything."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.comparing.tables import Recipe, dump_recipe, parse_recipe_text
from reconcile.errors import ReconcileError
from reconcile.model import Side, new_id

_KEPT_DAYS = 7
_NOTE = "desk.json"
_NAME = re.compile(r"desk_[\w-]{20,80}")
_holders: Counter[Path] = Counter()
_counting = threading.RLock()  # a desk may be collected, and its folder released, while another is counted


@dataclass(frozen=True, slots=True)
class Noted:
    """One table that lay on a desk: its file, its stamp when it was read, and whether it is a snapshot."""

    path: Path
    name: str
    is_snapshot: bool
    stamp: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Note:
    """What lay on a desk.

    Attributes:
        owner: id of the person whose desk it is.
        recipe: settings, with how the files are read; `compared` are those of the result.
        result: the comparison's file, None when there was none.
        is_comparing: a comparison ran when the note was written.
    """

    owner: str
    tables: Mapping[Side, Noted]
    recipe: Recipe
    compared: Recipe | None
    result: Path | None
    is_comparing: bool


def new_folder(home: Path) -> Path:
    """A folder with a name that nobody can guess, because the address of the page carries it."""
    made = home / f"{new_id('desk')}_{secrets.token_hex(8)}"
    made.mkdir(parents=True)
    return made


def hold(folder: Path) -> None:
    """Count one more session that uses the folder."""
    with _counting:
        _holders[folder] += 1


def release(folder: Path) -> None:
    """Count one less; the last one takes the folder along."""
    with _counting:
        _holders[folder] -= 1
        if _holders[folder] > 0:
            return
        del _holders[folder]
        shutil.rmtree(folder, ignore_errors=True)


def remove_old(home: Path) -> None:
    """Remove what a server that was killed left behind long ago."""
    if not home.is_dir():
        return
    oldest = time.time() - _KEPT_DAYS * 86_400
    for folder in home.iterdir():
        if folder.is_dir() and folder not in _holders and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def write_note(folder: Path, note: Note) -> None:
    """Write the note, beside its final name first; nothing when the folder is gone."""
    if not folder.is_dir():
        return
    plain = {
        "owner": note.owner,
        "tables": {
            side: {"path": str(one.path), "name": one.name, "is_snapshot": one.is_snapshot, "stamp": one.stamp}
            for side, one in note.tables.items()
        },
        "recipe": dump_recipe(note.recipe),
        "compared": dump_recipe(note.compared) if note.compared else None,
        "result": note.result.name if note.result else None,
        "is_comparing": note.is_comparing,
    }
    part = folder / f".{_NOTE}.{secrets.token_hex(4)}.part"
    part.write_text(json.dumps(plain), encoding="utf-8")
    part.replace(folder / _NOTE)


def find_note(home: Path, name: str, owner: str) -> tuple[Path, Note] | None:
    """The folder of that name with its note; None when it is gone, unreadable, or another person's."""
    folder = home / name
    if not _NAME.fullmatch(name) or not (folder / _NOTE).is_file():
        return None
    try:
        note = _read_note(folder)
    except (ValueError, KeyError, TypeError, ReconcileError):  # written by another version
        return None
    return (folder, note) if note.owner == owner else None


def _read_note(folder: Path) -> Note:
    plain: dict[str, Any] = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
    sides: tuple[Side, Side] = ("left", "right")
    tables: dict[Side, Noted] = {}
    for side in sides:
        if one := plain["tables"].get(side):
            stamp = (one["stamp"][0], one["stamp"][1]) if one["stamp"] else None
            tables[side] = Noted(Path(one["path"]), one["name"], one["is_snapshot"], stamp)
    result = folder / plain["result"] if plain["result"] else None
    return Note(
        plain["owner"],
        tables,
        parse_recipe_text(plain["recipe"]),
        parse_recipe_text(plain["compared"]) if plain["compared"] else None,
        result if result is not None and result.is_file() else None,
        plain["is_comparing"],
    )
