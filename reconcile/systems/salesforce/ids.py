"""Salesforce record ids: 15 characters that differ by case, or 18 with three check characters that make case safe.

The check characters: the 15 are three groups of five; in each, bit j is set when character j is an upper-case letter;
the five bits index into A-Z0-5 (documented under "ID field type" in the SOAP API guide). Ids in one snapshot are kept
in the form of 18, so two ids that differ by case only stay two ids in every comparison.
"""

from __future__ import annotations

import re

import polars as pl

_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# `\z` is the very end for RE2 (DuckDB) and Rust (polars); Python spells it `\Z`, so it matches with fullmatch instead.
_BODY_15 = "[0-9A-Za-z]{15}"
_BODY_18 = "[0-9A-Za-z]{18}"
_SHAPE_15 = rf"^{_BODY_15}\z"
_SHAPE_18 = rf"^{_BODY_18}\z"
PATTERN = r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?"
"""Regular expression of a whole id; `is_valid` also verifies the check characters."""


def _suffix(text: str) -> str:
    groups = (text[start : start + 5] for start in (0, 5, 10))
    return "".join(_CHECK[sum(1 << j for j, c in enumerate(group) if "A" <= c <= "Z")] for group in groups)


def to_18(text: str | None) -> str | None:
    """The 18-character form of a 15-character id; anything else comes back as it was.

    >>> to_18("a01M00000062mPg")
    'a01M00000062mPgIAI'
    """
    if text is None or not re.fullmatch(_BODY_15, text):
        return text
    return text + _suffix(text)


def is_valid(text: str | None) -> bool:
    """Whether `text` is an id of 15 characters, or of 18 with the right check characters."""
    if text is None:
        return False
    if re.fullmatch(_BODY_15, text):
        return True
    return bool(re.fullmatch(_BODY_18, text)) and text[15:] == _suffix(text[:15])


def _sql_suffix(column: str, start: int) -> str:
    bits = (
        f"(CASE WHEN ascii(substr({column}, {start + j}, 1)) BETWEEN 65 AND 90 THEN {1 << j} ELSE 0 END)"
        for j in range(5)
    )
    return f"substr('{_CHECK}', 1 + {' + '.join(bits)}, 1)"


def to_18_sql(expression: str) -> str:
    """A DuckDB expression for the 18-character form of `expression` (VARCHAR), as `to_18` gives it."""
    value = f"({expression})"
    suffix = " || ".join(_sql_suffix(value, start) for start in (1, 6, 11))
    return f"CASE WHEN regexp_matches({value}, '{_SHAPE_15}') THEN {value} || {suffix} ELSE {value} END"


def is_valid_sql(expression: str) -> str:
    """A DuckDB condition that says of `expression` what `is_valid` says; false for null."""
    value = f"({expression})"
    full = to_18_sql(f"substr({value}, 1, 15)")
    shape = f"regexp_matches({value}, '{_SHAPE_15}') OR (regexp_matches({value}, '{_SHAPE_18}') AND {value} = {full})"
    return f"coalesce({shape}, false)"


def _expr_suffix(value: pl.Expr, start: int) -> pl.Expr:
    index = pl.lit(0, dtype=pl.Int64)
    for j in range(5):
        is_upper = value.str.slice(start + j, 1).str.contains("^[A-Z]$")
        index = index + is_upper.cast(pl.Int64) * (1 << j)
    return index.replace_strict(list(range(32)), list(_CHECK), default=None, return_dtype=pl.String)


def to_18_expr(value: pl.Expr) -> pl.Expr:
    """A polars expression for the 18-character form of `value` (String), as `to_18` gives it."""
    suffix = pl.concat_str([_expr_suffix(value, start) for start in (0, 5, 10)])
    return pl.when(value.str.contains(_SHAPE_15)).then(pl.concat_str([value, suffix])).otherwise(value)
