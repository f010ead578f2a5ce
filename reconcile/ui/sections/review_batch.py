"""One answer to many exceptions of one kind: what the filters leave, as far as the match is sure enough."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from reconcile.access import may
from reconcile.model import ExceptionKind, Verdict
from reconcile.reviewing import BatchOutcome, QueueFilter, QueuePage, exception_ids, queue_page
from reconcile.ui.actions import review as actions
from reconcile.ui.actions.review import Answer
from reconcile.ui.guard import attempt, tell
from reconcile.ui.queries.review import queue_rows
from reconcile.ui.sections.review_queue import Desk, open_exception
from reconcile.ui.text import chance, count
from reconcile.ui.text.decisions import ANSWERS
from reconcile.ui.text.labels import EXCEPTIONS

LAST = "_review_last"
MOST_AT_ONCE = 5_000
_SAMPLE = 6
# The slider begins at the last, where next to none is wrong; what is less sure than the first is for a person.
_CERTAINTIES = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Last:
    """The newest decision of this person on this screen, told under the list.

    Attributes:
        decision_ids: of the decisions that were made at once; empty where it was a single one.
    """

    name: str
    verdict: Verdict
    decision_ids: tuple[str, ...] = ()


def offer_batch(desk: Desk) -> None:
    """The button that opens the dialog; it takes one chosen kind, because an answer means another thing of each."""
    is_allowed, has_kind = may(desk.frame.person, "judge exceptions"), len(desk.chosen.kinds) == 1
    help_text = "One answer to many of them, checked and undone together."
    if not has_kind:
        help_text = "Choose one kind first: an answer means another thing for each."
    if not is_allowed:
        help_text = "Deciding takes an analyst."
    if st.button(
        "Decide many", key="decide_many", icon=":material/done_all:", disabled=not (is_allowed and has_kind),
        help=help_text,
    ):  # fmt: skip
        _ask(desk, next(iter(desk.chosen.kinds)))  # type: ignore[arg-type]  # a kind by name


def _ask(desk: Desk, kind: ExceptionKind) -> None:
    answers = ANSWERS[kind]
    verdicts: dict[str, Verdict] = {answers.same: "same"} if answers.same else {}
    verdicts |= {answers.different: "different", "Unsure": "unsure"}
    means = {"same": answers.same_means, "different": answers.different_means, "unsure": "Looked at, not decided."}

    @st.dialog(f"Decide many: {EXCEPTIONS[kind].name.lower()}", width="large")
    def dialog() -> None:
        said = st.segmented_control(
            "Answer", list(verdicts), default=next(iter(verdicts)), required=True, key="batch_as"
        )
        verdict = verdicts[said or next(iter(verdicts))]
        chosen = replace(_narrowed(desk.chosen, verdict), statuses=frozenset({"undecided"}))
        found = _look(desk, chosen)
        number = min(found.total, MOST_AT_ONCE)
        st.caption(means[verdict])
        st.text_input("Note", key="batch_note", placeholder="Why, for whoever asks later", max_chars=4000)
        if found.rows:
            probable = pd.Series(["–" if row.probability is None else chance(row.probability) for row in found.rows])
            sample = queue_rows(found.rows, desk.frame.person).assign(probability=probable)
            st.caption(f"The first of {count(number)}, by the order of the list:")
            _show_sample(sample)
        label = f"Say “{said}” of {count(number)}"
        st.button(
            label, key="batch_do", type="primary", disabled=not number, on_click=_confirm, args=(desk, chosen, verdict)
        )

    dialog()


def _narrowed(chosen: QueueFilter, verdict: Verdict) -> QueueFilter:
    if verdict != "same":
        return chosen
    least = st.select_slider(
        "Only where the match is at least so sure", _CERTAINTIES, value=_CERTAINTIES[-1], format_func=chance,
        key="batch_least",
    )  # fmt: skip
    return replace(chosen, min_probability=max(chosen.min_probability or 0.0, least))


def _look(desk: Desk, chosen: QueueFilter) -> QueuePage:
    with desk.frame.workbench.database.read() as tx:
        return queue_page(tx, desk.queue, chosen, sort=desk.sort, limit=_SAMPLE)


def _show_sample(sample: pd.DataFrame) -> None:
    st.dataframe(
        sample,
        column_config={
            "kind": None,
            "status": None,
            "name": st.column_config.TextColumn("Customer and account", width="large"),
            "amount": st.column_config.NumberColumn("Money", format="compact", width="small"),
            "probability": st.column_config.TextColumn("Probable", width="small"),
        },
        hide_index=True,
        alt="Some of the exceptions that the answer is for",
    )


def _confirm(desk: Desk, chosen: QueueFilter, verdict: Verdict) -> None:
    note = (st.session_state.get("batch_note") or "").strip()
    attempt(lambda: _decide(desk, chosen, verdict, note))
    st.rerun()  # closes the dialog


def _decide(desk: Desk, chosen: QueueFilter, verdict: Verdict, note: str) -> None:
    frame = desk.frame
    with frame.workbench.database.read() as tx:
        ids = exception_ids(tx, desk.queue, chosen, sort=desk.sort, limit=MOST_AT_ONCE)
    outcome = actions.decide_many(frame.workbench, frame.person, desk.queue, ids, Answer(verdict, note=note))
    decided = tuple(decision.decision_id for decision in outcome.decisions)
    st.session_state[LAST] = Last(f"{count(len(decided))} at once", verdict, decided)
    open_exception(
        actions.following(frame.workbench, frame.person, desk.queue, desk.chosen, sort=desk.sort, after=desk.opened)
    )
    tell(f"Decided {count(len(decided))}. **Z** takes them back together.")
    if outcome.left_alone:
        tell(_left_alone(outcome), "warning")


def _left_alone(outcome: BatchOutcome) -> str:
    reasons = list(dict.fromkeys(reason for _, reason in outcome.left_alone))
    more = f" and {count(len(reasons) - 2)} more reasons" if len(reasons) > 2 else ""
    return f"{count(len(outcome.left_alone))} were left open: {' '.join(reasons[:2])}{more}"
