"""A compiled SOQL statement: its columns, the SQL that runs it, the parents and children that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from reconcile.simulators.salesforce.schema import Field, SObject
from reconcile.simulators.salesforce.soql.conditions import Clause
from reconcile.simulators.salesforce.soql.tree import Query


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the answer.

    Attributes:
        path: names from the queried object down to the field; one name for aggregates.
        objects: of each parent on the way, its API name.
        type: Salesforce type, for how the value is written.
    """

    path: tuple[str, ...]
    objects: tuple[str, ...]
    type: str
    sql: str
    is_aggregate: bool = False


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent of which fields are selected: the path to it, its object, and the SQL of its id."""

    path: tuple[str, ...]
    object: str
    sql: str


@dataclass(frozen=True, slots=True)
class ChildQuery:
    """A sub-query of the SELECT list: its relationship's name, the lookup it goes through, and its statement."""

    relationship: str
    reference: Field
    query: Query


@dataclass(slots=True)
class Compiled:
    """A statement ready to run.

    Attributes:
        tables: the FROM clause with its joins. where, order: without their keywords; empty for none.
        is_count: `SELECT count() FROM ...`: the answer is a number and no rows.
        is_aggregate: rows are groups, not records.
        parents: those that columns are of, each after its own parent.
    """

    sobject: SObject
    columns: list[Column]
    tables: str
    where: Clause
    group: str
    having: Clause
    order: str
    limit: int | None
    offset: int | None
    is_count: bool = False
    is_aggregate: bool = False
    children: list[ChildQuery] = field(default_factory=list)
    parents: list[Parent] = field(default_factory=list)

    def id_sql(self) -> tuple[str, tuple[Any, ...]]:
        """SQL for the ids of the records, in order."""
        return self._finish("SELECT t.Id")

    def row_sql(self) -> tuple[str, tuple[Any, ...]]:
        """SQL for all rows with the columns of the answer."""
        return self._finish(f"SELECT {', '.join(column.sql for column in self.columns)}")

    def count_sql(self) -> tuple[str, tuple[Any, ...]]:
        """SQL for the number of records, of which LIMIT may leave fewer."""
        sql, values = self._finish("SELECT 1")
        return f"SELECT count(*) FROM ({sql})", values

    def narrowed(self, condition: str, value: str) -> Compiled:
        """The same statement for the rows of one parent only."""
        where = f"{condition} AND ({self.where.sql})" if self.where.sql else condition
        return replace(self, where=Clause(where, (value, *self.where.values)))

    def page_sql(self, ids: int) -> str:
        """SQL for id, columns and ids of parents of given records: `ids` parameters."""
        parents = (parent.sql for parent in self.parents)
        columns = ", ".join(["t.Id", *(column.sql for column in self.columns), *parents])
        return f"SELECT {columns} FROM {self.tables} WHERE t.Id IN ({', '.join('?' * ids)})"

    def _finish(self, head: str) -> tuple[str, tuple[Any, ...]]:
        parts = [head, "FROM", self.tables]
        if self.where.sql:
            parts += ["WHERE", self.where.sql]
        if self.group:
            parts += ["GROUP BY", self.group]
        if self.having.sql:
            parts += ["HAVING", self.having.sql]
        if self.order:
            parts += ["ORDER BY", self.order]
        if self.limit is not None or self.offset is not None:
            parts.append(f"LIMIT {self.limit if self.limit is not None else -1} OFFSET {self.offset or 0}")
        return " ".join(parts), (*self.where.values, *self.having.values)
