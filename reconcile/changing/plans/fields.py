"""Plans that let one field of a linked pair agree."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.changing.plans.links import SET, Planned
from reconcile.changing.plans.source import Found, Records, require_known
from reconcile.changing.requests import FieldRequest
from reconcile.errors import DefinitionError
from reconcile.model import Side


def plan_fields(records: Records, requests: Sequence[FieldRequest]) -> Planned:
    """Operations that write the value of one side to the other (stage 1), as the source system spells it.

    Raises:
        UnknownNameError: a record that the snapshot does not hold.
        DefinitionError: a field that the connection's user may not write, or that was not pulled.
    """
    planned = Planned()
    for request in requests:
        _require_updateable(records, request)
    sides = {side: _present(records, side, requests) for side in ("left", "right")}
    for request in requests:
        _plan_field(request, sides["left"], sides["right"], planned)
    return planned


def _present(records: Records, side: Side, requests: Sequence[FieldRequest]) -> dict[str, Found]:
    """By record id and field: one look-up for all requests, each field of which is then asked for by name."""
    if not requests:
        return {}
    object_name = records.links.left_object if side == "left" else records.links.right_object
    fields = sorted({each.left_field if side == "left" else each.right_field for each in requests})
    ids = {each.left_id if side == "left" else each.right_id for each in requests}
    rows = records.find(side, object_name, fields, records.id_field(side, object_name), ids)
    found = {
        (records.left_id(row.target.record_id) or "") if side == "left" else row.target.record_id: row for row in rows
    }
    require_known(side, object_name, ids, found)
    return found


def _require_updateable(records: Records, request: FieldRequest) -> None:
    links = records.links
    side: Side = "right" if request.take == "left" else "left"
    object_name = links.left_object if side == "left" else links.right_object
    field = request.left_field if side == "left" else request.right_field
    if not records.is_updateable(side, object_name, field):
        raise DefinitionError(
            f"{object_name}.{field}",
            "the connection's user may not write this field",
            remedy="Take the other side's value, or give the user the right to edit the field.",
        )


def _plan_field(request: FieldRequest, left: dict[str, Found], right: dict[str, Found], planned: Planned) -> None:
    ours, theirs = left[request.left_id], right[request.right_id]
    left_value, right_value = ours.values[request.left_field], theirs.values[request.right_field]
    if request.take == "left":
        target, field, value, source = theirs, request.right_field, left_value, request.left_id
    else:
        target, field, value, source = ours, request.left_field, right_value, request.right_id
    # Only the field itself is the precondition: what else was looked up for other requests does not matter here.
    narrowed = Found(target.target, target.fingerprint, target.modified_at, {field: target.values[field]})
    what = request.name or field
    said = f"takes the value of {source}" if value else f"is cleared, as it is empty on {source}"
    operation = narrowed.operation(SET, {field: value}, f"{what} {said}. {request.reason}".strip(), request.id)
    planned.operations.append(operation)
