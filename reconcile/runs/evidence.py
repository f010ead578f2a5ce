"""Pass `match`: what the records themselves say of each pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TypeVar

from reconcile.errors import InputError
from reconcile.matching import link
from reconcile.matching.rules import DedupeResult, LinkResult, MatchRules
from reconcile.model import Reconciliation, Side
from reconcile.runs.passes import SIDES, Execution

Result = TypeVar("Result", LinkResult, DedupeResult)


def rules_of(reconciliation: Reconciliation) -> MatchRules:
    """The matcher's rules as the definition has them."""
    return MatchRules(
        one_to_one=reconciliation.cardinality == "1:1",
        accept=reconciliation.accept,
        review=reconciliation.review,
        seed=reconciliation.seed,
        memory_limit="3GB",
    )


def write_evidence(execution: Execution) -> None:
    """Write `candidates` and `levels`. Test records take no part: they resemble each other and nothing real."""
    for side in SIDES:
        execution.con.execute(
            f"CREATE OR REPLACE TEMP VIEW {side}_matchable AS "
            f"SELECT * FROM {side}_records WHERE NOT coalesce(is_test, false)"
        )
    if any(is_empty(execution, side) for side in SIDES):
        execution.con.execute(_NO_CANDIDATES_SQL)
        execution.con.execute(f"CREATE TABLE levels ({LEVEL_COLUMNS})")
        return
    result = scored_with(
        execution,
        "link",
        lambda rules: link(execution.con, "left_matchable", "right_matchable", rules, progress=execution.progress),
    )
    execution.match.update(asdict(result.summary), model_version=result.model_version)


def scored_with(execution: Execution, part: str, match: Callable[[MatchRules], Result]) -> Result:
    """Match with the model in use; a new one is learned where there is none, or it was made for other roles."""
    rules = rules_of(execution.reconciliation)
    kept = execution.models.get(part, "")
    try:
        result = match(replace(rules, model=kept))
    except InputError:
        if not kept:
            raise
        result = match(rules)
    execution.used[part] = result.model
    return result


def is_empty(execution: Execution, side: Side) -> bool:
    """Whether a side has no record to match; the matcher needs some to learn from."""
    return execution.con.execute(f"SELECT 1 FROM {side}_matchable LIMIT 1").fetchone() is None


LEVEL_COLUMNS = "role VARCHAR, level SMALLINT, label VARCHAR, weight DOUBLE, m DOUBLE, u DOUBLE"
_NO_CANDIDATES_SQL = """
    CREATE TABLE candidates (left_id VARCHAR, right_id VARCHAR, probability DOUBLE, weight DOUBLE, band VARCHAR,
        is_best BOOLEAN, margin DOUBLE, is_chosen BOOLEAN)
"""
