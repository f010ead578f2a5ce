"""Columns, key and rules: what is proposed, with its figures, and what a person makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reconcile.comparing.tables import (
    ColumnPair,
    ColumnRule,
    KeyColumn,
    KeyProposal,
    Recipe,
    parse_recipe_text,
)
from reconcile.errors import InputError
from reconcile.ui.compare.desk import Desk
from reconcile.ui.compare.refusal import DUPLICATE_WAYS, show_refusal
from reconcile.ui.guard import attempt
from reconcile.ui.text import plain, share

_NOT_COMPARED = ""
_LONGEST_NAME, _MOST_LISTED = 40, 8


def show_settings(desk: Desk) -> tuple[Recipe, DeltaGenerator]:
    """Draw the settings and the button to compare.

    Gives the recipe as it stands on the screen, and the place beside the button where to say that it runs.

    Raises:
        InputError: a tolerance that is no number.
    """
    recipe = _show_recipe(desk)
    is_running = "compare" in desk.doing or desk.is_asked
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Compare", type="primary", icon=":material/compare_arrows:", key="compare_now", on_click=desk.ask,
            disabled=is_running,
        )  # fmt: skip
        place = st.container(horizontal=True, vertical_alignment="center", width="content")
        if not is_running:
            _show_recipe_upload(desk)
    # Emptied at once: what is no longer drawn stays on the screen until the script ends, here until all is compared.
    with st.empty():
        if desk.refusal is not None and not is_running:
            with st.container():
                show_refusal(desk, recipe, desk.refusal)
    return recipe, place


def _show_recipe(desk: Desk) -> Recipe:
    recipe = desk.recipe
    top = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    figures = st.container()
    # Drawn before the key above it: a column that was paired here can be the key.
    with st.expander("Columns and rules", icon=":material/view_column:", expanded=not recipe.columns):
        columns, alone = _show_columns(desk)
    if alone:
        st.caption(f":orange[:material/visibility_off: Not compared: {alone}.] Pair them under Columns and rules.")
    with top:
        no_key = st.toggle(
            "No key",
            value=recipe.no_key,
            key=f"compare_no_key_{desk.version}",
            help="Match the rows by their content: names, addresses, mails. Takes longer.",
        )
        names = _key_options(desk, columns)
        chosen = st.multiselect(
            "Key: the columns that name a row",
            list(names),
            default=[_label(key) for key in recipe.keys if _label(key) in names],
            key=f"compare_key_{desk.version}",
            disabled=no_key,
            width=420,
        )
        way = st.selectbox(
            "If a key occurs more than once",
            list(DUPLICATE_WAYS),
            index=list(DUPLICATE_WAYS).index(recipe.duplicates),
            format_func=lambda key: DUPLICATE_WAYS[key],
            key=f"compare_duplicates_{desk.version}",
            disabled=no_key,
            width=240,
        )
        ignore_format = st.toggle(
            "Ways of writing count as same",
            value=recipe.ignore_format,
            key=f"compare_format_{desk.version}",
            help="1.5 and 1.50, Acme and ACME, 2026-03-04 and 04.03.2026.",
        )
    if not no_key:
        with figures:
            _show_key_figures(desk.keys, is_chosen=bool(chosen))
    return replace(
        recipe,
        keys=() if no_key else tuple(names[name] for name in chosen),
        no_key=no_key,
        duplicates=way,
        ignore_format=ignore_format,
        columns=columns,
    )


def _label(key: KeyColumn) -> str:
    name = key.left if key.left == key.right else f"{key.left} = {key.right}"
    return f"{name} ({', '.join(key.normalise)})" if key.normalise else name


def _key_options(desk: Desk, columns: Sequence[ColumnPair]) -> dict[str, KeyColumn]:
    """Every mapped pair as it is, and the proposed and chosen ones with what is done to them."""
    known = [KeyColumn(pair.left, pair.right) for pair in columns]
    proposed = [key for proposal in desk.keys for key in proposal.keys]
    return {_label(key): key for key in [*desk.recipe.keys, *proposed, *known]}


def _show_key_figures(keys: Sequence[KeyProposal], *, is_chosen: bool) -> None:
    if not keys:
        if not is_chosen:
            st.caption(
                ":orange[:material/warning: No column names the rows of both tables. Choose a key (pair its columns "
                "first, under Columns and rules), or compare without: No key.]"
            )
        return
    parts = []
    for item in keys[:3]:
        name = " + ".join(_label(key) for key in item.keys)
        blank = max(item.left_blank, item.right_blank)
        blanks = f", {share(blank, 1)} blank" if blank else ""
        parts.append(
            f"`{_shortened(name.replace('`', ''))}` {_unique_words(item)}{blanks}, "
            f"{share(item.overlap, 1)} of its values on both sides"
        )
    st.caption(f"Suggested: {' · '.join(parts)}")


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _unique_words(item: KeyProposal) -> str:
    if item.left_unique == item.right_unique == 1:
        return "is unique"
    return f"is unique in {share(item.left_unique, 1)} of the left rows and {share(item.right_unique, 1)} of the right"


def _show_columns(desk: Desk) -> tuple[tuple[ColumnPair, ...], str]:
    """The mapping as a table to edit, one row a left column, in the order of the file; and what is not in it."""
    edited = st.data_editor(
        _frame(desk),
        key=f"compare_columns_{desk.version}",
        hide_index=True,
        placeholder="",
        num_rows="fixed",
        disabled=["Left", "Confidence"],
        alt="Columns of the left table, the right column each is compared with, and its rules",
        column_config={
            "Left": st.column_config.TextColumn("Left column", pinned=True),
            "Right": st.column_config.SelectboxColumn(
                "Right column", options=[_NOT_COMPARED, *desk.read["right"].columns], help="Empty: not compared"
            ),
            "Confidence": st.column_config.ProgressColumn("Confidence", format="percent", min_value=0, max_value=1),
            "Tolerance": st.column_config.TextColumn("Tolerance", help="0.01, or 1%: how far numbers may be apart"),
            "Factor": st.column_config.TextColumn("Left ×", help="0.01 when left is in cents and right in units"),
            "Days": st.column_config.NumberColumn("± days", min_value=0, step=1, help="How far dates may be apart"),
            "Case": st.column_config.CheckboxColumn("Ignore case"),
            "Space": st.column_config.CheckboxColumn("Ignore blanks"),
            "Empty": st.column_config.CheckboxColumn(
                "Empty ≠ none", help="An empty text and no value at all count as a difference"
            ),
            "Sensitive": st.column_config.CheckboxColumn("Sensitive", help="Masked in every output"),
        },
    )
    rows: list[dict[Any, Any]] = edited.to_dict("records")
    known = {pair.left: pair.rule for pair in desk.recipe.columns}
    pairs = tuple(_pair(row, known.get(row["Left"], ColumnRule())) for row in rows if row["Right"])
    return pairs, _unmapped(desk, edited)


def _unmapped(desk: Desk, edited: pd.DataFrame) -> str:
    used = set(edited["Right"])
    alone = [
        f"{side} {_listed([plain(name) for name in names])}"
        for side, names in (
            ("left", edited.loc[edited["Right"] == _NOT_COMPARED, "Left"]),
            ("right", [name for name in desk.read["right"].columns if name not in used]),
        )
        if len(names)
    ]
    return "; ".join(alone)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_LISTED])
    return f"{shown} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else shown


def _frame(desk: Desk) -> pd.DataFrame:
    pairs = {pair.left: pair for pair in desk.recipe.columns}
    confidence = {item.left: item.confidence for item in desk.proposals if item.right}
    rows = []
    for name in desk.read["left"].columns:
        pair = pairs.get(name)
        rule = pair.rule if pair else ColumnRule()
        is_compared = pair is not None and not pair.is_ignored
        rows.append(
            {
                "Left": name,
                "Right": pair.right if pair and is_compared else _NOT_COMPARED,
                "Confidence": confidence.get(name),
                "Tolerance": _tolerance(rule),
                "Factor": "" if rule.left_factor is None else f"{rule.left_factor:f}",
                "Days": None if rule.days is None else float(rule.days),
                "Case": rule.ignore_case,
                "Space": rule.ignore_space,
                "Empty": not rule.null_equals_empty,
                "Sensitive": rule.is_sensitive,
            }
        )
    return pd.DataFrame(rows)


def _tolerance(rule: ColumnRule) -> str:
    if rule.relative is not None:
        return f"{rule.relative * 100:f}%"
    return "" if rule.absolute is None else f"{rule.absolute:f}"


def _pair(row: dict[Any, Any], rule: ColumnRule) -> ColumnPair:
    name = row["Left"]
    text = str(row["Tolerance"] or "").strip().replace(" ", "")
    amount = _number(name, text.removesuffix("%"))
    days = row["Days"]
    return ColumnPair(
        name,
        row["Right"],
        replace(
            rule,
            absolute=None if text.endswith("%") else amount,
            relative=amount / 100 if amount is not None and text.endswith("%") else None,
            left_factor=_number(name, str(row["Factor"] or "").strip()),
            days=None if days is None or pd.isna(days) else Decimal(str(days)),
            ignore_case=bool(row["Case"]),
            ignore_space=bool(row["Space"]),
            null_equals_empty=not row["Empty"],
            is_sensitive=bool(row["Sensitive"]),
        ),
    )


def _number(column: str, text: str) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise InputError(f"{column}: {text!r} is no number.", remedy="Write for example 0.01, or 1%.") from error


def _show_recipe_upload(desk: Desk) -> None:
    """A saved recipe in place of the proposals."""
    # The key carries the version: a popover that stays open swallows the next click.
    place = f"compare_recipe_place_{desk.version}"
    with st.popover("Use a recipe", icon=":material/receipt_long:", type="tertiary", key=place):
        uploaded = st.file_uploader("Recipe", type=["toml"], key=f"compare_recipe_{desk.version}")
    if uploaded is not None:
        text = uploaded.getvalue().decode("utf-8", errors="replace")
        attempt(lambda: desk.use(parse_recipe_text(text, uploaded.name)), "The recipe is in place.")
        st.rerun()
