"""Matching the rows of two tables without a key, by the matching engine.

It lies here because comparing and matching do not know each other, and both the command line and the app need it.
"""

from __future__ import annotations

import duckdb

from reconcile.comparing.tables import ComparedColumn, Plan
from reconcile.errors import DefinitionError
from reconcile.matching import MatchRules, link
from reconcile.matching.roles import detect_roles
from reconcile.model import ROLES, Role
from reconcile.systems.files.sql import identifier


def link_rows_by_content(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Make `content_links(left_row, right_row, probability)` of a comparison without a key: 1:1, best overall.

    Roles (name, email, phone ...) are told from the compared columns' headers and values. Where none is found, all
    compared text is taken together as a name.

    Raises:
        DefinitionError: no column is compared.
        InputError: the matching engine cannot use the columns.
    """
    roles = _roles(con, plan)
    for side, view in (("left", "content_left"), ("right", "content_right")):
        table = plan.left.table if side == "left" else plan.right.table
        texts = {
            role: ", ".join(identifier(getattr(column.pair, side)) for column in columns)
            for role, columns in roles.items()
        }
        parts = ", ".join(f"nullif(concat_ws(' ', {text}), '') AS {role}" for role, text in texts.items())
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT CAST(rowid AS VARCHAR) AS record_id, {parts} FROM {table}"
        )
    found = link(con, "content_left", "content_right", MatchRules(roles=tuple(roles), one_to_one=True))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE content_links AS SELECT CAST(left_id AS BIGINT) AS left_row, "
        f"CAST(right_id AS BIGINT) AS right_row, probability FROM {found.candidates} WHERE is_chosen"
    )


def _roles(con: duckdb.DuckDBPyConnection, plan: Plan) -> dict[Role, list[ComparedColumn]]:
    """The compared columns of each role, in the order of the roles."""
    if not plan.columns:
        raise DefinitionError("Comparison", "no column is compared", remedy="Map at least one column.")
    guesses = [detect_roles(con, side.read.table) for side in (plan.left, plan.right)]
    found: dict[Role, list[ComparedColumn]] = {}
    for column in plan.columns:
        both = (guesses[0][column.pair.left], guesses[1][column.pair.right])
        role = max(both, key=lambda guess: (guess.role is not None, guess.confidence)).role
        if role is not None:
            found.setdefault(role, []).append(column)
    if not found:
        texts = [column for column in plan.columns if column.kind.kind == "text"]
        return {"name": texts or list(plan.columns)}
    return {role: found[role] for role in ROLES if role in found}
