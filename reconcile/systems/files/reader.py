"""A file or a folder of files as a connection: each file or sheet is an object, each row a record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from reconcile.errors import DefinitionError, InputError, UnknownNameError
from reconcile.model import Connection, Environment, FieldInfo, ObjectInfo
from reconcile.systems.files.options import ReadOptions
from reconcile.systems.files.reading import ReadTable, read_file
from reconcile.systems.files.sql import identifier
from reconcile.systems.files.structured import database_tables
from reconcile.systems.files.unpacking import detect_form, is_gzip
from reconcile.systems.files.workbook import sheet_names

if TYPE_CHECKING:
    import pyarrow as pa

_TEXT = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
ENDINGS = (*_TEXT, ".parquet", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".duckdb")
ROW_ID = "row_id"
_ID_NAME = re.compile(r"(^|[^a-z])(id|key|uid|uuid|guid|number|no|nr)$|Id$|ID$", re.IGNORECASE)
_BATCH_ROWS = 50_000


class FilesReader:
    """Reads a file, a workbook or a folder of files (`options["path"]`).

    Further options: `id_field` (the column that names a record), `encoding`, `delimiter`, `decimal`, `quote`. Objects
    are file stems; the sheets of a workbook with several, or the tables of a DuckDB file, are objects of their own. A
    file without a unique column gets the column `row_id`, made from the row's content, so that a record is not named by
    its place.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._path = Path(connection.options.get("path", ""))
        if not connection.options.get("path"):
            raise DefinitionError(connection.name, "no path is given", remedy="Give a file or a folder of files.")
        self._con = duckdb.connect()
        self._sources: dict[str, tuple[Path, str | None]] | None = None
        self._tables: dict[str, tuple[ReadTable, str]] = {}

    def fingerprint(self) -> str:
        """SHA-256 of the content of the file, or of the names and contents of the folder's files."""
        digest = hashlib.sha256()
        for path in self._files():
            if path != self._path:
                digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"sha256:{digest.hexdigest()[:32]}"

    def environment(self) -> Environment:
        """What the connection says: a file does not tell."""
        return self.connection.environment

    def objects(self) -> tuple[str, ...]:
        """Stems of the files, and sheets of workbooks that have several."""
        return tuple(self._objects())

    def describe(self, object_name: str) -> ObjectInfo:
        """The file's columns, all of type "text".

        Raises:
            UnknownNameError: no such object.
            UnreadableFileError: the file cannot be read.
            DefinitionError: the option `id_field` names a column that is not unique.
        """
        table, id_field = self._table(object_name)
        names = ((ROW_ID,) if id_field == ROW_ID and ROW_ID not in table.columns else ()) + table.columns
        fields = tuple(
            FieldInfo(name, name, "text", is_updateable=False, is_nullable=name != id_field) for name in names
        )
        return ObjectInfo(object_name, object_name, id_field, None, None, fields)

    def count(self, object_name: str) -> int:
        """Readable rows; the unreadable ones are listed by `read_table`."""
        return self._table(object_name)[0].rows

    def count_by_month(self, object_name: str) -> Mapping[str, int] | None:
        """None: a file has no creation stamp."""
        self._source(object_name)
        return None

    def changes(self, object_name: str, fields: Sequence[str], since: datetime | None) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - a file has no change stamps
        """Every row, whatever `since`: a file does not tell what changed.

        Raises:
            UnknownNameError: no such object or column.
        """
        table, id_field = self._table(object_name)
        known = {*table.columns, id_field}
        for name in fields:
            if name not in known:
                raise UnknownNameError("column", name, tuple(known))
        select = ", ".join(self._expression(table, name) for name in fields)
        import pyarrow as pa  # noqa: PLC0415 - slow to import, and comparing two files needs none of it

        relation = self._con.cursor().sql(f"SELECT {select} FROM {identifier(table.table)}")
        schema = pa.schema([(name, pa.string()) for name in fields])
        for batch in relation.to_arrow_reader(_BATCH_ROWS):
            yield pa.RecordBatch.from_arrays([column.cast(pa.string()) for column in batch.columns], schema=schema)

    def deleted(self, object_name: str, since: datetime) -> Iterator[str]:  # noqa: ARG002 - a file has no deleted rows
        """Nothing: what a file no longer has, a full pull shows."""
        self._source(object_name)
        return iter(())

    def read_table(self, object_name: str) -> ReadTable:
        """What was found out about the object's file: dialect, warnings, unreadable rows.

        Raises:
            UnknownNameError: no such object.
            UnreadableFileError: the file cannot be read.
        """
        return self._table(object_name)[0]

    def _files(self) -> list[Path]:
        if self._path.is_file():
            return [self._path]
        if not self._path.is_dir():
            raise InputError(f"There is no file or folder {str(self._path)!r}.", remedy="Check the connection's path.")
        found = (path for path in self._path.iterdir() if path.is_file() and _stem_and_ending(path)[1] in ENDINGS)
        return sorted(found, key=lambda path: path.name)

    def _objects(self) -> dict[str, tuple[Path, str | None]]:
        if self._sources is None:
            self._sources = {}
            for path in self._files():
                for name, sheet in self._tables_of(path):
                    base, number = name, 2
                    while name in self._sources:
                        name, number = f"{base} {number}", number + 1  # noqa: PLW2901 - a.csv beside a.xlsx
                    self._sources[name] = (path, sheet)
        return self._sources

    def _tables_of(self, path: Path) -> list[tuple[str, str | None]]:
        stem, _ = _stem_and_ending(path)
        form = "delimited" if is_gzip(path) else detect_form(path, path.name)
        sheets: tuple[str, ...] = ()
        if form == "workbook":
            sheets = sheet_names(path, shown=path.name)
        elif form == "database":
            sheets = database_tables(path, shown=path.name)
        if len(sheets) < 2:
            return [(stem, sheets[0] if sheets else None)]
        return [(sheet if path == self._path else f"{stem} {sheet}", sheet) for sheet in sheets]

    def _source(self, object_name: str) -> tuple[Path, str | None]:
        known = self._objects()
        if object_name not in known:
            raise UnknownNameError("object", object_name, tuple(known))
        return known[object_name]

    def _table(self, object_name: str) -> tuple[ReadTable, str]:
        if object_name not in self._tables:
            path, sheet = self._source(object_name)
            given = self.connection.options
            options = ReadOptions(
                encoding=given.get("encoding"),
                delimiter=given.get("delimiter"),
                quote=given.get("quote"),
                decimal=given.get("decimal"),
                sheet=sheet,
            )
            table = read_file(self._con, path, f"object_{len(self._tables)}", options)
            self._tables[object_name] = (table, self._id_field(table))
        return self._tables[object_name]

    def _id_field(self, table: ReadTable) -> str:
        wanted = self.connection.options.get("id_field")
        if wanted:
            if wanted not in table.columns:
                raise UnknownNameError("column", wanted, table.columns)
            if not self._is_unique(table, wanted):
                raise DefinitionError(
                    table.name, f"column {wanted!r} has blank or repeated values", remedy="Choose another id column."
                )
            return wanted
        by_name = sorted(table.columns, key=lambda name: not _ID_NAME.search(name))
        return next((name for name in by_name if _ID_NAME.search(name) and self._is_unique(table, name)), None) or next(
            (name for name in by_name if self._is_unique(table, name)), ROW_ID
        )

    def _is_unique(self, table: ReadTable, column: str) -> bool:
        """Whether no value is blank or repeated; most columns are told from their first rows."""
        name = identifier(column)
        for limit in ("LIMIT 5000", ""):
            source = f"(SELECT {name} FROM {identifier(table.table)} {limit})"
            sql = f"SELECT count(*), count(DISTINCT {name}), bool_and(length({name}) <= 255) FROM {source}"
            rows, distinct, is_short = self._con.sql(sql).fetchall()[0]
            if rows != distinct or not is_short:
                return False
        return True

    def _expression(self, table: ReadTable, name: str) -> str:
        if name in table.columns:
            return identifier(name)
        parts = ", ".join(f"coalesce({identifier(column)}, chr(0))" for column in table.columns)
        digest = f"md5(concat_ws(chr(31), {parts}))"
        place = f"row_number() OVER (PARTITION BY {digest} ORDER BY rowid)"
        return f"'row-' || {digest}[:16] || CASE WHEN {place} > 1 THEN '-' || {place} ELSE '' END AS {identifier(name)}"


def _stem_and_ending(path: Path) -> tuple[str, str]:
    plain = Path(path.name[:-3]) if path.name.casefold().endswith(".gz") else path
    return plain.stem, plain.suffix.casefold()
