"""Plans: from what people want to the operations that do it, with the values that the snapshots show as `before`."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.changing.plans.children import plan_children
from reconcile.changing.plans.combine import Plan, combine, count_ended_links, reduce
from reconcile.changing.plans.fields import plan_fields
from reconcile.changing.plans.links import plan_links
from reconcile.changing.plans.source import PlanSource, plan_source
from reconcile.changing.requests import FieldRequest, LinkRequest, Request, UnlinkRequest
from reconcile.errors import DefinitionError

__all__ = ["Plan", "PlanSource", "combine", "count_ended_links", "plan", "plan_source", "reduce"]


def plan(source: PlanSource, requests: Sequence[Request]) -> Plan:
    """The operations that carry out `requests`: stage 0 clears old links, 1 sets new values, 2 re-parents children.

    Nothing is planned for what is already as wanted; the plan's notes say what was left out and why. Two operations on
    one record in one stage become one.

    Raises:
        DefinitionError: two requests contradict each other, a field cannot be written, or the snapshot lacks a column.
        UnknownNameError: a record that the snapshot does not hold.
    """
    links = [request for request in requests if isinstance(request, LinkRequest)]
    unlinks = [request for request in requests if isinstance(request, UnlinkRequest)]
    fields = [request for request in requests if isinstance(request, FieldRequest)]
    _refuse_both(links, unlinks)
    with source.open() as records:
        linking = plan_links(records, links, unlinks)
        moving = plan_children(records, linking.moves)
        changing = plan_fields(records, fields)
        existing = records.count_links()
    operations = combine([*linking.operations, *moving.operations, *changing.operations], unique=source.unique_fields)
    return Plan(operations, existing, (*linking.notes, *moving.notes, *changing.notes), source.unique_fields)


def _refuse_both(links: Sequence[LinkRequest], unlinks: Sequence[UnlinkRequest]) -> None:
    both = {(each.left_id, each.right_id) for each in links} & {(each.left_id, each.right_id) for each in unlinks}
    if both:
        left, right = min(both, key=str)
        raise DefinitionError(
            "The change set",
            f"{left} and {right} are to be linked and unlinked at once",
            remedy="Take one of the two requests out.",
        )
