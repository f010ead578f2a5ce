"""Numbers that name something: tax numbers, D-U-N-S, Salesforce ids."""

from __future__ import annotations

import polars as pl

from reconcile.matching.clean.text import Columns, none_if_empty


def clean_tax_id(text: pl.Series) -> Columns:
    """Column `tax_id`: letters and digits in lower case, leading zeros dropped (exports lose them)."""
    return {"tax_id": _bare(text)}


def clean_identifier(text: pl.Series) -> Columns:
    """Column `identifier`: as it is written for 15- or 18-character ids, else as a tax number.

    A 15-character Salesforce id is the first 15 of its 18-character form and differs from others by case alone.
    """
    exact = text.str.strip_chars()
    is_salesforce = exact.str.contains(r"^[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?$") & exact.str.contains(r"\d")
    return {"identifier": pl.select(pl.when(is_salesforce).then(exact.str.head(15)).otherwise(_bare(text))).to_series()}


def _bare(text: pl.Series) -> pl.Series:
    return none_if_empty(text.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "").str.strip_chars_start("0"))
