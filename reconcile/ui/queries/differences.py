"""What the Differences page shows: fields in which linked pairs disagree, by class, page by page."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from reconcile.changing.requests import FieldRequest
from reconcile.model import DifferenceClass, Side
from reconcile.ui.queries.files import frame, rows, value
from reconcile.ui.text.labels import DIFFERENCES

KEPT = 32
MOST_AT_ONCE = 5_000

_NAME = "coalesce({side}.name, nullif(concat_ws(' ', {side}.given_name, {side}.family_name), ''), {side}.record_id)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person wants to see. Empty asks for nothing."""

    field: str = ""
    classes: tuple[DifferenceClass, ...] = ()
    text: str = ""

    @property
    def where(self) -> tuple[str, list[object]]:
        """The condition on `differences` (alias d) with the two records (l, r), and its parameters."""
        parts, parameters = ["true"], list[object]()
        if self.field:
            parts.append("d.name = ?")
            parameters.append(self.field)
        if self.classes:
            parts.append("d.class IN (SELECT unnest(?::VARCHAR[]))")
            parameters.append(list(self.classes))
        if self.text:
            searched = "concat_ws(' ', l.name, r.name, d.left_id, d.right_id, d.left_value, d.right_value)"
            parts.append(f"contains(lower({searched}), lower(?))")
            parameters.append(self.text)
        return " AND ".join(parts), parameters


@st.cache_data(max_entries=KEPT, show_spinner=False)
def count_by_field(path: str) -> pd.DataFrame:
    """One row a field: name, total, and one column a class; the field with the most real differences first."""
    counted = frame(path, "SELECT name, class, count(*) AS n FROM differences GROUP BY ALL")
    if counted.empty:
        return pd.DataFrame(columns=["name", "total", *DIFFERENCES])
    table = counted.pivot_table(index="name", columns="class", values="n", fill_value=0, aggfunc="sum")
    table = table.reindex(columns=list(DIFFERENCES), fill_value=0).astype(int)
    table["total"] = table.sum(axis=1)
    return table.sort_values(["real", "total"], ascending=False).reset_index()


@st.cache_data(max_entries=KEPT, show_spinner=False)
def count_chosen(path: str, chosen: Chosen) -> int:
    """How many differences pass."""
    where, parameters = chosen.where
    return int(value(path, f"SELECT count(*) {_FROM} WHERE {where}", parameters))


def difference_page(path: str, chosen: Chosen, *, page: int, page_rows: int) -> pd.DataFrame:
    """One page: id (of the pair and field), right, left (names), field, right_value, left_value, class."""
    where, parameters = chosen.where
    return frame(
        path,
        f"""SELECT {_ID} AS id, {_NAME.format(side="r")} AS "right",
                   {_NAME.format(side="l")} AS "left", d.name AS field, d.right_value, d.left_value, d.class
            {_FROM} WHERE {where} ORDER BY {_ORDER} LIMIT ? OFFSET ?""",
        [*parameters, page_rows, page * page_rows],
    )


def requests_of(path: str, ids: list[str], take: Side) -> list[FieldRequest]:
    """The wish that the value of one side be written to the other, for differences by id."""
    sql = f"SELECT {_REQUEST} {_FROM} WHERE {_ID} IN (SELECT unnest(?::VARCHAR[]))"
    return [FieldRequest(**row, take=take) for row in rows(path, sql, [ids])]


def requests_of_all(path: str, chosen: Chosen, take: Side) -> list[FieldRequest]:
    """The same for everything that passes, at most `MOST_AT_ONCE`."""
    where, parameters = chosen.where
    sql = f"SELECT {_REQUEST} {_FROM} WHERE {where} ORDER BY {_ORDER} LIMIT {MOST_AT_ONCE}"
    return [FieldRequest(**row, take=take) for row in rows(path, sql, parameters)]


_FROM = """FROM differences d LEFT JOIN left_records l ON l.record_id = d.left_id
           LEFT JOIN right_records r ON r.record_id = d.right_id"""
_ORDER = "list_position(['real', 'missing', 'timing', 'rounding', 'format'], d.class), d.right_id, d.left_id, d.name"
_ID = "d.left_id || '|' || d.right_id || '|' || d.name"
_REQUEST = "d.left_id, d.right_id, d.left_field, d.right_field, d.name"
