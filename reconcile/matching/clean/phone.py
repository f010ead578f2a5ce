"""Phone numbers: the national digits that two spellings of one number share."""

from __future__ import annotations

import polars as pl

from reconcile.matching.clean.flat import Flat
from reconcile.matching.clean.text import Columns, none_where, where


def clean_phone(text: pl.Series) -> Columns:
    """Column `phone`: the last nine digits, without extension; shorter numbers whole; null below seven digits.

    Nine digits leave out country codes and trunk prefixes in all their spellings ("+44 (0)20", "0044", "020") without
    having to know the country; two numbers of different countries that share nine digits are as good as unknown.
    """
    extended = text.str.contains(r"[xX#]")
    number = where(text, extended, lambda rest: rest.str.replace(r"(?i)(?:ext|x|#|extension)\.?\s*\d+\s*$", ""))
    flat = Flat.of(number)
    digits = flat.without((flat.data < ord("0")) | (flat.data > ord("9"))).column().str.tail(9)
    digits = where(digits, digits.str.len_bytes() < 9, lambda short: short.str.strip_chars_start("0"))
    return {"phone": none_where(digits, (digits.str.len_bytes() < 7) | (digits == "000000000"))}
