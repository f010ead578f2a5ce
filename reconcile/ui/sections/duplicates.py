"""The parts of the Duplicates page: the list of clusters, the members side by side, the survivor, and the judgement."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from reconcile.access import may
from reconcile.model import ROLES, Verdict
from reconcile.reviewing import Card, Queue, QueueFilter, QueueRow, RecordView
from reconcile.reviewing.paging import queue_page
from reconcile.ui.actions import review as actions
from reconcile.ui.actions.review import Answer
from reconcile.ui.components.paging import PAGE_ROWS, choose_page
from reconcile.ui.components.record_grid import Cell, Column, Row, show_records
from reconcile.ui.components.tables import show_openable
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, boundary
from reconcile.ui.queries.duplicates import Survivor, survivor
from reconcile.ui.queries.review import duplicate_rows, queue_of, read_card
from reconcile.ui.text import age, chance, count, plain
from reconcile.ui.text.labels import ROLES as ROLE_NAMES
from reconcile.ui.text.labels import VERDICTS

OPENED = "cluster"
MOST_SHOWN = 6
_STATUSES = {
    "open": frozenset({"undecided"}),
    "decided": frozenset({"same", "different", "unsure"}),
    "all": frozenset[str](),
}


@st.fragment
def show_clusters(frame: Frame) -> None:
    """The list of clusters and the opened one."""
    if frame.run is None:
        return
    with boundary():
        queue = queue_of(frame.workbench, frame.run)
        left, right = st.columns([5, 9], gap="medium")
        with left:
            shown = _show_list(frame, queue)
        opened = st.query_params.get(OPENED) or (shown[0].exception_id if shown else None)
        with right:
            if opened is None:
                st.success("No cluster here with these filters.", icon=":material/done_all:")
                return
            card = read_card(frame.workbench, queue, opened)
            if card is None:
                st.info("That cluster is not in this run any more.")
            else:
                _show_cluster(frame, queue, card)


def _show_list(frame: Frame, queue: Queue) -> Sequence[QueueRow]:
    with st.container(horizontal=True, vertical_alignment="center"):
        status = st.segmented_control(
            "Status", list(_STATUSES), default="open", required=True, format_func=str.capitalize,
            key="cluster_status", bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        text = st.text_input(
            "Search", key="cluster_text", bind="query-params", placeholder="Name or id", type="search",
            label_visibility="collapsed", width=150,
        )  # fmt: skip
    chosen = QueueFilter(kinds=frozenset({"duplicate"}), statuses=_STATUSES[status or "open"], text=text or "")
    slot = st.container()
    with frame.workbench.database.read() as tx:
        total = queue_page(tx, queue, chosen, limit=1).total
    page = choose_page(total, key=f"clusters_{hash(chosen)}", noun="clusters")
    with frame.workbench.database.read() as tx:
        found = queue_page(tx, queue, chosen, offset=page * PAGE_ROWS, limit=PAGE_ROWS)
    if found.rows:
        with slot:
            show_openable(
                duplicate_rows(found.rows, {side: frame.side_name(side) for side in ("left", "right")}),
                [row.exception_id for row in found.rows],
                {
                    "side": st.column_config.TextColumn("Side", width=84),
                    "name": st.column_config.TextColumn("Name", width=200),
                    "amount": st.column_config.NumberColumn("Money", format="compact", width=60),
                    "status": st.column_config.TextColumn("Said", width=66),
                },
                _open,
                key=f"cluster_rows_{found.version}_{hash(chosen)}_{page}",
                alt="Clusters of duplicates. Click one to open it.",
                opened=st.query_params.get(OPENED) or found.rows[0].exception_id,
                height=610,
                row_height=28,
            )
    return found.rows


def _open(exception_id: str) -> None:
    st.query_params[OPENED] = exception_id


def _show_cluster(frame: Frame, queue: Queue, card: Card) -> None:
    exception, members = card.exception, card.members
    side = frame.side_name(exception.side or "left")
    names = {member.record_id: member.values.get("name", member.record_id) for member in members}
    st.markdown(f"**{count(len(exception.members))} records of {side}.** Are they one customer?")
    _show_standing(card)
    kept = st.pills(
        "One customer are",
        list(names),
        selection_mode="multi",
        default=list(names),
        format_func=lambda key: f"{plain(names[key])} ({key})",
        key=f"kept_{exception.exception_id}",
        help="Take out who does not belong: they are split off, the others stay together.",
    )
    chosen = [member for member in members if member.record_id in kept]
    _show_bar(frame, queue, card, kept)
    preview = _choose_survivor(chosen, exception.exception_id) if len(chosen) > 1 else None
    _show_members(members[:MOST_SHOWN], preview, exception.exception_id)
    if len(members) > MOST_SHOWN:
        st.caption(f"and {count(len(members) - MOST_SHOWN)} more members")
    _show_weakest(card, names)


def _show_standing(card: Card) -> None:
    standing = card.standing
    if standing.verdict is None:
        return
    label = VERDICTS[standing.verdict]
    changed = " The records have changed since: please look again." if standing.is_changed else ""
    st.markdown(
        f":{label.color}-badge[{label.icon} {label.name}] {plain(standing.person_name or '')} "
        f"{age(standing.made_at)}.{changed}"
    )


def _show_bar(frame: Frame, queue: Queue, card: Card, kept: Sequence[str]) -> None:
    may_judge = may(frame.person, "judge exceptions")
    members = card.exception.members
    is_part = 1 < len(kept) < len(members)
    answers: tuple[tuple[str, Verdict, str, str, bool], ...] = (
        (
            f"{count(len(kept))} are one, the rest split off" if is_part else "One customer",
            "same",
            ":material/check:",
            "A",
            len(kept) > 1,
        ),
        ("All different", "different", ":material/close:", "X", True),
        ("Unsure", "unsure", ":material/question_mark:", "U", True),
    )
    with st.container(horizontal=True):
        for label, verdict, icon, key, is_possible in answers:
            st.button(
                label,
                key=f"cluster_{verdict}",
                type="primary" if verdict == "same" else "secondary",
                icon=icon,
                shortcut=key,
                disabled=not may_judge or not is_possible,
                help="" if may_judge else "Deciding takes an analyst.",
                on_click=_decide,
                args=(frame, queue, card, verdict, tuple(kept) if verdict == "same" and is_part else ()),
            )
        st.button(
            "Undo", key="cluster_undo", icon=":material/undo:", shortcut="Z", type="tertiary",
            disabled=not may_judge, on_click=_undo, args=(frame, queue),
        )  # fmt: skip


def _decide(frame: Frame, queue: Queue, card: Card, verdict: Verdict, members: tuple[str, ...]) -> None:
    exception_id = card.exception.exception_id

    def act() -> None:
        answer = Answer(verdict, members=members)
        actions.decide(frame.workbench, frame.person, queue, exception_id, answer, expected=card.standing.decision_id)
        wanted = QueueFilter(kinds=frozenset({"duplicate"}))
        following = actions.following(frame.workbench, frame.person, queue, wanted, sort="rank", after=exception_id)
        if following is None:
            st.query_params.pop(OPENED, None)
        else:
            _open(following)

    attempt(act)


def _undo(frame: Frame, queue: Queue) -> None:
    attempt(lambda: _open(actions.take_back(frame.workbench, frame.person, queue)))


def _choose_survivor(members: Sequence[RecordView], exception_id: str) -> Survivor:
    """Which member would survive; the person may choose another one."""
    proposed = survivor(members)
    names = {member.record_id: member.values.get("name", member.record_id) for member in members}
    chosen = st.selectbox(
        "Survivor",
        [proposed.master, *(key for key in names if key != proposed.master)],
        format_func=lambda key: f"{names[key]} ({key})",
        key=f"survivor_{exception_id}_{len(members)}",
        width=420,
    )
    made = survivor(members, None if chosen == proposed.master else chosen)
    st.caption(f"Preview only: {made.why}. Merging in the systems is not part of a change set yet.")
    if made.blocked:
        st.warning(plain(made.blocked), icon=":material/block:")
    return made


def _show_members(members: Sequence[RecordView], preview: Survivor | None, exception_id: str) -> None:
    columns = [Column(member.values.get("name", "–"), member.record_id) for member in members]
    if preview is not None:
        columns.append(Column("Would survive", preview.master))
    rows = []
    for role in ROLES:
        values = [member.values.get(role) for member in members]
        if not any(values):
            continue
        cells = [Cell(values[0]), *(Cell(value, values[0]) for value in values[1:])]
        if preview is not None:
            cells.append(Cell(preview.values.get(role, (None, ""))[0], tone="green"))
        rows.append(Row(ROLE_NAMES[role], tuple(cells), "differs" if len(set(values)) > 1 else "same"))
    tail = (Cell("", blank=" "),) if preview is not None else ()
    for label, found in (
        ("Stored link", [member.link_id for member in members]),
        ("Owner", [member.owner for member in members]),
        ("Created", [member.created_at for member in members]),
    ):
        if any(found):
            rows.append(Row(label, (*(Cell(value, blank="–") for value in found), *tail), "same"))
    differing = [row for row in rows if row.kind == "differs"]
    others = [row for row in rows if row.kind != "differs"]
    gap = [Row("The same, or for information", kind="gap")] if differing and others else []
    show_records(columns, [*differing, *gap, *others], key=f"members_{exception_id}", alt="Members side by side")


def _show_weakest(card: Card, names: dict[str, str]) -> None:
    if not card.member_pairs:
        return
    weakest = card.member_pairs[0]
    pair = " and ".join(plain(names.get(key, key)) for key in (weakest.left_id, weakest.right_id))
    if weakest.probability is not None:
        st.caption(f"Weakest bond: {pair}, {chance(weakest.probability)} probable ({weakest.weight or 0.0:+.1f} bits).")
