"""The nearest row of the other side for rows that found no partner: perhaps the same record under another key.

Rows are near that share values, rare values counting most. This is looked up for the rows that somebody looks at, among
all rows of the other side that have no partner either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconcile.comparing.tables.dates import day_parts_sql
from reconcile.comparing.tables.pages import ComparisonFile
from reconcile.comparing.tables.result import MASK
from reconcile.systems.files.sql import identifier, literal

_MOST_MEETINGS = 200
_LEAST_LIKENESS = 0.5
_THESE = "(SELECT unnest(?))"
# Three digits behind a mark are taken for thousands, on both sides.
_DECIMALS = "[.,]([0-9]{1,2}|[0-9]{4,})$"


@dataclass(frozen=True, slots=True)
class Partner:
    """The nearest row of the other side.

    Attributes:
        row: the neighbour's number in `rows`.
        agreeing: columns (key included) with equal values, however each file writes them. Masked ones do not count.
        compared: columns in which at least one of the two has a value.
    """

    row: int
    agreeing: int
    compared: int

    @property
    def likeness(self) -> float:
        """Share of the compared columns that agree, 0 to 1."""
        return self.agreeing / self.compared if self.compared else 0.0


def nearest_partners(file: ComparisonFile, rows: Sequence[int], side: str) -> dict[int, Partner]:
    """The nearest partner of rows that are only on `side` ("left" or "right"), where half of their columns agree.

    A value that more than 200 rows of the other side share does not make two rows neighbours, but counts as agreement.
    """
    made = file.comparison
    pairs = [*made.key_columns, *((column.left, column.right) for column in made.columns)]
    kinds = ["text"] * len(made.key_columns) + [column.kind for column in made.columns]
    if not rows or not pairs:
        return {}
    place, other = (0, "right") if side == "left" else (1, "left")
    mine = _values(file, side, [(pair[place], kind) for pair, kind in zip(pairs, kinds, strict=True)], _THESE)
    lonely = f"(SELECT row FROM rows WHERE class = 'only_{other}')"
    theirs = _values(file, other, [(pair[1 - place], kind) for pair, kind in zip(pairs, kinds, strict=True)], lonely)
    sql = (
        f"WITH mine AS ({mine}), theirs AS ({theirs}), "
        f"rare AS (SELECT position, h, 1 / ln(1.0 + count(*)) AS weight FROM theirs GROUP BY ALL "
        f"HAVING count(*) <= {_MOST_MEETINGS}), "
        "met AS (SELECT a.row AS one, b.row AS two, sum(weight) AS weight FROM mine a JOIN rare USING (position, h) "
        "JOIN theirs b USING (position, h) GROUP BY a.row, b.row "
        "QUALIFY row_number() OVER (PARTITION BY a.row ORDER BY sum(weight) DESC, b.row) <= 5), "
        "one AS (SELECT one, two, position, h FROM met JOIN mine v ON v.row = one), "
        "two AS (SELECT one, two, position, h FROM met JOIN theirs v ON v.row = two) "
        "SELECT one, two, count(*) FILTER (a.h = b.h) AS agreeing, count(*) AS compared "
        "FROM one a FULL OUTER JOIN two b USING (one, two, position) GROUP BY one, two "
        "QUALIFY row_number() OVER (PARTITION BY one ORDER BY agreeing / compared DESC, two) = 1"
    )
    found = file.con.execute(sql, [list(rows)]).fetchall()
    partners = {int(one): Partner(int(two), int(agreeing), int(compared)) for one, two, agreeing, compared in found}
    return {row: partner for row, partner in partners.items() if partner.likeness >= _LEAST_LIKENESS}


def _values(file: ComparisonFile, side: str, columns: Sequence[tuple[str, str]], rows: str) -> str:
    """One row per value: row, position of its column, hash. `columns` are names with their kinds."""
    name = identifier(file.con.sql(f"SELECT * FROM {side}_rows LIMIT 0").columns[0])
    texts = ", ".join(_alike_sql(identifier(column), kind) for column, kind in columns)
    unnested = f"SELECT {name} AS row, unnest([{texts}]) AS v, unnest(range({len(columns)})) AS position"
    return (
        f"SELECT row, position, hash(v) AS h FROM ({unnested} FROM {side}_rows WHERE {name} IN {rows}) "
        f"WHERE v NOT IN ('', {literal(MASK)})"
    )


def _alike_sql(value: str, kind: str) -> str:
    """A value as it meets its like in the other file: 1.012,50 and 1012.5, 2026-03-04 and 04.03.2026."""
    text = f"lower(trim({value}))"
    if kind == "number":
        whole = f"regexp_replace(regexp_replace({text}, '{_DECIMALS}', ''), '[^0-9-]', '', 'g')"
        return (
            f"CASE WHEN regexp_matches({text}, '[0-9]') THEN concat_ws('.', {whole}, "
            f"nullif(rtrim(regexp_extract({text}, '{_DECIMALS}', 1), '0'), '')) ELSE {text} END"
        )
    if kind == "date":
        return f"coalesce({day_parts_sql(text)}, {text})"
    return text
