"""Folding of text, and ways to clean a column without touching every row.

Cleaning costs what its regular expressions cost. Most rows of most columns need none of them: a slow step runs on the
rows that a cheap test picks (`where`), and a column of few distinct values is cleaned value by value (`by_distinct`).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from anyascii import anyascii

from reconcile.matching.clean.flat import Flat

Columns = dict[str, pl.Series]


def fold(column: pl.Series) -> pl.Series:
    """Lower case, without diacritics, other scripts transliterated to Latin letters.

    Args:
        column: text, may be null.

    Returns:
        A column of the same length; null stays null.
    """
    return Flat.of(latin(column)).translated(LOWER).column()


def latin(column: pl.Series) -> pl.Series:
    """Text of ASCII characters alone: rows with others are folded, the rest is left as it is.

    Work is done per distinct character, not per row: the transliteration table maps single characters, so the ones
    that occur are looked up once and replaced in a single pass over the rows that need it.
    """
    flat = Flat.of(column)
    return where(column, flat.rows(flat.data > LAST_ASCII), _transliterate)


def _transliterate(column: pl.Series) -> pl.Series:
    text = column.str.replace_all("´", "'", literal=True).str.to_lowercase().str.normalize("NFKC")
    letters = sorted(letter for letter in set(text.str.join().item()) if not letter.isascii())
    if not letters:
        return text
    return text.str.replace_many(letters, [anyascii(letter) for letter in letters])


def where(column: pl.Series, test: pl.Series, step: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply `step` to the rows that pass `test`; the others stay as they are."""
    chosen = column.filter(test)
    if len(chosen) == 0:
        return column
    if len(chosen) == len(column):
        return step(column)
    # `scatter` writes into its own series: the caller's column stays as it was.
    return column.clone().scatter(test.arg_true(), step(chosen))


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


LAST_ASCII = 127
LOWER = bytes(range(256)).lower()
SEPARATORS = b'!"#$%()*,-./:;<=>?@[\\]^_{|}~\t\n\r'
SPACED = LOWER.translate(bytes.maketrans(SEPARATORS, b" " * len(SEPARATORS)))
SPELLED = {b"&": b" and ", b"+": b" and ", b"'": b"", b"`": b""}


def words(text: pl.Series) -> pl.Series:
    """Letters and digits only, in lower case, single blanks between words. `text` is ASCII, as `latin` gives it."""
    flat = Flat.of(text)
    for character, spelling in SPELLED.items():
        flat = flat.spelled(character, spelling)
    return flat.translated(SPACED).single_blanks().column()


def none_if_empty(text: pl.Series) -> pl.Series:
    """Null instead of empty text: nothing was said."""
    return pl.select(pl.when(text.str.len_bytes() > 0).then(text)).to_series()


def none_where(text: pl.Series, test: pl.Series) -> pl.Series:
    """Null where the test holds."""
    return pl.select(pl.when(~test.fill_null(value=False)).then(text)).to_series()
