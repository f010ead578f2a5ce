"""What the answers of the review mean for each kind of exception."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.model import ExceptionKind


@dataclass(frozen=True, slots=True)
class Answers:
    """The two plain answers to one kind of exception. An empty `same` means that a partner must be picked."""

    question: str
    same: str
    same_means: str
    different: str
    different_means: str


_LINKS = "Both systems will name each other."
_ENDS = "The stored link will be cleared."
_PICK = "There is no second record to agree to: pick one of the candidates."

ANSWERS: dict[ExceptionKind, Answers] = {
    "dangling": Answers(
        "The stored id leads nowhere. Which record does it belong to?", "", _PICK, "To none: clear it", _ENDS
    ),
    "one_sided": Answers("Are these two the same customer?", "Same customer", _LINKS, "Different", _ENDS),
    "conflicting": Answers("Are these two the same customer?", "Same customer", _LINKS, "Different", _ENDS),
    "shared": Answers("Are these two the same customer?", "Same customer", _LINKS, "Different", _ENDS),
    "contradicted": Answers(
        "They are linked. Are they the same customer?", "Same customer", "The link stays.", "Different", _ENDS
    ),
    "ambiguous": Answers(
        "Is this the right one of the candidates?", "Same customer", _LINKS, "Different", "Nothing is written."
    ),
    "unlinked": Answers(
        "Are these two the same customer?", "Same customer", _LINKS, "Different", "Nothing is written."
    ),
    "unmatched": Answers(
        "Has this record a partner on the other side?", "", _PICK, "It has none", "Nothing is written."
    ),
    "duplicate": Answers(
        "Are these records one customer?", "One customer", "They are kept as one.", "Different", "They stay apart."
    ),
}
