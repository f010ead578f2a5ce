from tests.databases import (
    database,
    database_url,
    empty_database_url,
    postgresql_server,
    postgresql_template,
    sqlite_template,
)

__all__ = [
    "database",
    "database_url",
    "empty_database_url",
    "postgresql_server",
    "postgresql_template",
    "sqlite_template",
]
