"""Plans that bring the children of a moved link under the record that the link names now.

Billing connectors carry a link over, but leave the subscriptions and invoices that they synced before under the old
account. Whose they are is asked of the billing system's own records; a child that billing does not know follows the
link when it lies under the account that held it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconcile.changing.plans.links import REPARENT, Move, Planned
from reconcile.changing.plans.source import Found, Records
from reconcile.model import Operation
from reconcile.systems import ChildObject


def plan_children(records: Records, moves: Mapping[str, Move]) -> Planned:
    """Operations that re-parent children (stage 2). `moves` are the links of the plan, by right id.

    Raises:
        DefinitionError: the snapshot holds the child object without a column that is needed.
    """
    planned = Planned()
    if not moves:
        return planned
    for child in records.links.children:
        if not records.columns("left", child.object):
            planned.notes.append(f"{child.label}: not in the snapshot, so its records are not re-parented.")
            continue
        planned.operations.extend(_plan_object(records, child, moves))
    return planned


def _plan_object(records: Records, child: ChildObject, moves: Mapping[str, Move]) -> list[Operation]:
    old_owner = {holder: right_id for right_id, move in moves.items() for holder in move.holders}
    owners = _owners(records, child, child.other_parent_field, moves)
    fields = [child.parent_field, child.key_field]
    found = records.find("left", child.object, fields, child.key_field, owners)
    found += records.find("left", child.object, fields, child.parent_field, old_owner)
    keys = {each.values[child.key_field] for each in found} - {None}
    owners |= _owners(records, child, records.id_field("right", child.other_object), keys)
    operations = []
    for each in {row.target.record_id: row for row in found}.values():
        parent = records.left_id(each.values[child.parent_field])
        owner = owners.get(each.values[child.key_field] or "") or old_owner.get(parent or "")
        move = moves.get(owner or "")
        if move is not None and parent != move.left_id:
            operations.append(_reparent(child, each, move))
    return operations


def _owners(records: Records, child: ChildObject, by: str, values: Collection[str | None]) -> dict[str, str]:
    """Owner by child id, as the billing system says; empty where its records of that kind were not pulled."""
    if child.other_parent_field not in records.columns("right", child.other_object):
        return {}
    rows = records.find("right", child.other_object, [child.other_parent_field], by, values)
    return {each.target.record_id: each.values[child.other_parent_field] or "" for each in rows}


def _reparent(child: ChildObject, found: Found, move: Move) -> Operation:
    key = found.values[child.key_field] or found.target.record_id
    reason = f"{child.label} {key} follows its customer to {move.left_id}. {move.reason}"
    return found.operation(REPARENT, {child.parent_field: move.left_id}, reason, move.request_id)
