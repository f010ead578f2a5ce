"""Merging rows and bringing deleted ones back: what only SOAP can do.

A merge leaves the master's values as they are, empty ones included, unless new ones are given; the others go into the
recycle bin with `MasterRecordId`, and what referred to them now refers to the master. Undeleting does not undo that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import children_of
from reconcile.simulators.salesforce.org import Org
from reconcile.simulators.salesforce.schema import SObject
from reconcile.simulators.salesforce.store import now_text, quoted
from reconcile.simulators.salesforce.writing import Origin, live_object, live_row, log_write, stamps, update

MAX_VICTIMS = 2
MERGEABLE = frozenset({"Account", "Contact"})


def merge(
    org: Org, sobject: SObject, master_id: str, values: Mapping[str, Any], victim_ids: Sequence[str], *, origin: Origin
) -> list[str]:
    """Merge up to two rows into a master, all or nothing.

    Args:
        org: the practice org.
        sobject: Account or Contact.
        master_id: the row that stays.
        values: new values for the master; empty to leave it as it is.
        victim_ids: the rows that go.
        origin: who does it.

    Returns:
        Ids of the rows that were moved to the master.

    Raises:
        SalesforceError: an object that cannot be merged, too many rows, rows that are gone, or of different kinds.
    """
    if sobject.name not in MERGEABLE:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{sobject.name}' cannot be merged")
    if not 1 <= len(victim_ids) <= MAX_VICTIMS:
        raise SalesforceError("INVALID_NUMBER_FIELD", "a merge takes one or two records besides the master")
    master = live_row(org, sobject, master_id)
    victims = [live_row(org, sobject, victim_id) for victim_id in victim_ids]
    if master["Id"] in {victim["Id"] for victim in victims}:
        raise SalesforceError("INVALID_ID_FIELD", "the master record cannot be merged with itself", fields=["Id"])
    if any(victim.get("IsPersonAccount") != master.get("IsPersonAccount") for victim in victims):
        raise SalesforceError("INVALID_TYPE", "person accounts can be merged with person accounts only")
    moved: list[str] = []
    with org.transaction():
        if values:
            update(org, sobject, master["Id"], values, origin)
        for victim in victims:
            moved += _move_children(org, sobject, victim["Id"], master["Id"], origin)
            org.store.update(
                sobject, victim["Id"], {"IsDeleted": 1, "MasterRecordId": master["Id"], **stamps(origin, now_text())}
            )
            log_write(org, sobject, victim["Id"], "merge", {"MasterRecordId": [None, master["Id"]]}, origin=origin)
    return moved


def undelete(org: Org, sobject: SObject, record_id: str, origin: Origin) -> str:
    """Bring a row back from the recycle bin; gives its 18-character id. A person account brings its contact along.

    Raises:
        SalesforceError: UNDELETE_FAILED where it is not in the bin.
    """
    full = normalise_id(record_id)
    row = org.store.get(sobject, full) if full else None
    if row is None or not row.get("IsDeleted"):
        raise SalesforceError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    values = {"IsDeleted": 0, **stamps(origin, now_text())}
    if "MasterRecordId" in row:
        values["MasterRecordId"] = None
    with org.transaction():
        org.store.update(sobject, row["Id"], values)
        log_write(org, sobject, row["Id"], "undelete", {}, origin=origin)
        if row.get("PersonContactId"):
            twin_values = {"IsDeleted": 0, **stamps(origin, now_text())}
            org.store.update(live_object("Contact"), row["PersonContactId"], twin_values)
    return str(row["Id"])


def _move_children(org: Org, sobject: SObject, old: str, new: str, origin: Origin) -> list[str]:
    """Point every live reference to `old` at `new`; gives the ids of the rows that had one."""
    moved: list[str] = []
    for _, child, reference in children_of(sobject.name):
        if reference.name == "MasterRecordId" or not reference.is_updateable:
            continue
        live = " AND IsDeleted = 0" if child.has_deletes else ""
        found = org.store.rows(f"SELECT Id FROM {quoted(child.name)} WHERE {quoted(reference.name)} = ?{live}", (old,))
        for (child_id,) in found:
            org.store.update(child, child_id, {reference.name: new, **stamps(origin, now_text())})
            log_write(org, child, child_id, "update", {reference.name: [old, new]}, origin=origin)
            moved.append(child_id)
    return moved
