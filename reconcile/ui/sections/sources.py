"""The cards of the Sources page: one a connection."""

from __future__ import annotations

import streamlit as st

from reconcile.access import may
from reconcile.model import Snapshot
from reconcile.ui.actions import sources as actions
from reconcile.ui.components.badges import environment_badge
from reconcile.ui.components.progress import show_job
from reconcile.ui.components.tables import moment, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, boundary, tell
from reconcile.ui.queries.sources import Source, column_profile, object_counts, snapshot_rows
from reconcile.ui.text import age, count, plain, when
from reconcile.ui.text.labels import SYSTEMS

_ICONS = {"salesforce": ":material/cloud:", "chargebee": ":material/payments:", "files": ":material/description:"}


def show_source(frame: Frame, source: Source) -> None:
    """A connection: what it is, what its newest snapshot holds, and what can be done."""
    connection = source.connection
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(connection.name), icon=_ICONS[connection.system], anchor=False, width="stretch")
            environment_badge(connection.environment)
        where = connection.options.get("base_url") or connection.options.get("path") or ""
        answered = connection.fingerprint or "not reached yet"
        st.caption(f"{SYSTEMS[connection.system]} · {plain(answered)} · {plain(where)}")
        if connection.quarantine_reason:
            st.error(
                f"**Quarantined:** {plain(connection.quarantine_reason)} Nothing can be written to it.",
                icon=":material/block:",
            )
        if source.newest:
            _show_snapshot(source.newest)
        else:
            st.markdown(":material/hourglass_empty: Not pulled yet: there is nothing to match before the first pull.")
        is_busy = show_job(frame.workbench, "pull", connection.id)
        st.space("stretch")
        _show_buttons(frame, source, is_busy=is_busy)


def show_columns(source: Source) -> None:
    """What the columns of one object of the newest snapshot hold."""
    snapshot = source.newest
    if snapshot is None:
        st.caption("Columns can be looked at after the first pull.")
        return
    objects = [each.object for each in snapshot.objects]
    chosen = st.pills("Object", objects, default=objects[0], required=True, key=f"profile_{source.connection.id}")
    profile = column_profile(snapshot.path, chosen or objects[0])
    show_table(
        profile,
        {
            "column": st.column_config.TextColumn("Column", pinned=True, width="medium"),
            "label": st.column_config.TextColumn("Label", width="medium"),
            "type": st.column_config.TextColumn("Type", width="small"),
            "filled": st.column_config.ProgressColumn("Filled", format="percent", min_value=0, max_value=1),
            "distinct": st.column_config.NumberColumn("Distinct", format="localized"),
            "examples": st.column_config.TextColumn("Most frequent values", width="large"),
        },
        alt=f"Columns of {chosen}",
        key=f"columns_{snapshot.id}_{chosen}",
    )


def show_earlier(source: Source) -> None:
    """The snapshots of a connection, newest first."""
    if not source.snapshots:
        st.caption("None yet.")
        return
    show_table(
        snapshot_rows(source.snapshots),
        {
            "pulled": moment("Pulled"),
            "kind": st.column_config.TextColumn("Kind"),
            "records": st.column_config.NumberColumn("Records", format="localized"),
            "complete": st.column_config.CheckboxColumn("Complete"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.1f"),
            "file": st.column_config.TextColumn("File", width="large"),
        },
        alt=f"Snapshots of {source.connection.name}",
        max_rows=6,
    )


def _show_snapshot(snapshot: Snapshot) -> None:
    is_complete = all(each.is_complete for each in snapshot.objects)
    total = count(sum(each.rows for each in snapshot.objects))
    verdict = ":green[:material/check_circle: complete]" if is_complete else ":red[:material/error: INCOMPLETE]"
    st.markdown(
        f"**{total} records** in {len(snapshot.objects)} objects, pulled {age(snapshot.finished_at)} · {verdict}",
        help=f"{snapshot.kind} pull, finished {when(snapshot.finished_at)}. Complete means: as many rows "
        "arrived as the source itself counts.",
    )
    show_table(
        object_counts(snapshot),
        {
            "object": st.column_config.TextColumn("Object", width=160),
            "rows": st.column_config.NumberColumn("Records", format="localized"),
            "expected": st.column_config.NumberColumn("Source counts", format="localized"),
            "state": st.column_config.TextColumn("Proof"),
            "months": st.column_config.TextColumn(
                "By month", help="Months of creation in which as many arrived as the source counts"
            ),
        },
        alt="Objects of the newest snapshot",
        max_rows=8,
    )


def _show_buttons(frame: Frame, source: Source, *, is_busy: bool) -> None:
    connection, person = source.connection, frame.person
    is_allowed = may(person, "pull snapshots")
    why = "" if is_allowed else "Pulling takes an analyst or an administrator."
    with st.container(horizontal=True):
        if st.button(
            "Pull",
            key=f"pull_{connection.id}",
            type="secondary" if source.newest else "primary",
            icon=":material/download:",
            disabled=is_busy or not is_allowed,
            help=why or "Read every record into a new snapshot.",
        ):
            attempt(lambda: actions.pull(frame.workbench, person, connection.id, incremental=False))
            st.rerun()
        if source.newest and st.button(
            "Pull changes",
            key=f"pull_changes_{connection.id}",
            icon=":material/update:",
            disabled=is_busy or not is_allowed,
            help=why or "Read only what changed since the newest snapshot, and carry the rest over.",
        ):
            attempt(lambda: actions.pull(frame.workbench, person, connection.id, incremental=True))
            st.rerun()
        if st.button(
            "Test",
            key=f"test_{connection.id}",
            icon=":material/network_check:",
            help="Sign in and ask who answers.",
        ):
            _test(frame, source)


def _test(frame: Frame, source: Source) -> None:
    with boundary(), st.spinner("Asking …"):
        answer = actions.test(frame.workbench, source.connection.id)
        declared = source.connection.environment
        st.success(
            f"Signed in. It answers as **{plain(answer.fingerprint)}** ({plain(answer.environment)}) and offers "
            f"{len(answer.objects)} objects.",
            icon=":material/check_circle:",
        )
        if answer.environment != declared:
            tell(f"This connection is declared as {declared}, but it answers as {answer.environment}.", "warning")
