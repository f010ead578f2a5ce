"""Which exceptions a person wants to see, in which order, as SQL over the queue's table `items`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from reconcile.reviewing.opening import Condition, among

QueueSort = Literal["rank", "amount", "most_certain", "least_certain", "oldest", "name"]

ORDER_SQL: Mapping[QueueSort, str] = {
    "rank": "n",
    "amount": "amount_cents DESC NULLS LAST, n",
    "most_certain": "probability DESC NULLS LAST, n",
    "least_certain": "abs(probability - 0.5) NULLS LAST, n",
    "oldest": "first_seen_at, n",
    "name": "lower(coalesce(left_name, right_name)) NULLS LAST, n",
}

FacetName = Literal["kinds", "bands", "owners", "amounts", "ages", "statuses", "notes", "changes"]
FACET_COLUMNS: Mapping[FacetName, str] = {
    "kinds": "kind",
    "bands": "band",
    "owners": "owner",
    "amounts": "amount",
    "ages": "age",
    "statuses": "status",
    "notes": "note_kind",
    "changes": "change_kind",
}
"""Facet -> column of `items` whose values it offers."""

STATE_FACETS: frozenset[FacetName] = frozenset({"statuses", "notes", "changes"})
"""Facets whose values change when somebody judges; the others are fixed by the run."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What must hold of an exception to be shown. Empty sets and None ask for nothing.

    Attributes:
        kinds: exception kinds.
        bands: "accept", "review", "ignore", "unscored": where the probability lies.
        owners: as the records name them; "" is nobody.
        amounts: "unknown", "under 100", "100 to 1,000", "1,000 to 10,000", "10,000 and over" (currency units).
        ages: "new", "under 7 days", "7 to 30 days", "over 30 days".
        statuses: "undecided", "same", "different", "unsure".
        notes: "with note", "without note".
        changes: "evidence changed", "evidence as judged", "never judged".
        min_probability, max_probability: 0..1, both inclusive; what was not scored does not pass.
        min_amount_cents, max_amount_cents: both inclusive; an unknown amount does not pass.
        text: occurs in a name or id, whatever the case.
    """

    kinds: frozenset[str] = frozenset()
    bands: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()
    ages: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    min_probability: float | None = None
    max_probability: float | None = None
    min_amount_cents: int | None = None
    max_amount_cents: int | None = None
    text: str = ""

    def of_run(self) -> QueueFilter:
        """The part of it that the run decides: what stays true whoever judges."""
        return replace(self, statuses=frozenset(), notes=frozenset(), changes=frozenset())

    def without(self, facet: FacetName) -> QueueFilter:
        """The same without what it asks of one facet: what that facet's counts are taken over."""
        emptied: dict[str, Any] = {facet: frozenset()}
        return replace(self, **emptied)


def condition(chosen: QueueFilter) -> Condition:
    """The filter as one condition on `items` (alias `i`); "true" when it asks for nothing."""
    parts: list[str] = []
    parameters: list[object] = []
    for field in fields(chosen):
        value = getattr(chosen, field.name)
        if value is None or value in ("", frozenset()):
            continue
        part = _PARTS[field.name](value)
        parts.append(part.sql)
        parameters.extend(part.parameters)
    return Condition(" AND ".join(parts) or "true", tuple(parameters))


def _facet(column: str) -> Callable[[frozenset[str]], Condition]:
    return lambda values: among(f"i.{column}", sorted(values))


def _bound(sql: str) -> Callable[[float], Condition]:
    return lambda value: Condition(f"i.{sql} ?", (value,))


def _text(value: str) -> Condition:
    columns = ("left_name", "right_name", "left_id", "right_id", "exception_id")
    found = " OR ".join(f"contains(lower(coalesce(i.{column}, '')), ?)" for column in columns)
    return Condition(f"({found})", (value.strip().lower(),) * len(columns))


_PARTS: Mapping[str, Callable[..., Condition]] = {
    **{facet: _facet(column) for facet, column in FACET_COLUMNS.items()},
    "min_probability": _bound("probability >="),
    "max_probability": _bound("probability <="),
    "min_amount_cents": _bound("amount_cents >="),
    "max_amount_cents": _bound("amount_cents <="),
    "text": _text,
}
