"""compare: two tables against each other, without any workbench."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import click
import duckdb

from reconcile.cli.comparing import TerminalProgress
from reconcile.cli.outputs import ending, refuse_outputs, whole_or_unread
from reconcile.cli.stopping import end_if_stopped
from reconcile.comparing.tables import (
    DIFFERENCE_CLASSES,
    DUPLICATES,
    ColumnPair,
    Comparison,
    ComparisonFile,
    Duplicates,
    KeyColumn,
    Recipe,
    RowLinker,
    Workspace,
    load_recipe,
    pairs_of,
)
from reconcile.comparing.tables.document import report_document, write_json
from reconcile.comparing.tables.publishing import published
from reconcile.comparing.tables.wording import ROW_TITLES, coverage, figure, percent, tie, verdict
from reconcile.errors import InputError, ReconcileError, UnknownNameError
from reconcile.model import Progress
from reconcile.systems.files import ReadOptions

_FILE = click.Path(path_type=Path)
_UNSAID = "-"
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class _Options:
    """What the command line says beside the two files."""

    recipe_path: Path | None
    keys: tuple[str, ...]
    no_key: bool
    maps: tuple[str, ...]
    ignore: tuple[str, ...]
    sensitive: tuple[str, ...]
    tolerance: tuple[str, ...]
    duplicates: Duplicates | None
    ignore_format: bool
    delimiter: tuple[str, str] | None
    encoding: tuple[str, str] | None
    decimal: tuple[str, str] | None
    sheet: tuple[str, str] | None
    outputs: tuple[Path, ...]
    save_recipe: Path | None
    memory_limit: str
    is_json: bool


_OPTIONS = (
    click.option("--recipe", "recipe_path", type=_FILE, metavar="FILE", help="A saved recipe; options add to it."),
    click.option("--key", "keys", multiple=True, metavar="LEFT[=RIGHT]", help="Column of the key; repeat for several."),
    click.option("--no-key", is_flag=True, help="Match the rows by their content."),
    click.option("--map", "maps", multiple=True, metavar="LEFT=RIGHT", help="Columns that belong together; repeat."),
    click.option("--ignore", multiple=True, metavar="COLUMN", help="Left column that is not compared; repeat."),
    click.option("--sensitive", multiple=True, metavar="COLUMN", help="Column to mask in every output; repeat."),
    click.option("--tolerance", multiple=True, metavar="COLUMN=N", help="Numbers may differ by N, or by N%; repeat."),
    click.option("--duplicates", type=click.Choice(DUPLICATES), help="What to do with keys that occur more than once."),
    click.option("--ignore-format", is_flag=True, help="1.5 and 1.50, Acme and ACME count as the same."),
    click.option("--delimiter", nargs=2, metavar="LEFT RIGHT", help="Delimiters; - to have one found out."),
    click.option("--encoding", nargs=2, metavar="LEFT RIGHT", help="Encodings; - to have one found out."),
    click.option("--decimal", nargs=2, metavar="LEFT RIGHT", help="Decimal marks; - to have one found out."),
    click.option("--sheet", nargs=2, metavar="LEFT RIGHT", help="Sheets, or tables of a snapshot; - for the first."),
    click.option("--out", "outputs", multiple=True, type=_FILE, metavar="FILE",
                 help="Write .xlsx, .html, .json, .csv, .patch.csv or .duckdb; repeat for several."),
    click.option("--save-recipe", type=_FILE, metavar="FILE", help="Write the recipe that was carried out."),
    click.option("--memory-limit", default="2500MB", show_default=True, metavar="SIZE", help="Held before spilling."),
    click.option("--json", "is_json", is_flag=True, help="Print the report as JSON."),
)  # fmt: skip


def _all_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("compare")
@click.argument("left", type=_FILE)
@click.argument("right", type=_FILE)
@_all_options
def compare(left: Path, right: Path, **given: Any) -> None:
    """Compare two tables: CSV, TSV, XLSX, Parquet, JSON lines (text forms also in gzip) or a DuckDB file.

    Exit codes: 0 equal, 1 different, 2 could not compare.
    """
    try:
        is_equal = _compare(left, right, _Options(**given))
    except (ReconcileError, duckdb.Error, OSError) as error:
        end_if_stopped()
        click.echo(f"Could not compare: {error}", err=True)
        sys.exit(2)
    except Exception:  # noqa: BLE001 - Python's own exit code for a fault is 1, which here means "different"
        end_if_stopped()
        traceback.print_exc()
        sys.exit(2)
    sys.exit(0 if is_equal else 1)


def _compare(left: Path, right: Path, options: _Options) -> bool:
    if not re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*[KMGT]i?B\s*", options.memory_limit, re.IGNORECASE):
        raise InputError(f"--memory-limit {options.memory_limit!r} is no size.", remedy='Write it like "2GB".')
    recipe = _recipe(options)
    refuse_outputs(options.outputs, options.save_recipe, inputs=[left, right, options.recipe_path])
    with TerminalProgress() as shown, Workspace(memory_limit=options.memory_limit) as work:
        if shown.is_on:
            shown.watch(work.watch())
        shown.report(Progress("reading the files", 0, None, "rows"))
        work.load_both(left, right, recipe)
        recipe = _with_columns(work, recipe, options)
        kept = next((path for path in options.outputs if ending(path) == ".duckdb"), None)
        try:
            made = work.compare(recipe, kept, link_rows=_linker(recipe), progress=shown.report)
        except ReconcileError:
            _warn_of_files(work)  # they may say why
            raise
        if options.save_recipe:
            with published(options.save_recipe) as part:
                part.write_text(made.recipe, encoding="utf-8")
        shown.report(Progress("writing the report", 0, None, "rows"))
        with ComparisonFile(kept) if kept else work.result() as file:
            _write_outputs(file, options)
    with whole_or_unread():
        _show(made, is_json=options.is_json)
    return made.is_equal


def _warn_of_files(work: Workspace) -> None:
    for side in (work.left, work.right):
        for warning in side.read.warnings:
            # Examples are left to the report: which columns are to be masked may not be settled yet.
            shown = warning if warning.kind == "other_sheets" else replace(warning, examples=())
            click.echo(f"! {side.read.name}: {shown.sentence}", err=True)


def _linker(recipe: Recipe) -> RowLinker | None:
    if not recipe.no_key:
        return None
    from reconcile.reporting.comparison.content import link_rows_by_content  # noqa: PLC0415 - a heavy import

    return link_rows_by_content


def _recipe(options: _Options) -> Recipe:
    """The recipe of the file with what the options say in its place."""
    recipe = load_recipe(options.recipe_path) if options.recipe_path else Recipe()
    keys = tuple(KeyColumn(*_two(text)) for text in options.keys)
    if keys or options.no_key:
        recipe = replace(recipe, keys=keys, no_key=options.no_key)
    if options.duplicates:
        recipe = replace(recipe, duplicates=options.duplicates)
    recipe = replace(recipe, ignore_format=recipe.ignore_format or options.ignore_format)
    return replace(recipe, left=_read_options(recipe.left, options, 0), right=_read_options(recipe.right, options, 1))


def _read_options(known: ReadOptions, options: _Options, place: int) -> ReadOptions:
    changes: dict[str, Any] = {}
    for name in ("delimiter", "encoding", "decimal", "sheet"):
        pair: tuple[str, str] | None = getattr(options, name)
        if pair is not None and pair[place] != _UNSAID:
            changes[name] = pair[place].replace("\\t", "\t")
    return replace(known, **changes)


def _two(text: str) -> tuple[str, str]:
    """`a=b` as two names, `a` as the same name twice."""
    left, mark, right = text.partition("=")
    return (left, right) if mark else (text, text)


def _with_columns(work: Workspace, recipe: Recipe, options: _Options) -> Recipe:
    """The recipe with the columns that the options name, and with their rules."""
    if not (options.maps or options.ignore or options.sensitive or options.tolerance):
        return recipe
    mapped = dict(_two(text) for text in options.maps)
    pairs = list(recipe.columns or pairs_of(work.propose_columns()))
    pairs = [pair for pair in pairs if pair.left not in mapped and pair.right not in set(mapped.values())]
    pairs += [ColumnPair(left, right) for left, right in mapped.items()]
    tolerances = dict(_two(text) for text in options.tolerance)
    known = tuple(pair.left for pair in pairs)
    for name in (*options.ignore, *tolerances):
        if name not in known:
            raise UnknownNameError("compared column", name, known)
    masked = [tuple(name for name in options.sensitive if name in side.columns) for side in (work.left, work.right)]
    for name in options.sensitive:
        if name not in {*masked[0], *masked[1]}:
            raise UnknownNameError("column", name, (*work.left.columns, *work.right.columns))
    return replace(
        recipe,
        columns=tuple(_with_rule(pair, options, tolerances) for pair in pairs),
        masked_left=(*recipe.masked_left, *(name for name in masked[0] if name not in {*recipe.masked_left, *known})),
        masked_right=(*recipe.masked_right, *(name for name in masked[1] if name not in recipe.masked_right)),
    )


def _with_rule(pair: ColumnPair, options: _Options, tolerances: dict[str, str]) -> ColumnPair:
    rule = replace(pair.rule, is_sensitive=pair.rule.is_sensitive or pair.left in options.sensitive)
    if pair.left in tolerances:
        text = tolerances[pair.left].strip()
        number = _number(pair.left, text.removesuffix("%"))
        rule = replace(rule, relative=number / 100) if text.endswith("%") else replace(rule, absolute=number)
    return replace(pair, rule=rule, is_ignored=pair.is_ignored or pair.left in options.ignore)


def _number(column: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InputError(f"The tolerance of {column} is {text!r}.", remedy="Give a number such as 0.01.")
    return number


def _write_outputs(file: ComparisonFile, options: _Options) -> None:
    for path in options.outputs:
        if ending(path) != ".duckdb":
            _write_output(file, path)


def _write_output(file: ComparisonFile, path: Path) -> None:
    if ending(path) == ".json":
        write_json(file, path)
        return
    from reconcile.reporting.comparison import write_output  # noqa: PLC0415 - a heavy import, not needed for the above

    write_output(file, path)


def _show(made: Comparison, *, is_json: bool) -> None:
    if is_json:
        click.echo(json.dumps(report_document(made), ensure_ascii=False, indent=2))
        return
    click.echo(f"{verdict(made)}\n{tie(made)}\nKey: {made.key}\n")
    click.echo(f"{'':<16}{'pairs':>14}{'left':>14}{'right':>14}")
    for item in made.totals:
        click.echo(f"{ROW_TITLES[item.name]:<16}{item.pairs:>14,}{item.left_rows:>14,}{item.right_rows:>14,}")
    differing = [column for column in made.columns if column.mismatches]
    if differing:
        click.echo(f"\n{'column':<28}{'mismatches':>12}{'share':>10}  classes")
    for column in differing:
        classes = ", ".join(f"{column.classes[name]:,} {name}" for name in DIFFERENCE_CLASSES if column.classes[name])
        spread = f"; sums differ by {figure(column.difference)}" if column.difference not in {None, "0"} else ""
        click.echo(f"{_short(column.title):<28}{column.mismatches:>12,}{percent(column.share):>10}  {classes}{spread}")
    for text in (*coverage(made), *made.notes, *made.left.warnings, *made.right.warnings):
        click.echo(f"! {text}", err=True)


def _short(title: str) -> str:
    """A title in 27 characters: names that begin alike, as addresses do, are told apart by their ends."""
    return title if len(title) <= 27 else f"{title[:9]}…{title[-17:]}"


commands: tuple[click.Command, ...] = (compare,)
