"""What a SOQL statement says, as a tree of frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

LiteralKind = Literal["text", "number", "boolean", "null", "date", "datetime", "range"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: `Owner.Name`. `position` is where it stands in the statement."""

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """As written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field, or of nothing (`count()`), or of another function."""

    name: str
    argument: Path | Call | None
    position: int
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class FieldSet:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    kind: str
    position: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal. Of a text, `value` is unescaped and `raw` is what stood between the quotes."""

    kind: LiteralKind
    value: str | float | bool | None
    raw: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand operator value`; the operator in capitals."""

    operand: Path | Call
    operator: str
    value: Constant


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand [NOT] IN (...)`: of constants or of a sub-query."""

    operand: Path
    choices: tuple[Constant, ...] | Query
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Combination:
    """Conditions joined by AND or OR."""

    joint: Literal["AND", "OR"]
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """`NOT condition`."""

    inner: Condition


Condition: TypeAlias = "Comparison | Membership | Combination | Negation"


@dataclass(frozen=True, slots=True)
class Ordering:
    """One column of ORDER BY."""

    operand: Path | Call
    is_descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole statement, or a sub-query in the SELECT list or after IN."""

    select: tuple[Path | Call | FieldSet | Query, ...]
    source: str
    source_position: int
    where: Condition | None = None
    group_by: tuple[Path | Call, ...] = ()
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    alias: str | None = None
    text: str = ""
