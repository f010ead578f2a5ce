"""Names and texts made safe inside SQL."""

from __future__ import annotations

from collections.abc import Sequence


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def none_for_empty(value: str) -> str:
    """An SQL value without empty texts: NULL in their place."""
    return f"nullif({value}, '')"


def stacked(values: Sequence[str], source: str) -> str:
    """A query of `position` and `v`: the values of several columns of `source` below each other.

    What is asked of each column is then said once: to plan the same question for hundreds of columns takes longer, and
    more memory, than to answer it.
    """
    places = f"unnest(range({len(values)}))"
    return f"(SELECT {places} AS position, unnest([{', '.join(values)}]) AS v FROM {source})"
