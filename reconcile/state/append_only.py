"""Triggers that let a table grow only: a row once written is never changed or removed, not even by our own mistake."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

SQLITE = """
CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation'; END $$
"""
POSTGRESQL = """
CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()
"""


def forbid_changes(tx: Connection, tables: Sequence[str]) -> None:
    """Make `tables` refuse UPDATE and DELETE (PostgreSQL: TRUNCATE too) with an integrity error."""
    is_sqlite = tx.dialect.name == "sqlite"
    for table in tables:
        if not is_sqlite:
            tx.execute(sa.text(POSTGRESQL_FUNCTION.format(table=table)))
        for action in ("update", "delete") if is_sqlite else ("update", "delete", "truncate"):
            tx.execute(sa.text((SQLITE if is_sqlite else POSTGRESQL).format(table=table, action=action)))
