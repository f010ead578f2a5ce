"""Figures of one run, and of the runs before it. A run file never changes, so what is read is kept by its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from reconcile.model import ExceptionKind, Run, Side
from reconcile.runs import WORTH_SQL
from reconcile.state import runs
from reconcile.ui.queries.files import frame, rows, value
from reconcile.ui.text.labels import EXCEPTIONS
from reconcile.workbench import Workbench

KEPT_RUNS = 64
MOST_RUNS_IN_TREND = 30

_CATEGORY_ORDER = ("linked", *EXCEPTIONS, "test")
_CATEGORY_NAMES: dict[str, str] = {
    "linked": "In order",
    "test": "Test records",
    **{kind: label.name for kind, label in EXCEPTIONS.items()},
}


@dataclass(frozen=True, slots=True)
class KindCount:
    """The exceptions of one kind: how many, and what the billing records concerned are worth, each counted once."""

    kind: ExceptionKind
    exceptions: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class SideTotal:
    """One side: its population, and whether its categories add up to it."""

    side: Side
    population: int
    counted: int

    @property
    def ties_out(self) -> bool:
        """Whether every record is in exactly one category."""
        return self.population == self.counted


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The figures of one run.

    Attributes:
        amount_cents: what all exceptions put at stake, a record in several of them counted once.
        totals: side, category, name, records, rank.
    """

    kinds: tuple[KindCount, ...]
    amount_cents: int
    sides: tuple[SideTotal, ...]
    totals: pd.DataFrame
    links: int
    confirmed: int
    differences: int

    @property
    def exceptions(self) -> int:
        """All exceptions of the run."""
        return sum(each.exceptions for each in self.kinds)

    @property
    def ties_out(self) -> bool:
        """Whether both sides add up."""
        return all(side.ties_out for side in self.sides)


@st.cache_data(max_entries=KEPT_RUNS, show_spinner=False)
def run_figures(path: str) -> RunFigures:
    """Read the figures of the run file at `path`."""
    totals = frame(path, "SELECT side, category, records FROM totals WHERE records > 0")
    totals["name"] = totals["category"].map(_CATEGORY_NAMES)
    totals["rank"] = totals["category"].map({category: rank for rank, category in enumerate(_CATEGORY_ORDER)})
    counted = {str(side): int(records) for side, records in totals.groupby("side")["records"].sum().items()}
    return RunFigures(
        kinds=_kinds(path),
        amount_cents=_worth(path).get(None, 0),
        sides=tuple(
            SideTotal(row["side"], row["records"], counted.get(row["side"], 0))
            for row in rows(path, "SELECT side, records FROM population ORDER BY side")
        ),
        totals=totals.sort_values(["side", "rank"], ignore_index=True),
        links=value(path, "SELECT count(*) FROM links WHERE origin = 'existing'"),
        confirmed=value(path, "SELECT count(*) FROM links WHERE status = 'confirmed'"),
        differences=value(path, "SELECT count(*) FROM differences"),
    )


def trend(workbench: Workbench, reconciliation_id: str) -> pd.DataFrame:
    """Exceptions by kind of the last runs: at, kind (as shown), exceptions. Runs whose file is gone are left out."""
    with workbench.database.read() as tx:
        found: Sequence[Run] = runs.list_runs(tx, reconciliation_id, limit=MOST_RUNS_IN_TREND)
    return pd.DataFrame(
        [
            {"at": run.finished_at, "kind": EXCEPTIONS[kind].name, "exceptions": number}
            for run in reversed(found)
            for kind, number in _counts_or_nothing(run.path).items()
        ],
        columns=["at", "kind", "exceptions"],
    )


def _kinds(path: str) -> tuple[KindCount, ...]:
    worth = _worth(path)
    return tuple(KindCount(kind, number, worth.get(kind, 0)) for kind, number in _counts(path).items())


@st.cache_data(max_entries=KEPT_RUNS, show_spinner=False)
def _counts(path: str) -> dict[ExceptionKind, int]:
    """Exceptions of each kind that has any, in the order of `EXCEPTIONS`."""
    found = {row["kind"]: row["n"] for row in rows(path, "SELECT kind, count(*) AS n FROM exceptions GROUP BY kind")}
    return {kind: found[kind] for kind in EXCEPTIONS if kind in found}


@st.cache_data(max_entries=KEPT_RUNS, show_spinner=False)
def _worth(path: str) -> dict[str | None, int]:
    """What each kind puts at stake and, under None, all of them."""
    return {row["kind"]: row["cents"] for row in rows(path, WORTH_SQL)}


def _counts_or_nothing(path: str) -> dict[ExceptionKind, int]:
    return _counts(path) if Path(path).is_file() else {}
