"""Carrying out a plan, and the result as an immutable DuckDB file.

The file holds `rows` and `cells` (see `cells`), `evidence` (row, weight, evidence, of rows matched by content),
`left_rows` and `right_rows` (row, then all columns of that file, for every row that is not the same), `unreadable`
(side, line, problem, text), and the report itself as JSON in `_comparison`. Values of sensitive columns are masked in
all of them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import duckdb

from reconcile.comparing.tables.cells import write_cells, write_rows
from reconcile.comparing.tables.keys import check_key, key_expressions, look_at_key
from reconcile.comparing.tables.matching_rows import (
    CONTENT_LINKS,
    match_by_content,
    match_single,
    match_unique,
    value_names,
)
from reconcile.comparing.tables.measures import count_classes, measure_columns
from reconcile.comparing.tables.notes import (
    empty_notes,
    group_notes,
    key_notes,
    nothing_met_notes,
    repeated_notes,
    sign_notes,
    unit_notes,
)
from reconcile.comparing.tables.plan import Plan
from reconcile.comparing.tables.publishing import published
from reconcile.comparing.tables.recipe_file import dump_recipe
from reconcile.comparing.tables.repeated import RepeatedKeyError, add_repeated
from reconcile.comparing.tables.result import MASK, Comparison, SourceInfo
from reconcile.comparing.tables.side import Side, at_once, one_row
from reconcile.errors import DefinitionError
from reconcile.model import Progress, utc_now
from reconcile.systems.files.findings import ReadWarning, WarningKind
from reconcile.systems.files.sql import identifier, literal

RESULT = "result"
"""What the result database is attached as."""
RowLinker = Callable[[duckdb.DuckDBPyConnection, Plan], None]
"""Matches rows by content: makes the table `CONTENT_LINKS`, which names a row once: `left_row`, `right_row`,
`probability`, `weight` (DOUBLE, bits) and `evidence` (VARCHAR, a JSON list of role, level and weight).

It is handed in, because the matching engine is not below this package.
"""


def write_comparison(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    target: Path | None,
    started: float,
    *,
    link_rows: RowLinker | None,
    progress: Callable[[Progress], None],
) -> Comparison:
    """Compare by the plan and write the result file: beside `target` first, then renamed.

    Without a target the result stays attached as `RESULT`, in memory.

    Raises:
        DefinitionError: a many-to-many key that the recipe does not treat; no key and no matching engine.
    """
    progress(Progress("matching rows", 0, None, "rows"))
    notes = [*plan.notes, *_match(con, plan, link_rows), *unit_notes(plan), *empty_notes(plan)]
    if target is None:
        con.execute(f"ATTACH ':memory:' AS {RESULT}")
        progress(Progress("comparing cells", 0, None, "rows"))
        return _fill(con, plan, "", started, notes)
    target.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"DETACH DATABASE IF EXISTS {RESULT}")  # of a comparison that was broken off
    with published(target) as part:
        con.execute(f"ATTACH {literal(str(part))} AS result")
        try:
            progress(Progress("comparing cells", 0, None, "rows"))
            made = _fill(con, plan, str(target), started, notes)
            con.execute("CHECKPOINT result")
        finally:
            con.execute("DETACH result")
    return made


def _match(con: duckdb.DuckDBPyConnection, plan: Plan, link_rows: RowLinker | None) -> list[str]:
    """Make `pairs`, and say what is worth knowing about the key."""
    if plan.recipe.no_key:
        if link_rows is None:
            raise DefinitionError(
                "Comparison", "no key is named and no matching engine is at hand", remedy="Name a key."
            )
        link_rows(con, plan)
        match_by_content(con, plan)
        return ["Rows were matched by their content; see the probability of each pair."]
    looks = at_once(
        con,
        [
            partial(look_at_key, side=side, texts=key_expressions(plan.keys, name))
            for side, name in ((plan.left, "left"), (plan.right, "right"))
        ],
    )
    blanks = [f"{looks[0].blanks:,} left and {looks[1].blanks:,} right rows have a blank key."]
    notes = [*key_notes(plan), *(blanks if any(look.blanks for look in looks) else [])]
    if not any(look.is_repeated for look in looks) and match_unique(con, plan):
        return notes
    check = check_key(con, plan.left, plan.right, plan.keys)
    if check.many_to_many and plan.recipe.duplicates == "refuse":
        is_masked = any(key.left in sensitive_columns(plan, "left") for key in plan.keys)
        shown = replace(check, examples=()) if is_masked else check
        raise RepeatedKeyError(shown, key_title(plan), is_found=plan.is_key_found)
    match_single(con, plan)
    add_repeated(con, plan, plan.recipe.duplicates)
    return [*notes, *repeated_notes(check, plan)]


def _fill(con: duckdb.DuckDBPyConnection, plan: Plan, path: str, started: float, notes: list[str]) -> Comparison:
    write_cells(con, plan, "result.cells")
    write_rows(con, "result.rows", "result.cells")
    for name in ("left", "right"):
        _write_side_rows(con, plan, name, is_kept=bool(path))
    _write_unreadable(con, plan)
    _write_evidence(con, plan)
    totals = count_classes(con, plan, "result.rows")
    columns = measure_columns(con, plan, "result.cells", totals)
    notes = [*notes, *group_notes(con), *nothing_met_notes(plan, totals), *sign_notes(con, plan, columns)]
    made = Comparison(
        left=_source(plan.left, plan, "left"),
        right=_source(plan.right, plan, "right"),
        key=key_title(plan),
        key_columns=tuple((key.left, key.right) for key in plan.keys),
        duplicates=plan.recipe.duplicates,
        totals=totals,
        columns=columns,
        cells=int(one_row(con, "SELECT count(*) FROM result.cells")[0]),
        notes=tuple(notes),
        recipe=dump_recipe(plan.recipe),
        made_at=utc_now(),
        seconds=round(time.monotonic() - started, 3),
        path=path,
    )
    con.execute("CREATE OR REPLACE TABLE result._comparison (json VARCHAR)")
    con.execute("INSERT INTO result._comparison VALUES (?)", [comparison_json(made)])
    return made


def comparison_json(made: Comparison) -> str:
    """The report as JSON text."""
    document = asdict(replace(made))
    document["made_at"] = made.made_at.isoformat()
    return json.dumps(document, ensure_ascii=False)


def key_title(plan: Plan) -> str:
    """What names a row, for people."""
    names = (key.left if key.left == key.right else f"{key.left} = {key.right}" for key in plan.keys)
    return " + ".join(names) or "content"


def sensitive_columns(plan: Plan, side: str) -> frozenset[str]:
    """Columns of a side whose values leave the comparison masked."""
    pairs = [(pair.left, pair.right) for pair in plan.recipe.columns if pair.rule.is_sensitive]
    lefts, rights = ({pair[place] for pair in pairs} for place in (0, 1))
    lefts |= set(plan.recipe.masked_left)
    rights |= set(plan.recipe.masked_right)
    for key in plan.keys:  # what a key is on one side, it is on the other
        if key.left in lefts or key.right in rights:
            lefts.add(key.left)
            rights.add(key.right)
    return frozenset(lefts if side == "left" else rights)


def _write_side_rows(con: duckdb.DuckDBPyConnection, plan: Plan, name: str, *, is_kept: bool) -> None:
    """`left_rows` or `right_rows`: the values came along with the pairs; a group's rows are fetched from the table.

    Where the result is not kept, they stay where they are and are only looked at from there.
    """
    side = plan.left if name == "left" else plan.right
    sensitive = sensitive_columns(plan, name)
    values = ", ".join(_masked(f"p.{short}", column, sensitive) for column, short in value_names(plan, name).items())
    has_groups = bool(one_row(con, "SELECT count(*) FROM pairs WHERE how = 'group'")[0])
    form = "TABLE" if is_kept or has_groups else "VIEW"
    con.execute(
        f"CREATE {form} result.{name}_rows AS SELECT p.row AS {_row_name(side)}, {values} FROM {_pairs(con)} p "
        f"JOIN result.rows r ON r.row = p.row WHERE p.{name}_row IS NOT NULL AND p.how <> 'group'"
    )
    if has_groups:
        values = ", ".join(_masked(f"s.{identifier(column)}", column, sensitive) for column in side.columns)
        con.execute(
            f"INSERT INTO result.{name}_rows SELECT p.row, {values} FROM result.rows p "
            f"JOIN members_{name} ON first__ = p.{name}_row AND p.how = 'group' "
            f"JOIN {side.table} s ON s.rowid = place ORDER BY p.row, place"
        )


def _pairs(con: duckdb.DuckDBPyConnection) -> str:
    """The table of pairs by a name that holds in other databases too."""
    return f"{identifier(one_row(con, 'SELECT current_database()')[0])}.main.pairs"


def _row_name(side: Side) -> str:
    """The row column's name, which no column of the file may have."""
    name, taken = "row", {column.casefold() for column in side.columns}
    while name in taken:
        name += "_"
    return identifier(name)


def _masked(value: str, column: str, sensitive: frozenset[str]) -> str:
    if column in sensitive:
        value = f"CASE WHEN {value} IS NOT NULL THEN {literal(MASK)} END"
    return f"{value} AS {identifier(column)}"


def _write_unreadable(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """The raw text of an unreadable record may hold anything, so it is masked wherever a column is sensitive."""
    con.execute("CREATE TABLE result.unreadable (side VARCHAR, line BIGINT, problem VARCHAR, text VARCHAR)")
    for side, name in ((plan.left, "left"), (plan.right, "right")):
        text = literal(MASK) if sensitive_columns(plan, name) else "text"
        source = identifier(side.read.unreadable_table)
        con.execute(f"INSERT INTO result.unreadable SELECT '{name}', line, problem, {text} FROM {source} ORDER BY line")


def _write_evidence(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Why rows without a key were paired: roles, levels and weights, and none of the values."""
    con.execute("CREATE TABLE result.evidence (row BIGINT, weight DOUBLE, evidence VARCHAR)")
    if plan.recipe.no_key:
        con.execute(
            f"INSERT INTO result.evidence SELECT r.row, m.weight, m.evidence FROM result.rows r JOIN {CONTENT_LINKS} m "
            "ON m.left_row = r.left_row AND m.right_row = r.right_row ORDER BY r.row"
        )


_NAMING: frozenset[WarningKind] = frozenset(
    {"duplicate_headers", "blank_headers", "other_sheets", "ragged_rows", "repeated_header"}
)
"""Warnings about a file whose examples are names or lines' numbers; those of the others are pieces of the file."""


def _may_hold(warning: ReadWarning, sensitive: frozenset[str]) -> bool:
    """Whether the examples of a warning may hold a value of a sensitive column."""
    if warning.column is None:
        return bool(sensitive) and warning.kind not in _NAMING
    return warning.column in sensitive


def _source(side: Side, plan: Plan, name: str) -> SourceInfo:
    mapped = {getattr(pair, name) for pair in plan.recipe.columns} | {getattr(key, name) for key in plan.keys}
    sensitive = sensitive_columns(plan, name)
    warnings = (
        replace(warning, examples=()) if _may_hold(warning, sensitive) else warning for warning in side.read.warnings
    )
    return SourceInfo(
        name=side.read.name,
        description=side.read.describe(),
        rows=side.rows,
        unreadable=side.read.unreadable,
        columns=side.columns,
        unmapped=tuple(column for column in side.columns if column not in mapped),
        warnings=tuple(warning.sentence for warning in warnings),
        decimal=side.read.decimal,
    )
