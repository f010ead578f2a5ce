"""Facets: what there is to filter by, with counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import EXCEPTION_KINDS
from reconcile.reviewing.queue import Queue
from reconcile.reviewing.selection import FACET_COLUMNS, FacetName, QueueFilter, condition

MOST_VALUES = 50

VALUE_ORDER: Mapping[str, tuple[str, ...]] = {
    "kinds": EXCEPTION_KINDS,
    "bands": ("accept", "review", "ignore", "unscored"),
    "amounts": ("10,000 and over", "1,000 to 10,000", "100 to 1,000", "under 100", "unknown"),
    "ages": ("new", "under 7 days", "7 to 30 days", "over 30 days"),
    "statuses": ("undecided", "same", "different", "unsure"),
    "notes": ("with note", "without note"),
    "changes": ("evidence changed", "evidence as judged", "never judged"),
}
"""The order of the values where they have one of their own; owners go by count."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value: how many exceptions have it, given everything else that is asked for."""

    value: str
    count: int
    is_selected: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to filter by. `name` is the attribute of `QueueFilter`."""

    name: FacetName
    values: tuple[FacetValue, ...]


def facet_counts(tx: Transaction, queue: Queue, chosen: QueueFilter) -> tuple[Facet, ...]:
    """The facets of the queue under a filter.

    What is chosen in a facet does not narrow the counts of that facet itself, so that one sees what else there is. A
    chosen value is listed even when nothing has it. Of owners the 50 with the most exceptions are listed.
    """
    queue.refresh(tx)
    counts = queue.counted(("facets", chosen), lambda: _counts(queue, chosen))
    return tuple(_facet(name, counts[name], getattr(chosen, name)) for name in FACET_COLUMNS)


def _counts(queue: Queue, chosen: QueueFilter) -> dict[FacetName, dict[str, int]]:
    narrowed = [name for name in FACET_COLUMNS if getattr(chosen, name)]
    counts = _count(queue, chosen, [name for name in FACET_COLUMNS if name not in narrowed])
    for name in narrowed:
        counts |= _count(queue, chosen.without(name), [name])
    return counts


def _count(queue: Queue, chosen: QueueFilter, names: Collection[FacetName]) -> dict[FacetName, dict[str, int]]:
    """Counts by value of several facets in one pass over the queue."""
    counts: dict[FacetName, dict[str, int]] = {name: {} for name in names}
    if not names:
        return counts
    where = condition(chosen)
    columns = [FACET_COLUMNS[name] for name in names]
    rows = queue.query(
        f"""
        SELECT grouping_id({", ".join(columns)}), {", ".join(columns)}, count(*) FROM {{q}}.items i WHERE {where.sql}
        GROUP BY GROUPING SETS ({", ".join(f"({column})" for column in columns)})
        """,
        where.parameters,
    )
    # grouping_id has a bit for each column, the first column's highest; the bit is 0 in the set of that column.
    place = {(1 << len(columns)) - 1 - (1 << len(columns) - 1 - i): i for i in range(len(columns))}
    for group, *values, count in rows:
        at = place[group]
        counts[list(names)[at]][values[at]] = count
    return counts


def _facet(name: FacetName, counts: Mapping[str, int], selected: Collection[str]) -> Facet:
    values = sorted(set(counts) | set(selected), key=lambda value: _place(name, value, counts))
    shown = values if name in VALUE_ORDER else values[:MOST_VALUES] + [v for v in values[MOST_VALUES:] if v in selected]
    return Facet(name, tuple(FacetValue(value, counts.get(value, 0), value in selected) for value in shown))


def _place(name: FacetName, value: str, counts: Mapping[str, int]) -> tuple[int, str]:
    order = VALUE_ORDER.get(name)
    if order is None:
        return -counts.get(value, 0), value
    return order.index(value) if value in order else len(order), value
