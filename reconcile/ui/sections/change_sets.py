"""The list of change sets and the head of one: what it would do, who said what, and what can be done now."""

from __future__ import annotations

import streamlit as st

from reconcile.access import may
from reconcile.changing.preflight import PreflightReport
from reconcile.model import ChangeSetState
from reconcile.ui.actions import changes as actions
from reconcile.ui.components.badges import environment_badge, label_badge
from reconcile.ui.components.confirm import ask
from reconcile.ui.components.facets import choose_many
from reconcile.ui.components.progress import show_job
from reconcile.ui.components.tables import show_openable
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, doing
from reconcile.ui.queries.changes import Detail, Listing, listing_rows, read_counts
from reconcile.ui.text import age, count, plain, share
from reconcile.ui.text.labels import CHANGE_SETS, OPERATIONS

POLL_S = 1.0
OPENED = "change_set"
_CHECKED = "_checked"
_SEVERITIES = {
    "stop": ":red[:material/block:]",
    "warning": ":orange[:material/warning:]",
    "information": ":material/info:",
}


def choose_change_set(listing: Listing) -> str | None:
    """The list with its filter by state; gives the id of the opened set, which the address carries."""
    names: dict[str, str] = {state: label.name for state, label in CHANGE_SETS.items()}
    asked = choose_many("state", names, {str(state): number for state, number in listing.count_by_state().items()})
    chosen = [state for state in CHANGE_SETS if state in asked]
    shown = listing.of(chosen)
    if not shown:
        st.caption("No change set in these states.")
        return st.query_params.get(OPENED)
    version = "_".join(f"{each.change_set.id}.{each.change_set.revision}" for each in shown)
    show_openable(
        listing_rows(shown, listing.names),
        [each.change_set.id for each in shown],
        {
            "title": st.column_config.TextColumn("Change set", width=340, pinned=True),
            "state": st.column_config.TextColumn("State", width="small"),
            "operations": st.column_config.NumberColumn("Operations", format="localized", width="small"),
            "verified": st.column_config.ProgressColumn(
                "Verified", format="percent", min_value=0, max_value=1, width=110
            ),
            "trouble": st.column_config.NumberColumn("In trouble", format="localized", width="small"),
            "author": st.column_config.TextColumn("Author"),
            "approver": st.column_config.TextColumn("Approver"),
            "changed": st.column_config.DatetimeColumn("Changed", format="distance", width=120),
        },
        open_change_set,
        key=f"sets_{hash(version)}",
        alt="Change sets, newest first. Click a row to open it.",
        opened=st.query_params.get(OPENED) or shown[0].change_set.id,
        max_rows=6,
    )
    opened = st.query_params.get(OPENED)
    return opened or shown[0].change_set.id


def open_change_set(change_set_id: str) -> None:
    """Open a set: the address names it from now on."""
    st.query_params[OPENED] = change_set_id


def show_head(frame: Frame, detail: Detail) -> None:
    """Title, state, who said what, counts, and the buttons that the state and the person's roles allow."""
    change_set = detail.change_set
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(change_set.title), anchor=False, width="stretch")
            for target in detail.targets:
                environment_badge(target.environment)
            label_badge(CHANGE_SETS[change_set.state])
        st.caption(_story(detail))
        if change_set.note:
            st.warning(plain(change_set.note), icon=":material/comment:")
        counts = st.container()
        is_busy = show_job(frame.workbench, "push", change_set.id)
        with counts:
            if is_busy or change_set.state == "pushing":
                _show_live_counts(frame, change_set.id, change_set.state)
            else:
                _show_counts(detail.counts)
        _show_actions(frame, detail, is_busy=is_busy)
        _show_findings(detail)


def _story(detail: Detail) -> str:
    change_set = detail.change_set
    parts = [f"written by {plain(detail.name_of(change_set.author_id))} {age(change_set.created_at)}"]
    if change_set.approver_id:
        parts.append(f"approved by {plain(detail.name_of(change_set.approver_id))}")
    if change_set.link_share:
        parts.append(f"ends or moves {share(change_set.link_share, 1)} of the existing links")
    if change_set.reverts_id:
        parts.append("takes an earlier change set back")
    if detail.reverting:
        parts.append(f"{len(detail.reverting)} change set made to take it back")
    if change_set.policy.second_person:
        parts.append("needs a second person to approve")
    return " · ".join(parts)


@st.fragment(run_every=POLL_S)
def _show_live_counts(frame: Frame, change_set_id: str, drawn: ChangeSetState) -> None:
    """The counts as they change. In another state other buttons are right: then the whole page is drawn anew."""
    state, counts = read_counts(frame.workbench, change_set_id)
    if state != drawn:
        st.rerun()
    _show_counts(counts)


def _show_counts(counts: object) -> None:
    """How many operations are in which state; they add up to all of them, which is said."""
    found = {state: counts[state] for state in OPERATIONS if counts.get(state)}  # type: ignore[attr-defined,index]  # a mapping by state
    with st.container(horizontal=True, gap="small"):
        for state, number in found.items():
            label = OPERATIONS[state]
            st.badge(f"{count(number)} {label.name.lower()}", icon=label.icon, color=label.color, help=label.meaning)
        st.caption(f"= {count(sum(found.values()))} operations", width="content")


def _show_actions(frame: Frame, detail: Detail, *, is_busy: bool) -> None:
    with st.container(horizontal=True, key="set_actions"):
        _show_approval_buttons(frame, detail)
        _show_push_buttons(frame, detail, is_busy=is_busy)
        _show_afterwards_buttons(frame, detail)
        if _is_ahead(detail):
            st.button(
                "Check against the systems",
                key="preflight",
                icon=":material/rule:",
                help="Signs in, asks what may be written and how much room there is. Writes nothing.",
                on_click=_check,
                args=(frame, detail),
            )


def _is_ahead(detail: Detail) -> bool:
    """Whether the set is still to be pushed, so that checking it makes sense."""
    return detail.change_set.state in ("draft", "submitted", "approved", "paused")


def _check(frame: Frame, detail: Detail) -> None:
    def act() -> None:
        report = actions.check(frame.workbench, frame.person, detail.change_set)
        st.session_state[_CHECKED] = (detail.change_set.id, detail.change_set.revision, report)

    attempt(act)


def _show_findings(detail: Detail) -> None:
    """What the check found, for as long as the set is the one that was checked."""
    checked: tuple[str, int, PreflightReport] | None = st.session_state.get(_CHECKED)
    if checked is None or checked[:2] != (detail.change_set.id, detail.change_set.revision):
        return
    report = checked[2]
    verdict = ":green[:material/check_circle: Nothing stands in the way.]"
    st.markdown(verdict if report.is_passed else ":red[:material/block: It cannot be pushed like this.]")
    for finding in report.findings:
        st.caption(f"{_SEVERITIES[finding.severity]} {plain(finding.sentence)}")


def _show_approval_buttons(frame: Frame, detail: Detail) -> None:
    workbench, person, change_set = frame.workbench, frame.person, detail.change_set
    if detail.allows("submit"):
        is_own = may(person, "author change sets")
        st.button(
            "Submit for approval",
            key="submit",
            type="primary",
            icon=":material/outgoing_mail:",
            disabled=not is_own or not detail.operations,
            help="" if is_own else "Submitting takes an analyst.",
            on_click=doing(lambda: actions.submit(workbench, person, change_set), "Submitted for approval."),
        )
        if st.button("Discard", key="discard", icon=":material/delete:", disabled=change_set.author_id != person.id):
            ask(
                "Discard this draft?",
                f"**{plain(change_set.title)}** with {count(detail.operations)} operations goes away. Nothing of it "
                "was sent; the decisions it was made from stay.",
                lambda: actions.discard(workbench, person, change_set),
                verb="Discard",
                done="Draft discarded.",
            )
    if detail.allows("approve"):
        st.button(
            "Approve",
            key="approve",
            type="primary",
            icon=":material/verified_user:",
            disabled=not detail.may_approve,
            help=_why_not_approve(frame, detail),
            on_click=doing(lambda: actions.approve(workbench, person, change_set), "Approved."),
        )
    if detail.allows("reject"):
        _show_reject(frame, detail)


def _why_not_approve(frame: Frame, detail: Detail) -> str:
    if detail.may_approve:
        return "You say yes to exactly the operations below."
    if not may(frame.person, "approve change sets"):
        return "Approving takes an approver."
    return "You wrote this set; its policy asks for a second person."


def _show_reject(frame: Frame, detail: Detail) -> None:
    change_set = detail.change_set
    is_allowed = may(frame.person, "approve change sets") or change_set.author_id == frame.person.id
    with st.popover("Send back", icon=":material/undo:", disabled=not is_allowed):
        note = st.text_area("Why", key="reject_note", placeholder="What should be different?")
        if st.button("Send back to draft", key="reject"):
            attempt(
                lambda: actions.reject(frame.workbench, frame.person, change_set, note or ""),
                "Sent back to its author.",
            )
            st.rerun()


def _show_push_buttons(frame: Frame, detail: Detail, *, is_busy: bool) -> None:
    workbench, person, change_set = frame.workbench, frame.person, detail.change_set
    may_push, may_stop = may(person, "push change sets"), may(person, "stop change sets")
    if change_set.state in ("approved", "paused"):
        label = "Push" if change_set.state == "approved" else "Resume"
        why = "" if may_push else "Pushing takes an analyst or an approver."
        if st.button(
            label,
            key="push",
            type="primary",
            icon=":material/cloud_upload:",
            disabled=not may_push or is_busy,
            help=why,
        ):
            _ask_push(frame, detail, label)
    if detail.allows("pause"):
        st.button(
            "Pause",
            key="pause",
            icon=":material/pause:",
            disabled=not may_stop,
            on_click=doing(lambda: actions.pause(workbench, person, change_set.id), "Paused."),
        )
    if detail.allows("stop") and st.button("Stop", key="stop", icon=":material/stop_circle:", disabled=not may_stop):
        ask(
            "Stop for good?",
            "What was sent stays and is read back; what was not sent is never sent by this set.",
            lambda: actions.stop(workbench, person, change_set.id),
            verb="Stop",
            done="Stopped.",
        )


def _ask_push(frame: Frame, detail: Detail, verb: str) -> None:
    targets = " and ".join(f"**{plain(target.name)}** ({target.environment})" for target in detail.targets)
    policy = detail.change_set.policy
    names = [target.name for target in detail.targets if target.environment == "production"]
    ask(
        f"{verb} {count(detail.operations)} operations?",
        f"This writes to {targets}. The first {policy.canary_size} records are written and read back before the rest. "
        "A record that changed since the snapshot is not overwritten. You can pause or stop at any moment.",
        lambda: actions.push(frame.workbench, frame.person, detail.change_set),
        verb=verb,
        done="Handed to the worker.",
        type_this=names[0] if names else "",
    )


def _show_afterwards_buttons(frame: Frame, detail: Detail) -> None:
    workbench, person, change_set = frame.workbench, frame.person, detail.change_set
    if detail.allows("retry") and detail.counts.get("failed"):
        st.button(
            "Try the failed ones again",
            key="retry",
            icon=":material/refresh:",
            disabled=not may(person, "push change sets"),
            on_click=doing(lambda: actions.retry(workbench, person, change_set), "Handed to the worker."),
        )
    if detail.allows("revert") and not change_set.reverts_id:
        st.button(
            "Take it back",
            key="revert",
            icon=":material/settings_backup_restore:",
            disabled=not may(person, "author change sets"),
            help="Drafts a change set that writes the values of before, where the present value is still ours.",
            on_click=_revert,
            args=(frame, detail),
        )


def _revert(frame: Frame, detail: Detail) -> None:
    def do() -> None:
        open_change_set(actions.revert(frame.workbench, frame.person, detail.change_set).id)

    attempt(do, "Drafted the change set that takes it back. Read it, then submit it.")
