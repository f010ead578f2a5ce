"""What every command shares: the workbench, who acts, and how results are shown."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconcile.errors import NotAllowedError
from reconcile.model import Person, Progress

if TYPE_CHECKING:
    from reconcile.workbench import Workbench

as_json = click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")


class Session:
    """Opens the workbench on first use, so that commands that need none leave no folder behind."""

    def __init__(self, person_id: str | None = None) -> None:
        self._person_id = person_id

    @cached_property
    def workbench(self) -> Workbench:
        """The workbench that the environment describes.

        Raises:
            UnknownNameError: `--as` names nobody, whether the command acts or only lists.
        """
        from reconcile.state import people  # noqa: PLC0415 - commands on files load no database
        from reconcile.workbench import Workbench  # noqa: PLC0415 - as above

        opened = Workbench.open()
        if self._person_id is not None:
            with opened.database.read() as tx:
                people.get(tx, self._person_id)
        return opened

    @cached_property
    def actor(self) -> Person:
        """Who acts: the operating-system user, or the practice person named by `--as`.

        Raises:
            NotAllowedError: `--as` names somebody who is not a practice person, or they were deactivated.
        """
        from reconcile.state import people  # noqa: PLC0415 - as above

        with self.workbench.database.begin() as tx:
            laptop = people.ensure_laptop_person(tx)
            chosen = people.get_active(tx, self._person_id or laptop.id)
        if chosen == laptop:
            return laptop
        if not chosen.is_practice:
            raise NotAllowedError(laptop.name, f"act as {chosen.name}", "only practice people can be impersonated")
        return chosen


def show(value: Any, *, is_json: bool, columns: Sequence[str] = ()) -> None:
    """Print `value`: as JSON, or a list of mappings as an aligned table of `columns`, or a mapping line by line."""
    if is_json:
        click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))
    elif isinstance(value, Mapping):
        width = max((len(str(key)) for key in value), default=0)
        for key, item in value.items():
            click.echo(f"{key!s:<{width}}  {_cell(item)}")
    else:
        _show_table(value, columns)


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A reporter that draws a bar on a terminal and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - most commands show no bar

    bar = tqdm(total=None, unit=" records", dynamic_ncols=True, leave=False)

    def report(progress: Progress) -> None:
        if bar.desc.removesuffix(": ") != progress.stage:
            bar.reset(total=progress.total)
            bar.set_description(progress.stage, refresh=False)
        bar.total = progress.total
        bar.unit = f" {progress.unit}"
        bar.update(progress.done - bar.n)

    try:
        yield report
    finally:
        bar.close()


def _show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    if not rows:
        click.echo("Nothing yet.")
        return
    names = list(columns or rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[place]) for line in cells)) for place, name in enumerate(names)]
    click.echo("  ".join(name.upper().ljust(width) for name, width in zip(names, widths, strict=True)).rstrip())
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
