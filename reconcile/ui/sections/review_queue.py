"""The queue beside the card: what to see, the list, and its place, which a decision does not disturb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from reconcile.reviewing import Facet, Queue, QueueFilter, QueueRow, QueueSort, facet_counts
from reconcile.reviewing.paging import queue_page
from reconcile.reviewing.selection import FacetName
from reconcile.ui.components.facets import choose_many, choose_one, chosen_values, remember, restore
from reconcile.ui.components.tables import show_openable
from reconcile.ui.frame import Frame
from reconcile.ui.queries.review import REVIEWED_HERE, place_of, present_rows, queue_rows
from reconcile.ui.text.labels import EXCEPTIONS, VERDICTS

OPENED = "exception"
LIST_ROWS = 50
_PINNED = "_review_page"
_OPENED, _CLICKED, _IS_OUTRANKED = "_review_opened", "_review_clicked", "_review_is_outranked"
_ROW_PX, _LIST_PX = 28, 640

STATUSES: Mapping[str, frozenset[str]] = {
    "open": frozenset({"undecided"}),
    "same": frozenset({"same"}),
    "different": frozenset({"different"}),
    "unsure": frozenset({"unsure"}),
    "all": frozenset(),
}
_STATUS_NAMES: Mapping[str, str] = {
    "open": "Open",
    **{str(verdict): label.name for verdict, label in VERDICTS.items()},
    "all": "All",
}
SORTS: Mapping[QueueSort, str] = {
    "rank": "Most pressing",
    "amount": "Most money",
    "most_certain": "Most certain",
    "least_certain": "Least certain",
    "oldest": "Oldest",
    "name": "Name",
}
_FURTHER: Mapping[FacetName, str] = {
    "owners": "Owner",
    "amounts": "Money concerned",
    "bands": "What the match says",
    "ages": "Age",
    "changes": "Judged before",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person works through: the queue of a run under a filter, in an order."""

    frame: Frame
    queue: Queue
    chosen: QueueFilter
    sort: QueueSort

    @property
    def opened(self) -> str | None:
        """The exception on the card."""
        opened: str | None = st.session_state.get(_OPENED)
        return opened

    @property
    def signature(self) -> tuple[object, ...]:
        """What the list depends on: another one means another list."""
        return self.queue.run.run.id, self.chosen, self.sort


@dataclass(frozen=True, slots=True)
class PinnedPage:
    """The page of the list on the screen. It stays as it is while its exceptions are decided, so that nothing jumps.

    Attributes:
        after: the position that it begins behind; `before` the same of the pages before it.
        version: names the page in the key of its table.
    """

    signature: tuple[object, ...]
    rows: tuple[QueueRow, ...]
    has_more: bool
    after: int
    before: tuple[int, ...]
    version: int


def adopt_address() -> None:
    """Put the exception that the address names on the card; for a draw of the whole page.

    A part of the page that is drawn anew must not ask the address: a key that is pressed quickly comes with the address
    of the moment before, and the card would jump back.
    """
    st.session_state[_OPENED] = st.query_params.get(OPENED)


def open_exception(exception_id: str | None) -> None:
    """Put an exception on the card: the address names it from now on."""
    st.session_state[_OPENED] = exception_id
    if exception_id is None:
        st.query_params.pop(OPENED, None)
    else:
        st.query_params[OPENED] = exception_id


def open_clicked(exception_id: str) -> None:
    """Open a row of the list, unless a key or button was pressed too.

    The list on the screen answers every request with the row that it marks; a key that is pressed before it was drawn
    anew brings the mark of the moment before, which looks like a click.
    """
    st.session_state[_CLICKED] = exception_id


def outrank_list() -> None:
    """Say that a key or button was pressed: what the list reports with it is no click."""
    st.session_state[_IS_OUTRANKED] = True


def restore_desk(frame: Frame, queue: Queue) -> Desk:
    """The desk that the address and the filters describe. To be called before anything is drawn."""
    for name in _FURTHER:
        restore(name, is_list=True)
    restore("q")
    restore("sort")
    sort: QueueSort = st.session_state.get("sort", "rank")
    desk = Desk(frame, queue, _filter(), sort)
    clicked, is_outranked = st.session_state.pop(_CLICKED, None), st.session_state.pop(_IS_OUTRANKED, False)
    open_exception(clicked if clicked and not is_outranked else desk.opened)
    return desk


def show_filters(desk: Desk) -> None:
    """The facets with their counts. The address carries what is chosen."""
    with desk.frame.workbench.database.read() as tx:
        facets = {facet.name: facet for facet in facet_counts(tx, desk.queue, desk.chosen)}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        choose_one("status", _STATUS_NAMES, _status_counts(facets["statuses"]))
        st.text_input(
            "Search",
            key="q",
            on_change=remember,
            args=("q",),
            placeholder="Name or id",
            type="search",
            label_visibility="collapsed",
            width=200,
        )
        with st.popover("More", icon=":material/filter_list:"):
            _show_more(facets)
    kinds = {value.value: value.count for value in facets["kinds"].values}
    choose_many("kinds", {kind: EXCEPTIONS[kind].name for kind in REVIEWED_HERE}, kinds)


def show_list(desk: Desk) -> None:
    """The list with the opened exception marked; a click opens another one."""
    page = _pinned(desk)
    st.caption(f"{SORTS[desk.sort]} first")
    if not page.rows:
        st.caption("Nothing here with these filters.")
        return
    rows = present_rows(desk.queue, page.rows)
    ids = [row.exception_id for row in rows]
    key = f"queue_{page.version}"
    show_openable(
        queue_rows(rows, desk.frame.person),
        ids,
        {
            "kind": st.column_config.TextColumn("Kind", width=88),
            "name": st.column_config.TextColumn("Customer and account", width=206),
            "amount": st.column_config.NumberColumn("Money", format="compact", width=60),
            "status": st.column_config.TextColumn("Said", width=66),
        },
        open_clicked,
        key=key,
        alt="The queue. Click a row to open it.",
        opened=desk.opened,
        height=_LIST_PX,
        row_height=_ROW_PX,
    )
    _show_pager(desk, page)


def _status_counts(facet: Facet) -> dict[str, int]:
    counts = {value.value: value.count for value in facet.values}
    return {"open": counts.get("undecided", 0), "all": sum(counts.values()), **counts}


def _show_more(facets: Mapping[FacetName, Facet]) -> None:
    st.selectbox(
        "Order", list(SORTS), format_func=lambda sort: SORTS[sort], key="sort", on_change=remember, args=("sort",)
    )
    for name, label in _FURTHER.items():
        st.multiselect(
            label,
            [value.value for value in facets[name].values],
            format_func=lambda value: value or "nobody",
            key=name,
            on_change=remember,
            args=(name,),
            placeholder="Any",
        )


def _filter() -> QueueFilter:
    """The filter as the address and the widgets have it."""
    state = st.session_state
    status = next(iter(chosen_values("status")), "open")
    return QueueFilter(
        kinds=frozenset(kind for kind in chosen_values("kinds") if kind in REVIEWED_HERE) or frozenset(REVIEWED_HERE),
        statuses=STATUSES.get(status, STATUSES["open"]),
        owners=frozenset(state.get("owners") or ()),
        amounts=frozenset(state.get("amounts") or ()),
        bands=frozenset(state.get("bands") or ()),
        ages=frozenset(state.get("ages") or ()),
        changes=frozenset(state.get("changes") or ()),
        text=(state.get("q") or "").strip(),
    )


def _pinned(desk: Desk) -> PinnedPage:
    """The page on the screen: kept until the filter or the run changes, or the card moved on to another page."""
    page: PinnedPage | None = st.session_state.get(_PINNED)
    if page is None or page.signature != desk.signature:
        page = _load(desk, after=0, before=())
    shown = {row.exception_id for row in page.rows}
    if desk.opened is not None and desk.opened not in shown:
        place = place_of(desk.queue, desk.chosen, desk.sort, desk.opened)
        if place is not None:
            page = _load(desk, after=place - 1, before=(*page.before, page.after))
    st.session_state[_PINNED] = page
    return page


def forget_page() -> None:
    """Read the page of the list anew: many of its exceptions changed at once."""
    st.session_state.pop(_PINNED, None)


def _load(desk: Desk, *, after: int, before: tuple[int, ...]) -> PinnedPage:
    with desk.frame.workbench.database.read() as tx:
        found = queue_page(tx, desk.queue, desk.chosen, sort=desk.sort, after=after, limit=LIST_ROWS)
    version = st.session_state.get("_review_pages", 0) + 1
    st.session_state["_review_pages"] = version
    return PinnedPage(desk.signature, found.rows, found.has_more, after, before, version)


def _show_pager(desk: Desk, page: PinnedPage) -> None:
    if not page.before and not page.has_more:
        return

    def go(after: int, before: tuple[int, ...]) -> None:
        outrank_list()
        loaded = _load(desk, after=after, before=before)
        st.session_state[_PINNED] = loaded
        open_exception(loaded.rows[0].exception_id if loaded.rows else None)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Earlier",
            key="earlier",
            icon=":material/chevron_left:",
            disabled=not page.before,
            on_click=lambda: go(page.before[-1], page.before[:-1]),
        )
        last = page.rows[-1].position
        st.button(
            "Later",
            key="later",
            icon=":material/chevron_right:",
            disabled=not page.has_more,
            on_click=lambda: go(last, (*page.before, page.after)),
        )
