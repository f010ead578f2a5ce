"""The parts of the Matching page: mapping, run, what was learned, what thresholds would do, and why not."""

from __future__ import annotations

from typing import Any

import streamlit as st

from reconcile import defining, jobs
from reconcile.access import may
from reconcile.model import Reconciliation, Run
from reconcile.ui import charts
from reconcile.ui.components.progress import show_job
from reconcile.ui.components.tables import ROW_PX, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt
from reconcile.ui.queries import matching as queries
from reconcile.ui.text import age, count, plain, share


def show_run_bar(frame: Frame, definition: Reconciliation) -> None:
    """The run button, when it last ran, and live progress."""
    run = frame.run
    snapshots = queries.newest_snapshots(frame.workbench, definition)
    is_ready, is_allowed = all(snapshots), may(frame.person, "run reconciliations")
    with st.container(border=True):
        is_busy = show_job(frame.workbench, "run", definition.id)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_when_run(run, snapshots), width="stretch")
            if st.button(
                "Run again" if run else "Run",
                key="run",
                type="primary",
                icon=":material/play_arrow:",
                disabled=is_busy or not is_ready or not is_allowed,
                help="" if is_allowed else "Running takes an analyst or an administrator.",
            ):
                attempt(lambda: jobs.enqueue_run(frame.workbench, frame.person, definition.id))
                st.rerun()
        if not is_ready:
            st.page_link("pages/1_Sources.py", label="Pull both sides first", icon=":material/download:")


def _when_run(run: Run | None, snapshots: tuple[Any, Any]) -> str:
    if run is None:
        return "Not run yet. A run matches the newest snapshot of each side; it changes nothing in the systems."
    used = {run.left_snapshot_id, run.right_snapshot_id}
    is_current = all(snapshot and snapshot.id in used for snapshot in snapshots)
    newer = "" if is_current else " · :orange[:material/update: newer snapshots are there]"
    seconds = (run.finished_at - run.started_at).total_seconds()
    return (
        f"Last run {age(run.finished_at)}, took {seconds:.1f} s, definition version {run.reconciliation_version}{newer}"
    )


def show_mapping(frame: Frame, definition: Reconciliation) -> None:
    """Which columns hold what, on both sides; an administrator can correct it."""
    left, right = queries.newest_snapshots(frame.workbench, definition)
    options = (
        queries.object_columns(left, definition.left.object) or _mapped(definition, "left"),
        queries.object_columns(right, definition.right.object) or _mapped(definition, "right"),
    )
    names = {side.id: side.name for side in frame.sides}
    titles = [
        f"{names.get(side.connection_id, side.connection_id)}: {side.object}"
        for side in (definition.left, definition.right)
    ]
    may_edit = may(frame.person, "edit reconciliations")
    table = queries.mapping_rows(definition)
    edited = st.data_editor(
        table,
        key=f"mapping_{definition.id}_{definition.version}",
        num_rows="fixed",
        hide_index=True,
        disabled=["role"] if may_edit else True,
        height=ROW_PX * len(table) + 33,
        row_height=ROW_PX,
        column_config={
            "role": st.column_config.TextColumn("Means", width="small", pinned=True),
            "left": st.column_config.MultiselectColumn(titles[0], options=options[0], width="large"),
            "right": st.column_config.MultiselectColumn(titles[1], options=options[1], width="large"),
        },
    )
    st.caption(
        "Several columns with one meaning are joined in the order shown. Only what both sides have is compared. "
        f"Record ids: {plain(definition.left.id_field)} and {plain(definition.right.id_field)}. "
        f"Stored links: {plain(definition.left.link_field or 'none')} and "
        f"{plain(definition.right.link_field or 'none')}."
    )
    wanted = defining.with_mapping(
        definition, queries.mapped_roles(edited, "left"), queries.mapped_roles(edited, "right")
    )
    if wanted != definition and st.button("Save mapping", key="save_mapping", type="primary", icon=":material/save:"):
        attempt(
            lambda: defining.save(frame.workbench, frame.person, wanted),
            "Saved as the next version. Run again to see what it changes.",
        )
        st.rerun()


def _mapped(definition: Reconciliation, side: str) -> list[str]:
    roles = (definition.left if side == "left" else definition.right).roles
    return list(dict.fromkeys(name for names in roles.values() for name in names))


def show_results(frame: Frame, run: Run, definition: Reconciliation) -> None:
    """Figures and charts of the run."""
    _show_figures(frame, run)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        _show_weights(run, definition)
    with right.container(border=True, height="stretch"):
        _show_thresholds(run, definition)
    with st.container(border=True):
        _show_keys(run)
    with st.container(border=True):
        _show_learned(run)


def _show_figures(frame: Frame, run: Run) -> None:
    bands = queries.read_bands(run.path)
    with st.grid(5, min_column_width=150):
        st.metric(
            "Accepted", count(bands.accept), border=True, height="stretch", help="At or above the accept threshold."
        )
        st.metric("For review", count(bands.review), border=True, height="stretch", help="Between the two thresholds.")
        st.metric(
            "Expected to be right",
            f"{bands.expected:,.0f}",
            border=True,
            height="stretch",
            help="The sum of the probabilities of all candidates: so many are expected to be the same customer.",
        )
        for side, number in bands.unlinkable.items():
            name = frame.side_name("left" if side == "left" else "right")
            st.metric(
                f"{name} alone",
                f"{count(number)} ({share(number, bands.population.get(side, 0))})",
                border=True,
                height="stretch",
                help=f"Records of {name}, test records left out, for which no pair reaches the review threshold: "
                "they cannot be linked by what they hold.",
            )


def _show_weights(run: Run, definition: Reconciliation) -> None:
    st.markdown("**How sure the match is**")
    st.caption(
        "Every candidate pair by its weight: a bit more doubles the odds. Dashed: the two thresholds. What lies "
        "between the hills is for people."
    )
    st.altair_chart(
        charts.weight_histogram(queries.weight_bins(run.path), definition.accept, definition.review),
        alt="Candidate pairs by match weight",
    )


def _show_thresholds(run: Run, definition: Reconciliation) -> None:
    st.markdown("**What a threshold would do**")
    st.caption(
        f"Dashed: shown to a person from {definition.review:.0%}, accepted from {definition.accept:.0%}. "
        "Precision (how many of the accepted are right) and recall (how many of the right ones are accepted) are what "
        "the calibrated probabilities promise; under Learning you see what people's decisions say."
    )
    points = queries.threshold_points(run.path)
    st.altair_chart(
        charts.threshold_curve(points, definition.accept, definition.review),
        alt="Candidates at or above each probability",
    )
    st.altair_chart(
        charts.expectation_curve(points, definition.accept, definition.review),
        alt="Precision and recall expected at each probability",
    )


def _show_learned(run: Run) -> None:
    st.markdown("**What each agreement is worth**")
    st.caption(
        "Learned from the data. Each bit doubles (or halves) the odds that two records are one customer: it compares "
        "how often the level is seen among the same customers and among different ones."
    )
    levels = queries.learned_levels(run.path)
    chart_side, table_side = st.columns([11, 10], gap="medium")
    with chart_side:
        st.altair_chart(charts.weight_chart(levels), alt="Match weights by role and level")
    with table_side:
        show_table(
            levels.assign(m=levels["m"] * 100, u=levels["u"] * 100),
            {
                "role": st.column_config.TextColumn("What", width=94),
                "label": st.column_config.TextColumn("Agreement", width=176),
                "weight": st.column_config.NumberColumn("Bits", format="%+.1f", width=52),
                "m": st.column_config.NumberColumn(
                    "Same", format="%.2f %%", width=72, help="Share of the level among pairs of the same customer (m)"
                ),
                "u": st.column_config.NumberColumn(
                    "Different", format="%.3f %%", width=80, help="Share among pairs of different customers (u)"
                ),
            },
            alt="Levels of agreement with their shares and weights",
            key=f"levels_{run.id}",
            max_rows=36,
        )


def _show_keys(run: Run) -> None:
    st.markdown("**Where the candidates came from**")
    keys = queries.pairs_of_keys(run.path)
    if keys.empty:
        st.caption("Both sides are so small that every record was compared with every other; no keys were needed.")
        return
    recall = queries.blocking_recall(run.path)
    missed = (
        "How much they miss together cannot be estimated here: too few pairs were found by two independent kinds."
        if recall is None
        else f"Together they are estimated to find **{_found(recall)}** of the true pairs (capture and recapture: keys "
        "with the name and keys without it are two catches of the same pairs)."
    )
    st.caption(f"Two records are compared when one of these blocking keys is the same for both. {missed}")
    show_table(
        keys.sort_values(["pairs", "key"], ascending=[False, True]),
        {
            "key": st.column_config.TextColumn("Blocking key", width=300),
            "pairs": st.column_config.ProgressColumn(
                "Candidate pairs", format="localized", min_value=0, max_value=int(keys["pairs"].max()), width=420
            ),
            "only": st.column_config.NumberColumn(
                "True matches by it alone", format="localized", width=190,
                help="Expected true matches that no other key brought: what would be lost without it",
            ),
        },
        alt="Candidate pairs by blocking key",
        key=f"keys_{run.id}",
        max_rows=26,
    )  # fmt: skip


def _found(recall: float) -> str:
    return "over 99.9 %" if recall > 0.9995 else f"{recall:.1%}"
