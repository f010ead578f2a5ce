"""Differences of linked pairs: which compared fields disagree, and how much that means.

A `FieldPair` may name several fields of a side, joined by ` + ` (`line1 + line2`): their values are
joined by a comma, as Chargebee's connector writes a street, and compared as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import duckdb

from reconcile.comparing.equality import form_sql, register
from reconcile.model import FieldPair, Side
from reconcile.snapshots.sql import literal

SYNC_WINDOW = timedelta(hours=1)
"""How long the connector may take to carry a change over (Chargebee's interval is an hour unless set otherwise)."""
CUT_LENGTH = 40
"""A value at least this long that the other one starts with was cut by a field's length limit, not changed."""
LINKED_STATUSES = ("confirmed", "one_sided", "proposed")
"""Links whose differences are worth a look: a link that is itself in doubt is decided first."""


def field_names(field: str) -> tuple[str, ...]:
    """The fields that one side of a `FieldPair` names.

    >>> field_names("line1 + line2")
    ('line1', 'line2')
    """
    return tuple(name.strip() for name in field.split(" + "))


def _value_sql(side: Side, field: str) -> str:
    """The value of the field, or of several joined by a comma; blank is null."""
    parts = [f"nullif(trim({side[0]}.extra ->> {literal(name)}), '')" for name in field_names(field)]
    return parts[0] if len(parts) == 1 else f"nullif(concat_ws(', ', {', '.join(parts)}), '')"


def _is_cut_sql(left: str, right: str) -> str:
    shorter = f"CASE WHEN length({left}) < length({right}) THEN {left} ELSE {right} END"
    longer = f"CASE WHEN length({left}) < length({right}) THEN {right} ELSE {left} END"
    return f"(length({shorter}) >= {CUT_LENGTH} AND starts_with(lower({longer}), lower({shorter})))"


_IS_CENT_SQL = "abs(try_cast(left_value AS DECIMAL(38, 6)) - try_cast(right_value AS DECIMAL(38, 6))) <= 0.01"


def _moment_sql(column: str) -> str:
    """A modification stamp as a time: ISO text, or seconds since 1970."""
    return f"coalesce(to_timestamp(try_cast({column} AS BIGINT)), try_cast({column} AS TIMESTAMPTZ))"


def _is_fresh_sql(left_read_at: datetime, right_read_at: datetime) -> str:
    """Whether either record changed after, or just before, the moment from which both sides were read."""
    since = f"TIMESTAMPTZ '{(min(left_read_at, right_read_at) - SYNC_WINDOW).isoformat()}'"
    changed = " OR ".join(f"{_moment_sql(f'{side}.modified_at')} >= {since}" for side in ("l", "r"))
    return f"coalesce({changed}, false)"


def differences_sql(pair: FieldPair, is_fresh: str) -> str:
    """A SELECT of the `differences` rows of one field pair over `links`, `left_records` and `right_records`."""
    valued = f"""
        SELECT k.left_id, k.right_id, {_value_sql("left", pair.left_field)} AS left_value,
               {_value_sql("right", pair.right_field)} AS right_value, {is_fresh} AS is_fresh
        FROM links k JOIN left_records l ON l.record_id = k.left_id JOIN right_records r ON r.record_id = k.right_id
        WHERE k.status IN {LINKED_STATUSES}
    """
    same_form = f"{form_sql(pair.role, 'left_value')} = {form_sql(pair.role, 'right_value')}"
    role = "NULL" if pair.role is None else literal(pair.role)
    return f"""
        SELECT left_id, right_id, {literal(pair.name)}, {role}, {literal(pair.left_field)}, {literal(pair.right_field)},
               left_value, right_value,
               CASE WHEN left_value IS NULL OR right_value IS NULL THEN 'missing'
                    WHEN {same_form} OR {_is_cut_sql("left_value", "right_value")} THEN 'format'
                    WHEN {_IS_CENT_SQL} THEN 'rounding'
                    WHEN is_fresh THEN 'timing'
                    ELSE 'real' END
        FROM ({valued}) WHERE left_value IS DISTINCT FROM right_value
        ORDER BY left_id, right_id
    """


def write_differences(
    con: duckdb.DuckDBPyConnection, pairs: Iterable[FieldPair], *, left_read_at: datetime, right_read_at: datetime
) -> None:
    """Fill `differences` from `links`, `left_records` and `right_records` (whose `extra` carries the compared fields).

    Args:
        con: the run file, with an empty `differences`. Functions are registered on it: close it when done.
        pairs: the fields to compare.
        left_read_at: when reading of the left snapshot began.
        right_read_at: when reading of the right snapshot began.
    """
    register(con)
    is_fresh = _is_fresh_sql(left_read_at, right_read_at)
    for pair in pairs:
        con.execute(f"INSERT INTO differences {differences_sql(pair, is_fresh)}")
