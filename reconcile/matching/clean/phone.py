"""Phone numbers: the national digits that two spellings of one number share."""

from __future__ import annotations

import polars as pl


def clean_phone(text: pl.Expr) -> dict[str, pl.Expr]:
    """Column `phone`: the last nine digits, without extension; shorter numbers whole; null below seven digits.

    Nine digits leave out country codes and trunk prefixes in all their spellings ("+44 (0)20", "0044", "020") without
    having to know the country; two numbers of different countries that share nine digits are as good as unknown.
    """
    number = text.str.to_lowercase().str.replace(r"(?:ext|x|#|extension)\.?\s*\d+\s*$", "")
    digits = number.str.replace_all(r"[^0-9]+", "")
    digits = pl.when(digits.str.len_bytes() >= 9).then(digits.str.tail(9)).otherwise(digits.str.strip_chars_start("0"))
    plain = digits.str.replace(r"^0+$", "")
    return {"phone": pl.when(plain.str.len_bytes() >= 7).then(plain)}
