"""Names and texts made safe inside SQL."""

from __future__ import annotations


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def none_for_empty(value: str) -> str:
    """An SQL value without empty texts: NULL in their place."""
    return f"nullif({value}, '')"
