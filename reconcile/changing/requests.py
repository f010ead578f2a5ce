"""What a person wants done, before it is known which records must be written for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconcile.model import ExceptionKind, Side, Verdict


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """Make the pair the link, in both systems, and whatever still links either of them elsewhere end.

    Attributes:
        moves_from: the left record that must hold the link now; planning refuses when it does not. None: wherever the
            snapshots show it, or nowhere.
    """

    left_id: str
    right_id: str
    reason: str = ""
    moves_from: str | None = None

    @property
    def id(self) -> str:
        """Names the request in the operations that carry it out."""
        return f"link:{self.left_id}:{self.right_id}"


@dataclass(frozen=True, slots=True)
class UnlinkRequest:
    """End what links the two records, in both systems. One side alone: end what that record says, whomever it names."""

    left_id: str | None
    right_id: str | None
    reason: str = ""

    @property
    def id(self) -> str:
        """Names the request in the operations that carry it out."""
        return f"unlink:{self.left_id or ''}:{self.right_id or ''}"


@dataclass(frozen=True, slots=True)
class FieldRequest:
    """Let one field of a linked pair agree: the value of the side `take` is written to the other side."""

    left_id: str
    right_id: str
    left_field: str
    right_field: str
    take: Side
    name: str = ""
    reason: str = ""

    @property
    def id(self) -> str:
        """Names the request in the operations that carry it out."""
        return f"field:{self.left_id}:{self.right_id}:{self.left_field}:{self.right_field}"


Request = LinkRequest | UnlinkRequest | FieldRequest


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one exception of a run: the pair that the verdict is about, and why."""

    kind: ExceptionKind
    left_id: str | None
    right_id: str | None
    verdict: Verdict
    note: str = ""


_STORED: frozenset[ExceptionKind] = frozenset({"dangling", "one_sided", "conflicting", "shared", "contradicted"})
"""Kinds in which a system names the other record, so that saying "different" leaves something to clear."""


def requests_from_decisions(decisions: Iterable[Decision]) -> list[Request]:
    """What must be done so that both systems say what was decided.

    `same` on a pair makes it the link. `different` ends a link that a system stores; about a pair that no system links
    it needs no write. `unsure`, and decisions about duplicates of one side (merging is another request), ask for
    nothing.
    """
    wanted: list[Request] = []
    for decision in decisions:
        wanted.extend(_requests(decision))
    return list(dict.fromkeys(wanted))


def _requests(decision: Decision) -> Sequence[Request]:
    reason = decision.note or _REASONS.get((decision.kind, decision.verdict), "")
    if decision.kind == "duplicate" or decision.verdict == "unsure":
        return ()
    if decision.verdict == "same":
        if decision.left_id is None or decision.right_id is None:
            return ()
        return (LinkRequest(decision.left_id, decision.right_id, reason),)
    if decision.kind not in _STORED:
        return ()
    return (UnlinkRequest(decision.left_id, decision.right_id, reason),)


_REASONS: dict[tuple[ExceptionKind, Verdict], str] = {
    ("dangling", "same"): "The stored id is dead; review chose the living record.",
    ("dangling", "different"): "The stored id is dead and nothing takes its place.",
    ("one_sided", "same"): "Only one system stored the link; review confirmed it.",
    ("one_sided", "different"): "Only one system stored the link; review rejected it.",
    ("conflicting", "same"): "The systems named different records; review chose this pair.",
    ("conflicting", "different"): "The systems named different records; review rejected this pair.",
    ("shared", "same"): "Several records shared the link; review chose this one.",
    ("shared", "different"): "Several records shared the link; review took this one out.",
    ("contradicted", "same"): "The data spoke against the link; review confirmed it.",
    ("contradicted", "different"): "The data speaks against the link; review agreed.",
    ("ambiguous", "same"): "Several candidates were close; review chose this one.",
    ("unlinked", "same"): "Found by matching and accepted in review.",
    ("unmatched", "same"): "Matched by hand in review.",
}
