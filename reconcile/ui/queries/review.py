"""What the Review page shows: the queue of a run, one exception's card, and how far the work is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from reconcile.changing.requests import Decision, Request, requests_from_decisions
from reconcile.errors import UnknownNameError
from reconcile.model import ExceptionKind, Person, Run
from reconcile.reviewing import (
    Card,
    Decided,
    OpenRun,
    Queue,
    QueueFilter,
    QueueRow,
    QueueSort,
    decisions_for_change_set,
    exception_card,
    open_queue,
    open_run,
    prepare_card,
)
from reconcile.reviewing.paging import total
from reconcile.state import change_sets
from reconcile.ui.queries.evidence import pair_evidence
from reconcile.ui.text.labels import EXCEPTIONS, VERDICTS
from reconcile.workbench import Workbench

MOST_QUEUES = 4
REVIEWED_HERE: tuple[ExceptionKind, ...] = tuple(kind for kind in EXCEPTIONS if kind != "duplicate")
"""Kinds that are decided on the Review page; clusters of duplicates have a page of their own."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review of a run is.

    Attributes:
        undrafted: requests that follow from decisions and are in no change set yet.
    """

    total: int
    open: int
    undrafted: int

    @property
    def decided(self) -> int:
        """Exceptions that somebody decided."""
        return self.total - self.open


def queue_of(workbench: Workbench, run: Run) -> Queue:
    """The queue of the run, kept as long as the server lives: it follows new judgements by itself."""
    return _queue(workbench, run, workbench.settings.database_url, run.path)


def review_progress(workbench: Workbench, run: Run) -> Progress:
    """Count what is open and what is decided but in no change set."""
    queue = queue_of(workbench, run)
    with workbench.database.read() as tx:
        queue.refresh(tx)
    everything = total(queue, QueueFilter())
    undecided = total(queue, QueueFilter(statuses=frozenset({"undecided"})))
    undrafted = len(undrafted_requests(workbench, queue.run)) if undecided < everything else 0
    return Progress(everything, undecided, undrafted)


def undrafted_requests(workbench: Workbench, opened: OpenRun) -> list[Request]:
    """What the standing decisions of a run ask for and no change set of that run holds yet."""
    with workbench.database.read() as tx:
        decided = decisions_for_change_set(tx, opened)
        sets = change_sets.list_change_sets(tx, reconciliation_id=opened.run.reconciliation_id)
        held = {
            _pair_of(request)
            for change_set in sets
            if change_set.run_id == opened.run.id
            for operation in change_sets.operations(tx, change_set.id)
            for request in operation.requests
        }
    return [request for request in requests_from_decisions(map(_decision, decided)) if _pair_of(request.id) not in held]


def queue_rows(rows: Sequence[QueueRow], me: Person) -> pd.DataFrame:
    """One row an exception: kind, name (of the customer, then of the account), amount (currency units), status.

    The status names who else works on it.
    """
    return pd.DataFrame(
        [
            {
                "kind": EXCEPTIONS[row.kind].name,
                "name": _name(row),
                "amount": None if row.amount_cents is None else row.amount_cents / 100,
                "status": _status(row, me),
            }
            for row in rows
        ]
    )


def duplicate_rows(rows: Sequence[QueueRow], sides: Mapping[str, str]) -> pd.DataFrame:
    """One row a cluster: side, name (of the record that names it), amount (currency units), status."""
    return pd.DataFrame(
        [
            {
                "side": sides.get(row.side or "", ""),
                "name": row.left_name or row.right_name or row.cluster_id,
                "amount": None if row.amount_cents is None else row.amount_cents / 100,
                "status": _status(row),
            }
            for row in rows
        ]
    )


def present_rows(queue: Queue, rows: Sequence[QueueRow]) -> list[QueueRow]:
    """The same rows, in the same order, with what has been said of them by now."""
    found = queue.query(
        """SELECT exception_id, status, verdict, change_kind = 'evidence changed' FROM {q}.items
           WHERE exception_id IN (SELECT unnest(?::VARCHAR[]))""",
        [[row.exception_id for row in rows]],
    )
    said = {name: (status, verdict, is_changed) for name, status, verdict, is_changed in found}
    return [
        replace(
            row,
            status=said[row.exception_id][0],
            verdict=said[row.exception_id][1],
            is_changed=said[row.exception_id][2],
        )
        for row in rows
    ]


def place_of(queue: Queue, chosen: QueueFilter, sort: QueueSort, exception_id: str) -> int | None:
    """The position of an exception in a filter's order, whatever its status; None when the filter leaves it out."""
    table, _ = queue.order(chosen, sort)
    found = queue.query(
        f"SELECT o.position FROM {table} o JOIN {{q}}.items i USING (n) WHERE i.exception_id = ?", [exception_id]
    )
    return int(found[0][0]) if found else None


def read_card(workbench: Workbench, queue: Queue, exception_id: str) -> Card | None:
    """Everything about one exception; None when this run has none of that id (an old link)."""
    with workbench.database.read() as tx:
        try:
            return exception_card(tx, queue.run, exception_id)
        except UnknownNameError:
            return None


def read_ahead(queue: Queue, exception_id: str) -> None:
    """Have ready what the run says of an exception that is likely to be looked at next."""
    card = prepare_card(queue.run, exception_id)
    if card.left is not None and card.right is not None:
        pair_evidence(queue.run.run.path, card.left.record_id, card.right.record_id)


def _name(row: QueueRow) -> str:
    names = [row.right_name or row.right_id, row.left_name or row.left_id]
    shown = list(dict.fromkeys(name for name in names if name))
    return " ↔ ".join(shown) or "–"


def _status(row: QueueRow, me: Person | None = None) -> str:
    if row.is_changed:
        return "changed"
    if row.status != "undecided":
        return VERDICTS[row.status].name.lower()
    is_others = row.claimed_by is not None and (me is None or row.claimed_by != me.name)
    return f"with {row.claimed_by}" if is_others else ""


def _decision(decided: Decided) -> Decision:
    return Decision(decided.kind, decided.left_id, decided.right_id, decided.verdict, decided.note)


def _pair_of(request_id: str) -> str:
    """What a request is about, whatever it is called: a link that turns out to be a move is the same wish."""
    return request_id.partition(":")[2]


@st.cache_resource(max_entries=MOST_QUEUES, show_spinner=False, on_release=lambda queue: queue.close())
def _queue(_workbench: Workbench, _run: Run, database_url: str, path: str) -> Queue:  # noqa: ARG001  the cache's key
    opened = open_run(_run)
    with _workbench.database.read() as tx:
        return open_queue(opened, tx)
