"""Quoting for DuckDB: the one place where names and texts are put into a statement."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An identifier in double quotes.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text constant in single quotes.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
