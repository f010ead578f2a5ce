"""What a merge of a cluster would leave: the surviving record, the winner of each field, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from reconcile.matching.survivorship import FieldRule, FieldWinner, Member, MergePreview
from reconcile.model import ROLES
from reconcile.reviewing import RecordView
from reconcile.reviewing.merging import Merging
from reconcile.ui.components.record_grid import Cell, Column, Row, show_records
from reconcile.ui.queries.duplicates import FIELD_RULES, MASTER_REASONS, Choice, field_name, preview
from reconcile.ui.text import counted, plain

MOST_SHOWN = 6
MOST_CHOSEN = 12
_BY_RULES = ""


def show_survivor(members: Sequence[RecordView], merging: Merging, kept: tuple[str, ...], exception_id: str) -> None:
    """The members side by side, and beside them the merged record as rules and the person's choices make it."""
    made, known = None, merging.members
    if len(kept) > 1:
        key = f"{exception_id}_{hash(kept)}"
        by_rules = preview(known, Choice(kept))
        names = {member.record_id: member.values.get("name", member.record_id) for member in members}
        choice = _choose(by_rules, merging, kept, names, key)
        made = preview(known, choice)
        _show_reasons(made, names, merging.names)
    _show_members(members[:MOST_SHOWN], merging, made, exception_id)
    if len(members) > MOST_SHOWN:
        st.caption(f"and {counted(len(members) - MOST_SHOWN, 'more member')} of which the preview takes account too")


def _choose(
    by_rules: MergePreview, merging: Merging, kept: tuple[str, ...], names: Mapping[str, str], key: str
) -> Choice:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        master = st.selectbox(
            "Survivor",
            [by_rules.master_id, *(name for name in kept if name != by_rules.master_id)],
            format_func=lambda name: f"{names.get(name, name)} ({name})",
            key=f"survivor_{key}",
            help="Proposed by rules, in this order: serves a live billing customer, holds most values, is the oldest, "
            "most records hang on it, has an active owner.",
        )
        rule: FieldRule = st.selectbox(
            "Values come from",
            list(FIELD_RULES),
            format_func=lambda rule: FIELD_RULES[rule],
            key=f"field_rule_{key}",
            help="Which record each value is taken from. Single fields can be chosen below.",
        )
    chosen_master = None if master == by_rules.master_id else master
    draft = preview(merging.members, Choice(kept, chosen_master, rule))
    overrides = _choose_values(draft, merging, kept, key)
    is_allowed = bool(by_rules.blocks) and st.checkbox(
        "Preview it although several live billing customers are in it", key=f"allow_{key}"
    )
    return Choice(kept, chosen_master, rule, overrides, is_allowed)


def _choose_values(
    draft: MergePreview, merging: Merging, kept: tuple[str, ...], key: str
) -> tuple[tuple[str, str], ...]:
    """A choice for each field on which the members disagree."""
    disputed = _ordered([winner for winner in draft.fields if winner.others])[:MOST_CHOSEN]
    if not disputed:
        return ()
    chosen: list[tuple[str, str]] = []
    with (
        st.expander(f"Choose single values ({counted(len(disputed), 'field')} differ)", icon=":material/tune:"),
        st.grid(3, min_column_width=180),
    ):
        for winner in disputed:
            holders = {
                str(member.values[winner.field]): member.record_id
                for member in merging.members
                if member.record_id in kept and member.values.get(winner.field)
            }
            value = st.selectbox(
                plain(field_name(winner.field, merging.labels)),
                [_BY_RULES, *holders],
                format_func=partial(_value_name, winner),
                key=f"value_{winner.field}_{key}",
            )
            if value:
                chosen.append((winner.field, holders[value]))
    return tuple(chosen)


def _value_name(winner: FieldWinner, value: str) -> str:
    return value or f"By the rules: {winner.value}"


def _show_reasons(made: MergePreview, names: Mapping[str, str], customers: Mapping[str, str]) -> None:
    why = MASTER_REASONS.get(made.master_reason, made.master_reason)
    st.caption(
        f"{plain(names.get(made.master_id, made.master_id))} would survive: {why}. **This is a preview.** What is kept "
        "is your decision whether they are one customer; nothing is merged in the systems, and the choices made here "
        "are not stored."
    )
    for block in made.blocks:
        st.warning(f"A merge is blocked: {plain(_named(block, customers))}", icon=":material/block:")


def _named(text: str, customers: Mapping[str, str]) -> str:
    """The text with the names of customers before their ids."""
    for customer_id, name in customers.items():
        text = text.replace(customer_id, f"{name} {customer_id}")
    return text


def _show_members(
    members: Sequence[RecordView], merging: Merging, made: MergePreview | None, exception_id: str
) -> None:
    known = {member.record_id: member for member in merging.members}
    columns = [Column(member.values.get("name", "–"), member.record_id) for member in members]
    if made is not None:
        columns.append(Column("Would survive", made.master_id))
    winners = {winner.field: winner for winner in made.fields} if made else {}
    rows = []
    for name in _fields(known):
        values = [known[member.record_id].values.get(name) for member in members]
        cells = [Cell(values[0]), *(Cell(value, values[0]) for value in values[1:])]
        if made is not None:
            cells.append(_survives(winners.get(name), made.master_id))
        rows.append(Row(field_name(name, merging.labels), tuple(cells), "differs" if len(set(values)) > 1 else "same"))
    differing = [row for row in rows if row.kind == "differs"]
    others = [row for row in rows if row.kind != "differs"]
    gap = [Row("The same in all", kind="gap")] if others else []
    facts = [Row("What else tells them apart", kind="gap"), *_facts(members, merging, has_preview=made is not None)]
    show_records(
        columns, [*differing, *facts, *gap, *others], key=f"members_{exception_id}", alt="Members side by side"
    )


def _survives(winner: FieldWinner | None, master_id: str) -> Cell:
    """The winning value; orange where it is not the survivor's own."""
    if winner is None or winner.value is None:
        return Cell(None)
    return Cell(winner.value, tone="green" if winner.record_id == master_id else "orange")


def _fields(known: Mapping[str, Member]) -> list[str]:
    """The fields that somebody fills: roles in their usual order, then the others by name."""
    filled = {name for member in known.values() for name, value in member.values.items() if value}
    roles = [str(role) for role in ROLES if role in filled]
    return [*roles, *sorted(filled - set(roles))]


def _ordered(winners: Sequence[FieldWinner]) -> list[FieldWinner]:
    places = {str(role): place for place, role in enumerate(ROLES)}
    return sorted(winners, key=lambda winner: (places.get(winner.field, len(places)), winner.field))


def _facts(members: Sequence[RecordView], merging: Merging, *, has_preview: bool) -> list[Row]:
    """What the rules look at besides the values, and the links."""
    known = {member.record_id: member for member in merging.members}
    tail = (Cell("", blank=" "),) if has_preview else ()
    rows = []
    for label, found in (
        ("Live billing customer", [_customers(known[member.record_id], merging) for member in members]),
        (
            "Records that hang on it",
            [_children(merging.hanging.children.get(member.record_id, {})) for member in members],
        ),
        ("Owner", [_owner(member, merging) for member in members]),
        ("Stored link", [_called(member.link_id, merging) for member in members]),
        ("Created", [member.created_at for member in members]),
    ):
        if any(found):
            rows.append(Row(label, (*(Cell(value, blank="–") for value in found), *tail), "same"))
    return rows


def _customers(member: Member, merging: Merging) -> str:
    return ", ".join(str(_called(name, merging)) for name in member.billing_ids)


def _called(record_id: str | None, merging: Merging) -> str | None:
    """A record by its name and id; by its id alone where it is not known."""
    name = merging.names.get(record_id or "")
    return f"{name} ({record_id})" if name else record_id


def _children(found: Mapping[str, int]) -> str | None:
    """What hangs on a record: "2 Contact, 1 Opportunity"."""
    return ", ".join(f"{number} {_plain_object(name)}" for name, number in sorted(found.items())) or None


def _plain_object(name: str) -> str:
    """An object without the prefix of its package and the ending of custom objects: "CB Invoice"."""
    return name.removesuffix("__c").rpartition("__")[2].replace("_", " ")


def _owner(record: RecordView, merging: Merging) -> str | None:
    if not record.owner:
        return None
    name = merging.hanging.owner_names.get(record.owner, record.owner)
    return f"{name} (not active any more)" if record.owner in merging.hanging.inactive_owners else name
