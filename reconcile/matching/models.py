"""Models over time: stored as text, named by their content, and runs compared with each other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import duckdb
import numpy as np

from reconcile.errors import InputError
from reconcile.matching.comparison import Comparison
from reconcile.matching.learn import MatchModel
from reconcile.matching.rivals import COMPETITION

Connection = duckdb.DuckDBPyConnection
FORMAT = 1


def model_to_json(model: MatchModel) -> str:
    """A model as text; `model_from_json` gives the same weights bit for bit."""
    document = {
        "format": FORMAT,
        "comparisons": [{"role": each.role, "labels": list(each.labels)} for each in model.comparisons],
        "sizes": dict(model.sizes),
        "shares": {name: [each.tolist() for each in shares] for name, shares in model.shares.items()},
        "corrections": [each.tolist() for each in model.corrections],
    }
    return json.dumps(document, sort_keys=True)


def model_version(model: MatchModel) -> str:
    """Twelve letters that change with any weight."""
    return hashlib.sha256(model_to_json(model).encode()).hexdigest()[:12]


def model_from_json(text: str, comparisons: tuple[Comparison, ...]) -> MatchModel:
    """Read a model for records that are compared in the given ways.

    Raises:
        InputError: the model was learned for other roles or levels.
    """
    document = json.loads(text)
    stored = [(each["role"], tuple(each["labels"])) for each in document["comparisons"]]
    wanted = list(comparisons) + ([COMPETITION] if stored[-1][0] == COMPETITION.role else [])
    if document.get("format") != FORMAT or stored != [(each.role, each.labels) for each in wanted]:
        raise InputError(
            f"The model compares {', '.join(role for role, _ in stored)}; these records have "
            f"{', '.join(each.role for each in comparisons)}.",
            remedy="Learn a new model for these roles.",
        )
    return MatchModel(
        tuple(wanted),
        document["sizes"],
        {name: tuple(np.array(each) for each in shares) for name, shares in document["shares"].items()},
        tuple(np.array(each) for each in document["corrections"]),
    )


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Links of run A against run B.

    Attributes:
        unchanged: links of both; moved: right records linked in both runs, to other left records; split: links of A
            whose right record has none in B; merged: links of B whose right record had none in A.
    """

    unchanged: int
    moved: int
    split: int
    merged: int


def compare_links(con: Connection, before: str, after: str) -> RunComparison:
    """Compare the links (left_id, right_id) of two relations."""
    row = con.execute(f"""
        WITH a AS (SELECT DISTINCT left_id, right_id FROM {before}),
        b AS (SELECT DISTINCT left_id, right_id FROM {after})
        SELECT (SELECT count(*) FROM a JOIN b USING (left_id, right_id)),
            (SELECT count(DISTINCT right_id) FROM a ANTI JOIN b USING (left_id, right_id)
                WHERE right_id IN (SELECT right_id FROM b)),
            (SELECT count(*) FROM a ANTI JOIN b USING (right_id)), (SELECT count(*) FROM b ANTI JOIN a USING (right_id))
        """).fetchall()[0]
    return RunComparison(*row)
