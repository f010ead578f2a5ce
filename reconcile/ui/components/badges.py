"""Badges: environments, kinds, states. The words come from `reconcile.ui.text.labels`, never from data."""

from __future__ import annotations

import streamlit as st

from reconcile.model import Environment
from reconcile.ui.text.labels import ENVIRONMENTS, Label


def environment_badge(environment: Environment, more: str = "") -> None:
    """PRODUCTION red, SANDBOX blue, PRACTICE grey. `more` (Markdown) is told with its meaning."""
    label = ENVIRONMENTS[environment]
    st.badge(label.name, icon=label.icon, color=label.color, help="\n\n".join(filter(None, (label.meaning, more))))


def label_badge(label: Label) -> None:
    """A badge whose tooltip says what the word means."""
    st.badge(label.name, icon=label.icon, color=label.color, help=label.meaning)


def inline(label: Label) -> str:
    """The badge as Markdown, for use inside a sentence."""
    return f":{label.color}-badge[{label.icon} {label.name}]"
