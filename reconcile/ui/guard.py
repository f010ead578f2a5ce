"""The failure boundary of every page, fragment and action, and the messages that outlive one rerun.

A deliberate error (`ReconcileError`) is shown as its sentence and its remedy. Anything else is a fault of ours: the
person gets an apology with a reference, the log gets the traceback under the same reference.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import streamlit as st

from reconcile.errors import ConflictError, NotAllowedError, ReconcileError
from reconcile.ui.text import plain

Tone = Literal["success", "warning", "error"]

_LOG = logging.getLogger(__name__)
_MESSAGES, _DESTINATION = "_messages", "_destination"
_APOLOGY = (
    "Something went wrong here, and it is our fault. Nothing was sent to any system by this. "
    "Reference {reference}: the log of the app has the details under it."
)
_ICONS: dict[Tone, str] = {
    "success": ":material/check_circle:",
    "warning": ":material/warning:",
    "error": ":material/error:",
}


@contextmanager
def boundary() -> Iterator[None]:
    """Show what goes wrong inside as a message in its place; the rest of the page goes on."""
    try:
        yield
    except ReconcileError as error:
        show_error(error)
    except Exception:  # noqa: BLE001  the last line of defence: logged in full, shown as a reference
        _apologise(_log_fault(), st.error)


def attempt(action: Callable[[], object], done: str = "") -> bool:
    """Do what a person asked for, from a callback or a page; gives whether it worked.

    The outcome is told at the next `show_messages`: `done` (Markdown) on success, the error otherwise.
    """
    try:
        action()
    except ReconcileError as error:
        tell(_sentence(error), "warning" if isinstance(error, ConflictError | NotAllowedError) else "error")
        return False
    except Exception:  # noqa: BLE001  as above; a callback has no page to show it on yet
        _apologise(_log_fault(), lambda text, icon: tell(text, "error"))  # noqa: ARG005  the icon follows from the tone
        return False
    if done:
        tell(done, "success")
    return True


def as_refusal(error: Exception) -> ReconcileError:
    """What work in a thread of its own ended with, for a page to show; a fault of ours is logged and apologised for."""
    if isinstance(error, ReconcileError):
        return error
    reference = secrets.token_hex(4)
    _LOG.error("Unexpected error, reference %s", reference, exc_info=error)
    return ReconcileError(_APOLOGY.format(reference=reference))


def doing(action: Callable[[], object], done: str = "") -> Callable[[], None]:
    """`attempt` as a callback for a button's `on_click`."""

    def callback() -> None:
        attempt(action, done)

    return callback


def tell(message: str, tone: Tone = "success") -> None:
    """Keep a message (Markdown; data in it escaped by the caller) until it has been shown once."""
    st.session_state.setdefault(_MESSAGES, []).append((message, tone))


def go_to(page: str, **query: str) -> None:
    """Open another page at the next full rerun; for callbacks, which cannot leave the page themselves."""
    st.session_state[_DESTINATION] = (page, query)


def follow() -> None:
    """Leave for the page that a callback asked for, if one did."""
    destination = st.session_state.pop(_DESTINATION, None)
    if destination is not None:
        page, query = destination
        st.switch_page(page, query_params=query)


def show_messages() -> None:
    """Show the kept messages: good news as a toast, the rest where it stays until the next action."""
    for message, tone in st.session_state.pop(_MESSAGES, []):
        if tone == "success":
            st.toast(message, icon=_ICONS[tone])
        else:
            (st.warning if tone == "warning" else st.error)(message, icon=_ICONS[tone])


def show_error(error: ReconcileError) -> None:
    """Show a deliberate error where it happened."""
    st.error(_sentence(error), icon=_ICONS["error"])


def _sentence(error: ReconcileError) -> str:
    remedy = f"\n\n**What to do:** {plain(error.remedy)}" if error.remedy else ""
    return f"{plain(error.sentence)}{remedy}"


def _log_fault() -> str:
    reference = secrets.token_hex(4)
    _LOG.exception("Unexpected error, reference %s", reference)
    return reference


def _apologise(reference: str, show: Callable[..., object]) -> None:
    show(_APOLOGY.format(reference=f"**{reference}**"), icon=_ICONS["error"])
