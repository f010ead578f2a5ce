"""From a relation of raw text to the columns that are compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.clean import address, identifier, name, one_line, person, phone, web
from reconcile.matching.clean.text import Columns, by_distinct, fold
from reconcile.matching.clean.tokens import NameWords
from reconcile.model import ROLES, Role
from reconcile.snapshots.sql import literal
from reconcile.snapshots.sql import quoted as quoted_name

BATCH_ROWS = 131_072  # enough to vectorise over, little to hold while two are cleaned side by side
PERSON: frozenset[Role] = frozenset({"given_name", "family_name"})
MOST = 0.5  # of the streets, where they are whole addresses
FOLDED: tuple[Role, ...] = (
    "name",
    "domain",
    "email",
    "street",
    "city",
    "region",
    "country",
    "given_name",
    "family_name",
)


@dataclass(frozen=True, slots=True)
class CleanBatch:
    """Some records, cleaned.

    Attributes:
        frame: `record_id` and the text columns of the roles; see the module of each role family for their meaning.
        words: the words of the names, row by row; None without names.
        rows: number of records.
    """

    frame: pl.DataFrame
    words: NameWords | None
    rows: int


def quoted(relation: str) -> str:
    """A relation name, possibly with schema, as a quoted identifier."""
    return ".".join(quoted_name(part.strip('"')) for part in relation.split("."))


def population(columns: Sequence[str], relation: str) -> str:
    """The relation without its test records, fit for a FROM clause."""
    condition = " WHERE NOT coalesce(is_test, false)" if "is_test" in columns else ""
    return f"(SELECT * FROM {quoted(relation)}{condition})"


def roles_of(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[Role, ...]:
    """The roles of which the relation has at least one value. Records with a true `is_test` do not count.

    An address in one column has a city and a postcode too.

    Raises:
        InputError: no record_id column.
    """
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    if "record_id" not in columns:
        raise InputError(f"{relation} has no column record_id.", remedy="Name the column that holds the record's id.")
    source = population(columns, relation)
    filled = _filled(con, source, columns)
    if "street" in filled and not filled & {"city", "postcode"} and _are_one_line(con, source):
        filled |= {"city", "postcode"}
    return tuple(role for role in ROLES if role in filled)


def _filled(con: duckdb.DuckDBPyConnection, source: str, columns: Collection[str]) -> set[Role]:
    present = [role for role in ROLES if role in columns]
    return {
        role for role in present if con.sql(f'SELECT 1 FROM {source} WHERE "{role}" IS NOT NULL LIMIT 1').fetchall()
    }


def _are_one_line(con: duckdb.DuckDBPyConnection, source: str) -> bool:
    share = f"avg(regexp_matches(street::VARCHAR, {literal(one_line.IS_ONE_LINE)}, 's')::INT)"
    return bool(con.sql(f"SELECT {share} > {MOST} FROM {source} WHERE street IS NOT NULL").fetchall()[0][0])


def role_sql(role: Role, filled: Collection[str]) -> str:
    """What a relation in which these columns are filled says for a role, as SQL."""
    if role == "name" and "name" not in filled and set(filled) >= PERSON:
        return "nullif(concat_ws(' ', given_name::VARCHAR, family_name::VARCHAR), '')"
    return f'"{role}"::VARCHAR' if role in filled else "NULL::VARCHAR"


def raw_batches(
    con: duckdb.DuckDBPyConnection, relation: str, roles: tuple[Role, ...], rows: int = BATCH_ROWS
) -> Iterator[pl.DataFrame]:
    """The records of a relation as text, batch by batch; an empty batch when it has none.

    A role that it has no column for is null; the name is put together of a person's two.
    """
    present = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    source = population(present, relation)
    filled = _filled(con, source, present)
    columns = ", ".join(
        ["record_id::VARCHAR AS record_id", *(f'{role_sql(role, filled)} AS "{role}"' for role in roles)]
    )
    is_empty = True
    for batch in con.sql(f"SELECT {columns} FROM {source}").to_arrow_reader(rows):
        is_empty = False
        yield pl.DataFrame(batch)
    if is_empty:
        yield pl.DataFrame(schema=dict.fromkeys(("record_id", *roles), pl.String))


def clean_batch(raw: pl.DataFrame, roles: tuple[Role, ...]) -> CleanBatch:
    """The cleaned columns of one batch, from each row alone.

    Args:
        raw: `record_id` and the roles as text, may be null.
        roles: the ones to clean. The country, if it is among them, decides which legal forms a name can have.
    """
    if {"street", "city", "postcode"} <= set(roles):
        raw = one_line.split_addresses(raw)
    country = by_distinct(raw["country"], partial(_clean_values, "country"))["country"] if "country" in roles else None
    words, columns = None, {"record_id": raw["record_id"]}
    for role in roles:
        if role == "name":
            cleaned, words = name.clean_names(fold(raw["name"]), country)
        elif role == "country" and country is not None:
            cleaned = {"country": country}
        else:
            cleaned = by_distinct(raw[role], partial(_clean_values, role))
        columns |= cleaned
    return CleanBatch(pl.DataFrame(_with_mail_domain(columns)), words, raw.height)


def _clean_values(role: Role, values: pl.Series) -> Columns:
    return CLEANERS[role](fold(values) if role in FOLDED else values)


def _with_mail_domain(columns: Columns) -> Columns:
    """The company's domain is that of its site, else that of its mail."""
    mail = columns.pop("email_domain", None)
    if mail is not None:
        own = columns.get("domain")
        columns["domain"] = mail if own is None else pl.select(pl.coalesce(own, mail)).to_series()
    if "domain" in columns:
        columns["domain_label"] = web.domain_label(columns["domain"])
    return columns


CLEANERS = {
    "country": address.clean_country,
    "domain": web.clean_domain,
    "email": web.clean_email,
    "phone": phone.clean_phone,
    "street": address.clean_street,
    "city": address.clean_city,
    "region": address.clean_region,
    "postcode": address.clean_postcode,
    "tax_id": identifier.clean_tax_id,
    "given_name": person.clean_given_name,
    "family_name": person.clean_family_name,
    "birth_date": person.clean_birth_date,
    "identifier": identifier.clean_identifier,
}
