"""The link card: the records side by side, what differs first, and why the match thinks what it thinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from reconcile.model import ROLES, Side
from reconcile.reviewing import Card, RecordView
from reconcile.ui.charts import waterfall
from reconcile.ui.components.record_grid import Cell, Column, Row, Tone, show_records
from reconcile.ui.frame import Frame
from reconcile.ui.queries.evidence import PLACE, Evidence, pair_evidence
from reconcile.ui.queries.matching import role_name
from reconcile.ui.text import age, chance, money, plain
from reconcile.ui.text.labels import ROLES as ROLE_NAMES
from reconcile.ui.text.labels import VERDICTS

MOST_CANDIDATES = 3
_UNTOLD = Cell("", blank=" ")
_ADDRESS = Cell("", blank="with the address", is_note=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """One column of the card."""

    title: str
    subtitle: str
    record: RecordView


def show_records_side_by_side(frame: Frame, card: Card, evidence: Evidence | None) -> None:
    """The record in question, its partner and the best candidates: differing rows first, then the equal ones."""
    shown = _columns(frame, card)
    if not shown:
        st.caption("Neither of the two records is in this run any more.")
        return
    reference, others = shown[0].record, [each.record for each in shown[1:]]
    notes = _notes(evidence) if card.left and card.right else {}
    rows = [_row(role, reference, others, notes) for role in ROLES if _is_filled(role, [reference, *others])]
    differing = [row for row in rows if row.kind == "differs"]
    same = [row for row in rows if row.kind != "differs"]
    columns = [Column(each.title, each.subtitle) for each in shown]
    if notes:
        columns.append(Column("Evidence", "bits for this pair"))
    gap = [Row("The same on both", kind="gap")] if same and differing else []
    rows = _tell_address_once([*differing, *gap, *same], notes.get("place"))
    show_records(columns, rows, key="card_records", alt="The records side by side")


def show_more_of(frame: Frame, card: Card) -> None:
    """What else is known of the records: links, owner, dates, money and the further fields."""
    shown = _columns(frame, card)
    if shown:
        columns = [Column(each.title, each.subtitle) for each in shown]
        show_records(columns, _further(shown), key="card_further", alt="What else is known of the records")


def show_why(frame: Frame, card: Card) -> Evidence | None:
    """The waterfall of the pair shown, or of a candidate that is chosen to look at."""
    pairs = _pairs(card)
    if not pairs:
        st.caption("There is no second record to weigh this one against: no candidate reached 1 %.")
        return None
    chosen = next(iter(pairs))
    if len(pairs) > 1:
        chosen = st.segmented_control(
            "Evidence of",
            list(pairs),
            default=chosen,
            required=True,
            key=f"why_{card.exception.exception_id}",
            label_visibility="collapsed",
        )
    evidence = pair_evidence(frame.run.path, *pairs[chosen]) if frame.run else None
    if evidence is None:
        st.caption("The match did not score this pair: no blocking key brought the two together, or it is below 1 %.")
        return None
    margin = f" · {evidence.margin:+.1f} bits over the best rival" if evidence.margin is not None else ""
    st.markdown(f"**{chance(evidence.probability)}** probable · {evidence.weight:+.1f} bits{margin}")
    st.vega_lite_chart(*waterfall(evidence.steps), alt="How the evidence adds up, in bits", key="card_waterfall")
    return evidence


def shown_evidence(frame: Frame, card: Card) -> Evidence | None:
    """The evidence of the pair in question; None where there is no such pair, or it was not scored."""
    if frame.run is None or card.left is None or card.right is None:
        return None
    return pair_evidence(frame.run.path, card.left.record_id, card.right.record_id)


def show_history(card: Card) -> None:
    """What people said of these records before, newest first, withdrawn sayings included."""
    if not card.history:
        st.caption("Nobody has said anything about these records yet.")
        return
    for row in reversed(card.history[-8:]):
        said, label = row.judgement, VERDICTS[row.judgement.verdict]
        pair = f"{plain(said.left.record_id or 'nobody')} ↔ {plain(said.right.record_id or 'nobody')}"
        note = f" “{plain(said.note)}”" if said.note else ""
        line = f"{label.icon} {label.name} · {pair} · {plain(row.person_name)} {age(said.made_at)}{note}"
        st.caption(line if row.stands else f"~~{line}~~ (withdrawn)")


def _columns(frame: Frame, card: Card) -> list[Shown]:
    pair = [("right", card.right), ("left", card.left)]
    if card.exception.side == "left":
        pair.reverse()
    shown = [Shown(frame.side_name(_side(side)), record.record_id, record) for side, record in pair if record]
    for number, candidate in enumerate(card.candidates[:MOST_CANDIDATES], 1):
        record, probability = candidate.record, candidate.evidence.probability
        certainty = f" · {chance(probability)}" if probability is not None else ""
        taken = " · linked already" if candidate.links else ""
        rejected = " · rejected before" if candidate.is_rejected else ""
        title = f"Candidate {number} ({frame.side_name(record.side)})"
        shown.append(Shown(title, f"{record.record_id}{certainty}{taken}{rejected}", record))
    return shown


def _side(side: str) -> Side:
    return "left" if side == "left" else "right"


def _pairs(card: Card) -> dict[str, tuple[str, str]]:
    pairs: dict[str, tuple[str, str]] = {}
    if card.left and card.right:
        pairs["This pair"] = (card.left.record_id, card.right.record_id)
    for number, candidate in enumerate(card.candidates[:MOST_CANDIDATES], 1):
        pairs[f"Candidate {number}"] = (candidate.left_id, candidate.right_id)
    return pairs


def _is_filled(role: str, records: list[RecordView]) -> bool:
    return any(record.values.get(role) for record in records)  # type: ignore[call-overload]  # a role by name


def _row(role: str, reference: RecordView, others: list[RecordView], notes: dict[str, Cell]) -> Row:
    first = reference.values.get(role)  # type: ignore[call-overload]  # a role by name
    # The match reads a missing domain from the e-mail address; an "empty" beside "same" would be a riddle.
    blank = "see the e-mail" if role == "domain" else ""
    cells = [Cell(first, blank=blank if reference.values.get("email") else "")]
    cells.extend(
        Cell(other.values.get(role), first, blank=blank if other.values.get("email") else "")  # type: ignore[call-overload]  # as above
        for other in others
    )
    partner = others[0].values.get(role) if others else first  # type: ignore[call-overload]  # as above
    is_same = (first or "").casefold().strip() == (partner or "").casefold().strip()
    if notes:
        is_place = role in PLACE and "place" in notes
        cells.append(_ADDRESS if is_place else notes.get(role, _UNTOLD))
    return Row(ROLE_NAMES[role], tuple(cells), "same" if is_same else "differs")  # type: ignore[index]  # as above


def _tell_address_once(rows: list[Row], told: Cell | None) -> list[Row]:
    """The address is weighed as one: its first row on the screen has the figure, the others refer to it."""
    for place, row in enumerate(rows):
        if told is not None and row.cells and row.cells[-1] is _ADDRESS:
            rows[place] = replace(row, cells=(*row.cells[:-1], told))
            return rows
    return rows


def _notes(evidence: Evidence | None) -> dict[str, Cell]:
    """What the match says of each role of the pair in question. The address is weighed as one: its first row has it."""
    if evidence is None:
        return {}
    names = {role_name(role): role for role in (*ROLES, "place")}
    notes = {}
    for step in evidence.steps[1:]:
        role = names.get(step.label, step.label)
        tone: Tone = "green" if step.bits > 0 else "red" if step.bits < 0 else ""
        told = Cell(f"{step.detail} {step.bits:+.1f}", tone=tone, is_note=True)
        notes.update({"place": told} if role == "place" else {role: told})
    return notes


def _further(shown: list[Shown]) -> list[Row]:
    records = [each.record for each in shown]
    names = list(dict.fromkeys(name for record in records for name, value in record.extra.items() if value))
    values = {
        "Stored link": [record.link_id for record in records],
        "Money": [None if record.amount_cents is None else money(record.amount_cents) for record in records],
        "Owner": [record.owner for record in records],
        "Parent": [record.parent_id for record in records],
        "Created": [record.created_at for record in records],
        "Changed": [record.modified_at for record in records],
        **{name: [record.extra.get(name) for record in records] for name in names},
    }
    return [
        Row(name, tuple(Cell(value, blank="–") for value in row), "same") for name, row in values.items() if any(row)
    ]
