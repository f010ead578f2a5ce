"""Which column of the right table belongs to which of the left: by name and by the values they share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from reconcile.comparing.tables.canonical import canonical_sql
from reconcile.comparing.tables.side import Side, one_row
from reconcile.comparing.tables.units import find_unit, may_differ_in_unit, without_unit
from reconcile.systems.files.sql import identifier

_MOST_COLUMNS_BY_VALUE = 60
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_ANY_LETTERS = re.compile(r"[^\W\d_]+|\d+")
_SAME = {
    "zip": "postcode", "postal": "postcode", "plz": "postcode", "mail": "email", "amt": "amount", "qty": "quantity",
    "telephone": "phone", "tel": "phone", "mobile": "phone", "surname": "lastname", "familyname": "lastname",
    "forename": "firstname", "givenname": "firstname", "organization": "company", "organisation": "company",
    "no": "number", "nr": "number", "num": "number", "province": "state", "region": "state", "website": "url",
    "town": "city",
}  # fmt: skip
_CUSTOM = re.compile(r"^(cf_|[a-z0-9]+__)|(__c)$", re.IGNORECASE)
_CONFIDENT = 0.5
_SOME = 0.02
_ENOUGH_TOLD = 12
_FEW_VALUES = 200
_TELLING_WORDS = {"id", "number", "code", "key", "name"}
_ANY_WORDS = {"name", "id", "number", "code", "key", "type", "date", "status"}


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """A proposed pair of columns.

    Attributes:
        right: None where nothing on the right fits.
        name_likeness: 0 to 1, of the two names.
        value_overlap: share of the smaller side's distinct values (of a sample) that the other has too; None where
            nobody looked.
        factor: what the left numbers are multiplied by to be in the unit of the right ones; None for the same unit.
        confidence: 0 to 1, of both together.
    """

    left: str
    right: str | None
    name_likeness: float
    value_overlap: float | None
    confidence: float
    factor: Decimal | None = None


def propose_columns(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, *, with_overlap: bool = True
) -> tuple[ColumnProposal, ...]:
    """A proposal for every left column, in their order; each right column is used once at most.

    Columns of the same name (case and separators aside) belong together. The others are paired by likeness of names and
    shared values, best first.

    Args:
        con: connection that holds both tables.
        left: the left table.
        right: the right table.
        with_overlap: look at the values of columns of the same name too, to show how far they agree.
    """
    exact = _exact(left.columns, right.columns)
    rest_left = [name for name in left.columns if name not in exact]
    rest_right = [name for name in right.columns if name not in set(exact.values())]
    found: dict[str, ColumnProposal] = {}
    sets = _Overlap(con, left, right)
    for name, other in exact.items():
        overlap = sets.share(name, other) if with_overlap else None
        found[name] = ColumnProposal(name, other, 1.0, overlap, 1.0 if overlap is None else 0.7 + 0.3 * overlap)
    for name, other in may_differ_in_unit(left, right, list(exact.items())):
        unit = find_unit(con, left, right, (name, other))
        if unit is not None:
            found[name] = ColumnProposal(name, other, 1.0, unit.shared, 0.6 + 0.3 * unit.shared, unit.factor)
    for proposal in _by_likeness(rest_left, rest_right, sets):
        found[proposal.left] = proposal
    return tuple(found.get(name, ColumnProposal(name, None, 0.0, None, 0.0)) for name in left.columns)


def plain_name(name: str) -> str:
    """A column name without case, separators, package prefixes and the usual synonyms."""
    return _spaced(name).replace(" ", "")


def _exact(left: Sequence[str], right: Sequence[str]) -> dict[str, str]:
    """Pairs of the same name: spelled alike first, then alike without case and separators."""
    pairs: dict[str, str] = {}
    for spelled in (str, _folded, plain_name):
        taken = set(pairs.values())
        names: dict[str, list[str]] = {}
        for name in right:
            if name not in taken:
                names.setdefault(spelled(name), []).append(name)
        for name in left:
            if name not in pairs and names.get(spelled(name)):
                pairs[name] = names[spelled(name)].pop(0)
    return pairs


def _by_likeness(left: Sequence[str], right: Sequence[str], sets: _Overlap) -> list[ColumnProposal]:
    if not left or not right or len(left) > _MOST_COLUMNS_BY_VALUE or len(right) > _MOST_COLUMNS_BY_VALUE:
        return []
    from rapidfuzz import fuzz  # noqa: PLC0415 - most tables have columns of the same names

    proposals = []
    for name in left:
        for other in right:
            likeness = fuzz.token_sort_ratio(_spaced(name), _spaced(other)) / 100
            if {_spaced(name), _spaced(other)} == {"name", "company"}:
                likeness = 0.9  # of an account and of a customer
            overlap = sets.share(name, other)
            confidence = min(0.95, 0.45 * likeness + 0.65 * sets.telling(name, other))
            if overlap >= _CONFIDENT and _is_named_by_number(_spaced(name).split(), _spaced(other).split()):
                confidence = max(confidence, _CONFIDENT)
            if overlap >= _SOME and _is_part(_spaced(name).split(), _spaced(other).split()):
                confidence = max(confidence, _CONFIDENT)
            if confidence >= _CONFIDENT:
                proposals.append(ColumnProposal(name, other, likeness, overlap, confidence))
    proposals += _by_unit(left, right, sets)
    proposals.sort(key=lambda item: (-item.confidence, left.index(item.left), item.right or ""))
    chosen: list[ColumnProposal] = []
    for item in proposals:
        if all(item.left != other.left and item.right != other.right for other in chosen):
            chosen.append(item)
    return chosen


def _is_part(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether one name is the other with words in front, as BillingStreet is to street; every table has some id."""
    short, long = sorted((one, two), key=len)
    return len(short) < len(long) and list(long[-len(short) :]) == list(short) and short[-1] not in _ANY_WORDS


def _is_named_by_number(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether one name is the other and a word behind it that says how it is told, as line and line number."""
    short, long = sorted((one, two), key=len)
    return len(long) == len(short) + 1 and list(long[:-1]) == list(short) and long[-1] in _TELLING_WORDS


def _by_unit(left: Sequence[str], right: Sequence[str], sets: _Overlap) -> list[ColumnProposal]:
    """Pairs of number columns whose amounts meet in another unit; a name that says as much makes it surer."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - as above

    found = []
    every = [(name, other) for name in left for other in right]
    for name, other in may_differ_in_unit(*sets.both, every):
        unit = find_unit(sets.con, *sets.both, (name, other))
        if unit is not None:
            likeness = fuzz.token_sort_ratio(without_unit(_spaced(name)), without_unit(_spaced(other))) / 100
            confidence = min(0.95, 0.35 * likeness + 0.6 * unit.shared)
            if confidence >= _CONFIDENT:
                found.append(ColumnProposal(name, other, likeness, unit.shared, confidence, unit.factor))
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _spaced(name: str) -> str:
    """The words of a name, in their usual form."""
    bare = _CUSTOM.sub("", unicodedata.normalize("NFC", name))
    words = (word.casefold() for word in (_WORDS if bare.isascii() else _ANY_LETTERS).findall(bare))
    return " ".join(_SAME.get(word, word) for word in words) or _folded(name)


class _Overlap:
    """Shared values of pairs of columns, from sketches made once per column.

    A sketch is the distinct values whose hash falls into the same small share of all hashes on both sides, so that the
    share of common values is that of the whole columns, whatever the order of the rows. Two columns of few values are
    compared by all of them.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, left: Side, right: Side) -> None:
        self.con, self._sides = con, {"left": left, "right": right}
        self.both = (left, right)
        self._every = max(1, max(left.rows, right.rows) // 20_000)
        self._sketches: dict[tuple[str, str, int], dict[int, float]] = {}
        self._few: dict[str, frozenset[str]] = {}

    def share(self, left: str, right: str) -> float:
        """Share of the smaller sketch that the other one holds; 0 for an empty one."""
        one, two = self._both_sketches(left, right)
        smaller = min(len(one), len(two))
        return len(one.keys() & two.keys()) / smaller if smaller else 0.0

    def telling(self, left: str, right: str) -> float:
        """The share, counted less where little is shared: yes and no, or 1 to 5, are in columns of any meaning."""
        one, two = self._both_sketches(left, right)
        shared = sum(one[value] for value in one.keys() & two.keys())
        return self.share(left, right) * min(1.0, shared / _ENOUGH_TOLD)

    def _both_sketches(self, left: str, right: str) -> tuple[dict[int, float], dict[int, float]]:
        are_few = left in self._of_few_values("left") and right in self._of_few_values("right")
        every = 1 if are_few else self._every
        return self._sketch("left", left, every), self._sketch("right", right, every)

    def _of_few_values(self, side: str) -> frozenset[str]:
        """The columns that hold few different values in the sample."""
        if side not in self._few:
            table = self._sides[side]
            counts = ", ".join(f"count(DISTINCT {identifier(name)})" for name in table.columns)
            found = one_row(self.con, f"SELECT {counts} FROM {table.sample}")
            self._few[side] = frozenset(
                name for name, count in zip(table.columns, found, strict=True) if count <= _FEW_VALUES
            )
        return self._few[side]

    def _sketch(self, side: str, column: str, every: int) -> dict[int, float]:
        """The hash of each value and how much it tells."""
        if (side, column, every) not in self._sketches:
            name, source = identifier(column), self._sides[side].table
            if column in self._of_few_values(side):  # to bring a value to its usual form takes longer than to find it
                source = f"(SELECT DISTINCT {name} FROM {source})"
            value = f"hash({canonical_sql(self._sides[side], column)})"
            keep = f"{value} % {every} = 0 OR length({name}) < 4" if every > 1 else "true"
            rows = self.con.sql(
                f"SELECT {value}, any_value({_told_sql(name)}) FROM {source} "
                f"WHERE nullif({name}, '') IS NOT NULL AND ({keep}) GROUP BY 1 LIMIT 50000"
            )
            self._sketches[side, column, every] = dict(rows.fetchall())
        return self._sketches[side, column, every]


def _told_sql(value: str) -> str:
    """How much it tells of a column's meaning that it holds this value."""
    return (
        f"CAST(CASE WHEN length({value}) < 3 THEN 0.1 WHEN lower({value}) IN ('yes', 'true', 'false', 'nein') THEN 0.5 "
        f"WHEN regexp_full_match({value}, '[0-9]+') THEN 1.0 ELSE 3.0 END AS DOUBLE)"
    )
