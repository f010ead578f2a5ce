"""Reading a comparison's file: the report, pages of rows with their differing cells, and nearest partners."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from reconcile.comparing.tables.result import (
    ClassTotal,
    ColumnResult,
    Comparison,
    RowClass,
    SourceInfo,
)
from reconcile.errors import StorageError
from reconcile.model import DifferenceClass
from reconcile.systems.files.sql import identifier

_HEAD = "row, class, how, probability, left_count, right_count, left_row IS NOT NULL, right_row IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Cell:
    """A differing cell."""

    left: str | None
    right: str | None
    difference: DifferenceClass
    delta: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was weighed for (or, below zero, against) a pair that was matched by content.

    Attributes:
        role: a role, or what the matching engine weighs beside these, such as "place".
        level: how far the two values agree, in words; None where a side has none.
        weight: in bits.
    """

    role: str
    level: str | None
    weight: float


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A pair, group or single row that is not the same.

    Attributes:
        key: its key as people read it, e.g. "4711" or "4711 + 2".
        left, right: all values of that file's row (of a group's first row); None where there is none.
        cells: differing cells by the position of their column.
        left_count, right_count: rows it stands for, more than one for a group.
        weight, evidence: of a pair matched by content, in bits and by role.
    """

    row: int
    row_class: RowClass
    key: str
    how: str
    probability: float | None
    left_count: int
    right_count: int
    left: Mapping[str, str | None] | None
    right: Mapping[str, str | None] | None
    cells: Mapping[int, Cell] = field(default_factory=dict)
    weight: float | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows to show.

    Attributes:
        row_class: one class of rows.
        position: only rows whose cell of this compared column differs.
        difference: only rows with a difference of this class (in that column, where one is given).
        search: only rows with this text in their key or in a differing value, ignoring case.
    """

    row_class: RowClass = "changed"
    position: int | None = None
    difference: DifferenceClass | None = None
    search: str = ""


class ComparisonFile:
    """A result opened for reading: a file, or a connection of its own to one that is kept in memory.

    Use it as a context manager, or call `close`.

    Raises:
        StorageError: no such file, or not a comparison.
    """

    def __init__(self, source: Path | duckdb.DuckDBPyConnection) -> None:
        path = source if isinstance(source, Path) else ""
        try:
            self.con = duckdb.connect(str(source), read_only=True) if isinstance(source, Path) else source
            document = json.loads(self.con.sql("SELECT json FROM _comparison").fetchall()[0][0])
        except (duckdb.Error, IndexError) as error:
            raise StorageError(str(path), "it is no readable comparison", remedy="Compare the files again.") from error
        self.comparison = parse_comparison(document, str(path))

    def __enter__(self) -> ComparisonFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.con.close()

    def count(self, wanted: RowFilter) -> int:
        """Rows that the filter leaves."""
        where, values = self._where(wanted)
        return int(self.con.execute(f"SELECT count(*) FROM rows r WHERE {where}", values).fetchall()[0][0])

    def page(self, wanted: RowFilter, *, offset: int = 0, limit: int = 100) -> tuple[ResultRow, ...]:
        """A page of the rows that the filter leaves, in the order of the files."""
        where, values = self._where(wanted)
        sql = f"SELECT row FROM rows r WHERE {where} ORDER BY row LIMIT {int(limit)} OFFSET {int(offset)}"
        return self.read([row for (row,) in self.con.execute(sql, values).fetchall()])

    def each(self, row_class: RowClass, *, most: int | None = None, batch: int = 5000) -> Iterator[ResultRow]:
        """All rows of a class in the order of the files, read in batches; at most `most`."""
        last, done = -1, 0
        while most is None or done < most:
            size = batch if most is None else min(batch, most - done)
            heads = self.con.execute(
                f"SELECT {_HEAD} FROM rows WHERE class = ? AND row > ? ORDER BY row LIMIT ?", [row_class, last, size]
            ).fetchall()
            if not heads:
                return
            yield from self._complete(heads)
            last, done = heads[-1][0], done + len(heads)

    def read(self, rows: Sequence[int]) -> tuple[ResultRow, ...]:
        """These rows with everything known of them, in this order."""
        heads = self._by_row(f"SELECT {_HEAD} FROM rows", rows)
        return self._complete([heads[row] for row in rows if row in heads])

    def _complete(self, heads: Sequence[tuple[Any, ...]]) -> tuple[ResultRow, ...]:
        """Rows of the columns `_HEAD` with their values, differing cells and evidence."""
        rows = [head[0] for head in heads]
        lefts = self._side([head[0] for head in heads if head[-2]], "left")
        rights = self._side([head[0] for head in heads if head[-1]], "right")
        cells = self._cells([head[0] for head in heads if head[-2] and head[-1]])
        reasons = self._evidence(rows)
        return tuple(
            ResultRow(
                row=row,
                row_class=row_class,
                key=self._key(lefts.get(row), rights.get(row)),
                how=how,
                probability=probability,
                left_count=int(left_count),
                right_count=int(right_count),
                left=lefts.get(row),
                right=rights.get(row),
                cells=cells.get(row, {}),
                weight=reasons[row][0] if row in reasons else None,
                evidence=reasons[row][1] if row in reasons else (),
            )
            for row, row_class, how, probability, left_count, right_count, *_ in heads
        )

    def members(self, row: int, side: str) -> tuple[Mapping[str, str | None], ...]:
        """The rows of one file that a group stands for, in the order of the file."""
        name = self._row_name(side)
        relation = self.con.execute(f"SELECT * FROM {side}_rows WHERE {name} = ?", [row])
        columns = [item[0] for item in relation.description or ()][1:]
        return tuple(dict(zip(columns, values[1:], strict=True)) for values in relation.fetchall())

    def unreadable(self, *, offset: int = 0, limit: int = 100) -> list[tuple[str, int, str, str]]:
        """A page of the unreadable records: side, line, problem, text."""
        sql = "SELECT side, line, problem, text FROM unreadable ORDER BY side, line LIMIT ? OFFSET ?"
        return [(str(a), int(b), str(c), str(d)) for a, b, c, d in self.con.execute(sql, [limit, offset]).fetchall()]

    def _cells(self, rows: Sequence[int]) -> dict[int, dict[int, Cell]]:
        sql = "SELECT row, position, left_value, right_value, class, delta FROM cells"
        found: dict[int, dict[int, Cell]] = {}
        for row, position, *rest in self._some(sql, "row", rows, "ORDER BY row, position").fetchall():
            found.setdefault(row, {})[position] = Cell(*rest)
        return found

    def _evidence(self, rows: Sequence[int]) -> dict[int, tuple[float, tuple[Evidence, ...]]]:
        if self.comparison.key_columns:
            return {}
        found = self._by_row("SELECT row, weight, evidence FROM evidence", rows)
        return {
            row: (float(weight), tuple(Evidence(**item) for item in json.loads(text)))
            for row, (_, weight, text) in found.items()
        }

    def _by_row(self, sql: str, rows: Sequence[int]) -> dict[int, tuple[Any, ...]]:
        return {int(values[0]): values for values in self._some(sql, "row", rows).fetchall()}

    def _side(self, rows: Sequence[int], side: str) -> dict[int, Mapping[str, str | None]]:
        found: dict[int, Mapping[str, str | None]] = {}
        if not rows:
            return found
        relation = self._some(f"SELECT * FROM {side}_rows", self._row_name(side), rows)
        columns = [item[0] for item in relation.description or ()][1:]
        for values in relation.fetchall():
            found.setdefault(int(values[0]), dict(zip(columns, values[1:], strict=True)))
        return found

    def _some(self, sql: str, name: str, rows: Sequence[int], order: str = "") -> duckdb.DuckDBPyConnection:
        return self.con.execute(f"{sql} WHERE {name} IN (SELECT unnest(?)) {order}", [list(rows)])

    def _row_name(self, side: str) -> str:
        return identifier(self.con.sql(f"SELECT * FROM {side}_rows LIMIT 0").columns[0])

    def _key(self, left: Mapping[str, str | None] | None, right: Mapping[str, str | None] | None) -> str:
        names = self.comparison.key_columns
        values = left if left is not None else right or {}
        place = 0 if left is not None else 1
        return " + ".join(values.get(pair[place]) or "(blank)" for pair in names)

    def _where(self, wanted: RowFilter) -> tuple[str, list[Any]]:
        parts: list[str] = ["r.class = ?"]
        values: list[str] = [wanted.row_class]
        inner: list[str] = []
        if wanted.position is not None:
            inner.append("c.position = ?")
            values.append(str(int(wanted.position)))
        if wanted.difference is not None:
            inner.append("c.class = ?")
            values.append(wanted.difference)
        if inner:
            parts.append(f"r.row IN (SELECT c.row FROM cells c WHERE {' AND '.join(inner)})")
        if wanted.search.strip():
            sql, found = self._search(wanted.search.strip())
            parts.append(sql)
            values += found
        return " AND ".join(parts), values

    def _search(self, text: str) -> tuple[str, list[str]]:
        parts, values = [], []
        for side, place in (("left", 0), ("right", 1)):
            for pair in self.comparison.key_columns:
                name = self._row_name(side)
                parts.append(
                    f"SELECT {name} FROM {side}_rows WHERE contains(lower({identifier(pair[place])}), lower(?))"
                )
                values.append(text)
        parts.append(
            "SELECT row FROM cells WHERE contains(lower(left_value), lower(?)) "
            "OR contains(lower(right_value), lower(?))"
        )
        return f"r.row IN ({' UNION ALL '.join(parts)})", [*values, text, text]


def open_comparison(path: Path) -> Comparison:
    """The report of a result file.

    Raises:
        StorageError: no such file, or not a comparison.
    """
    with ComparisonFile(path) as file:
        return file.comparison


def parse_comparison(document: Mapping[str, Any], path: str) -> Comparison:
    """The report from its JSON document."""
    values = dict(document)
    values["made_at"] = datetime.fromisoformat(values["made_at"])
    values["path"] = path
    for side in ("left", "right"):
        given: dict[str, Any] = values[side]
        values[side] = SourceInfo(**{name: _as_tuple(value) for name, value in given.items()})
    values["totals"] = tuple(ClassTotal(**item) for item in values["totals"])
    values["columns"] = tuple(ColumnResult(**item) for item in values["columns"])
    values["notes"] = tuple(values["notes"])
    values["key_columns"] = tuple((one, two) for one, two in values["key_columns"])
    return Comparison(**values)


def _as_tuple(value: Any) -> Any:  # JSON has lists where the report has tuples
    return tuple(value) if isinstance(value, list) else value
