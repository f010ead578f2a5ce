"""The desk: one exception, the decision bar with its keys, and what happens when a key is pressed."""

from __future__ import annotations

import streamlit as st

from reconcile.access import may
from reconcile.model import Verdict
from reconcile.reviewing import Card
from reconcile.ui.actions import review as actions
from reconcile.ui.actions.review import Answer
from reconcile.ui.components.badges import label_badge
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, boundary, tell
from reconcile.ui.queries.matching import find_records
from reconcile.ui.queries.review import place_of, queue_of, read_ahead, read_card
from reconcile.ui.sections.review_batch import LAST, Last, offer_batch
from reconcile.ui.sections.review_card import (
    MOST_CANDIDATES,
    show_history,
    show_more_of,
    show_records_side_by_side,
    show_why,
    shown_evidence,
)
from reconcile.ui.sections.review_queue import (
    Desk,
    adopt_address,
    forget_page,
    open_exception,
    outrank_list,
    restore_desk,
    show_filters,
    show_list,
)
from reconcile.ui.text import age, chance, count, money, plain
from reconcile.ui.text.decisions import ANSWERS
from reconcile.ui.text.labels import EXCEPTIONS, VERDICTS

_FILTER = "_review_filter"


def show_desk(frame: Frame) -> None:
    """Queue and card."""
    adopt_address()
    _show_desk(frame)


@st.fragment
def _show_desk(frame: Frame) -> None:
    """A decision redraws this part only, and the next card before everything else."""
    if frame.run is None:
        return
    with boundary():
        queue = queue_of(frame.workbench, frame.run)
        desk = restore_desk(frame, queue)
        if _left_the_filter(desk) or desk.opened is None:
            open_exception(
                actions.following(frame.workbench, frame.person, queue, desk.chosen, sort=desk.sort, after=None)
            )
        filters = st.container()
        left, right = st.columns([5, 8], gap="medium")
        with right:
            _show_card(desk)
        with filters, st.container(horizontal=True, vertical_alignment="bottom"):
            with st.container():
                show_filters(desk)
            offer_batch(desk)
        with left:
            show_list(desk)
            _show_last()
        _read_next_ahead(desk)


def _read_next_ahead(desk: Desk) -> None:
    """While the person reads this card, read the next one: a decision then has only people's words left to look up."""
    upcoming = actions.following(
        desk.frame.workbench, desk.frame.person, desk.queue, desk.chosen, sort=desk.sort, after=desk.opened
    )
    if upcoming is not None:
        read_ahead(desk.queue, upcoming)


def _left_the_filter(desk: Desk) -> bool:
    """Whether the person chose another filter, in which the exception on the card is not."""
    before = st.session_state.get(_FILTER)
    st.session_state[_FILTER] = desk.signature
    if before is None or before == desk.signature or desk.opened is None:
        return False
    return place_of(desk.queue, desk.chosen, desk.sort, desk.opened) is None


def _show_card(desk: Desk) -> None:
    if desk.opened is None:
        st.success("Nothing is left to decide with these filters.", icon=":material/done_all:")
        _show_undo(desk)
        return
    card = read_card(desk.frame.workbench, desk.queue, desk.opened)
    if card is None:
        st.info("That exception is not in this run any more: it was put right, or it is another one now.")
        st.button("Next one", key="skip_gone", on_click=_move, args=(desk, "next"))
        return
    busy_with = _other_holder(desk, card)
    _show_heading(desk.frame, card)
    warning = st.container()
    _show_bar(desk, card, is_busy=busy_with is not None)
    with st.container(key="card_grid"):
        show_records_side_by_side(desk.frame, card, shown_evidence(desk.frame, card))
    busy_with = busy_with or _claim(desk, card)
    if busy_with is not None:
        warning.warning(f"{plain(busy_with)} is working on this one. Take the next.", icon=":material/lock:")
    why, said = st.columns([3, 2], gap="medium")
    with why:
        show_why(desk.frame, card)
    with said:
        st.text_input(
            "Note",
            key=_note_key(card),
            placeholder="Why, if it is worth keeping",
            max_chars=4000,
            disabled=not may(desk.frame.person, "judge exceptions"),
        )
        show_history(card)
    show_more_of(desk.frame, card)


def _other_holder(desk: Desk, card: Card) -> str | None:
    """Who else works on it."""
    is_others = card.claim is not None and card.claim.person_id != desk.frame.person.id
    return card.claim.person_name if card.claim is not None and is_others else None


def _claim(desk: Desk, card: Card) -> str | None:
    """Take the exception, so that nobody else works on it; gives who took it since the card was read."""
    if not may(desk.frame.person, "judge exceptions"):
        return None
    return actions.claim(desk.frame.workbench, desk.frame.person, desk.queue, card.exception.exception_id)


def _show_heading(frame: Frame, card: Card) -> None:
    exception, standing = card.exception, card.standing
    answers = ANSWERS[exception.kind]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label_badge(EXCEPTIONS[exception.kind])
        st.markdown(f"**{answers.question}**", width="stretch")
        if exception.probability is not None:
            st.caption(f"{chance(exception.probability)} probable", width="content")
        if exception.amount_cents is not None:
            st.caption(f"{money(exception.amount_cents)} concerned", width="content")
    story = str(exception.detail.get("story") or EXCEPTIONS[exception.kind].meaning)
    st.caption(plain(frame.name_sides(story)))
    if standing.verdict is not None:
        label = VERDICTS[standing.verdict]
        who = f"{plain(standing.person_name or '')} {age(standing.made_at)}"
        if standing.is_changed:
            st.warning(
                f"{who} said **{label.name.lower()}**, but the records have changed since. Please look again.",
                icon=":material/published_with_changes:",
            )
        else:
            picked = " of another pair" if standing.chosen else ""
            st.markdown(f":{label.color}-badge[{label.icon} {label.name}{picked}] {who}")


def _show_bar(desk: Desk, card: Card, *, is_busy: bool) -> None:
    """The decision bar: always in the same place, each button with its key."""
    answers = ANSWERS[card.exception.kind]
    may_judge = may(desk.frame.person, "judge exceptions")
    is_off = is_busy or not may_judge
    why_off = "" if may_judge else "Deciding takes an analyst."
    has_pair = card.left is not None and card.right is not None
    with st.container(horizontal=True, gap="xsmall", key="decision_bar", wrap=False):
        st.button(
            answers.same or "Same customer",
            key="same",
            type="primary",
            icon=":material/check:",
            shortcut="A",
            disabled=is_off or not answers.same or not has_pair,
            help=why_off or answers.same_means,
            on_click=_decide,
            args=(desk, card, "same"),
        )
        st.button(
            answers.different,
            key="different",
            icon=":material/close:",
            shortcut="X",
            disabled=is_off,
            help=why_off or answers.different_means,
            on_click=_decide,
            args=(desk, card, "different"),
        )
        st.button(
            "Unsure",
            key="unsure",
            icon=":material/question_mark:",
            shortcut="U",
            disabled=is_off,
            help=why_off or "Looked at, not decided. It can be found again under Unsure.",
            on_click=_decide,
            args=(desk, card, "unsure"),
        )
        _show_picks(desk, card, is_off=is_off)
        st.button("Back", key="previous", shortcut="K", on_click=_move, args=(desk, "previous"), type="tertiary")
        st.button("Next", key="next", shortcut="J", on_click=_move, args=(desk, "next"), type="tertiary")
        _show_undo(desk)


def _show_picks(desk: Desk, card: Card, *, is_off: bool) -> None:
    for number, candidate in enumerate(card.candidates[:MOST_CANDIDATES], 1):
        st.button(
            f"Pick {number}",
            key=f"pick_{number}",
            shortcut=str(number),
            disabled=is_off,
            help=f"Candidate {number} is the right one: {plain(candidate.record.values.get('name', ''))}",
            on_click=_decide,
            args=(desk, card, "same", (candidate.left_id, candidate.right_id)),
        )
    with st.popover("Other", disabled=is_off, on_change="rerun", key="pick_other") as other:
        if other.open:
            _show_search(desk, card)


def _show_search(desk: Desk, card: Card) -> None:
    """Pick a record that the match did not bring up."""
    side = "left" if card.right is not None and card.exception.side != "left" else "right"
    text = st.text_input(
        f"Find in {desk.frame.side_name('left' if side == 'left' else 'right')}",
        key="other_text",
        placeholder="Name, e-mail, domain or record id",
    )
    found = dict(find_records(desk.queue.run.run.path, side, text or ""))
    if not found:
        st.caption("Nothing found." if text else "Type a part of the name, or a record id.")
        return
    picked = st.selectbox("Record", list(found), format_func=lambda key: found[key], key="other_choice")
    kept = card.right if side == "left" else card.left
    if kept is None:
        return
    pair = (picked, kept.record_id) if side == "left" else (kept.record_id, picked)
    st.button("This one", key="other_pick", type="primary", on_click=_decide, args=(desk, card, "same", pair))


def _show_undo(desk: Desk) -> None:
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        shortcut="Z",
        type="tertiary",
        disabled=not may(desk.frame.person, "judge exceptions"),
        on_click=_undo,
        args=(desk,),
    )


def _show_last() -> None:
    """The newest decision, under the list, where it moves nothing."""
    last: Last | None = st.session_state.get(LAST)
    if last is not None:
        label = VERDICTS[last.verdict]
        st.caption(f"Last: {plain(last.name)} :{label.color}[{label.icon} {label.name}]. **Z** takes it back.")


def _decide(desk: Desk, card: Card, verdict: Verdict, chosen: tuple[str, str] | None = None) -> None:
    outrank_list()
    frame, exception_id = desk.frame, card.exception.exception_id
    if desk.opened != exception_id:
        return  # the key was pressed again before the next card was drawn: nobody has seen that one yet
    answer = Answer(verdict, chosen, note=(st.session_state.get(_note_key(card)) or "").strip())

    def act() -> None:
        actions.decide(
            frame.workbench, frame.person, desk.queue, exception_id, answer, expected=card.standing.decision_id
        )
        record = card.right or card.left
        st.session_state[LAST] = Last(record.values.get("name", record.record_id) if record else "", verdict)
        open_exception(
            actions.following(
                frame.workbench, frame.person, desk.queue, desk.chosen, sort=desk.sort, after=exception_id
            )
        )

    attempt(act)


def _move(desk: Desk, direction: str) -> None:
    outrank_list()
    frame, opened = desk.frame, desk.opened

    def act() -> None:
        if opened is not None:
            actions.release(frame.workbench, frame.person, desk.queue, opened)
        if direction == "next":
            found = actions.following(
                frame.workbench, frame.person, desk.queue, desk.chosen, sort=desk.sort, after=opened
            )
        else:
            found = actions.preceding(
                frame.workbench, frame.person, desk.queue, desk.chosen, sort=desk.sort, before=opened
            )
        open_exception(found)

    attempt(act)


def _undo(desk: Desk) -> None:
    outrank_list()

    def act() -> None:
        last: Last | None = st.session_state.pop(LAST, None)
        if last is not None and last.decision_ids:
            number = actions.take_back_many(desk.frame.workbench, desk.frame.person, last.decision_ids)
            forget_page()
            tell(f"Took {count(number)} decisions back.")
        else:
            open_exception(actions.take_back(desk.frame.workbench, desk.frame.person, desk.queue))

    attempt(act)


def _note_key(card: Card) -> str:
    return f"note_{card.exception.exception_id}"
