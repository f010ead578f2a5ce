"""Cells that a spreadsheet could take for a formula."""

from __future__ import annotations

# What Excel, LibreOffice and Google Sheets begin to evaluate when a text file is opened, with the full-width forms.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet might evaluate the text instead of showing it."""
    return text.startswith(_DANGEROUS)


def harmless(text: str) -> str:
    """The text so that a spreadsheet shows it: an apostrophe goes before what looks like a formula.

    >>> harmless("=HYPERLINK(A1)")
    "'=HYPERLINK(A1)"
    >>> harmless("Acme")
    'Acme'
    """
    return f"'{text}" if is_dangerous(text) else text
