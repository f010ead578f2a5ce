"""The figures of a comparison: totals of rows by class, and what became of each column."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import duckdb

from reconcile.comparing.tables.dates import shown_format
from reconcile.comparing.tables.equality import left_number_sql
from reconcile.comparing.tables.plan import ComparedColumn, Plan
from reconcile.comparing.tables.recipe import ColumnRule
from reconcile.comparing.tables.result import DIFFERENCE_CLASSES, ROW_CLASSES, ClassTotal, ColumnResult
from reconcile.comparing.tables.side import at_once, one_row
from reconcile.comparing.tables.values import NUMBER, number_sql
from reconcile.errors import StorageError
from reconcile.systems.files.sql import identifier, stacked


def count_classes(con: duckdb.DuckDBPyConnection, plan: Plan, rows: str) -> tuple[ClassTotal, ...]:
    """Totals of every row class.

    Rows that are in no pair written out have an equal partner; so many there must be on either side.

    Raises:
        StorageError: they are not as many: the engine lost or doubled a row, and nothing it says can be trusted.
    """
    found = {
        name: (int(pairs), int(left), int(right))
        for name, pairs, left, right in con.sql(
            f"SELECT class, count(*), sum(left_count), sum(right_count) FROM {rows} GROUP BY class"
        ).fetchall()
    }
    same = tuple(int(value) for value in one_row(con, "SELECT pairs, left_rows, right_rows FROM same_pairs"))
    unseen_left = plan.left.rows - same[1] - sum(left for _, left, _ in found.values())
    unseen_right = plan.right.rows - same[2] - sum(right for _, _, right in found.values())
    if unseen_left != unseen_right or unseen_left < 0:
        problem = f"{unseen_left:,} left rows and {unseen_right:,} right rows are left over as equal"
        raise StorageError(
            "Comparison", f"the totals do not tie out: {problem}", remedy="Please report this as a fault."
        )
    found["same"] = (same[0] + unseen_left, same[1] + unseen_left, same[2] + unseen_right)
    left_bad, right_bad = plan.left.read.unreadable, plan.right.read.unreadable
    found["unreadable"] = (left_bad + right_bad, left_bad, right_bad)
    return tuple(ClassTotal(name, *found.get(name, (0, 0, 0))) for name in ROW_CLASSES)


def measure_columns(
    con: duckdb.DuckDBPyConnection, plan: Plan, cells: str, totals: tuple[ClassTotal, ...]
) -> tuple[ColumnResult, ...]:
    """What became of each compared column, in order."""
    compared = sum(item.pairs for item in totals if item.name in {"same", "changed"})
    counts: dict[int, dict[str, int]] = {}
    distances: dict[int, tuple[float | None, float | None]] = {}
    # Grouped by both, and by position alone in the same pass. The exact sum does not depend on the order of rows.
    for position, name, count, largest, mean in con.sql(
        f"SELECT position, class, count(*), max(abs(delta)), fsum(abs(delta)) / count(delta) FROM {cells} "
        "GROUP BY GROUPING SETS ((position, class), (position))"
    ).fetchall():
        if name is None:
            distances[position] = (largest, mean)
        else:
            counts.setdefault(position, {})[name] = int(count)
    sums = _sums(con, plan)
    return tuple(
        ColumnResult(
            position=column.position,
            title=column.pair.title,
            left=column.pair.left,
            right=column.pair.right,
            kind=column.kind.kind,
            rule=describe_rule(column.rule, column),
            is_sensitive=column.rule.is_sensitive,
            compared=compared,
            classes={name: counts.get(column.position, {}).get(name, 0) for name in DIFFERENCE_CLASSES},
            largest=distances.get(column.position, (None, None))[0],
            mean=distances.get(column.position, (None, None))[1],
            left_factor=None if column.rule.left_factor is None else f"{column.rule.left_factor:f}",
            left_format=column.kind.left_format,
            right_format=column.kind.right_format,
            **sums.get(column.position, _NO_SUM),
        )
        for column in plan.columns
    )


_Sum = tuple[Decimal, int]
_DIRECT = 8
_NO_SUM = {"left_sum": None, "right_sum": None, "difference": None, "left_unread": 0, "right_unread": 0}


def _sums(con: duckdb.DuckDBPyConnection, plan: Plan) -> dict[int, dict[str, str | int | None]]:
    columns = [column for column in plan.columns if column.kind.kind == "number" and not column.rule.is_sensitive]
    left, right = _both_sums(con, plan, columns)
    return {
        column.position: {
            "left_sum": _plain(one),
            "right_sum": _plain(two),
            "difference": _plain(one - two),
            "left_unread": left_unread,
            "right_unread": right_unread,
        }
        for column, (one, left_unread), (two, right_unread) in zip(columns, left, right, strict=True)
    }


def _both_sums(
    con: duckdb.DuckDBPyConnection, plan: Plan, columns: list[ComparedColumn]
) -> tuple[list[_Sum], list[_Sum]]:
    """The sums of both sides.

    Where equal text is an equal number, the right ones come from the left ones and the rows that are not equal.
    """
    is_told = all(column.is_raw_safe for column in columns) and plan.recipe.duplicates != "groups"
    sources = [("left", "")]
    if is_told:
        sources += [(side, f"(SELECT * FROM pairs WHERE {side}_row IS NOT NULL)") for side in ("left", "right")]
    else:
        sources.append(("right", ""))
    works = [partial(_side_sums, plan=plan, columns=columns, side=side, source=source) for side, source in sources]
    left, *others = at_once(con, works)
    if not is_told:
        return left, others[0]
    right = [
        (whole[0] - one[0] + two[0], whole[1] - one[1] + two[1]) for whole, one, two in zip(left, *others, strict=True)
    ]
    return left, right


def _side_sums(
    con: duckdb.DuckDBPyConnection, plan: Plan, columns: list[ComparedColumn], side: str, source: str
) -> list[_Sum]:
    """Sum of each column and how many of its values are no number.

    `source` is an SQL relation of some of `pairs`; where it is empty, the whole table is meant.
    """
    if not columns:
        return []
    table = plan.left if side == "left" else plan.right
    names = [f"{side[0]}_{c.position}" if source else identifier(getattr(c.pair, side)) for c in columns]
    numbers = [_number_sql(column, side, table.read.decimal, name) for column, name in zip(columns, names, strict=True)]
    if len(columns) > _DIRECT and all(column.rule.left_factor is None for column in columns):
        return _stacked_sums(con, names, _number_sql(columns[0], side, table.read.decimal, "v"), source or table.table)
    read = [
        f"{number} AS n{i}, {name} <> '' AS v{i}" for i, (number, name) in enumerate(zip(numbers, names, strict=True))
    ]
    select = [f"coalesce(sum(n{i}), 0), count(*) FILTER (v{i} AND n{i} IS NULL)" for i in range(len(columns))]
    row = one_row(con, f"SELECT {', '.join(select)} FROM (SELECT {', '.join(read)} FROM {source or table.table})")
    return [(Decimal(str(row[2 * i])), int(row[2 * i + 1])) for i in range(len(columns))]


def _number_sql(column: ComparedColumn, side: str, decimal: str, text: str) -> str:
    """The number in `text`. A plain cast reads nearly all at a fraction of the cost; the rest is looked at closely."""
    if side == "left" and column.rule.left_factor is not None:
        return left_number_sql(column, decimal, text)
    careful = number_sql(text, decimal)
    quick = f"CASE WHEN contains({text}, '_') THEN NULL ELSE try_cast({text} AS {NUMBER}) END"
    return careful if decimal == "," else f"coalesce({quick}, {careful})"


def _stacked_sums(con: duckdb.DuckDBPyConnection, names: list[str], number: str, source: str) -> list[_Sum]:
    """The same for many columns, with the question said once."""
    rows = con.sql(
        f"SELECT position, coalesce(sum(n), 0), count(*) FILTER (v <> '' AND n IS NULL) "
        f"FROM (SELECT position, v, {number} AS n FROM {stacked(names, source)}) GROUP BY position"
    ).fetchall()
    known = {place: (Decimal(str(total)), int(unread)) for place, total, unread in rows}
    return [known.get(place, (Decimal(0), 0)) for place in range(len(names))]


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def describe_rule(rule: ColumnRule, column: ComparedColumn | None = None) -> str:
    """The rule in words; empty where only equal text is the same."""
    parts = []
    if rule.absolute is not None:
        parts.append("equal as numbers" if not rule.absolute else f"± {rule.absolute:f}")
    if rule.relative is not None:
        parts.append(f"± {rule.relative * 100:f} %")
    if rule.decimals is not None:
        parts.append(f"rounded to {rule.decimals} decimals")
    if rule.left_factor is not None:
        parts.append(f"left × {rule.left_factor:f}")
    if rule.days is not None:
        parts.append("equal as dates" if not rule.days else f"± {rule.days:f} days")
    if column is not None and column.kind.left_format != column.kind.right_format:
        parts.append(f"dates {shown_format(column.kind.left_format)} and {shown_format(column.kind.right_format)}")
    flags = (
        (rule.ignore_case, "case ignored"),
        (rule.ignore_space, "white space ignored"),
        (not rule.null_equals_empty, "empty differs from none"),
        (rule.is_sensitive, "masked"),
    )
    return ", ".join(parts + [text for is_on, text in flags if is_on])
