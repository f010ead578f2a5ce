"""Which column means what: guessed from its header and its values, shown to people, and correctable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from reconcile.matching.clean.records import quoted
from reconcile.matching.headers import HALF_A_NAME, SECOND_NAMES, belongs_to, header_words, role_of_header
from reconcile.model import ROLES, Role

Connection = duckdb.DuckDBPyConnection
SAMPLE_ROWS = 2000
WORDS = 0.5  # of the values of a column of words have words

OF_SEVERAL_COLUMNS: frozenset[Role] = frozenset({"name", "street", "given_name", "family_name", "birth_date"})
VALUES: tuple[tuple[Role, str], ...] = (
    ("email", r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"),
    (
        "domain",
        r"^(https?://|www\.)\S+$|^[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|net|org|io|co|de|fr|uk|eu|nl|it|es|us|ca)(/\S*)?$",
    ),
    ("phone", r"^(\+\d[\d ().-]{7,}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(\s*(x|ext).*)?$"),
    ("birth_date", r"^(19|20)\d\d-[01]\d-[0-3]\d$"),
    ("postcode", r"^\d{5}(-\d{4})?$|^[a-z]{1,2}\d[a-z0-9]? ?\d[a-z]{2}$|^[a-z]\d[a-z] ?\d[a-z]\d$"),
    ("street", r"^\d+[a-z]?[ ,].*[a-z]{2,}|[a-z]+(str\.?|strasse|straße) \d+"),
)


@dataclass(frozen=True, slots=True)
class RoleGuess:
    """What a column seems to mean.

    Attributes:
        role: None when it seems to mean nothing for matching.
        confidence: 0..1; header and values agreeing is near 1.
        reason: one sentence for people.
        is_id: whether every record has its own value.
    """

    role: Role | None
    confidence: float
    reason: str
    is_id: bool = False


def detect_roles(con: Connection, relation: str) -> dict[str, RoleGuess]:
    """Guess the role of every column of a relation, in the columns' order.

    Several columns may have one role (two address lines); they are joined by a blank, as in `Dataset.roles`.
    """
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    texts = ", ".join(f'"{column}"::VARCHAR AS "{column}"' for column in (c.replace('"', '""') for c in columns))
    sample = con.sql(f"SELECT {texts} FROM {quoted(relation)} LIMIT {SAMPLE_ROWS}").pl()
    return _whole_names({column: _guess(column, sample[column]) for column in columns})


def _whole_names(guesses: dict[str, RoleGuess]) -> dict[str, RoleGuess]:
    """The guesses, where a half of a person's name that may be a whole one has no other half."""
    halves: tuple[tuple[Role, Role], ...] = (("given_name", "family_name"), ("family_name", "given_name"))
    for half, other in halves:
        lone = [c for c, guess in guesses.items() if guess.role == half and header_words(c) in HALF_A_NAME]
        if not any(guess.role == other for guess in guesses.values()):
            guesses |= {column: replace(guesses[column], role="name") for column in lone}
    return guesses


def _guess(header: str, values: pl.Series) -> RoleGuess:
    filled = values.drop_nulls().str.strip_chars()
    filled = filled.filter(filled.str.len_bytes() > 0)
    is_id = len(values) > 0 and len(filled) == len(values) and filled.n_unique() == len(values)
    by_header = role_of_header(header)
    by_value, share = _by_values(filled)
    if by_header == "name" and is_id and _are_codes(filled):
        return RoleGuess(
            None, 0.7, f"The header {header!r} may say name, but the values are numbers of records.", is_id
        )
    if by_header is not None and len(filled) == 0:
        return RoleGuess(by_header, 0.3, f"The header {header!r} says so, but the column is empty.", is_id)
    if by_value in {"email", "domain", "phone"} and share > 0.8 and by_header != by_value:
        return RoleGuess(by_value, share, f"{share:.0%} of the values look like it.", is_id)
    if by_header is not None:
        agrees = by_header == by_value
        return RoleGuess(
            by_header,
            0.98 if agrees else 0.8,
            f"The header {header!r} says so{', and the values' if agrees else ''}.",
            is_id,
        )
    if by_value is not None and share > 0.8 and not is_id:
        return RoleGuess(by_value, 0.6 * share, f"{share:.0%} of the values look like it.", is_id)
    return RoleGuess(None, 0.5, "Neither header nor values tell a role.", is_id)


def _are_codes(filled: pl.Series) -> bool:
    """Whether the values are one word with a digit in it: nearly no name is, nearly every record number is."""
    return float(filled.str.contains(r"^\S*\d\S*$").mean() or 0.0) > 0.9  # type: ignore[arg-type]  # of a boolean column


def _by_values(filled: pl.Series) -> tuple[Role | None, float]:
    if len(filled) == 0:
        return None, 0.0
    lowered = filled.str.to_lowercase()
    shares = [(float(lowered.str.contains(pattern).mean() or 0.0), role) for role, pattern in VALUES]  # type: ignore[arg-type]  # the mean of a boolean column is a number
    share, role = max(shares, key=lambda pair: pair[0])
    return (role, share) if share >= 0.5 else (None, share)


def id_column(guesses: Mapping[str, RoleGuess]) -> str | None:
    """The column that best serves as record id: unique, called id or key if possible, else the first unique one."""
    unique = [column for column, guess in guesses.items() if guess.is_id]
    named = [
        c for c in unique if re.search(r"(^|\b|_)(id|key|uid|number|no)$|^id(\b|_)", header_words(c).replace(" ", "_"))
    ]
    untyped = [column for column in unique if guesses[column].role is None]
    return next(iter([*named, *untyped]), None)


def columns_by_role(guesses: Mapping[str, RoleGuess]) -> dict[Role, tuple[str, ...]]:
    """The columns of each role, in the order of the roles.

    Of several addresses (billing, shipping) one is taken. Names and address lines of it belong together; of other roles
    the first column is taken: two towns beside each other are none.
    """
    found = {role: tuple(column for column, guess in guesses.items() if guess.role == role) for role in ROLES}
    first_names = tuple(column for column in found["name"] if not SECOND_NAMES.search(header_words(column)))
    found["name"] = first_names or found["name"]
    return {role: _of_one(role, columns) for role, columns in found.items() if columns}


def _of_one(role: Role, columns: tuple[str, ...]) -> tuple[str, ...]:
    kinds = [belongs_to(header_words(column)) for column in columns]
    chosen = min(kinds, key=lambda kind: (kind != "", not kind.startswith(("bill", "invoice")), kinds.index(kind)))
    kept = tuple(column for column, kind in zip(columns, kinds, strict=True) if kind == chosen)
    return kept if role in OF_SEVERAL_COLUMNS else kept[:1]


def telling_column(con: Connection, relation: str) -> str | None:
    """The column of words that tells most records apart, for a table where no column has a role: titles, products."""
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    worth: dict[str, float] = {}
    for column in columns:
        text = f'"{column.replace(chr(34), chr(34) * 2)}"::VARCHAR'
        letters = f"regexp_matches({text}, '\\pL{{3}}') AND NOT regexp_matches({text}, '^\\S*\\d\\S*$')"
        share, distinct = con.sql(
            f"SELECT coalesce(avg(({letters})::INT), 0), count(DISTINCT {text}) / greatest(count({text}), 1) "
            f"FROM {quoted(relation)}"
        ).fetchall()[0]
        worth[column] = share * distinct if share > WORDS else 0.0
    best = max(worth, key=lambda column: worth[column], default=None)
    return best if best is not None and worth[best] > 0 else None
