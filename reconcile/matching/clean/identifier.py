"""Numbers that name something: tax numbers, D-U-N-S, Salesforce ids."""

from __future__ import annotations

import polars as pl

from reconcile.matching.clean.text import none_if_empty


def clean_tax_id(text: pl.Expr) -> dict[str, pl.Expr]:
    """Column `tax_id`: letters and digits in lower case, leading zeros dropped (exports lose them)."""
    return {"tax_id": _bare(text)}


def clean_identifier(text: pl.Expr) -> dict[str, pl.Expr]:
    """Column `identifier`: as it is written for 15- or 18-character ids, else as a tax number.

    A 15-character Salesforce id is the first 15 of its 18-character form and differs from others by case alone.
    """
    exact = text.str.strip_chars()
    is_salesforce = exact.str.contains(r"^[a-zA-Z0-9]{3}[a-zA-Z0-9]{12}(?:[A-Z0-5]{3})?$") & exact.str.contains(r"\d")
    return {"identifier": pl.when(is_salesforce).then(exact.str.slice(0, 15)).otherwise(_bare(text))}


def _bare(text: pl.Expr) -> pl.Expr:
    return none_if_empty(text.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "").str.strip_chars_start("0"))
