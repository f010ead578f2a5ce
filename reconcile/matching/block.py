"""Blocking: which pairs are worth comparing.

Every key of every record is one row of a long table (key hash, row); one join of the two tables gives the candidate
pairs. A key value that would bring more pairs than `block_pairs` is refined with a second attribute instead of being
dropped; what stays oversized even then is counted and reported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class BlockingKey:
    """One kind of key: two records are compared when all its parts are equal and none is null.

    Attributes:
        name: what people call it.
        parts: SQL expressions over the cleaned columns.
        columns: the cleaned columns that they need.
        without: cleaned columns that make it superfluous: words alone bring many pairs, and where a domain, telephone
            or street can bring the true ones they are not needed.
    """

    name: str
    parts: tuple[str, ...]
    columns: frozenset[str]
    without: frozenset[str] = frozenset()


def _key(name: str, *parts: str, needs: str, without: str = "") -> BlockingKey:
    return BlockingKey(name, parts, frozenset(needs.split()), frozenset(without.split()))


KEYS: tuple[BlockingKey, ...] = (
    _key("tax id", "tax_id", needs="tax_id"),
    _key("identifier", "identifier", needs="identifier"),
    _key("name", "name_key", needs="name_key"),
    _key("words of the name", "nullif(name_set, 0)", needs="name_set"),
    _key("domain", "domain", needs="domain"),
    _key("e-mail", "email", needs="email"),
    _key("phone", "phone", needs="phone"),
    _key("postcode and house number", "postcode", "house", needs="postcode house"),
    _key("street, house number and city", "street", "house", "city", needs="street house city"),
    _key("start of name and postcode area", "name_key[:4]", "postcode_area", needs="name_key postcode_area"),
    _key("rarest word and city", "nullif(t1, 0)", "city", needs="t1 city"),
    _key("second rarest word and city", "nullif(t2, 0)", "city", needs="t1 city", without="domain email phone street"),
    _key(
        "rarest word and postcode",
        "nullif(t1, 0)",
        "postcode",
        needs="t1 postcode",
        without="domain email phone street",
    ),
    _key(
        "two rarest words",
        "nullif(least(t1, t2), 0)",
        "greatest(t1, t2)",
        needs="t1",
        without="domain email phone street",
    ),
    _key("rarest word", "nullif(t1, 0)", needs="t1", without="domain email phone street"),
    _key("date of birth and family name", "birth", "family_sound", needs="birth family_sound"),
    _key("date of birth and given name", "birth", "given_root", needs="birth given_root"),
    _key("both names", "least(given_root, family)", "greatest(given_root, family)", needs="given_root family"),
    _key("family name and birth year", "family_sound", "birth_year", needs="family_sound birth_year"),
    _key("given name and swapped birth date", "given_root", "birth_days", needs="given_root birth_days"),
    _key("date of birth and postcode", "birth", "postcode", needs="birth postcode"),
    _key("family name and postcode", "family_sound", "postcode", needs="family_sound postcode"),
    _key("given name and postcode", "given_root", "postcode", needs="given_root postcode"),
    _key("family name, given initial and city", "family", "given_root[:1]", "city", needs="family given_root city"),
    _key("birth date and rarest word", "birth", "nullif(t1, 0)", needs="birth t1"),
    _key("birth date and city", "birth", "city", needs="birth city"),
)
# What an oversized key value is refined with, each where the column exists.
REFINEMENTS: tuple[str, ...] = (
    "city",
    "postcode_area",
    "nullif(t2, 0)",
    "house",
    "given_root",
    "birth_year",
    "name_key[:5]",
)
_REFINEMENT_COLUMNS = {"nullif(t2, 0)": "t1", "name_key[:5]": "name_key"}


@dataclass(frozen=True, slots=True)
class BlockingReport:
    """What the keys brought.

    Attributes:
        keys: the kinds of key used, in the order of the bits of `keys` in the pairs table; empty when every pair was
            compared.
        pairs: candidate pairs per kind of key.
        refined_values, dropped_values: key values that were too common, and those still too common when refined.
    """

    keys: tuple[BlockingKey, ...]
    pairs: Mapping[str, int]
    refined_values: int = 0
    dropped_values: int = 0


def keys_for(columns: Collection[str]) -> tuple[BlockingKey, ...]:
    """The kinds of key whose columns both sides have."""
    have = set(columns)
    return tuple(key for key in KEYS if key.columns <= have and not (key.without and key.without & have))


def hash_sql(position: int, parts: Sequence[str]) -> str:
    """The hash of one key; null when a part is null."""
    conditions = " AND ".join(f"({part}) IS NOT NULL" for part in parts)
    return f"CASE WHEN {conditions} THEN hash({position}, {', '.join(parts)}) END"


def key_rows_sql(table: str, keys: Sequence[BlockingKey]) -> str:
    """A SELECT of (k, h, row): one row per record and kind of key that it has."""
    selects = (
        f"SELECT {i}::TINYINT AS k, {hash_sql(i, key.parts)} AS h, row FROM {table}" for i, key in enumerate(keys)
    )
    return f"SELECT * FROM ({' UNION ALL '.join(selects)}) WHERE h IS NOT NULL"


def all_pairs(con: Connection, left: str, right: str, *, is_self: bool) -> BlockingReport:
    """Write every pair to `_pairs(l, r, keys)`; of one table with itself, each pair once."""
    condition = "l.row < r.row" if is_self else "true"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _pairs AS SELECT l.row AS l, r.row AS r, 0::BIGINT AS keys "
        f"FROM {left} l, {right} r WHERE {condition}"
    )
    return BlockingReport((), {})


def block(
    con: Connection, left: str, right: str, columns: Collection[str], pairs_limit: int, *, is_self: bool
) -> BlockingReport:
    """Write the candidate pairs to `_pairs(l INT32, r INT32, keys BIGINT: a bit per kind of key)`."""
    keys = keys_for(columns)
    _write_key_rows(con, left, right, keys, is_self=is_self)
    _write_sizes(con, "_keys_left", "_keys_right")
    refined = _refine(con, left, right, columns, pairs_limit)
    dropped = _scalar(con, f"SELECT count(*) FROM _fine_sizes WHERE n_left * n_right > {pairs_limit}") if refined else 0
    condition = "AND l.row < r.row" if is_self else ""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE _pairs AS
        SELECT l, r, bit_or(1::BIGINT << k)::BIGINT AS keys FROM (
            SELECT l.row AS l, r.row AS r, s.k AS k
            FROM _sizes s JOIN _keys_left l USING (h) JOIN _keys_right r USING (h)
            WHERE s.n_left * s.n_right <= {pairs_limit} {condition}
            {_refined_pairs(pairs_limit, condition) if refined else ""}
        ) GROUP BY l, r""")
    per_key = {
        key.name: _scalar(con, f"SELECT count(*) FROM _pairs WHERE keys & {1 << i} <> 0") for i, key in enumerate(keys)
    }
    for table in ("_keys_left", "_keys_right", "_sizes", "_oversized", "_fine_left", "_fine_right", "_fine_sizes"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return BlockingReport(keys, per_key, refined, dropped)


def _refined_pairs(pairs_limit: int, condition: str) -> str:
    return f"""UNION ALL SELECT l.row, r.row, s.k
        FROM _fine_sizes s JOIN _fine_left l USING (h) JOIN _fine_right r USING (h)
        WHERE s.n_left * s.n_right <= {pairs_limit} {condition}"""


def _write_key_rows(con: Connection, left: str, right: str, keys: Sequence[BlockingKey], *, is_self: bool) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE _keys_left AS {key_rows_sql(left, keys)}")
    source = "SELECT * FROM _keys_left" if is_self else key_rows_sql(right, keys)
    con.execute(f"CREATE OR REPLACE TEMP TABLE _keys_right AS {source}")


def _write_sizes(con: Connection, left_keys: str, right_keys: str, target: str = "_sizes") -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        SELECT h, l.k AS k, n_left, n_right
        FROM (SELECT h, any_value(k) AS k, count(*) AS n_left FROM {left_keys} GROUP BY h) l
        JOIN (SELECT h, count(*) AS n_right FROM {right_keys} GROUP BY h) USING (h)""")


def _refine(con: Connection, left: str, right: str, columns: Collection[str], pairs_limit: int) -> int:
    """Write finer keys of the oversized key values to `_fine_left`, `_fine_right`, `_fine_sizes`; how many values."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _oversized AS SELECT h FROM _sizes WHERE n_left * n_right > {pairs_limit}"
    )
    oversized = _scalar(con, "SELECT count(*) FROM _oversized")
    if oversized == 0:
        return 0
    usable = [part for part in REFINEMENTS if _REFINEMENT_COLUMNS.get(part, part) in columns]
    for side, table in (("left", left), ("right", right)):
        selects = (
            f"SELECT k, hash({i}, h, {part}) AS h, row FROM _keys_{side} JOIN _oversized USING (h) "
            f"JOIN {table} USING (row) WHERE ({part}) IS NOT NULL"
            for i, part in enumerate(usable)
        )
        empty = "SELECT 0::TINYINT AS k, 0::UBIGINT AS h, 0::INTEGER AS row WHERE false"
        con.execute(f"CREATE OR REPLACE TEMP TABLE _fine_{side} AS {' UNION ALL '.join(selects) or empty}")
    _write_sizes(con, "_fine_left", "_fine_right", "_fine_sizes")
    return oversized


def _scalar(con: Connection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0
