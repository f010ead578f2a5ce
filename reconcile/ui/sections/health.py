"""The parts of the Health page."""

from __future__ import annotations

import streamlit as st

from reconcile.ui.components.tables import moment, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import boundary
from reconcile.ui.queries.health import Health, job_rows, limit_rows
from reconcile.ui.text import count, plain

_GIB = 1 << 30


def show_figures(health: Health) -> None:
    """The worker, the queue, the failures and the room."""
    with st.grid(4, min_column_width=170):
        st.metric(
            "Worker",
            "running" if health.is_worker_alive else "not running",
            border=True,
            height="stretch",
            help="The process that executes pulls, runs and pushes.",
        )
        st.metric("Jobs waiting or running", count(len(health.active)), border=True, height="stretch")
        st.metric("Failed, of the last hundred", count(len(health.failed)), border=True, height="stretch")
        st.metric(
            "Room left",
            f"{health.free_bytes / _GIB:,.1f} GiB",
            border=True,
            height="stretch",
            help=f"Snapshots and runs take {health.used_bytes / _GIB:,.2f} GiB now.",
        )
    if not health.is_worker_alive:
        st.warning(
            "No worker runs: pulls, runs and pushes wait until one does. Start it with `python -m reconcile worker`, "
            "or start everything with `python -m reconcile serve`.",
            icon=":material/warning:",
        )


def show_quarantines(health: Health) -> None:
    """Connections that may not be written to, and why."""
    for connection in health.quarantined:
        st.error(
            f"**{plain(connection.name)}** is quarantined: {plain(connection.quarantine_reason)}",
            icon=":material/block:",
        )


def show_jobs(frame: Frame, health: Health) -> None:
    """The last hundred jobs."""
    st.markdown("**Jobs**")
    if not health.jobs:
        st.caption("No job has been asked for yet. Pulls, runs and pushes appear here.")
        return
    show_table(
        job_rows(frame.workbench, health.jobs),
        {
            "asked": moment("Asked", seconds=True),
            "kind": st.column_config.TextColumn("Job", width="small"),
            "subject": st.column_config.TextColumn("Of", width="medium"),
            "state": st.column_config.TextColumn("State", width="small"),
            "progress": st.column_config.TextColumn("Progress", width="small"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.1f", width="small"),
            "who": st.column_config.TextColumn("Asked by"),
            "error": st.column_config.TextColumn("What went wrong", width="large"),
        },
        alt="Jobs, newest first",
        max_rows=16,
    )


@st.fragment
def show_limits(frame: Frame) -> None:
    """Whether the systems answer, and how many requests are left; asked when somebody wants to know."""
    st.markdown("**Systems**")
    if not st.button("Ask the systems", icon=":material/network_ping:", help="One request to each system."):
        st.caption("Whether each system answers, and how many requests it still takes today.")
        return
    with boundary():
        found = limit_rows(frame.workbench)
        if found.empty:
            st.caption("No system is connected yet.")
            return
        show_table(
            found,
            {
                "name": st.column_config.TextColumn("Connection", width="medium"),
                "system": st.column_config.TextColumn("System", width="small"),
                "left": st.column_config.NumberColumn("Requests left today", format="localized", width="small"),
                "said": st.column_config.TextColumn("What it says", width="large"),
            },
            alt="What each system says of its limits",
            max_rows=12,
        )
