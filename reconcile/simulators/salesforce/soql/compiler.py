"""A SOQL tree as SQL over the org's tables, with the columns that the answer has."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS, children_of
from reconcile.simulators.salesforce.schema import ADDRESS_KEYS, NEVER_KNOWN, Field, SObject
from reconcile.simulators.salesforce.soql.compiled import ChildQuery, Column, Compiled, Parent
from reconcile.simulators.salesforce.soql.conditions import NUMBER_TYPES, Clause, Operand, among, compare
from reconcile.simulators.salesforce.soql.tokens import malformed, pointed
from reconcile.simulators.salesforce.soql.tree import (
    Call,
    Combination,
    Comparison,
    Condition,
    FieldSet,
    Membership,
    Negation,
    Ordering,
    Path,
    Query,
)
from reconcile.simulators.salesforce.store import quoted

_REFERENCE = "Please reference your WSDL or the describe call for the appropriate names."
_DATE_PARTS = {
    "CALENDAR_YEAR": ("substr({}, 1, 4)", "int"),
    "CALENDAR_MONTH": ("substr({}, 6, 2)", "int"),
    "DAY_IN_MONTH": ("substr({}, 9, 2)", "int"),
    "HOUR_IN_DAY": ("substr({}, 12, 2)", "int"),
    "CALENDAR_QUARTER": ("(substr({}, 6, 2) + 2) / 3", "int"),
    "DAY_ONLY": ("substr({}, 1, 10)", "date"),
}
_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_SHOWN_AS = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY"})  # of a field: the answer has it under its own name
_LIMITED_TOTAL = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
LONG_TEXT = 4_000
MAX_OFFSET = 2_000


def compile_query(query: Query, *, include_deleted: bool = False) -> Compiled:
    """Check a tree against the org's objects and turn it into SQL.

    Raises:
        SalesforceError: INVALID_TYPE, INVALID_FIELD and their like, with the place in the statement.
    """
    return _Compiler(query, include_deleted=include_deleted).compile()


def find_object(name: str, statement: str, position: int) -> SObject:
    """The object of that name, whatever its case.

    Raises:
        SalesforceError: INVALID_TYPE.
    """
    sobject = SOBJECTS.get(name.lower())
    if sobject is None:
        sentence = (
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
            f"the '__c' after the entity name. {_REFERENCE}"
        )
        raise SalesforceError("INVALID_TYPE", pointed(statement, position, sentence))
    return sobject


class _Compiler:
    """One query being compiled: its joins grow as paths to parents are met."""

    def __init__(self, query: Query, *, include_deleted: bool) -> None:
        self.query, self.include_deleted = query, include_deleted
        self.sobject = find_object(query.source, query.text, query.source_position)
        self.joins: dict[tuple[str, ...], tuple[str, SObject]] = {(): ("t", self.sobject)}
        self.join_sql: list[str] = []

    def compile(self) -> Compiled:
        query = self.query
        is_count = self.is_plain_count()
        is_aggregate = not is_count and (bool(query.group_by) or any(_is_aggregate(item) for item in query.select))
        columns = [] if is_count else list(self.columns(is_aggregate=is_aggregate))
        where = self.where()
        having = self.condition(query.having) if query.having else Clause("")
        group = ", ".join(self.operand(self.allowed(item, "grouped")).sql for item in query.group_by)
        order = ", ".join(self.ordering(item) for item in query.order_by)
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        if is_aggregate and not query.group_by and query.limit is not None:
            raise SalesforceError("MALFORMED_QUERY", _LIMITED_TOTAL)
        tables = " ".join([f"{quoted(self.sobject.name)} t", *self.join_sql])
        children = [self.child(item) for item in query.select if isinstance(item, Query)]
        return Compiled(
            self.sobject,
            columns,
            tables,
            where,
            group,
            having,
            order,
            query.limit,
            query.offset,
            is_count,
            is_aggregate,
            children,
            list(self.parents(columns)),
        )

    def parents(self, columns: list[Column]) -> Iterator[Parent]:
        """The parents that columns are of, nearest first."""
        seen: set[tuple[str, ...]] = set()
        for column in columns:
            for depth, name in enumerate(column.objects, start=1):
                path = column.path[:depth]
                if path not in seen:
                    seen.add(path)
                    yield Parent(path, name, f"{self.joins[tuple(part.lower() for part in path)][0]}.Id")

    def is_plain_count(self) -> bool:
        first = self.query.select[0]
        return (
            len(self.query.select) == 1
            and isinstance(first, Call)
            and first.name == "COUNT"
            and first.argument is None
            and not self.query.group_by
        )

    def columns(self, *, is_aggregate: bool) -> Iterator[Column]:
        """The columns of the answer, in the order asked for."""
        seen: set[str] = set()
        unnamed = 0
        for item in self.query.select:
            if isinstance(item, Query):
                continue
            if isinstance(item, FieldSet):
                yield from self.field_set(item)
                continue
            if isinstance(item, Path):
                column = self.path_column(item)
                if is_aggregate:
                    column = self.grouped(item, column)
            elif isinstance(item.argument, Path) and item.name in _SHOWN_AS and item.alias is None:
                column = self.path_column(item.argument)
            elif item.name == "" and not is_aggregate:
                raise malformed(self.query.text, item.position, "only aggregate expressions use field aliasing")
            else:
                column = self.call_column(item, unnamed)
                unnamed += int(item.alias is None)
            name = ".".join(column.path).lower()
            if name in seen:
                raise SalesforceError(
                    "INVALID_FIELD",
                    pointed(self.query.text, item.position, f"duplicate field selected: {'.'.join(column.path)}"),
                )
            seen.add(name)
            yield column

    def field_set(self, item: FieldSet) -> Iterator[Column]:
        """All, standard or custom fields."""
        if item.kind not in {"ALL", "STANDARD", "CUSTOM"}:
            raise malformed(self.query.text, item.position, f"unexpected token: '{item.kind}'")
        if item.kind != "STANDARD" and (self.query.limit is None or self.query.limit > 200):
            raise malformed(self.query.text, item.position, "The SOQL FIELDS function must have a LIMIT of at most 200")
        for each in (*self.sobject.fields, *self.sobject.compounds.values()):
            if item.kind == "ALL" or each.is_custom == (item.kind == "CUSTOM"):
                yield Column((each.name,), (), each.type, _sql_of("t", each))

    def path_column(self, path: Path) -> Column:
        alias, _, target, parents = self.resolve(path)
        names = (*(name for name, _ in parents), target.name)
        return Column(names, tuple(name for _, name in parents), target.type, _sql_of(alias, target))

    def grouped(self, path: Path, column: Column) -> Column:
        """A plain field beside aggregates must be grouped by; it appears under its last name."""
        keys = {item.text.lower() for item in self.query.group_by if isinstance(item, Path)}
        if path.text.lower() not in keys:
            sentence = f"Field must be grouped or aggregated: {path.text}"
            raise malformed(self.query.text, path.position, sentence)
        return Column((column.path[-1],), (), column.type, column.sql, is_aggregate=True)

    def call_column(self, call: Call, unnamed: int) -> Column:
        operand = self.operand(call)
        return Column((call.alias or f"expr{unnamed}",), (), operand.type, operand.sql, is_aggregate=True)

    def resolve(self, path: Path) -> tuple[str, SObject, Field, list[tuple[str, str]]]:
        """Follow a path through its parents, joining each once."""
        parts = list(path.parts)
        if len(parts) > 1 and parts[0].lower() in {self.query.source.lower(), (self.query.alias or "").lower()}:
            parts = parts[1:]
        key: tuple[str, ...] = ()
        alias, sobject = self.joins[()]
        parents: list[tuple[str, str]] = []
        for name in parts[:-1]:
            reference = sobject.by_relationship.get(name.lower())
            if reference is None or reference.references is None:
                raise self.no_relationship(path, name)
            key = (*key, name.lower())
            alias, sobject = self.join(key, alias, reference)
            parents.append((reference.relationship or name, sobject.name))
        target = sobject.by_name.get(parts[-1].lower()) or sobject.compounds.get(parts[-1].lower())
        if target is None:
            raise self.no_column(path, parts[-1], sobject)
        return alias, sobject, target, parents

    def join(self, key: tuple[str, ...], alias: str, reference: Field) -> tuple[str, SObject]:
        if key not in self.joins:
            parent = SOBJECTS[(reference.references or "").lower()]
            new = f"j{len(self.joins)}"
            self.join_sql.append(
                f"LEFT JOIN {quoted(parent.name)} {new} ON {new}.Id = {alias}.{quoted(reference.name)}"
            )
            self.joins[key] = (new, parent)
        return self.joins[key]

    def no_column(self, path: Path, name: str, sobject: SObject) -> SalesforceError:
        sentence = (
            f"No such column '{name}' on entity '{sobject.name}'. If you are attempting to use a custom field, be "
            f"sure to append the '__c' after the custom field name. {_REFERENCE}"
        )
        return SalesforceError("INVALID_FIELD", pointed(self.query.text, path.position, sentence))

    def no_relationship(self, path: Path, name: str) -> SalesforceError:
        sentence = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
            f"relationship, be sure to append the '__r' after the custom relationship name. {_REFERENCE}"
        )
        return SalesforceError("INVALID_FIELD", pointed(self.query.text, path.position, sentence))

    def operand(self, item: Path | Call) -> Operand:
        """A field or function, ready for SQL."""
        if isinstance(item, Path):
            aliased = self.aliased(item)
            if aliased is not None:
                return self.operand(aliased)
            alias, _, target, _ = self.resolve(item)
            return Operand(f"{alias}.{quoted(target.name)}", target.type, target.name, item.position)
        if item.name in {"", "CONVERTTIMEZONE", *_SHOWN_AS} and item.argument is not None:
            return self.operand(item.argument)
        if item.name == "COUNT" and item.argument is None:
            return Operand("count(*)", "int", "count", item.position)
        if item.argument is None or (item.name not in _AGGREGATES and item.name not in _DATE_PARTS):
            raise malformed(self.query.text, item.position, f"unexpected token: '{item.name}'")
        inner = self.operand(item.argument)
        if item.name in _DATE_PARTS:
            form, kind = _DATE_PARTS[item.name]
            sql = form.format(inner.sql)
            return Operand(f"CAST({sql} AS INTEGER)" if kind == "int" else sql, kind, inner.name, item.position)
        return self.aggregate(item, inner)

    def allowed(self, item: Path | Call, deed: str) -> Path | Call:
        """The item, if it is no long text and no whole address: those can be read and nothing else.

        Raises:
            SalesforceError: INVALID_FIELD.
        """
        if isinstance(item, Path) and self.aliased(item) is None:
            target = self.resolve(item)[2]
            if target.length >= LONG_TEXT or target.type == "address":
                sentence = f"field '{target.name}' can not be {deed} in a query call"
                raise SalesforceError("INVALID_FIELD", pointed(self.query.text, item.position, sentence))
        return item

    def aliased(self, path: Path) -> Call | None:
        """The selected function that a one-word path is the alias of."""
        if len(path.parts) > 1 or path.parts[0].lower() in self.sobject.by_name:
            return None
        for item in self.query.select:
            if isinstance(item, Call) and item.alias and item.alias.lower() == path.parts[0].lower():
                return item
        return None

    def aggregate(self, call: Call, inner: Operand) -> Operand:
        if call.name in {"SUM", "AVG"} and inner.type not in NUMBER_TYPES:
            raise malformed(
                self.query.text, call.position, f"field {inner.name} does not support aggregate operator {call.name}"
            )
        if call.name == "COUNT_DISTINCT":
            return Operand(f"count(DISTINCT {inner.sql})", "int", inner.name, call.position)
        kind = "int" if call.name == "COUNT" else inner.type
        return Operand(
            f"{call.name.lower()}({inner.sql})", "double" if call.name == "AVG" else kind, inner.name, call.position
        )

    def where(self) -> Clause:
        clause = self.condition(self.query.where) if self.query.where else Clause("")
        if self.include_deleted or not self.sobject.has_deletes:
            return clause
        live = "t.IsDeleted = 0"
        return Clause(f"{live} AND ({clause.sql})" if clause.sql else live, clause.values)

    def condition(self, condition: Condition) -> Clause:
        if isinstance(condition, Negation):
            inner = self.condition(condition.inner)
            return Clause(f"NOT coalesce(({inner.sql}), 0)", inner.values)
        if isinstance(condition, Combination):
            parts = [self.condition(part) for part in condition.parts]
            sql = f" {condition.joint} ".join(f"({part.sql})" for part in parts)
            return Clause(sql, tuple(value for part in parts for value in part.values))
        if isinstance(condition, Comparison):
            return compare(self.query.text, self.operand(self.allowed(condition.operand, "filtered")), condition)
        return self.membership(condition)

    def membership(self, condition: Membership) -> Clause:
        operand = self.operand(self.allowed(condition.operand, "filtered"))
        if not isinstance(condition.choices, Query):
            return among(self.query.text, operand, condition, condition.choices)
        inner = compile_query(condition.choices, include_deleted=self.include_deleted)
        if inner.sobject is self.sobject:
            sentence = "The inner and outer selects should not be on the same object type"
            raise malformed(self.query.text, operand.position, sentence)
        if len(inner.columns) != 1:
            raise malformed(self.query.text, operand.position, "a semi join sub-select must select one field")
        sql, values = inner.row_sql()
        not_null = f" AND {operand.sql} IS NOT NULL" if condition.is_negated else ""
        return Clause(f"({operand.sql} {'NOT ' if condition.is_negated else ''}IN ({sql}){not_null})", values)

    def ordering(self, item: Ordering) -> str:
        operand = self.operand(self.allowed(item.operand, "sorted"))
        collation = " COLLATE NOCASE" if operand.type not in NUMBER_TYPES | {"boolean", "id", "reference"} else ""
        way = "DESC" if item.is_descending else "ASC"
        return f"{operand.sql}{collation} {way} NULLS {'LAST' if item.nulls_last else 'FIRST'}"

    def child(self, query: Query) -> ChildQuery:
        for relationship, child, reference in children_of(self.sobject.name):
            if relationship and relationship.lower() == query.source.lower():
                return ChildQuery(relationship, reference, _renamed(query, child.name))
        raise self.no_relationship(Path((query.source,), query.source_position), query.source)


def _sql_of(alias: str, field: Field) -> str:
    """A field's value; of an address, its parts as JSON, null where each is."""
    if field.type != "address":
        return f"{alias}.{quoted(field.name)}"
    prefix = field.name.removesuffix("Address")
    parts = {key: f"{alias}.{quoted(prefix + part)}" for key, part in ADDRESS_KEYS.items()}
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in (parts | dict.fromkeys(NEVER_KNOWN, "NULL")).items())
    return f"CASE WHEN coalesce({', '.join(parts.values())}) IS NOT NULL THEN json_object({pairs}) END"


def _renamed(query: Query, source: str) -> Query:
    """A child query with the object in place of the relationship."""
    return Query(
        query.select,
        source,
        query.source_position,
        query.where,
        query.group_by,
        query.having,
        query.order_by,
        query.limit,
        query.offset,
        query.alias,
        query.text,
    )


def _is_aggregate(item: object) -> bool:
    """Whether an item of the SELECT list makes the answer one of groups."""
    return isinstance(item, Call) and item.name in _AGGREGATES
