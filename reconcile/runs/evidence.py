"""Pass `match`: what the records themselves say of each pair."""

from __future__ import annotations

from reconcile.matching import link
from reconcile.matching.rules import MatchRules
from reconcile.model import Reconciliation
from reconcile.runs.passes import SIDES, Execution


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
            f"CREATE OR REPLACE TEMP VIEW {side}_matchable AS SELECT * FROM {side}_records WHERE NOT coalesce(is_test, false)"
        )
    rules = rules_of(execution.reconciliation)
    link(execution.con, "left_matchable", "right_matchable", rules, progress=execution.progress)
