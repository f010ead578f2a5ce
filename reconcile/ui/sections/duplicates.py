"""The parts of the Duplicates page: the list of clusters, the judgement, and what holds the members together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from reconcile.access import may
from reconcile.model import Side, Verdict
from reconcile.reviewing import Card, Queue, QueueFilter, QueueRow
from reconcile.reviewing.paging import queue_page
from reconcile.ui.actions import review as actions
from reconcile.ui.actions.review import Answer
from reconcile.ui.components.paging import PAGE_ROWS, choose_page
from reconcile.ui.components.tables import show_openable, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, boundary
from reconcile.ui.queries.duplicates import cut_pairs, held_apart, members_of
from reconcile.ui.queries.review import duplicate_rows, queue_of, read_card
from reconcile.ui.sections.survivor import show_survivor
from reconcile.ui.text import age, chance, count, counted, plain
from reconcile.ui.text.labels import VERDICTS

OPENED = "cluster"
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
        below = st.container()
        with left:
            shown = _show_list(frame, queue)
        with below:
            _show_held_apart(frame, frame.run.path)
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
            st.caption("Most money first. Click one to open it.")
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


def _show_held_apart(frame: Frame, path: str) -> None:
    """Records that look alike and are in no cluster together: which pairs, and why."""
    total, found = held_apart(path)
    if not total:
        return
    with st.expander(
        f"{counted(total, 'pair')} held apart", icon=":material/call_split:", on_change="rerun", key="held_apart"
    ) as opened:
        if not opened.open:
            return
        st.caption("Accepted by their weight, and yet not put together. Bridges that were cut come first.")
        show_table(
            found.assign(side=[frame.side_name(side) for side in found["side"]]),
            {
                "side": st.column_config.TextColumn("Side", width=90),
                "pair": st.column_config.TextColumn("Pair", width=400),
                "bits": st.column_config.TextColumn("Bits", width=60, alignment="right"),
                "why": st.column_config.TextColumn("Why apart", width=480),
            },
            alt="Pairs that were held apart, with the reason",
            key="held_apart_pairs",
            max_rows=8,
        )
        if total > len(found):
            st.caption(f"The first {len(found)} of {count(total)}.")


def _open(exception_id: str) -> None:
    st.query_params[OPENED] = exception_id


def _show_cluster(frame: Frame, queue: Queue, card: Card) -> None:
    exception, members = card.exception, card.members
    side: Side = exception.side or "left"
    names = {member.record_id: member.values.get("name", member.record_id) for member in members}
    st.markdown(f"**{count(len(exception.members))} records of {frame.side_name(side)}.** Are they one customer?")
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
    _show_bar(frame, queue, card, kept)
    merging = members_of(queue.run, queue.run.run.path, side, tuple(member.record_id for member in members))
    show_survivor(members, merging, tuple(kept), exception.exception_id)
    if len(exception.members) > len(members):
        st.caption(f"and {count(len(exception.members) - len(members))} more members")
    _show_bonds(card, side, queue.run.run.path, names)


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


def _show_bonds(card: Card, side: Side, path: str, names: dict[str, str]) -> None:
    """What holds the members together, weakest first, and which accepted pairs of theirs were cut."""
    rows = [
        {
            "pair": " and ".join(names.get(key, key) for key in (bond.left_id, bond.right_id)),
            "chance": "–" if bond.probability is None else chance(bond.probability),
            "bits": "–" if bond.weight is None else f"{bond.weight:+.1f}",
            "why": "holds them together" + (", the weakest bond" if place == 0 and len(card.member_pairs) > 1 else ""),
        }
        for place, bond in enumerate(card.member_pairs)
    ]
    rows += [
        {
            "pair": f"{cut.first_name} and {cut.second_name}",
            "chance": chance(cut.probability),
            "bits": f"{cut.weight:+.1f}",
            "why": f"held apart: {cut.reason}",
        }
        for cut in cut_pairs(path, side, card.exception.members)
    ]
    if not rows:
        return
    st.markdown("**What holds them together, and what does not**")
    show_table(
        pd.DataFrame(rows),
        {
            "pair": st.column_config.TextColumn("Pair", width=320),
            "chance": st.column_config.TextColumn("Probable", width=90, alignment="right"),
            "bits": st.column_config.TextColumn("Bits", width=56, alignment="right"),
            "why": st.column_config.TextColumn("What became of it", width=280),
        },
        alt="Pairs of the members, those that hold and those that were cut",
        key=f"bonds_{card.exception.exception_id}",
        max_rows=8,
    )
