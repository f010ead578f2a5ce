"""Two files being compared: a private DuckDB database in which both are loaded, gone when it is closed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

import duckdb

from reconcile.comparing.tables.keys import KeyCheck, KeyProposal, check_key, suggest_keys
from reconcile.comparing.tables.mapping import ColumnProposal, propose_columns
from reconcile.comparing.tables.pages import ComparisonFile
from reconcile.comparing.tables.plan import make_plan
from reconcile.comparing.tables.recipe import ColumnPair, KeyColumn, Recipe
from reconcile.comparing.tables.result import Comparison
from reconcile.comparing.tables.side import IN_ORDER, Side, at_once, make_side
from reconcile.comparing.tables.writing import RESULT, RowLinker, write_comparison
from reconcile.model import Progress
from reconcile.systems.files import ReadOptions, ReadTable, read_file
from reconcile.systems.files.sql import literal

_MEMORY_LIMIT = "2500MB"
_MOST_OVERLAP_ROWS, _MOST_OVERLAP_COLUMNS = 100_000, 60
_TIME_ZONE = "SET GLOBAL TimeZone = 'UTC'"  # for every connection to the same database


class Workspace:
    """Two loaded tables, what can be proposed for them, and the comparison itself.

    Both are held in memory, and spill to `folder` beyond `memory_limit`: a database file would pack them first, which
    takes longer than to read them as often as a comparison does. Use it as a context manager, or call `close`.
    """

    def __init__(self, folder: Path | None = None, *, memory_limit: str = _MEMORY_LIMIT) -> None:
        self._sides: dict[str, Side] = {}
        self._readers: dict[str, duckdb.DuckDBPyConnection] = {}
        self._is_watched = False
        self.con = duckdb.connect()
        self.con.execute(f"SET memory_limit = {literal(memory_limit)}")
        self.con.execute(_TIME_ZONE)
        self.folder = Path(folder or tempfile.gettempdir()) / f"reconcile-compare-{os.urandom(8).hex()}"
        # Before the folder is made: a signal may arrive between any two lines.
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self.con.execute(f"SET temp_directory = {literal(str(self.folder / 'spill'))}")

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the database and everything beside it."""
        self.con.close()
        self._remove()

    def load(self, side: str, path: Path, options: ReadOptions, *, name: str | None = None) -> ReadTable:
        """Load the `side` ("left" or "right"), again when it was loaded before.

        The two sides can be loaded at once, each from a thread of its own.

        Raises:
            InputError: as `reconcile.systems.files.read_file`.
        """
        with self.con.cursor() as con:
            self._sides[side] = self._read(con, side, path, options, name)
        return self._sides[side].read

    def load_both(self, left: Path, right: Path, recipe: Recipe) -> None:
        """Load both sides at once, each in a thread of its own.

        Raises:
            InputError: as `reconcile.systems.files.read_file`; the left one's where both cannot be read.
        """
        works = [
            partial(self._read, side=side, path=path, options=options)
            for side, path, options in (("left", left, recipe.left), ("right", right, recipe.right))
        ]
        self._sides = dict(zip(("left", "right"), at_once(self.con, works), strict=True))

    def watch(self) -> Callable[[], float | None]:
        """What can be asked from another thread how far the present statement is: 0 to 100, None where it cannot say.

        Both files count when both are read at once.
        """
        _let_watch(self.con)
        self._is_watched = True

        def percent() -> float | None:
            try:
                found = [con.query_progress() for con in list(self._readers.values()) or [self.con]]
            except duckdb.Error:  # a reader was closed between the list and the question
                return None
            known = [value for value in found if value >= 0]
            return sum(known) / len(known) if known else None

        return percent

    def interrupt(self, side: str | None = None) -> None:
        """Break off the statement that runs at present: of reading a side, else of what looks at both tables.

        It raises `duckdb.InterruptException` where it was begun. The statement behind it begins as if nothing had been:
        who wants to stop a piece of work asks again until it has ended.
        """
        con = self._readers.get(side) if side else self.con
        if con is not None:
            with suppress(duckdb.Error):  # closed meanwhile
                con.interrupt()

    def _read(
        self, con: duckdb.DuckDBPyConnection, side: str, path: Path, options: ReadOptions, name: str | None = None
    ) -> Side:
        if self._is_watched:
            _let_watch(con)
        self._readers[side] = con
        try:
            return make_side(con, read_file(con, path, f"{side}_table", options, name=name, keep_empty=True))
        finally:
            del self._readers[side]

    @property
    def left(self) -> Side:
        """The left table."""
        return self._sides["left"]

    @property
    def right(self) -> Side:
        """The right table."""
        return self._sides["right"]

    def propose_columns(self) -> tuple[ColumnProposal, ...]:
        """Which columns belong together, with likeness, overlap and confidence.

        In long and wide tables nobody waits for the shared values of columns that have the same name anyway.
        """
        is_short = max(self.left.rows, self.right.rows) <= _MOST_OVERLAP_ROWS
        is_small = is_short and len(self.left.columns) <= _MOST_OVERLAP_COLUMNS
        return propose_columns(self.con, self.left, self.right, with_overlap=is_small)

    def suggest_keys(self, pairs: tuple[ColumnPair, ...]) -> tuple[KeyProposal, ...]:
        """Possible keys among the mapped columns, best first, with their figures."""
        return suggest_keys(self.con, self.left, self.right, pairs)

    def check_key(self, keys: tuple[KeyColumn, ...]) -> KeyCheck:
        """The key counted over all rows."""
        return check_key(self.con, self.left, self.right, keys)

    def compare(
        self,
        recipe: Recipe,
        target: Path | None,
        *,
        link_rows: RowLinker | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> Comparison:
        """Compare, and write the result to `target` (beside it first, then renamed); None keeps it for `result`.

        Raises:
            DefinitionError: no key to be found, a many-to-many key that the recipe does not treat, no columns.
            UnknownNameError: the recipe names a column that is not there.
        """
        started = time.monotonic()
        self.con.execute(IN_ORDER)  # a comparison that was broken off may have left it otherwise
        plan = make_plan(self.con, self.left, self.right, recipe)
        return write_comparison(self.con, plan, target, started, link_rows=link_rows, progress=progress)

    def result(self) -> ComparisonFile:
        """The result of a comparison without a target, while the workspace is open."""
        con = self.con.cursor()
        con.execute(f"USE {RESULT}")
        return ComparisonFile(con)


def _let_watch(con: duckdb.DuckDBPyConnection) -> None:
    # Nobody can ask without the bar, which DuckDB itself would draw on standard output, where the report goes.
    con.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")


def compare_files(
    left: Path,
    right: Path,
    target: Path,
    recipe: Recipe | None = None,
    *,
    link_rows: RowLinker | None = None,
    memory_limit: str = _MEMORY_LIMIT,
    folder: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Comparison:
    """Read two files, compare them by `recipe`, and write the result to `target`.

    Raises:
        InputError: a file or the recipe cannot be used, with what to do.
    """
    recipe = recipe or Recipe()
    started = time.monotonic()
    with Workspace(folder, memory_limit=memory_limit) as work:
        progress(Progress("reading the files", 0, None, "rows"))
        work.load_both(left, right, recipe)
        made = work.compare(recipe, target, link_rows=link_rows, progress=progress)
    return replace(made, seconds=round(time.monotonic() - started, 3))
