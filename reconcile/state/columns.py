"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class Moment(sa.types.TypeDecorator[datetime]):
    """A point in time: a timezone-aware UTC `datetime` in Python, whole microseconds.

    PostgreSQL stores `timestamptz`; SQLite has no such type and stores the UTC wall clock as text that sorts by time.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into what the driver stores.

        Raises:
            ValueError: a naive time, whose zone nobody knows.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time whatever the driver returns."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A growing number as primary key: 64 bits on both (SQLite counts up only in a column declared INTEGER)."""

VALUES = sa.JSON(none_as_null=True)
"""A JSON document; Python None is SQL NULL, so that "no value" is told apart from an empty document."""
