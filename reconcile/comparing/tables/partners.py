"""The nearest row of the other side for rows that found no partner: perhaps the same record under another key.

Rows are near that share values, rare values counting most. This is looked up for the rows that somebody looks at, among
all rows of the other side that have no partner either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconcile.comparing.tables.pages import ComparisonFile
from reconcile.systems.files.sql import identifier

_MOST_MEETINGS = 200
_LEAST_LIKENESS = 0.5


@dataclass(frozen=True, slots=True)
class Partner:
    """The nearest row of the other side.

    Attributes:
        row: the neighbour's number in `rows`.
        agreeing: columns (key included) with equal values, case and outer white space aside.
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
    columns = [*made.key_columns, *((column.left, column.right) for column in made.columns)]
    if not rows or not columns:
        return {}
    place, other = (0, "right") if side == "left" else (1, "left")
    mine = _values(file, side, [pair[place] for pair in columns], "(SELECT unnest(?))")
    theirs = _values(
        file, other, [pair[1 - place] for pair in columns], f"(SELECT row FROM rows WHERE class = 'only_{other}')"
    )
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


def _values(file: ComparisonFile, side: str, columns: Sequence[str], rows: str) -> str:
    """One row per value: row, position of its column, hash."""
    name = identifier(file.con.sql(f"SELECT * FROM {side}_rows LIMIT 0").columns[0])
    texts = ", ".join(f"lower(trim({identifier(column)}))" for column in columns)
    unnested = f"SELECT {name} AS row, unnest([{texts}]) AS v, unnest(range({len(columns)})) AS position"
    return f"SELECT row, position, hash(v) AS h FROM ({unnested} FROM {side}_rows WHERE {name} IN {rows}) WHERE v <> ''"
