"""The parts of the Settings page."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import streamlit as st

from reconcile import defining
from reconcile.access import may
from reconcile.model import Cardinality, Connection, Person, PersonRole, Policy, Reconciliation
from reconcile.state import connections, people
from reconcile.ui.actions import settings as actions
from reconcile.ui.components.badges import environment_badge
from reconcile.ui.components.confirm import ask
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, doing
from reconcile.ui.text import plain
from reconcile.ui.text.labels import PEOPLE, SYSTEMS

_SECRETS = {
    "salesforce": ("client_secret", "private_key", "password", "security_token", "refresh_token", "session_id"),
    "chargebee": ("api_key",),
    "files": (),
}
_CARDINALITIES = {"1:1": "One to one", "n:1": "Several right records to one left record"}


def show_rules(frame: Frame, definition: Reconciliation) -> None:
    """Thresholds, cardinality and policy of the reconciliation. Saving makes the next version."""
    is_allowed = may(frame.person, "edit reconciliations")
    if not is_allowed:
        st.caption("Changing rules takes an administrator.")
    with st.form(f"rules_{definition.id}_{definition.version}"):
        name = st.text_input("Name", value=definition.name)
        matching, approving = st.columns(2, gap="large")
        with matching:
            st.markdown("**Matching**")
            accept = st.slider("Accepted from", 0.5, 1.0, definition.accept, 0.005, format="percent", help=_ACCEPT_HELP)
            review = st.slider("Shown to a person from", 0.0, 0.95, definition.review, 0.01, format="percent")
            options: list[Cardinality] = list(get_args(Cardinality))
            cardinality = st.segmented_control(
                "A link is",
                options,
                default=definition.cardinality,
                required=True,
                format_func=lambda c: _CARDINALITIES[c],
            )
        with approving:
            st.markdown("**Change sets**")
            second = st.toggle("A second person must approve", value=definition.policy.second_person)
            st.caption("Somebody alone in the workbench may always approve their own sets.")
            share = st.slider(
                "Refuse a set that ends or moves more than this share of the links",
                0.0,
                1.0,
                definition.policy.volume_stop_share,
                0.01,
                format="percent",
            )
            canary = st.number_input(
                "Write and read back so many records first", 1, 1000, definition.policy.canary_size, help=_CANARY_HELP
            )
        is_sent = st.form_submit_button(
            "Save as the next version", type="primary", icon=":material/save:", disabled=not is_allowed
        )
    if is_sent:
        policy = Policy(second_person=second, volume_stop_share=share, canary_size=int(canary))
        edited = replace(
            definition, name=name or "", accept=accept, review=review, cardinality=cardinality or "1:1", policy=policy
        )
        attempt(lambda: defining.save(frame.workbench, frame.person, edited), "Saved. The next run uses it.")
        st.rerun()
    st.caption(
        f"Version {definition.version}. The rules of a run that was made stay with it; the policy of a change set "
        "is the one of the moment when it was drafted."
    )


_ACCEPT_HELP = "The match proposes links at or above this probability; see the curve on the Matching page."
_CANARY_HELP = "A push stops when one of them cannot be verified, before the rest is written."


def show_people(frame: Frame) -> None:
    """Who is here, with which roles."""
    is_allowed = may(frame.person, "manage people")
    with frame.workbench.database.read() as tx:
        everybody = people.list_people(tx, with_inactive=True)
        active = {person.id for person in people.list_people(tx)}
    if not is_allowed:
        st.caption("Changing people takes an administrator.")
    for person in everybody:
        _show_person(frame, person, is_active=person.id in active, is_allowed=is_allowed)
    if is_allowed:
        with st.form("new_person", clear_on_submit=True), st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", key="new_person_name", width=240)
            roles = st.multiselect("Roles", list(PEOPLE), default=["analyst"], key="new_person_roles", width=360)
            is_sent = st.form_submit_button("Add person", icon=":material/person_add:")
        if is_sent:
            attempt(
                lambda: actions.add_person(frame.workbench, frame.person, name or "", roles), f"Added {plain(name)}."
            )
            st.rerun()
    with st.expander("What the roles may do", icon=":material/badge:"):
        for role, meaning in PEOPLE.items():
            st.markdown(f"**{role.capitalize()}** {meaning}.")


def _show_person(frame: Frame, person: Person, *, is_active: bool, is_allowed: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        icon = ":material/school:" if person.is_practice else ":material/person:"
        st.markdown(f"{icon} **{plain(person.name)}**" + ("" if is_active else " (shut out)"), width=260)
        order: list[PersonRole] = [role for role in PEOPLE if role in person.roles]
        key = f"roles_{person.id}_{'_'.join(order)}"
        roles = st.multiselect(
            "Roles",
            list(PEOPLE),
            default=order,
            key=key,
            disabled=not is_allowed or person.is_practice,
            label_visibility="collapsed",
            width=420,
        )
        if set(roles) != set(person.roles) and is_allowed:
            st.button(
                "Save",
                key=f"save_{person.id}",
                type="primary",
                on_click=doing(
                    lambda: actions.set_roles(frame.workbench, frame.person, person.id, roles), "Roles saved."
                ),
            )
        if person.id != frame.person.id and is_allowed:
            st.button(
                "Shut out" if is_active else "Let in",
                key=f"active_{person.id}",
                type="tertiary",
                on_click=doing(
                    lambda: actions.set_active(frame.workbench, frame.person, person.id, is_active=not is_active)
                ),
            )


def show_connections(frame: Frame) -> None:
    """Names and credentials of the connections. Credentials are never shown."""
    is_allowed = may(frame.person, "manage connections")
    if not is_allowed:
        st.caption("Changing connections takes an administrator.")
    with frame.workbench.database.read() as tx:
        found = connections.list_connections(tx)
    if not found:
        st.caption("There is no connection yet.")
        st.page_link("pages/1_Sources.py", label="Add one on Sources", icon=":material/arrow_forward:")
    for connection in found:
        with st.container(border=True):
            _show_connection(frame, connection, is_allowed=is_allowed)


def _show_connection(frame: Frame, connection: Connection, *, is_allowed: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(connection.name)}** · {SYSTEMS[connection.system]}", width="stretch")
        environment_badge(connection.environment)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", value=connection.name, key=f"name_{connection.id}", disabled=not is_allowed, width=260
        )
        st.button(
            "Rename",
            key=f"rename_{connection.id}",
            disabled=not is_allowed or name == connection.name,
            on_click=_rename,
            args=(frame, connection.id),
        )
        if _SECRETS[connection.system]:
            _show_secrets(frame, connection, is_allowed=is_allowed)
        if st.button("Retire", key=f"retire_{connection.id}", type="tertiary", disabled=not is_allowed):
            ask(
                "Retire this connection?",
                f"**{plain(connection.name)}** is not used any more and its credentials are forgotten. Its snapshots, "
                "runs and history stay.",
                lambda: actions.retire_connection(frame.workbench, frame.person, connection.id),
                verb="Retire",
                done="Retired.",
            )


def _rename(frame: Frame, connection_id: str) -> None:
    name = st.session_state.get(f"name_{connection_id}") or ""
    attempt(lambda: actions.rename_connection(frame.workbench, frame.person, connection_id, name), "Renamed.")


def _show_secrets(frame: Frame, connection: Connection, *, is_allowed: bool) -> None:
    with st.popover("Renew credentials", icon=":material/key:", disabled=not is_allowed):
        st.caption("What is kept is never shown. Only what you fill in is replaced.")
        given = {
            name: st.text_input(
                name.replace("_", " ").capitalize(), type="password", key=f"{name}_{connection.id}", autocomplete="off"
            )
            or ""
            for name in _SECRETS[connection.system]
        }
        st.button(
            "Keep these",
            key=f"renew_{connection.id}",
            type="primary",
            on_click=doing(
                lambda: actions.renew_secrets(frame.workbench, frame.person, connection.id, given),
                "Credentials renewed. Test the connection on Sources.",
            ),
        )
