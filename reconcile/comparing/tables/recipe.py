"""What a person says about a comparison: key, columns, rules, and what to do with repeated keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, get_args

from reconcile.errors import DefinitionError
from reconcile.systems.files import ReadOptions

Kind = Literal["text", "number", "date"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KeyNormalisation = Literal["trim", "case", "zeros", "salesforce", "composed", "point"]
KEY_NORMALISATIONS: tuple[KeyNormalisation, ...] = get_args(KeyNormalisation)
Duplicates = Literal["refuse", "list", "nearest", "groups"]
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)
ISO = "iso"


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column of the key.

    Attributes:
        normalise: done to both sides before they are compared: "trim" white space, "case" ignored, leading "zeros"
            dropped, "salesforce" ids of 18 characters cut to their 15, accents "composed" with their letters, a
            "point" and zeros behind a whole number dropped.
    """

    left: str
    right: str
    normalise: tuple[KeyNormalisation, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """When two values of a column count as the same. Everything off: only equal text does (and empty equals null).

    Attributes:
        kind: what the values are; None to find it out. It decides the class of a difference, not whether there is one.
        absolute: numbers may differ by this much. Zero: 1.5 equals 1.50.
        relative: numbers may differ by this share of the larger one.
        decimals: numbers are rounded to so many decimals first.
        left_factor: the left number is multiplied by this first (0.01 for cents against units).
        days: dates may differ by this many days. Zero: 2026-03-04 equals 04.03.2026.
        left_format, right_format: strptime format of the dates, "iso", or None to find it out.
        ignore_case, ignore_space: white space is trimmed and runs of it are one blank.
        null_equals_empty: an empty text and no value are the same.
        is_sensitive: values are masked in everything that leaves the comparison.
    """

    kind: Kind | None = None
    absolute: Decimal | None = None
    relative: Decimal | None = None
    decimals: int | None = None
    left_factor: Decimal | None = None
    days: Decimal | None = None
    left_format: str | None = None
    right_format: str | None = None
    ignore_case: bool = False
    ignore_space: bool = False
    null_equals_empty: bool = True
    is_sensitive: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether numbers decide, rather than text."""
        return any(value is not None for value in (self.absolute, self.relative, self.decimals, self.left_factor))


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """A column of each side that ought to agree. `is_ignored` keeps it out of the comparison."""

    left: str
    right: str
    rule: ColumnRule = field(default_factory=ColumnRule)
    name: str = ""
    is_ignored: bool = False

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.left


@dataclass(frozen=True, slots=True)
class Recipe:
    """A comparison as it can be repeated.

    Attributes:
        keys: columns that name a row; empty to have them suggested.
        columns: what is compared; empty to have it proposed. Key columns need not be listed.
        duplicates: what happens to keys that occur more than once. "refuse": an error where both sides repeat a key,
            otherwise as "list". "list": such rows are listed and not compared. "nearest": within a key the most similar
            rows are paired. "groups": the rows of a key are compared together, with the sums of number columns.
        no_key: match the rows by their content instead of a key.
        ignore_format: differences of class "format" count as the same.
        timing_days: dates that differ by at most so many days are of class "timing".
        masked_left, masked_right: columns, compared or not, whose values are masked in everything that leaves the
            comparison, as those of a column whose rule is sensitive.
    """

    keys: tuple[KeyColumn, ...] = ()
    columns: tuple[ColumnPair, ...] = ()
    duplicates: Duplicates = "refuse"
    no_key: bool = False
    ignore_format: bool = False
    timing_days: Decimal = Decimal(5)
    left: ReadOptions = field(default_factory=ReadOptions)
    right: ReadOptions = field(default_factory=ReadOptions)
    masked_left: tuple[str, ...] = ()
    masked_right: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.no_key and self.keys:
            raise DefinitionError(
                "Recipe", "it names a key and says that there is none", remedy="Leave out one of both."
            )
        if self.duplicates not in DUPLICATES:
            raise DefinitionError(
                "Recipe", f"duplicates is {self.duplicates!r}", remedy=f"One of {', '.join(DUPLICATES)}."
            )
        if self.timing_days < 0:
            raise DefinitionError("Recipe", f"timing_days is {self.timing_days}", remedy="Give 0 or more.")
        _check_columns(self.columns)


def _check_columns(columns: tuple[ColumnPair, ...]) -> None:
    for pair in columns:
        rule = pair.rule
        for name, value in (("absolute", rule.absolute), ("relative", rule.relative), ("days", rule.days)):
            if value is not None and value < 0:
                raise DefinitionError(f"Column {pair.title}", f"{name} is {value}", remedy="Give 0 or more.")
        if rule.relative is not None and rule.relative > 2:
            raise DefinitionError(
                f"Column {pair.title}", f"relative is {rule.relative}", remedy="Give a share: 0.05 for 5 %."
            )
        if rule.absolute is not None and rule.absolute >= Decimal(10) ** 18:
            raise DefinitionError(f"Column {pair.title}", f"absolute is {rule.absolute}", remedy="Give less.")
        if rule.decimals is not None and not 0 <= rule.decimals <= 9:
            raise DefinitionError(f"Column {pair.title}", f"decimals is {rule.decimals}", remedy="Give 0 to 9.")
        if rule.left_factor is not None and rule.left_factor == 0:
            raise DefinitionError(f"Column {pair.title}", "the factor is 0", remedy="Give for example 0.01.")
        if rule.kind is not None and rule.kind not in KINDS:
            raise DefinitionError(
                f"Column {pair.title}", f"kind is {rule.kind!r}", remedy=f"One of {', '.join(KINDS)}."
            )
