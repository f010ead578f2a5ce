"""Plans that set, clear and move links."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reconcile.changing.plans.source import Found, Records, require_known
from reconcile.changing.requests import LinkRequest, UnlinkRequest
from reconcile.errors import DefinitionError
from reconcile.model import Operation

CLEAR, SET, REPARENT = 0, 1, 2
"""Stages. The old link is gone before the new one is written: a connector that syncs in between never sees two."""


@dataclass(frozen=True, slots=True)
class Move:
    """A link that is to lead to `left_id`; `holders` are the left records that hold it until now and lose it."""

    left_id: str
    request_id: str
    reason: str
    holders: tuple[str, ...]


@dataclass(slots=True)
class Planned:
    """Operations of one part of a plan, what it left out, and the moves by right id."""

    operations: list[Operation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    moves: dict[str, Move] = field(default_factory=dict)


def plan_links(records: Records, links: Sequence[LinkRequest], unlinks: Sequence[UnlinkRequest]) -> Planned:
    """Operations on the two linked objects (stages 0 and 1); children are planned apart.

    Raises:
        UnknownNameError: a pair to link names a record that the snapshot does not hold.
        DefinitionError: a link is to be moved from a record that does not hold it.
    """
    pairs = [(each.left_id, each.right_id) for each in links] + [(each.left_id, each.right_id) for each in unlinks]
    lefts = {left_id for left_id, _ in pairs if left_id is not None}
    rights = {right_id for _, right_id in pairs if right_id is not None}
    present = _present(records, lefts, rights)
    require_known("left", records.links.left_object, [each.left_id for each in links], present.left)
    require_known("right", records.links.right_object, [each.right_id for each in links], present.right)
    planned = Planned()
    if links and _lacks_site(records):
        planned.notes.append(
            f"No record for site {records.source.right.fingerprint} was found: new links leave the site field as it is."
        )
    for request in links:
        _plan_link(records, present, request, planned)
    for unlink in unlinks:
        _plan_unlink(records, present, unlink, {each.right_id for each in links}, planned)
    return planned


@dataclass(frozen=True, slots=True)
class _Present:
    """The records that a plan touches, as the snapshots show them, and who names whom."""

    left: Mapping[str, Found]
    right: Mapping[str, Found]
    holders: Mapping[str, Sequence[str]]  # right id -> left ids whose link field names it
    namers: Mapping[str, Sequence[str]]  # left id -> right ids whose link field names it


def _present(records: Records, lefts: Collection[str], rights: Collection[str]) -> _Present:
    links = records.links
    if not lefts and not rights:
        return _Present({}, {}, {}, {})
    left_fields, right_fields = links.left_fields(), (links.right_link_field,)
    left_id_field = records.id_field("left", links.left_object)
    right_id_field = records.id_field("right", links.right_object)
    holding = records.find("left", links.left_object, left_fields, links.left_link_field, rights)
    naming = records.find("right", links.right_object, right_fields, links.right_link_field, lefts)
    named_left = records.find("left", links.left_object, left_fields, left_id_field, lefts)
    named_right = records.find("right", links.right_object, right_fields, right_id_field, rights)
    left = {records.left_id(each.target.record_id) or "": each for each in (*holding, *named_left)}
    right = {each.target.record_id: each for each in (*naming, *named_right)}
    holders, namers = _by_link(records, left, right)
    return _Present(left, right, holders, namers)


def _by_link(
    records: Records, left: Mapping[str, Found], right: Mapping[str, Found]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    holders: dict[str, list[str]] = {}
    namers: dict[str, list[str]] = {}
    for left_id, found in sorted(left.items()):
        held = found.values[records.links.left_link_field]
        if held:
            holders.setdefault(held, []).append(left_id)
    for right_id, found in sorted(right.items()):
        named = records.left_id(found.values[records.links.right_link_field])
        if named:
            namers.setdefault(named, []).append(right_id)
    return holders, namers


def _plan_link(records: Records, present: _Present, request: LinkRequest, planned: Planned) -> None:
    links, left, right = records.links, present.left[request.left_id], present.right[request.right_id]
    others = [each for each in present.holders.get(request.right_id, ()) if each != request.left_id]
    rivals = [each for each in present.namers.get(request.left_id, ()) if each != request.right_id]
    if links.cardinality != "1:1":
        rivals = []
    named = records.left_id(right.values[links.right_link_field])
    _require_moves_from(records, request, others, named)
    held = left.values[links.left_link_field]
    is_move = bool(others or rivals) or held not in {None, "", request.right_id}
    is_move = is_move or named not in {None, "", request.left_id}
    request_id = f"{'move' if is_move else 'link'}:{request.left_id}:{request.right_id}"
    reason = request.reason or "The pair is to be the link."
    planned.moves[request.right_id] = Move(request.left_id, request_id, reason, tuple(others))
    for other in others:
        clearing = f"Ends the link with {request.right_id}, which moves to {request.left_id}. {reason}"
        planned.operations.append(present.left[other].operation(CLEAR, links.left_unlinked(), clearing, request_id))
    for rival in rivals:
        clearing = f"Ends the claim on {request.left_id}, which is linked to {request.right_id}. {reason}"
        planned.operations.append(
            present.right[rival].operation(CLEAR, {links.right_link_field: None}, clearing, request_id)
        )
    if links.cardinality == "1:1" or not held:
        wanted = _linked(records, request.right_id)
        planned.operations.append(left.operation(SET, wanted, f"Links to {request.right_id}. {reason}", request_id))
    naming: dict[str, str | None] = {links.right_link_field: request.left_id}
    if named == request.left_id:  # already names it, perhaps in the form of 15 characters
        naming = {links.right_link_field: right.values[links.right_link_field]}
    planned.operations.append(right.operation(SET, naming, f"Links to {request.left_id}. {reason}", request_id))


def _linked(records: Records, right_id: str) -> dict[str, str | None]:
    wanted = records.links.left_linked(right_id, records.site_record_id)
    if not _lacks_site(records):
        return wanted
    return {name: value for name, value in wanted.items() if name not in _site_fields(records)}


def _site_fields(records: Records) -> set[str]:
    return {each.name for each in records.links.companions if each.linked is None}


def _lacks_site(records: Records) -> bool:
    return bool(_site_fields(records)) and records.site_record_id is None


def _require_moves_from(records: Records, request: LinkRequest, others: Sequence[str], named: str | None) -> None:
    source = records.left_id(request.moves_from)
    if source is not None and source not in others and source != named:
        raise DefinitionError(
            f"Move of {request.right_id} to {request.left_id}",
            f"{source} does not hold that link in the snapshot",
            remedy="Pull and run again, then look at the pair once more.",
        )


def _plan_unlink(
    records: Records, present: _Present, request: UnlinkRequest, linked_rights: Collection[str], planned: Planned
) -> None:
    links = records.links
    reason = request.reason or "The two records are not the same customer."
    before = len(planned.operations)
    left = None if request.left_id is None else present.left.get(request.left_id)
    right = None if request.right_id is None else present.right.get(request.right_id)
    held = left.values[links.left_link_field] if left is not None else None
    if left is not None and held and request.right_id in {None, held}:
        what = f"Ends the link with {held}. {reason}"
        planned.operations.append(left.operation(CLEAR, links.left_unlinked(), what, request.id))
    # A right record that gets another link in the same set is overwritten there, once.
    if right is not None and right.target.record_id not in linked_rights:
        named = records.left_id(right.values[links.right_link_field])
        if named and (request.left_id is None or named == request.left_id):
            what = f"Ends the link with {named}. {reason}"
            planned.operations.append(right.operation(CLEAR, {links.right_link_field: None}, what, request.id))
    if len(planned.operations) == before:
        pair = " and ".join(each for each in (request.left_id, request.right_id) if each)
        planned.notes.append(f"Nothing stored links {pair}: there is nothing to clear.")
