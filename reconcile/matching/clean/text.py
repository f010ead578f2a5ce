"""Folding of text, and two ways to clean a column without touching every row.

Cleaning costs what its regular expressions cost. Most rows of most columns need none of them: a slow step runs on the
rows that a cheap test picks (`where`), and a column of few distinct values is cleaned value by value (`by_distinct`).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from anyascii import anyascii

Columns = dict[str, pl.Series]


def fold(column: pl.Series) -> pl.Series:
    """Lower case, without diacritics, other scripts transliterated to Latin letters.

    Work is done per distinct character, not per row: the transliteration table maps single characters, so the ones
    that occur are looked up once and replaced in a single pass over the rows that need it.

    Args:
        column: text, may be null.

    Returns:
        A column of the same length and name; null stays null.
    """
    lowered = column.str.to_lowercase()
    return where(lowered, lowered.str.len_bytes() != lowered.str.len_chars(), _transliterate)


def _transliterate(column: pl.Series) -> pl.Series:
    text = column.str.normalize("NFKC")
    alphabet = text.str.replace_all(r"[\x00-\x7f]+", "").str.split("").explode().unique().drop_nulls().sort()
    letters = [letter for letter in alphabet.to_list() if letter]
    if not letters:
        return text
    return text.str.replace_many(letters, [anyascii(letter) for letter in letters]).str.to_lowercase()


def where(column: pl.Series, test: pl.Series, step: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply `step` to the rows that pass `test`; the others stay as they are."""
    rows = test.fill_null(value=False).arg_true()
    if len(rows) == 0:
        return column
    if len(rows) == len(column):
        return step(column)
    # `scatter` writes into its own series: the caller's column stays as it was.
    return column.clone().scatter(rows, step(column.gather(rows)))


def by_distinct(column: pl.Series, clean: Callable[[pl.Series], Columns]) -> Columns:
    """Clean each distinct value once where there are clearly fewer of them than rows."""
    if column.to_frame().select(pl.first().approx_n_unique()).item() > 0.4 * len(column):
        return clean(column)
    distinct = column.unique()
    cleaned = pl.DataFrame({"_value": distinct} | clean(distinct))
    rows = pl.DataFrame({"_value": column}).join(
        cleaned, on="_value", how="left", nulls_equal=True, maintain_order="left"
    )
    return {name: rows[name] for name in cleaned.columns if name != "_value"}


PUNCTUATION = [*'!"#$%()*,-./:;<=>?@[\\]^_{|}~\t\n\r']


def words(text: pl.Series) -> pl.Series:
    """Letters and digits only, single blanks between words. `text` is folded, so ASCII punctuation is all there is."""
    spaced = text.str.replace_many(
        [*PUNCTUATION, "&", "+", "'", "`"], [" "] * len(PUNCTUATION) + [" and ", " and ", "", ""]
    )
    return single_blanks(spaced).str.strip_chars(" ")


def single_blanks(text: pl.Series) -> pl.Series:
    """Runs of blanks as one."""
    return where(text, text.str.contains("  ", literal=True), lambda rows: rows.str.replace_all(r" +", " "))


def none_if_empty(text: pl.Series) -> pl.Series:
    """Null instead of empty text: nothing was said."""
    return pl.select(pl.when(text.str.len_bytes() > 0).then(text)).to_series().alias(text.name)


def none_where(text: pl.Series, test: pl.Series) -> pl.Series:
    """Null where the test holds."""
    return pl.select(pl.when(~test.fill_null(value=False)).then(text)).to_series().alias(text.name)
