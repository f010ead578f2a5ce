"""What one person is comparing: the two tables, what was proposed for them, and the result."""

from __future__ import annotations

import re
import shutil
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import streamlit as st

from reconcile.comparing.tables import (
    ColumnPair,
    ColumnProposal,
    Comparison,
    KeyProposal,
    Recipe,
    Workspace,
    pairs_of,
)
from reconcile.errors import InputError
from reconcile.model import Side, Snapshot, new_id
from reconcile.reporting.comparison.content import link_rows_by_content
from reconcile.systems.files import ReadOptions, ReadTable
from reconcile.workbench import Workbench

_CHUNK = 1024 * 1024
_KEPT_DAYS = 7
_KEY = "_compare_desk"
SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A table that was chosen: where it lies, what it is called, and the snapshot it belongs to, if any."""

    path: Path
    name: str
    options: ReadOptions = field(default_factory=ReadOptions)
    snapshot: Snapshot | None = None


class Desk:
    """One person's comparison. It lives in the session; its folder is removed with it.

    Attributes:
        version: grows with everything that makes what is on the screen another thing; widgets carry it in their keys.
        turns: grow with each choice of a side, so that a refused upload does not come back. They are counted by side:
            a file that is dropped on one side while the other is being read must not be lost.
        is_asked: whether the comparison was asked for and has not begun. A file that arrives in the same moment starts
            the script again, and with it what the button said would be gone.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.chosen: dict[Side, Chosen] = {}
        self.read: dict[Side, ReadTable] = {}
        self.proposals: tuple[ColumnProposal, ...] = ()
        self.keys: tuple[KeyProposal, ...] = ()
        self.recipe = Recipe()
        self.result: Path | None = None
        self.is_asked = False
        self.version = 0
        self.turns: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self._work = Workspace(folder)
        # A click or drop starts the script again in another thread while the former one still reads or compares.
        self._lock = threading.RLock()
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @property
    def is_ready(self) -> bool:
        """Whether both tables are read."""
        return len(self.read) == len(SIDES)

    def ask(self) -> None:
        """Ask for the comparison."""
        self.is_asked = True

    def keep(self, side: Side, name: str, content: BinaryIO) -> None:
        """Copy an upload to disk in pieces, and read it.

        Raises:
            InputError: its name cannot be used, or it cannot be read.
        """
        self.turns[side] += 1
        safe = re.sub(r"[^\w.\- ]+", "_", Path(name).name).strip(" .")
        if not safe:
            raise InputError(f"{name!r} cannot be the name of a file.", remedy="Rename it and upload it again.")
        place = self.folder / new_id(side)
        place.mkdir()
        path = place / safe
        with path.open("wb") as target:
            shutil.copyfileobj(content, target, _CHUNK)
        self.choose(side, Chosen(path, name))

    def choose(self, side: Side, chosen: Chosen) -> None:
        """Take a table and read it; what was proposed or compared before is gone.

        Raises:
            InputError: it cannot be read; the side is then as it was.
        """
        self.turns[side] += 1
        with self._lock:
            read = self._work.load(side, chosen.path, chosen.options, name=chosen.name)
            self.chosen[side], self.read[side] = chosen, read
            self._restart()

    def swap_out(self, side: Side) -> None:
        """Let the table of a side go."""
        self.turns[side] += 1
        with self._lock:
            self.chosen.pop(side, None)
            self.read.pop(side, None)
            self._restart()

    def _restart(self) -> None:
        self.version += 1
        self.result = None
        self.proposals, self.keys, self.recipe = (), (), Recipe()
        if self.is_ready:
            self.proposals = self._work.propose_columns()
            self.keys = self._work.suggest_keys(pairs_of(self.proposals))
            self.recipe = Recipe(keys=self.keys[0].keys if self.keys else (), columns=pairs_of(self.proposals))

    def use(self, recipe: Recipe) -> None:
        """Take over a saved recipe; its mapping and rules are shown for change."""
        self.version += 1
        self.result = None
        self.recipe = recipe if recipe.columns else Recipe(
            keys=recipe.keys, columns=self.recipe.columns, duplicates=recipe.duplicates, no_key=recipe.no_key,
            ignore_format=recipe.ignore_format, timing_days=recipe.timing_days,
        )  # fmt: skip

    def compare(self, recipe: Recipe) -> Comparison:
        """Compare by the recipe; the result is the desk's from then on.

        Raises:
            DefinitionError, UnknownNameError: the recipe cannot be carried out; the former result stays.
        """
        target = self.folder / f"{new_id('result')}.duckdb"
        linker = link_rows_by_content if recipe.no_key else None
        with self._lock:
            self.is_asked = False
            made = self._work.compare(recipe, target, link_rows=linker)
            self.recipe, self.result = recipe, target
        return made


def desk_of(workbench: Workbench) -> Desk:
    """This session's desk, made on first use; folders that others left behind long ago are removed then."""
    found = st.session_state.get(_KEY)
    if isinstance(found, Desk):
        return found
    home = workbench.settings.uploads / "compare"
    _remove_old(home)
    made = Desk(home / new_id("desk"))
    st.session_state[_KEY] = made
    return made


def _remove_old(home: Path) -> None:
    if not home.is_dir():
        return
    oldest = time.time() - _KEPT_DAYS * 86_400
    for folder in home.iterdir():
        if folder.is_dir() and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


Source = Literal["upload", "server", "snapshot"]


def pair_name(pair: ColumnPair) -> str:
    """A mapped pair as one text."""
    return pair.left if pair.left == pair.right else f"{pair.left} = {pair.right}"
