"""What one person is comparing: the two tables, what was proposed for them, and the result."""

from __future__ import annotations

import re
import shutil
import threading
import weakref
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import streamlit as st

from reconcile.comparing.tables import (
    ColumnProposal,
    KeyProposal,
    Recipe,
    Workspace,
    pairs_of,
)
from reconcile.errors import InputError, ReconcileError
from reconcile.model import Person, Progress, Side, Snapshot, new_id
from reconcile.reporting.comparison.content import link_rows_by_content
from reconcile.snapshots import read_snapshot
from reconcile.systems.files import ReadOptions, ReadTable
from reconcile.ui.compare import folders
from reconcile.ui.compare.folders import Note, Noted
from reconcile.ui.compare.works import Work, Works
from reconcile.ui.guard import as_refusal, attempt
from reconcile.workbench import Workbench

_CHUNK = 1024 * 1024
_KEY, _PARAMETER = "_compare_desk", "desk"
SIDES: tuple[Side, Side] = ("left", "right")
Stamp = tuple[int, int]
STOPPING = "Stopping"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A table that was chosen: where it lies, what it is called, and the snapshot it belongs to, if any."""

    path: Path
    name: str
    options: ReadOptions = field(default_factory=ReadOptions)
    snapshot: Snapshot | None = None

    @property
    def stamp(self) -> Stamp | None:
        """Size and time of the last change of the file; None when it is gone."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns


class Desk:
    """One person's comparison. It lives in the session; its folder is removed with the last session that uses it.

    Reading and comparing run in threads of their own, which outlive a script: a page shows `doing` until it is empty.
    Choosing something else breaks them off, and so does `stop`; what they still bring is not taken.

    Attributes:
        chosen, read: by side, the table and how it was read; `stamps` is its file's stamp at that time.
        problems: by side, why the last choice could not be read.
        refusal: why the last comparison could not be made.
        compared: the recipe of `result`.
        doing: what runs at present, as text by what it is for.
        version: grows with everything that makes what is on the screen another thing; widgets carry it in their keys.
        turns: grow with each choice of a side, so that a refused upload does not come back. They are counted by side:
            a file that is dropped on one side while the other is being read must not be lost.
        is_asked: whether the comparison was asked for and has not begun. A file that arrives in the same moment starts
            the script again, and with it what the button said would be gone.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder, self.owner = folder, owner
        folders.hold(folder)
        self.chosen: dict[Side, Chosen] = {}
        self.read: dict[Side, ReadTable] = {}
        self.stamps: dict[Side, Stamp | None] = {}
        self.problems: dict[Side, ReconcileError] = {}
        self.proposals: tuple[ColumnProposal, ...] = ()
        self.keys: tuple[KeyProposal, ...] = ()
        self.recipe = Recipe()
        self.result: Path | None = None
        self.compared: Recipe | None = None
        self.refusal: ReconcileError | None = None
        self.doing: dict[Work, str] = {}
        self.is_asked = False
        self.version = 0
        self.turns: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self._uploads: set[str] = set()
        self._is_proposed = False
        # What is to lie on the desk once the tables are read, in place of what they propose.
        self._recalled: Note | None = None
        self._work = workspace = Workspace(folder)
        self._works = Works(lambda what: workspace.interrupt(None if what == "compare" else what))
        self._state = threading.RLock()
        # Who reads a side holds its lock; who looks at both tables holds both, the left one first.
        self._tables: dict[Side, threading.RLock] = {side: threading.RLock() for side in SIDES}
        # Not when the server is stopped: a page that is open goes on with the next one.
        weakref.finalize(self, folders.release, folder).atexit = False

    @property
    def is_ready(self) -> bool:
        """Whether both tables are read, and what they propose is known."""
        return len(self.read) == len(SIDES) and not any(side in self.doing for side in SIDES)

    def ask(self) -> None:
        """Ask for the comparison."""
        self.is_asked = True

    def keep(self, side: Side, name: str, content: BinaryIO, upload: str = "") -> None:
        """Copy an upload to disk in pieces, and begin to read it; a second time with the same `upload` does nothing.

        Raises:
            InputError: its name cannot be used.
        """
        with self._state:
            if upload in self._uploads:
                return
            self._uploads |= {upload} if upload else set()
            self.turns[side] += 1
        safe = re.sub(r"[^\w.\- ]+", "_", Path(name).name).strip(" .")
        if not safe:
            raise InputError(f"{name!r} cannot be the name of a file.", remedy="Rename it and upload it again.")
        # A name may be longer than a file's can be, in bytes.
        safe = f"{Path(safe).stem[:60]}{Path(safe).suffix[:20]}"
        place = self.folder / new_id(side)
        place.mkdir()
        path = place / safe
        with path.open("wb") as target:
            shutil.copyfileobj(content, target, _CHUNK)
        self.choose(side, Chosen(path, name))

    def choose(self, side: Side, chosen: Chosen) -> None:
        """Begin to read a table. What was proposed or compared before is gone with it, unless it cannot be read."""
        with self._state:
            self.turns[side] += 1
            turn = self.turns[side]
            self.is_asked = False
            self.problems.pop(side, None)
            self.doing[side] = f"Reading {chosen.name}"
            self._break_off()
            self._works.begin(side, partial(self._read, side, chosen, turn), after="compare")

    def swap_out(self, side: Side) -> None:
        """Let the table of a side go."""
        with self._state:
            self.turns[side] += 1
            self.is_asked = False
            for kept in (self.chosen, self.read, self.stamps, self.problems, self.doing):
                kept.pop(side, None)
            self._works.stop(side)
            self._break_off()
            self._clear()
            self._note()

    def use(self, recipe: Recipe) -> None:
        """Take over a saved recipe; its mapping and rules are shown for change.

        What it says of reading the files is heeded too: a file that was read otherwise is read again.
        """
        with self._state:
            wanted = recipe if recipe.columns else replace(recipe, columns=self.recipe.columns)
            self._clear()
            self.recipe = _without_options(wanted)
            again = [side for side in SIDES if self._is_read_otherwise(side, wanted)]
            if again:
                self._recalled = Note(self.owner, {}, wanted, None, None, is_comparing=False)
            for side in again:
                self.choose(side, replace(self.chosen[side], options=_options(wanted, side)))

    def _is_read_otherwise(self, side: Side, recipe: Recipe) -> bool:
        wanted, chosen = _options(recipe, side), self.chosen[side]
        return chosen.snapshot is None and wanted not in {ReadOptions(), chosen.options}

    def recall(self, note: Note) -> None:
        """Lay everything on the desk again that lay there when the note was written."""
        with self._state:
            self._recalled = note if len(note.tables) == len(SIDES) else None
            for side, one in note.tables.items():
                snapshot = read_snapshot(one.path) if one.is_snapshot else None
                self.choose(side, Chosen(one.path, one.name, _options(note.recipe, side), snapshot))

    def settle(self, recipe: Recipe) -> None:
        """Take the recipe, and ask for the comparison by it."""
        with self._state:
            self.use(recipe)
            self.is_asked = True

    def compare(self, recipe: Recipe) -> None:
        """Begin to compare by the recipe, unless a comparison runs already."""
        with self._state:
            self.is_asked = False
            if "compare" in self.doing:
                return
            self.doing["compare"] = "Comparing"
            self.refusal = None
            self.recipe = recipe
            self._note(is_comparing=True)
            self._works.begin("compare", partial(self._compare, recipe, self.version))

    def stop(self) -> None:
        """Break off the comparison that runs. Tables and settings stay."""
        with self._state:
            self.is_asked = False
            self._break_off()

    def _break_off(self) -> None:
        if "compare" in self.doing:
            self.version += 1
            self.doing["compare"] = STOPPING
            self._works.stop("compare")

    def is_outdated(self, side: Side) -> bool:
        """Whether the file was changed on disk since it was read."""
        chosen = self.chosen.get(side)
        return chosen is not None and chosen.snapshot is None and chosen.stamp != self.stamps.get(side)

    def _note(self, *, is_comparing: bool = False) -> None:
        """Write down what lies on the desk, for a page that is loaded again."""
        with self._state:
            tables = {
                side: Noted(one.path, one.name, one.snapshot is not None, self.stamps.get(side))
                for side, one in self.chosen.items()
            }
            note = Note(
                self.owner, tables, self._with_options(self.recipe), self.compared, self.result, is_comparing
            )  # fmt: skip
            folders.write_note(self.folder, note)

    def _read(self, side: Side, chosen: Chosen, turn: int) -> None:
        try:
            with self._tables[side]:
                if self.turns[side] != turn:
                    return
                stamp = chosen.stamp
                read = self._work.load(side, chosen.path, chosen.options, name=chosen.name)
                with self._state:
                    if self.turns[side] != turn:
                        return
                    self.chosen[side], self.read[side], self.stamps[side] = chosen, read, stamp
                    self._is_proposed = False
                    self._clear()
        except Exception as error:  # noqa: BLE001  a thread has nobody above it; the page shows it
            self._fail(side, turn, error)
        try:
            self._propose(side, turn)
        except Exception as error:  # noqa: BLE001  as above
            self._fail(side, turn, error)
        with self._state:
            if self.turns[side] == turn:
                self.doing.pop(side, None)
                self._note()

    def _with_options(self, recipe: Recipe) -> Recipe:
        """The recipe with how the files on the desk are read."""
        left, right = (self.chosen[side].options if side in self.chosen else ReadOptions() for side in SIDES)
        return replace(recipe, left=left, right=right)

    def _fail(self, side: Side, turn: int, error: Exception) -> None:
        refusal = as_refusal(error)
        with self._state:
            if self.turns[side] == turn:
                self.problems[side] = refusal

    def _propose(self, side: Side, turn: int) -> None:
        """Find columns and key where both tables are there; the last one to be read does."""
        with self._tables["left"], self._tables["right"]:
            with self._state:
                others = [each for each in SIDES if each != side and each in self.doing]
                is_due = self.turns[side] == turn and len(self.read) == len(SIDES) and not others
                if not is_due or self._is_proposed:
                    if self.turns[side] == turn:  # here, or each of two that end at once leaves it to the other
                        self.doing.pop(side, None)
                    return
                self.doing[side] = "Finding columns and key"
                turns = dict(self.turns)
            proposals = self._work.propose_columns()
            keys = self._work.suggest_keys(pairs_of(proposals))
            with self._state:
                if self.turns == turns:
                    self._lay_out(proposals, keys)

    def _lay_out(self, proposals: tuple[ColumnProposal, ...], keys: tuple[KeyProposal, ...]) -> None:
        self.proposals, self.keys, self._is_proposed = proposals, keys, True
        self.recipe = Recipe(keys=keys[0].keys if keys else (), columns=pairs_of(proposals))
        note, self._recalled = self._recalled, None
        if note is None:
            return
        self.recipe, self.is_asked = _without_options(note.recipe), note.is_comparing
        is_unchanged = all(self.stamps.get(side) == one.stamp for side, one in note.tables.items())
        if note.result is not None and is_unchanged:
            self.result, self.compared = note.result, note.compared

    def _clear(self) -> None:
        self.version += 1
        self.result, self.compared, self.refusal = None, None, None

    def _compare(self, recipe: Recipe, version: int) -> None:
        target = self.folder / f"{new_id('result')}.duckdb"
        linker = link_rows_by_content if recipe.no_key else None
        say = partial(self._say, version)
        try:
            with self._tables["left"], self._tables["right"]:
                if self.version != version:
                    return
                self._work.compare(self._with_options(recipe), target, link_rows=linker, progress=say)
            with self._state:
                if self.version == version:
                    self.result, self.compared = target, recipe
        except Exception as error:  # noqa: BLE001  as above
            with self._state:
                if self.version == version:
                    self.refusal = as_refusal(error)
        finally:
            with self._state:
                self.doing.pop("compare", None)
            self._note()

    def _say(self, version: int, progress: Progress) -> None:
        with self._state:
            if self.version != version:
                raise InputError("The comparison was stopped.")
            self.doing["compare"] = f"Comparing: {progress.stage}"


def desk_of(workbench: Workbench, person: Person) -> Desk:
    """This session's desk. The address names it, so that a page that is loaded again has what lay there."""
    found = st.session_state.get(_KEY)
    if not isinstance(found, Desk):
        found = st.session_state[_KEY] = _open_desk(workbench.settings.uploads / "compare", person)
    if st.query_params.get(_PARAMETER) != found.folder.name:
        st.query_params[_PARAMETER] = found.folder.name
    return found


def _open_desk(home: Path, person: Person) -> Desk:
    folders.remove_old(home)
    name = st.query_params.get(_PARAMETER)
    known = folders.find_note(home, name, person.id) if name else None
    if known is not None:
        desk = Desk(known[0], person.id)
        attempt(lambda: desk.recall(known[1]))
        return desk
    if name:
        st.warning("What was compared under this address is no longer kept. Choose the two tables again.")
    return Desk(folders.new_folder(home), person.id)


def _options(recipe: Recipe, side: Side) -> ReadOptions:
    return recipe.left if side == "left" else recipe.right


def _without_options(recipe: Recipe) -> Recipe:
    """How a file is read stands beside the file, not in the settings on the screen."""
    return replace(recipe, left=ReadOptions(), right=ReadOptions())


Source = Literal["upload", "server", "snapshot"]
