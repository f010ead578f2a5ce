"""Folding of text: one alphabet, one case, no accents."""

from __future__ import annotations

import polars as pl
from anyascii import anyascii


def fold(column: pl.Series) -> pl.Series:
    """Lower case, without diacritics, other scripts transliterated to Latin letters.

    Work is done per distinct character, not per row: the transliteration table maps single characters, so the ones
    that occur are looked up once and replaced in a single pass over the rows that need it.

    Args:
        column: text, may be null.

    Returns:
        A column of the same length and name; null stays null.
    """
    rows = (column.str.len_bytes() != column.str.len_chars()).fill_null(value=False).arg_true()
    if len(rows) == 0:
        return column.str.to_lowercase()
    foreign = column.gather(rows).str.normalize("NFKC")
    alphabet = foreign.str.replace_all(r"[\x00-\x7f]+", "").str.split("").explode().unique().drop_nulls().sort()
    letters = [letter for letter in alphabet.to_list() if letter]
    folded = foreign.str.replace_many(letters, [anyascii(letter) for letter in letters]) if letters else foreign
    return column.scatter(rows, folded).str.to_lowercase()


def words(text: pl.Expr) -> pl.Expr:
    """Letters and digits only, single blanks between words; empty text becomes null."""
    return none_if_empty(text.str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars(" "))


def none_if_empty(text: pl.Expr) -> pl.Expr:
    """Null instead of empty text: nothing was said."""
    return pl.when(text.str.len_bytes() > 0).then(text)
