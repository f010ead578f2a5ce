"""Words and figures of a comparison as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.comparing.tables.pages import Evidence
from reconcile.comparing.tables.result import ColumnResult, Comparison, RowClass
from reconcile.model import DifferenceClass

ROW_TITLES: dict[RowClass, str] = {
    "same": "Same",
    "changed": "Changed",
    "only_left": "Only left",
    "only_right": "Only right",
    "duplicate_key": "Duplicate key",
    "unreadable": "Unreadable",
}
DIFFERENCE_TITLES: dict[DifferenceClass, str] = {
    "format": "Format",
    "rounding": "Rounding",
    "timing": "Timing",
    "missing": "Missing",
    "real": "Real",
}
DIFFERENCE_MEANINGS: dict[DifferenceClass, str] = {
    "format": "the same value, written in another way",
    "rounding": "numbers at most one unit apart in their last common decimal place",
    "timing": "dates a few days apart",
    "missing": "a value on one side only",
    "real": "anything else",
}

_MOST_NAMES = 20


def verdict(made: Comparison) -> str:
    """The outcome in one sentence, which never calls more equal than was compared."""
    if made.is_equal:
        same = made.total("same")
        rows = f"{same.left_rows:,} {'row' if same.left_rows == 1 else 'rows'} on both sides"
        if same.left_rows != same.right_rows:
            rows = f"{same.left_rows:,} left and {same.right_rows:,} right rows"
        partly = " in all that was compared" if made.left.unmapped or made.right.unmapped else ""
        return f"The tables are equal{partly}: {rows}."
    parts = []
    for name, word in (("changed", "changed"), ("only_left", "only left"), ("only_right", "only right")):
        total = made.total(name)  # type: ignore[arg-type]  # the three names are row classes
        if total.pairs:
            parts.append(f"{total.pairs:,} {word}")
    for name, word in (("duplicate_key", "with a duplicate key"), ("unreadable", "unreadable")):
        total = made.total(name)  # type: ignore[arg-type]  # as above
        if total.left_rows or total.right_rows:
            parts.append(f"{total.left_rows + total.right_rows:,} {word}")
    return f"The tables differ: {', '.join(parts)}; {made.total('same').pairs:,} same."


def tie(made: Comparison) -> str:
    """The proof that no row was lost, or the admission that it fails."""
    left, right = made.left.records, made.right.records
    if made.is_tied:
        return f"{left:,} left and {right:,} right records, each in exactly one class: the totals tie out."
    return f"The totals do not tie out with {left:,} left and {right:,} right records: do not rely on this comparison."


def coverage(made: Comparison) -> list[str]:
    """Sentences on what was not compared, and what was compared under two names."""
    found = [
        f"Not compared, because only the {word} file has {'it' if len(source.unmapped) == 1 else 'them'}: "
        f"{_listed(source.unmapped)}."
        for word, source in (("left", made.left), ("right", made.right))
        if source.unmapped
    ]
    renamed = [f"{column.left} with {column.right}" for column in made.columns if column.left != column.right]
    return found + ([f"Compared under two names: {_listed(renamed)}."] if renamed else [])


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest:,} more" if rest > 0 else "")


def evidence_words(evidence: Sequence[Evidence]) -> str:
    """Why two rows were paired: `name exact +9.1, city differs -2.0`, in bits, the strongest first."""
    ordered = sorted(evidence, key=lambda item: -abs(item.weight))
    return ", ".join(f"{item.role.replace('_', ' ')} {item.level or 'missing'} {item.weight:+.1f}" for item in ordered)


def distance(column: ColumnResult, value: float | None) -> str | None:
    """A difference of two values with its unit: dates are days apart."""
    if value is None:
        return None
    return f"{figure(value)} {'day' if abs(value) == 1 else 'days'}" if column.kind == "date" else figure(value)


def percent(share: float) -> str:
    """A share as per cent that never rounds something to nothing, or nearly all to all."""
    if 0 < share < 0.0001:
        return "<0.01 %"
    if 0.9999 < share < 1:
        return ">99.99 %"
    return f"{share * 100:.2f} %"


def figure(value: float | str | None) -> str:
    """A number with groups of three, without needless decimals; a dash for none."""
    if value is None or value == "":
        return "–"
    number = float(value)
    if isinstance(value, str):
        whole, point, decimals = value.partition(".")
        sign = "-" if whole.startswith("-") else ""
        return f"{sign}{int(whole.lstrip('-') or 0):,}{point}{decimals}"
    return f"{number:,.6f}".rstrip("0").rstrip(".")
