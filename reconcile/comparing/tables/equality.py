"""SQL that says, for two values of a column, whether they differ, in which class, and by how much.

It works in two steps, so that each text is read as a number or date once: `reading_sql` makes the columns `ln_3` and
`rn_3` (numbers), `ld_3` and `rd_3` (dates) of column 3 beside its texts `l_3` and `r_3`; the others refer to these.
"""

from __future__ import annotations

from decimal import Decimal

from reconcile.comparing.tables.dates import date_sql
from reconcile.comparing.tables.plan import ComparedColumn
from reconcile.comparing.tables.recipe import Recipe
from reconcile.comparing.tables.values import (
    NUMBER,
    blank_sql,
    decimals_sql,
    may_be_rounded_sql,
    nothing_sql,
    number_sql,
    plain_number_sql,
    rule_text_sql,
    same_but_written_otherwise_sql,
)
from reconcile.systems.files.sql import none_for_empty

_DAY_SECONDS = 86_400
_UNITS = "[" + ", ".join(f"CAST('{Decimal(10) ** -n:f}' AS {NUMBER})" for n in range(10)) + "]"


def raw_differs_sql(column: ComparedColumn, left: str, right: str) -> str:
    """Cheap test that never misses a difference: unequal text, or anything where equal text may mean two values."""
    if column.has_empties:
        left, right = none_for_empty(left), none_for_empty(right)
    if column.is_raw_safe:
        return f"{left} IS DISTINCT FROM {right}"
    return f"({left} IS NOT NULL OR {right} IS NOT NULL)"


def reading_sql(column: ComparedColumn, decimals: tuple[str, str]) -> str:
    """`l_N` and `r_N` read as numbers and, in a column of dates, as dates: four columns for a SELECT."""
    left, right, kind, n = f"l_{column.position}", f"r_{column.position}", column.kind, column.position
    dates = ("CAST(NULL AS TIMESTAMP)", "CAST(NULL AS TIMESTAMP)")
    if kind.kind == "date":
        dates = (date_sql(left, kind.left_format), date_sql(right, kind.right_format))
    numbers = (plain_number_sql(left), plain_number_sql(right))  # in a text column only what is plainly a number
    if kind.kind == "number" or column.rule.is_numeric:
        numbers = (left_number_sql(column, decimals[0], left), number_sql(right, decimals[1]))
    return f"{numbers[0]} AS ln_{n}, {numbers[1]} AS rn_{n}, {dates[0]} AS ld_{n}, {dates[1]} AS rd_{n}"


def left_number_sql(column: ComparedColumn, decimal: str, text: str) -> str:
    """The left number in the unit of the right one."""
    number = number_sql(text, decimal)
    factor = column.rule.left_factor
    if factor is None:
        return number
    return f"try_cast(round(CAST({number} AS DOUBLE) * CAST('{factor}' AS DOUBLE), 9) AS {NUMBER})"


def class_sql(column: ComparedColumn, recipe: Recipe, decimals: tuple[str, str]) -> str:
    """The class of a difference as text, NULL where the two values count as the same.

    Classes, the first that fits:
        missing: one of the two is blank, or no value where empty differs from none.
        format: the same number, the same date, the same text but for case, white space, punctuation, yes and true, or
            nothing and a word for it, such as NULL or N/A.
        rounding: numbers at most one unit apart in the last decimal place that both have, and at most 1 %.
        timing: dates at most `recipe.timing_days` apart.
        real: anything else.
    """
    terms = _Terms(column, decimals)
    are_words = f"{nothing_sql(terms.left)} OR {nothing_sql(terms.right)}"
    whens = [
        (terms.is_same(), "NULL"),
        *(
            []
            if column.rule.null_equals_empty
            else [(f"({terms.left} IS NULL) <> ({terms.right} IS NULL)", "'missing'")]
        ),
        (f"{blank_sql(terms.left)} AND {blank_sql(terms.right)}", "'format'"),
        (
            f"{blank_sql(terms.left)} OR {blank_sql(terms.right)}",
            f"CASE WHEN {are_words} THEN 'format' ELSE 'missing' END",
        ),
        (f"{terms.left_date} = {terms.right_date}", "'format'"),
        (f"abs({terms.days}) <= CAST('{recipe.timing_days:f}' AS DOUBLE)", "'timing'"),
        (f"{terms.days} IS NOT NULL", "'real'"),
        (
            f"{terms.left_number} = {terms.right_number}",
            f"CASE WHEN {may_be_rounded_sql(terms.left, terms.right)} THEN 'rounding' ELSE 'format' END",
        ),
        (terms.is_rounding(), "'rounding'"),
        (f"{terms.left_number} IS NOT NULL AND {terms.right_number} IS NOT NULL", "'real'"),
    ]
    if column.is_raw_safe:
        whens.append((same_but_written_otherwise_sql(terms.left, terms.right), "'format'"))
    sql = "CASE " + " ".join(f"WHEN {condition} THEN {result}" for condition, result in whens) + " ELSE 'real' END"
    return f"nullif({sql}, 'format')" if recipe.ignore_format else sql


def delta_sql(column: ComparedColumn, decimals: tuple[str, str]) -> str:
    """Left minus right as DOUBLE: numbers in the right one's unit, dates in days; NULL for text and masked columns."""
    terms = _Terms(column, decimals)
    if column.rule.is_sensitive or column.kind.kind == "text":
        return "CAST(NULL AS DOUBLE)"
    if column.kind.kind == "date":
        return terms.days
    return f"CAST({terms.left_number} - {terms.right_number} AS DOUBLE)"


class _Terms:
    """The names of what `reading_sql` made of a column, and conditions over them."""

    def __init__(self, column: ComparedColumn, decimals: tuple[str, str]) -> None:
        n = column.position
        self._column, self._decimals = column, decimals
        self.left, self.right = f"l_{n}", f"r_{n}"
        self.left_number, self.right_number = f"ln_{n}", f"rn_{n}"
        self.left_date, self.right_date = f"ld_{n}", f"rd_{n}"
        self.days = f"((epoch({self.left_date}) - epoch({self.right_date})) / {_DAY_SECONDS}.0)"

    def is_same(self) -> str:
        """Whether the rules of the column call the two values the same."""
        rule = self._column.rule
        texts = [
            rule_text_sql(
                text,
                ignore_case=rule.ignore_case,
                ignore_space=rule.ignore_space,
                null_equals_empty=rule.null_equals_empty,
            )
            for text in (self.left, self.right)
        ]
        ways = [f"{texts[0]} IS NOT DISTINCT FROM {texts[1]}"]
        if not self._column.is_raw_safe:
            ways = [f"{texts[0]} IS NULL AND {texts[1]} IS NULL", self._are_equal_words(texts)]
        if not self._column.is_raw_safe or rule.is_numeric:
            ways.append(self._is_number_near())
        if self._column.kind.kind == "date" and (not self._column.is_raw_safe or rule.days is not None):
            ways.append(f"abs({self.days}) <= CAST('{rule.days or 0:f}' AS DOUBLE)")
        return "coalesce(" + " OR ".join(f"({way})" for way in ways) + ", false)"

    def _are_equal_words(self, texts: list[str]) -> str:
        """Equal texts that neither side reads as a value, where equal text alone proves nothing."""
        is_date = self._column.kind.kind == "date"
        values = (self.left_date, self.right_date) if is_date else (self.left_number, self.right_number)
        return f"{values[0]} IS NULL AND {values[1]} IS NULL AND {texts[0]} = {texts[1]}"

    def _is_number_near(self) -> str:
        if self._column.kind.kind == "date":
            return "false"
        rule = self._column.rule
        one, two = self.left_number, self.right_number
        if rule.decimals is not None:
            one, two = f"round({one}, {rule.decimals})", f"round({two}, {rule.decimals})"
        bounds = []
        if rule.absolute is not None:
            bounds.append(f"CAST('{rule.absolute:f}' AS {NUMBER})")
        if rule.relative is not None:
            bounds.append(f"CAST('{rule.relative:f}' AS DECIMAL(10, 9)) * greatest(abs({one}), abs({two}))")
        near = [f"abs({one} - {two}) <= {bound}" for bound in bounds] or [f"{one} = {two}"]
        return " OR ".join(near)

    def is_rounding(self) -> str:
        """At most one unit in the last decimal place that both have, at least one having decimals, and at most 1 %."""
        gap = f"abs({self.left_number} - {self.right_number})"
        left_places = decimals_sql(self.left, self._decimals[0])
        right_places = decimals_sql(self.right, self._decimals[1])
        factor = self._column.rule.left_factor
        # Cents have two places more in euros: so many places both numbers have, whichever of the two is the left one.
        scaled = left_places if factor is None else f"greatest({left_places} - ({factor.adjusted()}), 0)"
        unit = f"{_UNITS}[1 + least({scaled}, {right_places}, 9)]"
        share = f"0.01 * greatest(abs({self.left_number}), abs({self.right_number}))"
        return f"greatest({left_places}, {right_places}) > 0 AND {gap} <= {unit} AND {gap} <= {share}"
