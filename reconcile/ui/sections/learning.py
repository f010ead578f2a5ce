"""Learning from people, on the Matching page: how good the match is, what to ask next, and the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from reconcile import jobs, learning
from reconcile.access import may
from reconcile.learning import Question
from reconcile.matching.quality import QualityEstimate
from reconcile.model import Reconciliation, Run
from reconcile.state.match_models import StoredModel
from reconcile.ui.components.progress import show_job
from reconcile.ui.components.tables import show_openable, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, go_to
from reconcile.ui.queries import learning as queries
from reconcile.ui.queries.learning import Lessons
from reconcile.ui.queries.matching import pairs_at
from reconcile.ui.text import age, count, counted, plain, when

MOST_MODELS = 6


def show_learning(frame: Frame, run: Run, definition: Reconciliation) -> None:
    """Everything about learning from people."""
    lessons = queries.lessons(frame.workbench, definition)
    estimates = queries.quality(frame.workbench, definition, run, lessons.version)
    _show_figures(definition, lessons, estimates)
    left, right = st.columns([6, 5])
    with left.container(border=True, height="stretch"):
        _show_questions(frame, run, definition, lessons)
    with right.container(border=True, height="stretch"):
        _show_quality(run, lessons, estimates)
    with st.container(border=True):
        _show_models(frame, definition, lessons)
    with st.container(border=True):
        _show_comparison(frame, run)


def _show_figures(definition: Reconciliation, lessons: Lessons, estimates: tuple[QualityEstimate, ...]) -> None:
    at = next(each for each in estimates if each.threshold == definition.accept)
    with st.grid(3, min_column_width=200):
        st.metric(
            "Decisions to learn from",
            count(lessons.linked + lessons.within),
            border=True,
            height="stretch",
            help=f"{counted(lessons.linked, 'pair')} of the two sides, {lessons.within} within one side. What people "
            "were unsure of is left out.",
        )
        for name, low, high, meaning in (
            ("Precision", at.precision_low, at.precision_high, "Share of the accepted pairs that are right"),
            ("Recall", at.recall_low, at.recall_high, "Share of the right candidate pairs that are accepted"),
        ):
            st.metric(
                f"{name} from {definition.accept:.0%}",
                f"{100 * low:.1f} to {100 * high:.1f} %" if at.judged else "not known yet",
                border=True,
                height="stretch",
                help=f"{meaning}, with a certainty of 95 %. The more is decided, the narrower.",
            )


def _show_questions(frame: Frame, run: Run, definition: Reconciliation, lessons: Lessons) -> None:
    st.markdown("**Worth asking about next**")
    found = queries.questions(frame.workbench, definition, run, lessons.version)
    if not found:
        st.caption("Every pair of this run that is open to review has been decided, or is as good as certain.")
        return
    st.caption(
        "Undecided pairs whose decision teaches most: near the threshold, and each of another kind. Click one to "
        "decide it on the Review page."
    )
    show_openable(
        queries.question_rows(found),
        [each.exception_id for each in found],
        {
            "left": st.column_config.TextColumn(frame.side_name("left"), width=160),
            "right": st.column_config.TextColumn(frame.side_name("right"), width=160),
            "chance": st.column_config.TextColumn("Probable", width=84, alignment="right"),
            "differ": st.column_config.TextColumn("Speaks against it", width=160),
        },
        _open_review,
        key=f"questions_{run.id}_{hash(lessons.version)}_{_key_of(found)}",
        alt="Pairs worth asking about. Click one to decide it.",
        max_rows=9,
    )


def _key_of(found: tuple[Question, ...]) -> int:
    return hash(tuple(each.exception_id for each in found))


def _open_review(exception_id: str) -> None:
    go_to("pages/3_Review.py", exception=exception_id)


def _show_quality(run: Run, lessons: Lessons, estimates: tuple[QualityEstimate, ...]) -> None:
    st.markdown("**How good the match is**")
    st.caption(
        "What the decisions say, with 95 % intervals. Recall is among the candidates; what no blocking key brought is "
        "not in it."
        if lessons.linked
        else "Nothing was decided yet. Decide some pairs, best those on the left, and this table says how good the "
        "match is; what the model itself promises is under Results."
    )
    show_table(
        queries.quality_rows(estimates, pairs_at(run.path, tuple(each.threshold for each in estimates))),
        {
            "threshold": st.column_config.TextColumn("From", width=52, alignment="right"),
            "pairs": st.column_config.NumberColumn("Pairs", format="localized", width=64),
            "precision": st.column_config.TextColumn("Precision", width=160, help="Right ones among the accepted"),
            "recall": st.column_config.TextColumn("Recall", width=160, help="Accepted ones among the right"),
        },
        alt="Estimated precision and recall at thresholds",
        key=f"quality_{run.id}",
    )


def _show_models(frame: Frame, definition: Reconciliation, lessons: Lessons) -> None:
    found = queries.models(frame.workbench, definition.id)
    names = queries.names_of(frame.workbench, [name for each in found for name in (each.made_by, each.promoted_by)])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**The model**", width="stretch")
        is_busy = show_job(frame.workbench, "learn", definition.id)
        is_allowed = may(frame.person, "run reconciliations")
        if st.button(
            f"Learn from {counted(lessons.linked + lessons.within, 'decision')}",
            key="learn",
            icon=":material/school:",
            disabled=is_busy or not is_allowed or not lessons.linked + lessons.within,
            help="Makes a new model and compares it with the newest run. It is used only when it is promoted.",
        ):
            attempt(lambda: jobs.enqueue_learn(frame.workbench, frame.person, definition.id))
            st.rerun()
    st.caption(
        "Every run is scored by the model in use, so that two runs can be compared. It changes only when an "
        "administrator promotes another one."
    )
    for each in found[:MOST_MODELS]:
        _show_model(frame, each, names)


def _show_model(frame: Frame, model: StoredModel, names: Mapping[str, str]) -> None:
    before = ":gray-badge[used before]" if model.promoted_at else ":blue-badge[proposed]"
    state = ":green-badge[in use]" if model.is_current else before
    taught = f"learned from {counted(model.figures.get('judged', 0), 'decision')}"
    source = "learned from the data" if model.origin == "data" else taught
    by = plain(names.get(model.made_by, model.made_by))
    promoted = (
        f", promoted {age(model.promoted_at)} by {plain(names.get(model.promoted_by or '', ''))}"
        if model.promoted_at and model.figures
        else ""
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{state} **{model.version}** {source} {age(model.made_at)} ({by}){promoted}", width="stretch",
            help=f"Made {when(model.made_at)} from run {model.run_id}",
        )  # fmt: skip
        if not model.is_current:
            is_allowed = may(frame.person, "edit reconciliations")
            st.button(
                "Use again" if model.promoted_at else "Promote", key=f"promote_{model.id}", disabled=not is_allowed,
                icon=":material/publish:", on_click=_promote, args=(frame, model.id),
                help="Every later run is scored by it." if is_allowed else "Promoting takes an administrator.",
            )  # fmt: skip
    if model.figures:
        st.caption(_effect(model.figures))


def _effect(figures: Mapping[str, Any]) -> str:
    """What a model would change, in a sentence (Markdown)."""
    judged = figures["judged"]
    agreed = (
        f"agrees with {figures['told_right_after']} of {judged} decisions (before: {figures['told_right_before']}); "
        if judged
        else ""
    )
    return (
        f"On the newest run it {agreed}{count(figures['unchanged'])} accepted links stay, {count(figures['moved'])} "
        f"move to another record, {count(figures['split'])} are given up, {count(figures['merged'])} are new."
    )


def _promote(frame: Frame, model_id: str) -> None:
    attempt(
        lambda: learning.promote(frame.workbench, frame.person, model_id),
        "This model scores every run from now on. Run again to see what it changes.",
    )


def _show_comparison(frame: Frame, run: Run) -> None:
    st.markdown("**What changed since an earlier run**")
    earlier = {other.id: other for other in queries.earlier_runs(frame.workbench, run)}
    if not earlier:
        st.caption("This is the first run. From the second one on, their accepted links are compared here.")
        return
    chosen = st.selectbox(
        "Earlier run",
        list(earlier),
        format_func=lambda run_id: f"{when(earlier[run_id].finished_at)} ({age(earlier[run_id].finished_at)})",
        key="compared_run",
        width=360,
        label_visibility="collapsed",
    )
    changes = queries.compared(earlier[chosen], run)
    with st.grid(4, min_column_width=150):
        for name, number, meaning in (
            ("Unchanged", changes.unchanged, "Accepted links of both runs."),
            ("Moved", changes.moved, "Records whose accepted link leads to another record now."),
            ("Split", changes.split, "Accepted links of the earlier run whose record has none now."),
            ("Merged", changes.merged, "Accepted links of now whose record had none in the earlier run."),
        ):
            st.metric(name, count(number), border=True, help=meaning, height="stretch")
