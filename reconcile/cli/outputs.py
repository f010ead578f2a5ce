"""What a command on files is asked to write: refused before any work where it cannot be, and a reader that leaves."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconcile.errors import InputError

ENDINGS = (".xlsx", ".html", ".json", ".csv", ".patch.csv", ".duckdb")


def ending(path: Path) -> str:
    """The ending that names the format, in lower case."""
    return ".patch.csv" if path.name.casefold().endswith(".patch.csv") else path.suffix.casefold()


def refuse_outputs(outputs: Sequence[Path], recipe: Path | None, *, inputs: Sequence[Path | None]) -> None:
    """Check that every output can be written, so that nobody waits for a comparison that is lost in the end.

    Raises:
        InputError: an unknown ending, a folder that is not there or not to be written to, a file that is compared or
            named twice, a second DuckDB file.
    """
    for path in outputs:
        if ending(path) not in ENDINGS:
            raise InputError(f"{path.name} has no known ending.", remedy=f"Use {', '.join(ENDINGS)}.")
    refuse_places([*outputs, recipe], inputs=inputs)
    if sum(ending(path) == ".duckdb" for path in outputs) > 1:
        raise InputError("Two DuckDB files are to be written.", remedy="Name one, and copy it.")


def refuse_places(outputs: Sequence[Path | None], *, inputs: Sequence[Path | None]) -> None:
    """Check that each file can be written where it is asked for, and that none is read or written twice.

    Raises:
        InputError: a folder that is not there or not to be written to, a file that is read or named twice.
    """
    every = [path for path in outputs if path is not None]
    known = {path.resolve() for path in inputs if path is not None}
    for path in every:
        _refuse_place(path)
        if path.resolve() in known:
            raise InputError(f"{str(path)!r} is read, and would be overwritten.", remedy="Name another file to write.")
    twice = next((path for path, n in Counter(path.resolve() for path in every).items() if n > 1), None)
    if twice is not None:
        raise InputError(f"{str(twice)!r} is to be written twice.", remedy="Name it once.")


def _refuse_place(path: Path) -> None:
    folder = path.absolute().parent
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder.", remedy="Name a file in it.")
    if not folder.is_dir():
        raise InputError(f"There is no folder {str(folder)!r}.", remedy="Make it, or name another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"The folder {str(folder)!r} may not be written to.", remedy="Name another.")


@contextmanager
def whole_or_unread() -> Iterator[None]:
    """Let whoever reads standard output leave early (`| head`): the work is done, the exit code says how it went."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's own last flush complains
