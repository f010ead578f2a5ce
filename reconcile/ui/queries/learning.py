"""What the Matching page says of learning from people: the models, how good the match is, and what to ask next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from reconcile import learning
from reconcile.errors import UnknownNameError
from reconcile.learning import Question
from reconcile.matching.models import RunComparison
from reconcile.matching.quality import QualityEstimate
from reconcile.model import Reconciliation, Run
from reconcile.state import judgements, match_models, people, runs
from reconcile.state.match_models import StoredModel
from reconcile.ui.queries.matching import role_name
from reconcile.ui.text import chance
from reconcile.workbench import Workbench

KEPT = 32


@dataclass(frozen=True, slots=True)
class Lessons:
    """What people said that the match can learn from.

    Attributes:
        linked: judgements of a pair of the two sides; within: of two records of one side.
        version: changes with every judgement.
    """

    linked: int
    within: int
    version: str


def lessons(workbench: Workbench, definition: Reconciliation) -> Lessons:
    """How much was said, without what people were unsure of."""
    with workbench.database.read() as tx:
        said = judgements.standing(tx, definition.id)
    parts = learning.judged_pairs(definition, said)
    newest = max((row.changed_at for row in said), default=None)
    return Lessons(len(parts["link"]), len(parts["left"]) + len(parts["right"]), f"{len(said)} {newest}")


@st.cache_data(max_entries=KEPT, show_spinner="Estimating from the decisions …")
def quality(
    _workbench: Workbench,
    _definition: Reconciliation,
    run: Run,
    version: str,  # noqa: ARG001  part of the cache's key
) -> tuple[QualityEstimate, ...]:
    """Precision and recall at some thresholds as the decisions have it."""
    return learning.quality_curve(_workbench, _definition, run)


@st.cache_data(max_entries=KEPT, show_spinner="Looking for pairs worth asking about …")
def questions(
    _workbench: Workbench,
    _definition: Reconciliation,
    run: Run,
    version: str,  # noqa: ARG001  part of the cache's key
) -> tuple[Question, ...]:
    """The undecided pairs that would teach most."""
    return learning.questions(_workbench, _definition, run)


def models(workbench: Workbench, reconciliation_id: str) -> tuple[StoredModel, ...]:
    """The models of the reconciliation, newest first."""
    with workbench.database.read() as tx:
        return match_models.list_models(tx, reconciliation_id)


def names_of(workbench: Workbench, person_ids: Sequence[str | None]) -> Mapping[str, str]:
    """What people are called, by id."""
    found = {}
    with workbench.database.read() as tx:
        for person_id in dict.fromkeys(filter(None, person_ids)):
            try:
                found[person_id] = people.get(tx, person_id).name
            except UnknownNameError:
                found[person_id] = person_id
    return found


def earlier_runs(workbench: Workbench, run: Run) -> list[Run]:
    """The runs before this one, newest first."""
    with workbench.database.read() as tx:
        return [other for other in runs.list_runs(tx, run.reconciliation_id, limit=12) if other.id != run.id]


@st.cache_data(max_entries=KEPT, show_spinner="Comparing …")
def compared(earlier: Run, later: Run) -> RunComparison:
    """The accepted links of one run against those of a later one.

    Raises:
        StorageError: one of the files is not there any more.
    """
    return learning.compare_accepted(earlier, later)


def quality_rows(found: Sequence[QualityEstimate], pairs: Mapping[float, int]) -> pd.DataFrame:
    """One row a threshold: threshold, pairs, precision and recall as "98.1 % (95.0 to 99.4)"."""
    return pd.DataFrame(
        [
            {
                "threshold": f"{each.threshold:.0%}",
                "pairs": pairs.get(each.threshold, 0),
                "precision": interval(each.precision, each.precision_low, each.precision_high) if each.judged else None,
                "recall": interval(each.recall, each.recall_low, each.recall_high) if each.judged else None,
            }
            for each in found
        ]
    )


def interval(middle: float, low: float, high: float) -> str:
    """A share with its 95 % interval."""
    return f"{100 * middle:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def question_rows(found: Sequence[Question]) -> pd.DataFrame:
    """One row a pair worth asking about: left, right (names), chance, differ (roles as shown, weightiest first)."""
    return pd.DataFrame(
        [
            {
                "left": each.left_name,
                "right": each.right_name,
                "chance": chance(each.probability),
                "differ": ", ".join(role_name(role).lower() for role in each.differing) or None,
            }
            for each in found
        ]
    )
