"""The parts of the Reports page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from reconcile.model import Run
from reconcile.reporting import FILE_ENDINGS, MIME_TYPES, RunReport
from reconcile.ui.components.tables import moment, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import boundary
from reconcile.ui.queries.reports import read_report, report_file
from reconcile.ui.text import count, money, plain, short_id, when

_FORMATS = {
    "xlsx": ("Workbook", ":material/table_view:", "For a controller: a summary, a sheet a kind, filters, ids as text."),
    "html": ("Web page", ":material/html:", "One file with its charts, to send or to print."),
    "json": ("JSON", ":material/data_object:", "For programs."),
    "csv": ("CSV", ":material/csv:", "A zip with one file a listing."),
}


def choose_run(found: Mapping[str, Run]) -> Run:
    """The run that the report is about; the address carries it."""
    chosen = st.selectbox(
        "Run",
        list(found),
        format_func=lambda run_id: f"{when(found[run_id].finished_at)} · {short_id(run_id)}",
        key="run",
        bind="query-params",
        width=320,
    )
    return found[chosen]


def show_download(frame: Frame, run: Run) -> None:
    """One button a format. The file is made when it is asked for, of the decisions and pushes of that moment."""
    with st.container(border=True):
        st.markdown("**Download**")
        with st.grid(len(_FORMATS), min_column_width=190):
            for name, (label, icon, meaning) in _FORMATS.items():
                with st.container(gap="xsmall"):
                    st.download_button(
                        label,
                        partial(report_file, frame.workbench, run, frame.person, name),
                        file_name=f"reconcile-{short_id(run.id)}.{FILE_ENDINGS[name]}",
                        mime=MIME_TYPES[name],
                        icon=icon,
                        key=f"download_{name}",
                        type="primary" if name == "xlsx" else "secondary",
                        on_click="ignore",
                        width="stretch",
                    )
                    st.caption(meaning)


def show_summary(frame: Frame, run: Run) -> None:
    """The report's own figures, as the file will have them."""
    with boundary(), st.skeleton(height=300):
        report = read_report(frame.workbench, run, frame.person)
        _show_verdict(report)
        left, right = st.columns(2)
        with left:
            _show_kinds(report)
        with right:
            _show_change_sets(report)
            _show_people(report)
        _show_sources(report)


def _show_verdict(report: RunReport) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(report.title)}**", width="content")
        if report.ties_out:
            st.badge("Everything ties out", icon=":material/check:", color="green")
        else:
            st.badge("Something does not tie out", icon=":material/error:", color="red")
        st.caption(
            f"{count(report.exceptions)} exceptions, {money(report.amount_cents)} concerned · run file "
            f"{report.file_hash[:12]}",
            width="content",
        )


def _show_kinds(report: RunReport) -> None:
    st.caption("Exceptions")
    rows = [
        {
            "kind": each.title,
            "count": each.count,
            "decided": each.decided,
            "money": each.amount_cents / 100,
        }
        for each in report.kinds
        if each.count
    ]
    show_table(
        pd.DataFrame(rows, columns=["kind", "count", "decided", "money"]),
        {
            "kind": st.column_config.TextColumn("Kind", width="medium"),
            "count": st.column_config.NumberColumn("Exceptions", format="localized"),
            "decided": st.column_config.NumberColumn("Decided", format="localized"),
            "money": st.column_config.NumberColumn("Money concerned", format="localized"),
        },
        alt="Exceptions by kind",
    )


def _show_change_sets(report: RunReport) -> None:
    st.caption("Change sets")
    if not report.change_sets:
        st.caption("None of this reconciliation yet.")
        return
    rows = [
        {
            "title": each.title,
            "state": each.state.replace("_", " "),
            "sent": each.sent,
            "verified": each.verified,
            "trouble": each.failed + each.uncertain,
        }
        for each in report.change_sets
    ]
    show_table(
        pd.DataFrame(rows),
        {
            "title": st.column_config.TextColumn("Title", width="medium"),
            "state": st.column_config.TextColumn("State"),
            "sent": st.column_config.NumberColumn("Sent", format="localized"),
            "verified": st.column_config.NumberColumn("Verified", format="localized"),
            "trouble": st.column_config.NumberColumn("In trouble", format="localized"),
        },
        alt="Change sets",
        max_rows=6,
    )


def _show_people(report: RunReport) -> None:
    st.caption("Decisions by person")
    if not report.people:
        st.caption("Nobody has decided anything yet.")
        return
    rows = [
        {
            "person": each.person,
            **{verdict: each.verdicts.get(verdict, 0) for verdict in ("same", "different", "unsure")},
        }
        for each in report.people
    ]
    show_table(
        pd.DataFrame(rows),
        {
            "person": st.column_config.TextColumn("Person", width="medium"),
            "same": st.column_config.NumberColumn("Same"),
            "different": st.column_config.NumberColumn("Different"),
            "unsure": st.column_config.NumberColumn("Unsure"),
        },
        alt="Decisions by person",
        max_rows=6,
    )


def _show_sources(report: RunReport) -> None:
    st.caption("Snapshots that the run used")
    rows = [
        {
            "side": source.side,
            "connection": source.connection_name,
            "environment": source.environment,
            "fingerprint": source.fingerprint,
            "finished": source.finished_at,
            "object": each.object,
            "rows": each.rows,
            "hash": each.content_hash[:12],
        }
        for source in report.sources
        for each in source.objects
    ]
    show_table(
        pd.DataFrame(rows),
        {
            "side": st.column_config.TextColumn("Side", width="small"),
            "connection": st.column_config.TextColumn("Connection", width="medium"),
            "environment": st.column_config.TextColumn("Environment", width="small"),
            "fingerprint": st.column_config.TextColumn("Fingerprint", width="medium"),
            "finished": moment("Pulled"),
            "object": st.column_config.TextColumn("Object", width="medium"),
            "rows": st.column_config.NumberColumn("Records", format="localized"),
            "hash": st.column_config.TextColumn("Content hash"),
        },
        alt="Snapshots that the run used",
        max_rows=12,
    )
