"""Keys: suggested with their figures, and checked exactly before a comparison relies on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import duckdb

from reconcile.comparing.tables.agreement import agreement
from reconcile.comparing.tables.recipe import KEY_NORMALISATIONS, ColumnPair, KeyColumn, KeyNormalisation
from reconcile.comparing.tables.side import Side, one_row
from reconcile.comparing.tables.values import key_sql, number_sql
from reconcile.systems.files.sql import identifier, stacked

_ID_NAME = re.compile(
    r"(^|[^a-z])(id|key|uid|uuid|guid|number|no|nr|code|reference|ref)$|[a-z](Id|ID|No)$", re.IGNORECASE
)
_SKETCH_ROWS = 50_000
_EVERY = 37
_SMALL_ROWS = 50_000
_MOST_SINGLE = 40
_GOOD = 0.9
_CERTAIN = 0.97
_WORTH_SHOWING = 0.05
_UNNAMED = 0.05
_MET = 0.98
_MOST_WAYS = 12
_MEASURE = 0.4
_FRACTIONS = 0.1
_AGREED = 0.9
_MOST_WEIGHED = 6


@dataclass(frozen=True, slots=True)
class KeyProposal:
    """A possible key with its figures, estimated from a sketch of values when the tables are large.

    Attributes:
        left_unique, right_unique: distinct values per row that has a value, 0 to 1.
        left_blank, right_blank: share of rows without a value.
        overlap: share of the smaller side's distinct values that the other side has too.
        score: 0 to 1, of all of these.
        agreement: how far the other columns agree on the rows that it brings together, 0 (no more than by chance) to 1;
            None where nobody looked, or no other column can tell.
    """

    keys: tuple[KeyColumn, ...]
    left_unique: float
    right_unique: float
    left_blank: float
    right_blank: float
    overlap: float
    score: float
    agreement: float | None = None

    @property
    def sentence(self) -> str:
        """The key and its figures for people."""
        names = " + ".join(key.left if key.left == key.right else f"{key.left} = {key.right}" for key in self.keys)
        unique = f"{self.left_unique:.0%} of its left and {self.right_unique:.0%} of its right values are distinct"
        agree = "" if self.agreement is None else f"; on its rows the other columns agree to {self.agreement:.0%}"
        return f"{names} ({unique}, {self.overlap:.0%} meet{agree})"


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A key counted over all rows.

    Attributes:
        left_keys, right_keys: distinct keys.
        left_repeated, right_repeated: keys that occur more than once on that side.
        left_repeated_rows, right_repeated_rows: their rows.
        many_to_many: keys that occur more than once on both sides.
        left_blank, right_blank: rows with no value in any key column.
        examples: up to five keys that occur more than once, with their counts, as `key: 2 left, 3 right`.
    """

    left_keys: int
    right_keys: int
    left_repeated: int
    right_repeated: int
    left_repeated_rows: int
    right_repeated_rows: int
    many_to_many: int
    left_blank: int
    right_blank: int
    examples: tuple[str, ...]

    @property
    def is_unique(self) -> bool:
        """Whether no key is repeated on either side."""
        return not self.left_repeated and not self.right_repeated


def key_expressions(keys: Sequence[KeyColumn], side: str, alias: str = "") -> list[str]:
    """SQL of each key column of `side` ("left" or "right"), never NULL."""
    prefix = f"{alias}." if alias else ""
    return [key_sql(f"{prefix}{identifier(getattr(key, side))}", key.normalise) for key in keys]


def suggest_keys(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, pairs: Sequence[ColumnPair], *, is_quick: bool = False
) -> tuple[KeyProposal, ...]:
    """Possible keys, best first: single columns, and pairs of columns where no single one is good enough.

    With `is_quick` the first one that leaves nothing to wish for ends the search.
    """
    if not left.rows or not right.rows:
        return _only_guess(con, left, right, pairs)
    fits = zip(
        pairs,
        _are_promising(con, left, [pair.left for pair in pairs]),
        _are_promising(con, right, [pair.right for pair in pairs]),
        strict=True,
    )
    promising = [pair for pair, *sides in fits if all(sides)]
    ordered = sorted(promising, key=lambda pair: not _ID_NAME.search(pair.left))[:_MOST_SINGLE]
    found = []
    for pair in ordered:
        measured = _measure_column(con, left, right, pair)
        if is_quick and measured.score > _CERTAIN:
            measured = with_agreement(con, left, right, measured, pairs)
            if measured.agreement is None or measured.agreement >= _AGREED:
                return (measured,)
        found.append(measured)
    if not found or max(item.score for item in found) < _GOOD:
        found = [_with_steps(con, left, right, item) for item in found]
    if not found or max(item.score for item in found) < _GOOD:
        found += _two_columns(con, left, right, pairs)
    found = [item for item in found if item.score >= _WORTH_SHOWING]
    found.sort(key=lambda item: -item.score)
    # Row numbers that each file counts for itself meet just as well as ids do; what stands beside them does not.
    best = [
        with_agreement(con, left, right, item, pairs) if item.agreement is None else item
        for item in found[:_MOST_WEIGHED]
    ]
    return tuple(sorted([*best, *found[_MOST_WEIGHED:]], key=lambda item: (-round(item.score, 3), len(item.keys))))


def _measure_column(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: ColumnPair) -> KeyProposal:
    """The figures of a key of one column.

    A column that is called an id deserves a second look before one that merely happens to be unique is taken. Amounts
    are often unique too, and name nothing.
    """
    measured = measure_key(con, left, right, (KeyColumn(pair.left, pair.right),))
    if _ID_NAME.search(pair.left):
        return _with_steps(con, left, right, measured)
    is_amount = measured.score >= _WORTH_SHOWING and _are_amounts(con, left, right, pair)
    return replace(measured, score=measured.score * _MEASURE) if is_amount else measured


def _are_amounts(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: ColumnPair) -> bool:
    """Whether a column holds numbers of which some, on either side, are no whole ones."""
    sides = ((left, pair.left), (right, pair.right))
    if not all(side.looks[name].values and side.looks[name].are_numbers for side, name in sides):
        return False
    for side, name in sides:
        number = number_sql(identifier(name), side.read.decimal)
        broken, all_of_them = one_row(
            con, f"SELECT count(*) FILTER (n <> floor(n)), count(n) FROM (SELECT {number} AS n FROM {side.sample})"
        )
        if broken > _FRACTIONS * all_of_them:
            return True
    return False


def _are_promising(con: duckdb.DuckDBPyConnection, side: Side, columns: Sequence[str]) -> list[bool]:
    """Whether half of each column's values in the sample are distinct."""
    if not columns:
        return []
    rows = con.sql(
        f"SELECT position, count(DISTINCT v) >= 0.5 * count(v) AND count(v) > 0 "
        f"FROM {stacked([identifier(column) for column in columns], side.sample)} GROUP BY position"
    ).fetchall()
    known = dict(rows)
    return [bool(known.get(place)) for place in range(len(columns))]


def _only_guess(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, pairs: Sequence[ColumnPair]
) -> tuple[KeyProposal, ...]:
    """The key where a table has no rows, so that nothing can meet: what is called an id, else the first column."""
    ordered = sorted(pairs, key=lambda pair: not _ID_NAME.search(pair.left))
    found = [measure_key(con, left, right, (KeyColumn(pair.left, pair.right),)) for pair in ordered[:_MOST_SINGLE]]
    found.sort(key=lambda item: -max(item.left_unique, item.right_unique))
    return tuple(replace(item, score=_GOOD) for item in found[:1])


def _two_columns(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, pairs: Sequence[ColumnPair]
) -> list[KeyProposal]:
    def distinct(pair: ColumnPair) -> int:
        name = identifier(pair.left)
        return int(one_row(con, f"SELECT count(DISTINCT {name}) FROM {left.sample}")[0])

    counted = [(distinct(pair), pair) for pair in pairs[:_MOST_SINGLE] if not _are_amounts(con, left, right, pair)]
    best = [pair for count, pair in sorted(counted, key=lambda item: -item[0]) if count > 1][:6]
    return [
        measure_key(con, left, right, (KeyColumn(a.left, a.right), KeyColumn(b.left, b.right)))
        for a, b in combinations(best, 2)
    ]


def _with_steps(con: duckdb.DuckDBPyConnection, left: Side, right: Side, best: KeyProposal) -> KeyProposal:
    """The key as it is, or with those normalisations that make more of its values meet."""
    if best.overlap > _MET or min(best.left_unique, best.right_unique) < 0.5:
        return best
    relevant = _relevant_steps(con, left, right, best.keys[0])
    ways: list[tuple[KeyNormalisation, ...]] = [(step,) for step in relevant]
    ways += [way for size in range(2, len(relevant) + 1) for way in combinations(relevant, size)][:_MOST_WAYS]
    for steps in ways:
        if best.overlap > _MET:
            break
        known = best.keys[0].normalise
        tried = replace(best.keys[0], normalise=(*known, *(step for step in steps if step not in known)))
        measured = measure_key(con, left, right, (tried,))
        if measured.overlap > best.overlap + 0.005 and measured.score > best.score:
            best = measured
    return best


def _relevant_steps(con: duckdb.DuckDBPyConnection, left: Side, right: Side, key: KeyColumn) -> list[KeyNormalisation]:
    """The steps that would change any value of the two samples."""
    found: set[KeyNormalisation] = set()
    for side, column in ((left, key.left), (right, key.right)):
        name = identifier(column)
        bare = {step: name if step == "trim" else key_sql(name, ("trim",)) for step in KEY_NORMALISATIONS}
        tests = ", ".join(f"bool_or({key_sql(text, (step,))} <> {text})" for step, text in bare.items())
        row = one_row(con, f"SELECT {tests} FROM {side.sample}")
        found |= {step for step, is_changed in zip(KEY_NORMALISATIONS, row, strict=True) if is_changed}
    return [step for step in KEY_NORMALISATIONS if step in found and step not in key.normalise]


def with_agreement(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, found: KeyProposal, pairs: Sequence[ColumnPair]
) -> KeyProposal:
    """The key with how far the other columns agree on its rows; four tenths of its score rest on that."""
    names = {key.left for key in found.keys} | {key.right for key in found.keys}
    others = [pair for pair in pairs if pair.left not in names and pair.right not in names]
    texts = (key_expressions(found.keys, "left"), key_expressions(found.keys, "right"))
    share = agreement(con, left, right, texts, others)
    if share is None:
        return found
    return replace(found, agreement=share, score=found.score * (0.6 + 0.4 * share))


def measure_key(con: duckdb.DuckDBPyConnection, left: Side, right: Side, keys: tuple[KeyColumn, ...]) -> KeyProposal:
    """The figures of a key. In large tables they are estimated from the rows whose key's hash is in a small share."""
    every = max(1, max(left.rows, right.rows) // _SKETCH_ROWS)
    parts = []
    for side, name in ((left, "left"), (right, "right")):
        texts = key_expressions(keys, name)
        is_blank = " AND ".join(f"{text} = ''" for text in texts)
        value = f"hash({', '.join(texts)})"
        source = f"(SELECT {value} AS h, {is_blank} AS blank FROM {side.table}) WHERE h % {every} = 0 OR blank"
        parts.append(f"sketch_{name} AS (SELECT h, blank, count(*) AS n FROM {source} GROUP BY h, blank)")
    sums = ", ".join(
        f"coalesce((SELECT sum(n) FROM {sketch} WHERE NOT blank), 0), (SELECT count(*) FROM {sketch} WHERE NOT blank), "
        f"coalesce((SELECT sum(n) FROM {sketch} WHERE blank), 0)"
        for sketch in ("sketch_left", "sketch_right")
    )
    common = "SELECT count(*) FROM sketch_left a JOIN sketch_right b USING (h) WHERE NOT a.blank AND NOT b.blank"
    row = one_row(con, f"WITH {', '.join(parts)} SELECT {sums}, ({common})")
    return _proposal(keys, left, right, tuple(int(value) for value in row))


def _proposal(keys: tuple[KeyColumn, ...], left: Side, right: Side, counts: tuple[int, ...]) -> KeyProposal:
    left_rows, left_keys, left_blank, right_rows, right_keys, right_blank, common = counts
    left_unique = left_keys / left_rows if left_rows else 0.0
    right_unique = right_keys / right_rows if right_rows else 0.0
    blanks = (left_blank / left.rows if left.rows else 0.0, right_blank / right.rows if right.rows else 0.0)
    smaller = min(left_keys, right_keys)
    overlap = common / smaller if smaller else 0.0
    score = min(left_unique, right_unique) ** 2 * (1 - max(blanks)) * overlap**0.5 if smaller else 0.0
    named = 0.0 if all(_ID_NAME.search(key.left) for key in keys) else _UNNAMED
    return KeyProposal(
        keys, left_unique, right_unique, *blanks, overlap, max(0.0, score - named - 0.02 * (len(keys) - 1))
    )


@dataclass(frozen=True, slots=True)
class KeyLook:
    """What a quick look at the key of one side shows.

    Attributes:
        blanks: rows with no value in any key column, all of them counted.
        is_repeated: whether a key was seen twice. False proves nothing in a large table.
    """

    blanks: int
    is_repeated: bool


def look_at_key(con: duckdb.DuckDBPyConnection, side: Side, texts: Sequence[str]) -> KeyLook:
    """Look for repeated keys among every 37th row and among all rows of every 37th key.

    The first finds a key that very many rows share, the second finds that many keys are repeated a little. A join on
    what passes may still meet a few repeated keys, but never blows up.
    """
    is_seen = f"(h % {_EVERY} = 0 OR place % {_EVERY} = 0)" if side.rows > _SMALL_ROWS else "true"
    is_blank = " AND ".join(f"{text} = ''" for text in texts)
    source = f"(SELECT hash({', '.join(texts)}) AS h, rowid AS place, {is_blank} AS blank FROM {side.table})"
    seen, distinct, blanks = one_row(
        con,
        f"SELECT count(*), count(DISTINCT h), count(*) FILTER (blank) FROM {source} WHERE {is_seen} OR blank",
    )
    return KeyLook(int(blanks), seen != distinct or blanks > 1)


def check_key(con: duckdb.DuckDBPyConnection, left: Side, right: Side, keys: tuple[KeyColumn, ...]) -> KeyCheck:
    """Count the key over all rows of both sides; leaves the repeated keys in the temporary table `repeated`.

    `repeated` has the key's values `k0`, `k1` ..., `left_rows` and `right_rows`, one row per key that occurs more than
    once on either side.
    """
    names = [f"k{i}" for i in range(len(keys))]
    figures = {}
    for side, name in ((left, "left"), (right, "right")):
        figures[name] = _side_figures(con, side, key_expressions(keys, name), names, name)
    select = ", ".join(names)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT {select}, max(l) AS left_rows, max(r) AS right_rows FROM ("
        f"SELECT {select}, n AS l, 0 AS r FROM repeated_left UNION ALL SELECT {select}, 0, n FROM repeated_right) "
        f"GROUP BY {select}"
    )
    _complete_counts(con, left, right, keys, names)
    many = int(one_row(con, "SELECT count(*) FROM repeated WHERE left_rows > 1 AND right_rows > 1")[0])
    return KeyCheck(
        left_keys=figures["left"][0],
        right_keys=figures["right"][0],
        left_repeated=figures["left"][1],
        right_repeated=figures["right"][1],
        left_repeated_rows=figures["left"][2],
        right_repeated_rows=figures["right"][2],
        many_to_many=many,
        left_blank=figures["left"][3],
        right_blank=figures["right"][3],
        examples=_examples(con, names),
    )


def _side_figures(
    con: duckdb.DuckDBPyConnection, side: Side, texts: Sequence[str], names: Sequence[str], which: str
) -> tuple[int, int, int, int]:
    """Distinct keys, repeated keys, their rows, blank rows; the repeated ones go to `repeated_<which>`."""
    select = ", ".join(f"{text} AS {name}" for text, name in zip(texts, names, strict=True))
    columns = ", ".join(names)
    # Hashes are counted first: they are short, and only where one repeats are the keys themselves looked at.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated_hashes AS SELECT hash({', '.join(texts)}) AS h FROM {side.table} "
        f"GROUP BY h HAVING count(*) > 1"
    )
    suspects = f"(SELECT {select} FROM {side.table} WHERE hash({', '.join(texts)}) IN (SELECT h FROM repeated_hashes))"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated_{which} AS SELECT {columns}, count(*) AS n FROM {suspects} "
        f"GROUP BY {columns} HAVING count(*) > 1"
    )
    repeated, rows = one_row(con, f"SELECT count(*), coalesce(sum(n), 0) FROM repeated_{which}")
    blank = " AND ".join(f"{text} = ''" for text in texts)
    blanks = one_row(con, f"SELECT count(*) FROM {side.table} WHERE {blank}")[0]
    return side.rows - int(rows) + int(repeated), int(repeated), int(rows), int(blanks)


def _complete_counts(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, keys: tuple[KeyColumn, ...], names: Sequence[str]
) -> None:
    """A key repeated on one side may occur once on the other: fill in that count."""
    for side, name in ((left, "left"), (right, "right")):
        texts = key_expressions(keys, name)
        values = ", ".join(texts)
        columns = ", ".join(names)
        con.execute(
            f"UPDATE repeated SET {name}_rows = 1 WHERE {name}_rows = 0 AND ({columns}) IN (SELECT {values} "
            f"FROM {side.table} WHERE hash({values}) IN (SELECT hash({columns}) FROM repeated))"
        )


def _examples(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> tuple[str, ...]:
    select = ", ".join(names)
    rows = con.sql(
        f"SELECT {select}, left_rows, right_rows FROM repeated ORDER BY left_rows * right_rows DESC, {select} LIMIT 5"
    ).fetchall()
    return tuple(
        f"{' + '.join(str(v) or '(blank)' for v in row[:-2])}: {row[-2]} left, {row[-1]} right" for row in rows
    )
