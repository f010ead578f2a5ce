"""Comparing a run with what the generator planted, kind by kind."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from reconcile.model import ExceptionKind
from reconcile.runs import open_run, read_exceptions

KINDS: tuple[ExceptionKind, ...] = (
    "conflicting",
    "shared",
    "contradicted",
    "dangling",
    "one_sided",
    "unlinked",
    "duplicate",
    "unmatched",
)


@dataclass(frozen=True)
class Item:
    """A planted item: every record concerned, ids of the two sides told apart by a letter."""

    kind: str
    variant: str
    ids: frozenset[str]


@dataclass(frozen=True)
class Score:
    """How one kind came out. `missed` and `false` show a few, for the person who reads a failure."""

    kind: str
    planted: int
    found: int
    reported: int
    right: int
    missed: tuple[Item, ...]
    false: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the planted items that an exception of the kind tells of."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the exceptions of the kind that tell of a planted item."""
        return self.right / self.reported if self.reported else 1.0


def read_items(truth: Path) -> list[Item]:
    """Everything planted, from the generator's truth file."""
    document = json.loads(truth.read_text(encoding="utf-8"))
    return [
        Item(
            each["kind"], each["variant"], frozenset([f"l{i}" for i in each["left"]] + [f"r{i}" for i in each["right"]])
        )
        for each in document["items"]
    ]


def score(run: str, items: list[Item]) -> dict[str, Score]:
    """The scores by kind. An exception tells of an item of its kind when the item holds all records it is about."""
    con = open_run(run)
    try:
        reported = {kind: [(e["exception_id"], _subject(e)) for e in read_exceptions(con, kind)] for kind in KINDS}
    finally:
        con.close()
    return {kind: _score_kind(kind, [i for i in items if i.kind == kind], reported[kind]) for kind in KINDS}


def _subject(exception: dict[str, object]) -> frozenset[str]:
    if exception["kind"] == "duplicate":
        detail = exception["detail"]
        assert isinstance(detail, dict)
        return frozenset(f"{str(exception['side'])[0]}{member['record_id']}" for member in detail["members"])
    named = (("l", exception["left_id"]), ("r", exception["right_id"]))
    return frozenset(f"{letter}{record_id}" for letter, record_id in named if record_id is not None)


def _score_kind(kind: str, items: list[Item], reported: list[tuple[str, frozenset[str]]]) -> Score:
    holding = defaultdict(set)
    for place, item in enumerate(items):
        for record_id in item.ids:
            holding[record_id].add(place)
    told: set[int] = set()
    right, false = 0, []
    for exception_id, subject in reported:
        places = set.intersection(*(holding[record_id] for record_id in subject)) if subject else set()
        places = {p for p in places if kind != "duplicate" or items[p].ids == subject}
        told |= places
        right += bool(places)
        if not places:
            false.append(f"{exception_id} {sorted(subject)}")
    missed = tuple(item for place, item in enumerate(items) if place not in told)
    return Score(kind, len(items), len(told), len(reported), right, missed, tuple(false))


def table(scores: dict[str, Score]) -> str:
    """The scores as a table for people."""
    lines = [f"{'kind':<14}{'planted':>9}{'found':>8}{'recall':>9}{'reported':>10}{'precision':>11}"]
    lines += [
        f"{s.kind:<14}{s.planted:>9}{s.found:>8}{s.recall:>9.3f}{s.reported:>10}{s.precision:>11.3f}"
        for s in scores.values()
    ]
    return "\n".join(lines)
