"""Why a comparison was refused, and the ways out as buttons."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from reconcile.comparing.tables import Duplicates, KeyColumn, Recipe, RepeatedKeyError
from reconcile.errors import ReconcileError
from reconcile.ui.compare.desk import Desk
from reconcile.ui.guard import show_error
from reconcile.ui.text import count, plain

DUPLICATE_WAYS: dict[Duplicates, str] = {
    "refuse": "Ask me",
    "list": "List them",
    "nearest": "Pair the nearest rows",
    "groups": "Compare as groups, with sums",
}
_HELP: dict[Duplicates, str] = {
    "nearest": "Within a key, the rows that agree most are compared with each other.",
    "groups": "All rows of a key together: their number, and the sums of their amounts.",
    "list": "Rows of such keys are listed and not compared; all others are.",
}


def show_refusal(desk: Desk, recipe: Recipe, refusal: ReconcileError) -> None:
    """Say what stands in the way. `recipe` is what stands on the screen: the way out is added to it."""
    if isinstance(refusal, RepeatedKeyError):
        _show_repeated(desk, recipe, refusal)
        return
    show_error(refusal)
    if not recipe.keys and not recipe.no_key:
        _offer_content(desk, recipe)


def _offer_content(desk: Desk, recipe: Recipe) -> None:
    st.button(
        "Match the rows by their content", icon=":material/balance:", key="compare_by_content",
        on_click=desk.settle, args=(replace(recipe, keys=(), no_key=True),),
    )  # fmt: skip


def _show_repeated(desk: Desk, recipe: Recipe, refusal: RepeatedKeyError) -> None:
    check = refusal.check
    keys = "One key occurs" if check.many_to_many == 1 else f"{count(check.many_to_many)} keys occur"
    examples = "; ".join(check.examples[:3])
    st.warning(
        f"**{keys} more than once in both tables**, for example {plain(examples)}. Which of their rows belong together "
        "is not said by the key. How should they be compared?",
        icon=":material/warning:",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for way, help_text in _HELP.items():
            st.button(
                DUPLICATE_WAYS[way], key=f"compare_way_{way}", help=help_text, on_click=desk.settle,
                args=(replace(recipe, duplicates=way),),
            )  # fmt: skip
        _offer_content(desk, recipe)
        named = {(key.left, key.right) for key in recipe.keys}
        others = {pair.title: pair for pair in recipe.columns if (pair.left, pair.right) not in named}
        if others:
            added = st.selectbox(
                "Or add a column to the key", list(others), index=None, placeholder="Column",
                key=f"compare_add_key_{desk.version}", width=220,
            )  # fmt: skip
            if added is not None:
                key = KeyColumn(others[added].left, others[added].right)
                desk.settle(replace(recipe, keys=(*recipe.keys, key)))
                st.rerun()
