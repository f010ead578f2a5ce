"""Models over time: stored as text, named by their content, and compared with each other, as their runs are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

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


def model_from_json(
    text: str, comparisons: tuple[Comparison, ...], *, has_competition: bool | None = None
) -> MatchModel:
    """Read a model for records that are compared in the given ways.

    Args:
        text: as `model_to_json` wrote it.
        comparisons: those of the records.
        has_competition: whether two sides are linked; None where that does not matter.

    Raises:
        InputError: this is no model, or it was learned for other roles or levels, or for duplicates instead of links.
    """
    document = read_document(text)
    stored = [(each["role"], tuple(each["labels"])) for each in document["comparisons"]]
    is_linking = stored[-1][0] == COMPETITION.role
    if has_competition not in {None, is_linking}:
        made, wanted_for = ("links between two sides", "duplicates within one")[:: 1 if is_linking else -1]
        raise InputError(f"The model was learned for {made}, not for {wanted_for}.", remedy="Learn one for these.")
    wanted = list(comparisons) + ([COMPETITION] if is_linking else [])
    if stored != [(each.role, each.labels) for each in wanted]:
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


def read_document(text: str) -> dict[str, Any]:
    """A stored model as it was written.

    Raises:
        InputError: this is none, or one of another format.
    """
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise InputError(f"This is no stored model: it is no JSON ({problem}).", remedy=_REMEDY) from problem
    if not isinstance(document, dict) or not {"format", *_PARTS} <= document.keys():
        raise InputError(f"This is no stored model: it has no {', '.join(_PARTS)}.", remedy=_REMEDY)
    if document["format"] != FORMAT or not document["comparisons"]:
        raise InputError(f"The model has format {document['format']}, not {FORMAT}.", remedy="Learn a new one.")
    return document


_PARTS = ("comparisons", "sizes", "shares", "corrections")
_REMEDY = "Give a file that --save-model or `models export` wrote."


@dataclass(frozen=True, slots=True)
class LevelWeight:
    """What a level of agreement weighs on its own, in bits; of role "prior" the weight before any evidence."""

    role: str
    level: int
    label: str
    weight: float


def level_weights(text: str) -> tuple[LevelWeight, ...]:
    """The weights of a stored model: log2 of its share among matches over that among all others, as judgements have it.

    Raises:
        InputError: this is no model.
    """
    document = read_document(text)
    sizes, shares = document["sizes"], document["shares"]
    others = {name: size for name, size in sizes.items() if name != "match"}
    total = sum(others.values())
    said = document["corrections"] or [[0.0] * len(each["labels"]) for each in document["comparisons"]] + [[0.0]]
    found = [LevelWeight("prior", 0, "before any evidence", float(np.log2(sizes["match"] / total)) + said[-1][0])]
    for i, each in enumerate(document["comparisons"]):
        for level, label in enumerate(each["labels"][1:], start=1):
            u = sum(shares[name][i][level] * size / total for name, size in others.items())
            bits = float(np.log2(shares["match"][i][level] / u)) + said[i][level]
            found.append(LevelWeight(each["role"], level, label, bits))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A level of agreement in two models, in bits; None where one of them does not know it."""

    role: str
    level: int
    label: str
    before: float | None
    after: float | None


def compare_weights(before: str, after: str) -> tuple[WeightChange, ...]:
    """The levels of two stored models side by side, in the order of the first one; those of the second only come last.

    Raises:
        InputError: one of them is no model.
    """
    first, second = (
        {(each.role, each.level, each.label): each.weight for each in level_weights(text)} for text in (before, after)
    )
    return tuple(WeightChange(*key, first.get(key), second.get(key)) for key in first | second)


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
