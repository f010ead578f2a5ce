"""Matching the rows of two tables without a key, by the matching engine.

It lies here because comparing and matching do not know each other, and both the command line and the app need it.
"""

from __future__ import annotations

import duckdb

from reconcile.comparing.tables import CONTENT_LINKS, Plan
from reconcile.errors import DefinitionError
from reconcile.matching import LinkResult, MatchRules, link
from reconcile.matching.roles import detect_roles
from reconcile.model import ROLES, Role
from reconcile.systems.files.sql import identifier, literal


def link_rows_by_content(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Make the table `CONTENT_LINKS` of a comparison without a key: 1:1, best overall, with the evidence per role.

    Roles (name, email, phone ...) are told from the columns' headers and values. Where none is found, all compared
    text is taken together as a name.

    Raises:
        DefinitionError: no column is compared.
        InputError: the matching engine cannot use the columns.
    """
    roles = _roles(con, plan)
    for place, (side, view) in enumerate(((plan.left, "content_left"), (plan.right, "content_right"))):
        texts = {role: ", ".join(identifier(name) for name in columns[place]) for role, columns in roles.items()}
        parts = ", ".join(f"nullif(concat_ws(' ', {text}), '') AS {role}" for role, text in texts.items())
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT CAST(rowid AS VARCHAR) AS record_id, {parts} "
            f"FROM {side.table}"
        )
    found = link(con, "content_left", "content_right", MatchRules(roles=tuple(roles), one_to_one=True))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {CONTENT_LINKS} AS SELECT CAST(left_id AS BIGINT) AS left_row, "
        f"CAST(right_id AS BIGINT) AS right_row, probability, weight, {_evidence_sql(con, found)} "
        f"AS evidence FROM {found.candidates} WHERE is_chosen"
    )


def _evidence_sql(con: duckdb.DuckDBPyConnection, found: LinkResult) -> str:
    """What was weighed for or against a pair, as JSON text: its role, how far it agrees, its weight in bits."""
    labels: dict[str, dict[int, str]] = {}
    for role, level, label in con.sql(f"SELECT role, level, label FROM {found.levels}").fetchall():
        labels.setdefault(role, {})[level] = label
    columns = con.sql(f"SELECT * FROM {found.candidates} LIMIT 0").columns
    parts = []
    for role in (name.removeprefix("weight_") for name in columns if name.startswith("weight_")):
        names = ", ".join(f"{level}: {literal(label)}" for level, label in labels.get(role, {}).items())
        said = f"MAP {{{names}}}[level_{role}]" if names and f"level_{role}" in columns else "NULL"
        parts.append(f"{{'role': {literal(role)}, 'level': {said}, 'weight': round(weight_{role}, 2)}}")
    return f"CAST(to_json([{', '.join(parts)}]) AS VARCHAR)"


def _roles(con: duckdb.DuckDBPyConnection, plan: Plan) -> dict[Role, tuple[list[str], list[str]]]:
    """The columns of each role on both sides, in the order of the roles.

    A column whose role is plain counts whether it is compared or not (names are spelled too differently to be mapped by
    their values), unless somebody said to ignore it.
    """
    if not plan.columns:
        raise DefinitionError("Comparison", "no column is compared", remedy="Map at least one column.")
    left, right = (detect_roles(con, side.read.table) for side in (plan.left, plan.right))
    ignored = [pair for pair in plan.recipe.columns if pair.is_ignored]
    for guesses, names in ((left, [pair.left for pair in ignored]), (right, [pair.right for pair in ignored])):
        for name in names:
            guesses.pop(name, None)
    found = {
        role: ([name for name in left if left[name].role == role], [name for name in right if right[name].role == role])
        for role in ROLES
    }
    for column in plan.columns:  # what one side calls plainly, the other is mapped to
        for role in {left[column.pair.left].role, right[column.pair.right].role} - {None}:
            if role is not None and not all(found[role]):
                found[role][0].append(column.pair.left)
                found[role][1].append(column.pair.right)
    known = {role: _once(columns) for role, columns in found.items() if all(columns)}
    if not known:
        texts = [column for column in plan.columns if column.kind.kind == "text"] or list(plan.columns)
        return {"name": ([column.pair.left for column in texts], [column.pair.right for column in texts])}
    return known


def _once(columns: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
    return list(dict.fromkeys(columns[0])), list(dict.fromkeys(columns[1]))
