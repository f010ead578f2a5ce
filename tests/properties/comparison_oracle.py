"""A second opinion on the comparison of two tables, in plain Python and Decimal, slow and obvious."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

Row = Mapping[str, str]
_NUMBER = re.compile(r"[-+]?[0-9]{1,19}(\.[0-9]{0,30})?")
_NINE = Decimal("0.000000001")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_MARK = re.compile(r"[\s\u00a0\u202f!-#%-*,-/:;?@\[-\]_{}]")
_TRUE, _FALSE = {"yes", "y", "true", "t", "1"}, {"no", "n", "false", "f", "0"}


@dataclass(frozen=True)
class OracleRule:
    absolute: Decimal | None = None
    relative: Decimal | None = None
    decimals: int | None = None
    days: int | None = None
    ignore_case: bool = False
    ignore_space: bool = False


@dataclass
class OracleReport:
    rows: Counter[str] = field(default_factory=Counter)
    cells: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def number(text: str) -> Decimal | None:
    return Decimal(text).quantize(_NINE, rounding="ROUND_HALF_UP") if _NUMBER.fullmatch(text) else None


def day(text: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date(*(int(part) for part in text.split("-")))
    except ValueError:
        return None


def places(text: str) -> int:
    return len(text.partition(".")[2])


def is_same(left: str, right: str, rule: OracleRule) -> bool:
    one, two = left, right
    if rule.ignore_space:
        one, two = (re.sub(r"\s+", " ", text).strip() for text in (one, two))
    if rule.ignore_case:
        one, two = one.lower(), two.lower()
    if one == two:
        return True
    if rule.absolute is not None or rule.relative is not None or rule.decimals is not None:
        a, b = number(left), number(right)
        if a is not None and b is not None and is_near(a, b, rule):
            return True
    if rule.days is not None:
        d, e = day(left), day(right)
        return d is not None and e is not None and abs((d - e).days) <= rule.days
    return False


def is_near(a: Decimal, b: Decimal, rule: OracleRule) -> bool:
    if rule.decimals is not None:
        a, b = (value.quantize(Decimal(1).scaleb(-rule.decimals), rounding="ROUND_HALF_UP") for value in (a, b))
    if rule.absolute is None and rule.relative is None:
        return a == b
    by_amount = rule.absolute is not None and abs(a - b) <= rule.absolute
    by_share = rule.relative is not None and abs(a - b) <= rule.relative * max(abs(a), abs(b))
    return by_amount or by_share


def separated(text: str) -> str:
    apart = text.lower()
    for _ in range(2):
        apart = re.sub(rf"([0-9]){_MARK.pattern}+([0-9])", "\\1\x01\\2", apart)
    return _MARK.sub("", apart)


_WORDS_FOR_NOTHING = {
    "null", "(null)", "<null>", "nil", "none", "n/a", "#n/a", "nan", "(blank)", "undefined", "-", "--"
}  # fmt: skip


def truth(text: str) -> bool | None:
    word = text.strip(" ").lower()
    return True if word in _TRUE else False if word in _FALSE else None


def difference(left: str, right: str, kind: str, timing_days: int = 5) -> str:  # noqa: PLR0911 - one return a class
    if not left.strip() and not right.strip():
        return "format"
    if not left.strip() or not right.strip():
        return "format" if (left.strip() or right.strip()).lower() in _WORDS_FOR_NOTHING else "missing"
    if kind == "date":
        d, e = day(left), day(right)
        if d is not None and e is not None:
            return "format" if d == e else "timing" if abs((d - e).days) <= timing_days else "real"
    a, b = number(left), number(right)
    if a is not None and b is not None:
        if a == b:
            return "format" if Decimal(left) == Decimal(right) else "rounding"
        unit = Decimal(1).scaleb(-min(places(left), places(right)))
        has_decimals = max(places(left), places(right)) > 0
        is_small = abs(a - b) <= unit and abs(a - b) <= Decimal("0.01") * max(abs(a), abs(b))
        return "rounding" if has_decimals and is_small else "real"
    if len(left) <= 5 and len(right) <= 5 and truth(left) is not None and truth(left) == truth(right):
        return "format"
    same_letters = _MARK.sub("", left.lower()) == _MARK.sub("", right.lower())
    return "format" if same_letters and separated(left) == separated(right) else "real"


def compare(
    left: Sequence[Row],
    right: Sequence[Row],
    key: Sequence[str],
    columns: Mapping[str, str],
    rules: Mapping[str, OracleRule] | None = None,
) -> OracleReport:
    """Rows by class and cells by column and class; rows of a key that occurs twice on a side are "duplicate_key"."""
    report = OracleReport()
    sides: list[dict[tuple[str, ...], list[Row]]] = [defaultdict(list), defaultdict(list)]
    for rows, by_key in zip((left, right), sides, strict=True):
        for row in rows:
            by_key[tuple(row[name] for name in key)].append(row)
    for name in {**sides[0], **sides[1]}:
        ones, twos = sides[0].get(name, []), sides[1].get(name, [])
        if len(ones) > 1 or len(twos) > 1:
            report.rows["duplicate_key left"] += len(ones)
            report.rows["duplicate_key right"] += len(twos)
        elif not ones or not twos:
            report.rows["only_left" if ones else "only_right"] += 1
        else:
            report.rows[_compare_pair(ones[0], twos[0], columns, rules or {}, report)] += 1
    return report


def _compare_pair(
    left: Row, right: Row, columns: Mapping[str, str], rules: Mapping[str, OracleRule], report: OracleReport
) -> str:
    changed = False
    for name, kind in columns.items():
        if not is_same(left[name], right[name], rules.get(name, OracleRule())):
            report.cells[name][difference(left[name], right[name], kind)] += 1
            changed = True
    return "changed" if changed else "same"
