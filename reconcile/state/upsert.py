"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL share but SQLAlchemy gives one constructor for each."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection as Transaction


def insert_or(tx: Transaction, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert of the database's own dialect, on which `on_conflict_do_nothing` and `..._do_update` can be called."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)
