"""Column names of a file made unique, as DuckDB (which ignores case) needs them."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.systems.files.findings import ReadWarning


def unique_names(header: Sequence[str | None]) -> tuple[tuple[str, ...], list[ReadWarning]]:
    """Names for the columns, in order: trimmed, blank ones `column_3`, repeated ones `name_2`.

    Returns:
        The names, and a warning for blank and for repeated ones where there are any.
    """
    names: list[str] = []
    taken = {"rowid"}  # DuckDB's own name of a row's place, which a column would hide
    blanks: list[str] = []
    repeated: list[str] = []
    given = {(cell or "").strip().casefold() for cell in header}
    for position, cell in enumerate(header, start=1):
        wanted = (cell or "").replace("\x00", "").strip()
        base = wanted or f"column_{position}"
        if not wanted:
            blanks.append(base)
        elif base.casefold() in taken:
            repeated.append(base)
        name = _free_name(base, taken, given)
        taken.add(name.casefold())
        names.append(name)
    return tuple(names), _warnings(blanks, repeated)


def _free_name(base: str, taken: set[str], given: set[str]) -> str:
    if base.casefold() not in taken:
        return base
    number = 2
    while (name := f"{base}_{number}").casefold() in taken or name.casefold() in given:
        number += 1
    return name


def _warnings(blanks: list[str], repeated: list[str]) -> list[ReadWarning]:
    found = []
    if blanks:
        found.append(ReadWarning("blank_headers", len(blanks), examples=tuple(blanks[:5])))
    if repeated:
        found.append(ReadWarning("duplicate_headers", len(repeated), examples=tuple(repeated[:5])))
    return found
