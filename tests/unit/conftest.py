from tests.databases import (
    database,
    database_url,
    empty_database_url,
    own_database_url,
    postgresql_server,
    postgresql_shared,
    postgresql_template,
    sqlite_folder,
)

__all__ = [
    "database",
    "database_url",
    "empty_database_url",
    "own_database_url",
    "postgresql_server",
    "postgresql_shared",
    "postgresql_template",
    "sqlite_folder",
]
