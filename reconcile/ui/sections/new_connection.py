"""The form that adds a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from reconcile.access import may
from reconcile.errors import InputError
from reconcile.model import Environment, SystemName
from reconcile.ui.actions import sources as actions
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt
from reconcile.ui.text import plain
from reconcile.ui.text.labels import ENVIRONMENTS, SYSTEMS


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in."""

    name: str
    label: str
    hint: str = ""
    is_secret: bool = False
    is_long: bool = False
    is_needed: bool = True


_APP = Field("client_id", "Client id", "Consumer key of the External Client App (or connected app)")
_APP_SECRET = Field("client_secret", "Client secret", is_secret=True)
_LOGINS: dict[str, tuple[str, tuple[Field, ...]]] = {
    "client_credentials": ("Client credentials (a server app)", (_APP, _APP_SECRET)),
    "jwt": (
        "JWT bearer (a certificate)",
        (
            _APP,
            Field("username", "User name"),
            Field("private_key", "Private key", "PEM, as text", is_secret=True, is_long=True),
        ),
    ),
    "authorization_code": (
        "Refresh token (a person consented)",
        (
            _APP,
            Field("client_secret", "Client secret", is_secret=True, is_needed=False),
            Field("refresh_token", "Refresh token", is_secret=True),
        ),
    ),
    "soap": (
        "User name and password (SOAP)",
        (
            Field("username", "User name"),
            Field("password", "Password", is_secret=True),
            Field("security_token", "Security token", is_secret=True, is_needed=False),
        ),
    ),
    "session": ("Session id (for a quick look)", (Field("session_id", "Session id", is_secret=True),)),
}
_FILE_TYPES = ["csv", "tsv", "txt", "xlsx", "parquet", "jsonl", "json", "gz"]
_SALESFORCE_ADDRESS = Field("base_url", "My domain", "https://acme.my.salesforce.com")
_CHARGEBEE = (
    Field("site", "Site", "acme in acme.chargebee.com"),
    Field("base_url", "Address", "Leave empty unless you use a proxy or a practice site", is_needed=False),
    Field("api_key", "API key", "A key with full access; read-only is enough until you push", is_secret=True),
)


def show_new_connection(frame: Frame) -> None:
    """Draw the form; on success the page reruns with the new connection."""
    if not may(frame.person, "manage connections"):
        st.caption("Adding a connection takes an administrator.")
        return
    system = st.segmented_control(
        "System",
        list(get_args(SystemName)),
        default="salesforce",
        required=True,
        format_func=lambda s: SYSTEMS[s],
        key="new_system",
    )
    if system == "files":
        _show_files_form(frame)
    else:
        _show_org_form(frame, cast("SystemName", system))


def _show_org_form(frame: Frame, system: SystemName) -> None:
    fields: tuple[Field, ...] = _CHARGEBEE
    options: dict[str, str] = {}
    if system == "salesforce":
        login = st.selectbox("Sign in with", list(_LOGINS), format_func=lambda key: _LOGINS[key][0], key="new_login")
        fields, options = (_SALESFORCE_ADDRESS, *_LOGINS[login][1]), {"login": login}
    with st.form(f"new_{system}_{options.get('login', '')}", border=False):
        name, environment = _show_common(system)
        given = {field: _show_field(field, system) for field in fields}
        is_sent = st.form_submit_button("Add connection", type="primary", icon=":material/add_link:")
    if is_sent:
        attempt(
            lambda: _add(frame, name, system, environment, given=given, options=options),
            f"Added {plain(name)}. Test it, then pull.",
        )
        st.rerun()


def _show_files_form(frame: Frame) -> None:
    with st.form("new_files", border=False):
        name, environment = _show_common("files")
        uploaded = st.file_uploader("File", type=_FILE_TYPES, key="new_file")
        path = st.text_input("or its path on this server", placeholder="/data/exports/customers.csv", key="new_path")
        is_sent = st.form_submit_button("Add file", type="primary", icon=":material/note_add:")
    if is_sent:
        attempt(
            lambda: _add_file(frame, name, environment, _kept(frame, uploaded, path)),
            f"Added {plain(name)}. Pull it to read the file.",
        )
        st.rerun()


def _add(
    frame: Frame,
    name: str,
    system: SystemName,
    environment: Environment | None,
    *,
    given: Mapping[Field, str],
    options: Mapping[str, str],
) -> None:
    missing = [field.label for field, value in given.items() if field.is_needed and not value.strip()]
    if missing:
        raise InputError(f"Please fill in: {', '.join(missing)}.")
    if environment is None:
        raise InputError("Please say whether this is production, a sandbox or practice.")
    actions.add(
        frame.workbench,
        frame.person,
        name=name,
        system=system,
        environment=environment,
        options={**options, **{field.name: value for field, value in given.items() if not field.is_secret}},
        secrets={field.name: value for field, value in given.items() if field.is_secret},
    )


def _add_file(frame: Frame, name: str, environment: Environment | None, path: str) -> None:
    _add(frame, name, "files", environment, given={}, options={"path": path})


def _kept(frame: Frame, uploaded: UploadedFile | None, path: str | None) -> str:
    """The path of the file: of the upload, which is copied to disk at once, or the one given."""
    if uploaded is not None:
        return str(actions.keep_upload(frame.workbench, frame.person, uploaded.name, uploaded))
    if not (path or "").strip():
        raise InputError("Please choose a file, or give the path of one on this server.")
    return (path or "").strip()


def _show_common(system: str) -> tuple[str, Environment | None]:
    name = st.text_input("Name", placeholder="What your team calls it", key=f"new_name_{system}")
    environment = st.segmented_control(
        "This is",
        list(get_args(Environment)),
        format_func=lambda key: ENVIRONMENTS[key].name.capitalize(),
        key=f"new_environment_{system}",
        help="Production asks for more before anything is written, and is marked red on every page.",
    )
    return name or "", environment


def _show_field(field: Field, system: str) -> str:
    key = f"new_{system}_{field.name}"
    if field.is_long:
        return st.text_area(field.label, placeholder=field.hint, key=key) or ""
    label = field.label if field.is_needed else f"{field.label} (optional)"
    if field.is_secret:
        return st.text_input(label, type="password", placeholder=field.hint, key=key, autocomplete="off") or ""
    return st.text_input(label, placeholder=field.hint, key=key, autocomplete="off") or ""
