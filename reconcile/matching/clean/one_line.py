"""Addresses that stand in one column: street, postcode and city told apart where a comma or a line parts them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars.series.struct import StructNameSpace

from reconcile.matching.clean.address import COUNTRIES, REGIONS
from reconcile.matching.clean.text import latin

BRITISH = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
CODE_AFTER = rf"\d{{5}}(?:-\d{{4}})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{{4}}|{BRITISH}"  # "Boston, MA 02108", "Leeds LS1 4AB"
CODE_BEFORE = rf"(?:[A-Z]{{1,3}}-)?(?:\d{{5}}|\d{{4}} ?[A-Z]{{2}}|\d{{2}}-\d{{3}}|\d{{3}} \d{{2}}|\d{{4}}|{BRITISH})"
_PARTS = r"[\r\n;|]+"
_REGION = "|".join(sorted({*REGIONS, *REGIONS.values()}, key=lambda name: (-len(name), name)))
_COUNTRY = "|".join(sorted(COUNTRIES, key=lambda name: (-len(name), name)))
_CITY = r"(?<city>[^,\d]*[^,\d ])"
_FORMS = tuple(
    f"(?i)^{form}$"
    for form in (
        rf"(?<street>.*?), *{_CITY}[, ]+(?:{_REGION})[, ]+(?<postcode>{CODE_AFTER})",
        rf"(?<street>.*), *(?:(?:{_REGION}) )?(?<postcode>{CODE_BEFORE}),? +{_CITY}(?:, *[A-Z]{{2}})?",
        rf"(?<street>.*?), *{_CITY}(?:, *[^,\d]+)?[, ]+(?<postcode>{CODE_AFTER})",
        rf"(?<street>.*\d[^,]*), *{_CITY}(?:, *(?:{_REGION}))*(?<postcode>)",
    )
)
IS_ONE_LINE = (
    rf"(?i)[,;|\n].*(?:\b\d{{4,5}}\b|\b\d{{3}} \d{{2}}\b|\b\d{{2}}-\d{{3}}\b|{BRITISH}|[a-z]\d[a-z] ?\d[a-z]\d)|,.*,"
)


def split_addresses(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows that say neither postcode nor city, with those that their street has in it.

    Args:
        raw: `street`, `city` and `postcode` as they were given, and other columns.
    """
    says_nothing = [pl.col(column).fill_null("").str.strip_chars() == "" for column in ("city", "postcode")]
    has_parts = pl.col("street").str.contains(r"[,\r\n;|]")
    rows = raw.select((says_nothing[0] & says_nothing[1] & has_parts).fill_null(value=False)).to_series().arg_true()
    if len(rows) == 0:
        return raw
    given = raw["street"].gather(rows)
    found = _split(given)
    pieces = {
        "street": pl.select(pl.coalesce(found["street"], given)).to_series(),
        "city": found["city"],
        "postcode": found["postcode"],
    }
    columns = [raw[name].cast(pl.String).clone().scatter(rows, piece).alias(name) for name, piece in pieces.items()]
    return raw.with_columns(columns)


def _split(given: pl.Series) -> pl.DataFrame:
    """Columns street, city and postcode; null where no form of address fits."""
    line = latin(given).str.replace_all(_PARTS, ",").str.replace_all(r"\s+", " ").str.strip_chars(" ,.")
    line = line.str.replace(r"(\d), *[A-Za-z]{2}$", "$1")
    line = line.str.replace(rf"(?i)[, ]+(?:{_COUNTRY})$", "").str.strip_chars(" ,")
    forms = [line.str.extract_groups(form).struct for form in _FORMS]
    pieces = ("street", "city", "postcode")
    return pl.select([pl.coalesce(_of_first_form(forms, piece)).alias(piece) for piece in pieces])


def _of_first_form(forms: Sequence[StructNameSpace], piece: str) -> list[pl.Expr]:
    """A piece as each form has it; null where that form does not fit."""
    return [pl.when(form.field("city").is_not_null()).then(form.field(piece)) for form in forms]
