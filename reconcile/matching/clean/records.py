"""From a relation of raw text to the columns that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.clean import address, identifier, name, person, phone, web
from reconcile.matching.clean.text import Columns, by_distinct, fold
from reconcile.matching.clean.tokens import NameTokens, join_tokens, split_names
from reconcile.model import ROLES, Role

BATCH_ROWS = 122_880 * 2  # two DuckDB row groups: enough to vectorise over, little to hold
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
class CleanRecords:
    """One side, cleaned: a frame with `row` (INT32 from 0), `record_id` and the columns of its roles."""

    frame: pl.DataFrame
    tokens: NameTokens | None
    roles: tuple[Role, ...]


def quoted(relation: str) -> str:
    """A relation name, possibly with schema, as a quoted identifier."""
    return ".".join('"' + part.strip('"').replace('"', '""') + '"' for part in relation.split("."))


def population(columns: Sequence[str], relation: str) -> str:
    """The relation without its test records, fit for a FROM clause."""
    condition = " WHERE NOT coalesce(is_test, false)" if "is_test" in columns else ""
    return f"(SELECT * FROM {quoted(relation)}{condition})"


def roles_of(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[Role, ...]:
    """The roles of which the relation has at least one value. Records with a true `is_test` do not count.

    Raises:
        InputError: no record_id column, or record ids that are missing or not unique.
    """
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    if "record_id" not in columns:
        raise InputError(f"{relation} has no column record_id.", remedy="Name the column that holds the record's id.")
    present = [role for role in ROLES if role in columns]
    filled = "".join(f', count("{role}")' for role in present)
    (counts,) = con.sql(
        f"SELECT count(*), count(record_id), count(DISTINCT record_id){filled} FROM {population(columns, relation)}"
    ).fetchall()
    if counts[0] != counts[1] or counts[1] != counts[2]:
        raise InputError(
            f"{relation} has record ids that are missing or appear more than once.",
            remedy="Choose a column in which every record has its own value.",
        )
    return tuple(role for role, count in zip(present, counts[3:], strict=True) if count > 0)


def clean_relation(con: duckdb.DuckDBPyConnection, relation: str, roles: tuple[Role, ...]) -> CleanRecords:
    """Clean the given roles of a relation, batch by batch."""
    columns = ", ".join(["record_id::VARCHAR AS record_id", *(f'"{role}"::VARCHAR AS "{role}"' for role in roles)])
    source = population(con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns, relation)
    reader = con.sql(f"SELECT {columns} FROM {source}").to_arrow_reader(BATCH_ROWS)
    frames, tokens = [], []
    for batch in reader:
        frame = clean_batch(pl.DataFrame(batch), roles)
        if "name" in roles:
            tokens.append(split_names(frame["name"]))
        frames.append(frame)
    if not frames:
        empty = pl.DataFrame(schema=dict.fromkeys(("record_id", *roles), pl.String))
        frames, tokens = [clean_batch(empty, roles)], [split_names(empty["name"])] if "name" in roles else []
    whole = pl.concat(frames).with_row_index("row").with_columns(pl.col("row").cast(pl.Int32))
    return CleanRecords(whole, join_tokens(tokens) if tokens else None, roles)


def clean_batch(raw: pl.DataFrame, roles: tuple[Role, ...]) -> pl.DataFrame:
    """The cleaned columns of one batch; see the module of each role family for their meaning.

    Roles are independent but for the country, which decides on legal forms: they are cleaned side by side.
    """
    country = by_distinct(fold(raw["country"]), address.clean_country)["country"] if "country" in roles else None
    with ThreadPoolExecutor(max_workers=2) as pool:
        parts = pool.map(lambda role: _clean_role(role, raw[role], country), sorted(roles, key=_EFFORT.index))
        columns = {name: column for part in parts for name, column in part.items()}
    return pl.DataFrame({"record_id": raw["record_id"]} | _with_mail_domain(columns))


def _clean_role(role: Role, text: pl.Series, country: pl.Series | None) -> Columns:
    if role == "country" and country is not None:
        return {"country": country}
    if role == "name":
        return name.clean_names(fold(text), country)
    clean = CLEANERS[role]
    return by_distinct(text, lambda values: clean(fold(values) if role in FOLDED else values))


def _with_mail_domain(columns: Columns) -> Columns:
    """The company's domain is that of its site, else that of its mail."""
    mail = columns.pop("email_domain", None)
    if mail is not None:
        own = columns.get("domain")
        columns["domain"] = mail if own is None else pl.select(pl.coalesce(own, mail)).to_series()
    if "domain" in columns:
        columns["domain_label"] = web.domain_label(columns["domain"])
    return columns


# The costly ones first, so that the two threads end together.
_EFFORT: tuple[Role, ...] = (
    "name",
    "street",
    "email",
    "domain",
    "phone",
    "postcode",
    "city",
    "given_name",
    "family_name",
    "birth_date",
    "tax_id",
    "identifier",
    "region",
    "country",
)
CLEANERS = {
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
