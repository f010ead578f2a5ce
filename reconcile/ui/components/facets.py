"""Filters with counts, kept in the address.

Streamlit's own widgets identify an option by its label: with a count in the label, every decision would make another
option of it, and a link would hold the count of the day. Buttons have a key of their own, and the address holds values.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from reconcile.ui.text import count

_CHOSEN = ":material/check:"


def chosen_values(name: str) -> list[str]:
    """What the address asks for under `name`."""
    return st.query_params.get_all(name)


def choose_many(name: str, labels: Mapping[str, str], counts: Mapping[str, int]) -> list[str]:
    """Buttons that switch values on and off; gives those that are on. A value that is on is shown even with count 0."""
    chosen = [value for value in chosen_values(name) if value in labels]
    with st.container(horizontal=True, gap="xsmall"):
        for value, label in labels.items():
            if counts.get(value) or value in chosen:
                st.button(
                    f"{label} {count(counts.get(value, 0))}",
                    key=f"facet_{name}_{value}",
                    icon=_CHOSEN if value in chosen else None,
                    on_click=_toggle,
                    args=(name, value),
                )
    return chosen


def choose_one(name: str, labels: Mapping[str, str], counts: Mapping[str, int]) -> str:
    """Buttons of which one is on, the first if the address names none; gives its value."""
    first = next(iter(labels))
    chosen = next((value for value in chosen_values(name) if value in labels), first)
    with st.container(horizontal=True, gap="xsmall", width="content"):
        for value, label in labels.items():
            st.button(
                f"{label} {count(counts.get(value, 0))}",
                key=f"facet_{name}_{value}",
                icon=_CHOSEN if value == chosen else None,
                on_click=_set_one,
                args=(name, None if value == first else value),
            )
    return chosen


def restore(name: str, *, is_list: bool = False) -> None:
    """Give the widget of that key what the address says, when it is drawn for the first time."""
    if name not in st.session_state and name in st.query_params:
        st.session_state[name] = st.query_params.get_all(name) if is_list else st.query_params[name]


def remember(name: str) -> None:
    """Put what the widget of that key holds into the address; for its `on_change`."""
    value = st.session_state.get(name)
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def _toggle(name: str, value: str) -> None:
    chosen = chosen_values(name)
    left = [each for each in chosen if each != value] if value in chosen else [*chosen, value]
    if left:
        st.query_params[name] = left
    else:
        st.query_params.pop(name, None)


def _set_one(name: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
