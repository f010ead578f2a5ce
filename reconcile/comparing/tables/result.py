"""The result of a comparison: the report tree, and pages of what lies behind it in its DuckDB file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from reconcile.model import DifferenceClass

RowClass = Literal["same", "changed", "only_left", "only_right", "duplicate_key", "unreadable"]
ROW_CLASSES: tuple[RowClass, ...] = get_args(RowClass)
DIFFERENCE_CLASSES: tuple[DifferenceClass, ...] = ("format", "rounding", "timing", "missing", "real")
MASK = "•••"


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """How many rows of each file are in a class. `pairs` counts what was compared: pairs, groups or single rows."""

    name: RowClass
    pairs: int
    left_rows: int
    right_rows: int


@dataclass(frozen=True, slots=True)
class ColumnResult:
    """How one compared column came out.

    Attributes:
        compared: pairs of rows (or groups) in which it was compared.
        classes: differences by class.
        largest, mean: of the absolute differences; numbers in their unit, dates in days; None without any, for text,
            and for sensitive columns.
        left_sum, right_sum: exact decimal text over all readable rows of each file; None unless numbers.
        left_unread, right_unread: values of a number column that are no number and are not in the sum.
        left_factor: what the left numbers were multiplied by, as exact decimal text; None for one unit.
        left_format, right_format: strptime formats of dates, or "iso"; empty unless dates.
    """

    position: int
    title: str
    left: str
    right: str
    kind: str
    rule: str
    is_sensitive: bool
    compared: int
    classes: dict[DifferenceClass, int]
    largest: float | None
    mean: float | None
    left_sum: str | None
    right_sum: str | None
    difference: str | None
    left_unread: int
    right_unread: int
    left_factor: str | None = None
    left_format: str = ""
    right_format: str = ""

    @property
    def mismatches(self) -> int:
        """Differences of all classes."""
        return sum(self.classes.values())

    @property
    def share(self) -> float:
        """Mismatches per comparison, 0 to 1."""
        return self.mismatches / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One of the two tables: what it is and how it was read."""

    name: str
    description: str
    rows: int
    unreadable: int
    columns: tuple[str, ...]
    unmapped: tuple[str, ...]
    warnings: tuple[str, ...]
    decimal: str = "."

    @property
    def records(self) -> int:
        """Readable and unreadable ones."""
        return self.rows + self.unreadable


@dataclass(frozen=True, slots=True)
class Comparison:
    """The report of a comparison.

    Attributes:
        totals: every class of `ROW_CLASSES`, in that order.
        key: what names a row, e.g. "id", "invoice + line", or "content".
        key_columns: its columns, left and right name each; empty for content.
        cells: differing cells.
        notes: sentences about the comparison itself, e.g. rows without a key.
        recipe: TOML that repeats it.
        path: the DuckDB file that holds the rows.
    """

    left: SourceInfo
    right: SourceInfo
    key: str
    key_columns: tuple[tuple[str, str], ...]
    duplicates: str
    totals: tuple[ClassTotal, ...]
    columns: tuple[ColumnResult, ...]
    cells: int
    notes: tuple[str, ...]
    recipe: str
    made_at: datetime
    seconds: float
    path: str

    def total(self, name: RowClass) -> ClassTotal:
        """The totals of one class."""
        return next(item for item in self.totals if item.name == name)

    @property
    def is_equal(self) -> bool:
        """Whether every record of both files has an equal partner."""
        return all(not (item.left_rows or item.right_rows) for item in self.totals if item.name != "same")

    @property
    def is_tied(self) -> bool:
        """Whether the classes add up to the record counts of both files."""
        left = sum(item.left_rows for item in self.totals)
        right = sum(item.right_rows for item in self.totals)
        return (left, right) == (self.left.records, self.right.records)
