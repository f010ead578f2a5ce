"""The members of a cluster as survivorship needs them: values, billing customers served, what hangs on each, owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from reconcile.matching.survivorship import Member
from reconcile.model import Side
from reconcile.reviewing.evidence import read_records
from reconcile.reviewing.opening import OpenRun, among
from reconcile.reviewing.views import RecordView
from reconcile.runs.document import snapshot_of
from reconcile.runs.passes import other_side
from reconcile.runs.reading import read_document
from reconcile.snapshots.sql import literal, quoted

LIVE = ("active", "in_trial", "non_renewing", "future", "paused")
"""States of a subscription whose customer is still served."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """What hangs on records, as their snapshot has it.

    Attributes:
        children: record id -> object -> how many of its records name the record.
        live: record ids with a subscription that is still served.
        labels: what the source calls the fields of the object, by name.
        owner_names: what owners are called, by id; those whom the snapshot does not know are left out.
        inactive_owners: owner ids that the snapshot knows to be inactive.
    """

    children: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    live: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    owner_names: Mapping[str, str] = field(default_factory=dict)
    inactive_owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Merging:
    """The members of a merge in the order of their ids, and what hangs on them.

    Attributes:
        labels: what the source calls the fields that are no roles, by name.
        names: what the members and the records of the other side that they are linked to are called, by id.
    """

    members: tuple[Member, ...]
    hanging: Hanging
    labels: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def merge_members(opened: OpenRun, side: Side, record_ids: Sequence[str]) -> Merging:
    """The records of one side as members of a merge.

    A record serves a live billing customer when it is linked to a record of the other side that is worth money or has
    a subscription that is still served; a record of the side that carries the money is such a customer itself. Where
    the snapshot files are gone, what hangs on a record is not known and counts nothing.
    """
    records = read_records(opened, side, record_ids)
    has_money = opened.query(f"SELECT count(amount_cents) > 0 FROM run.{side}_records")[0][0]
    partners = _partners(opened, side, list(records))
    others = read_records(opened, other_side(side), [name for names in partners.values() for name in names])
    document = read_document(opened.run.path)
    mine = _hanging(document, side, _object(opened, side), records)
    theirs = Hanging() if has_money else _hanging(document, other_side(side), _object(opened, other_side(side)), others)
    dataset = opened.reconciliation.left if side == "left" else opened.reconciliation.right
    told = {name for names in dataset.roles.values() for name in names}
    members = tuple(
        _member(record, told, mine, _served(record, mine) if has_money else _live(partners[record_id], others, theirs))
        for record_id, record in sorted(records.items())
    )
    names = {name: record.values.get("name", name) for name, record in {**others, **records}.items()}
    return Merging(members, mine, mine.labels, names)


def _member(record: RecordView, told: set[str], hanging: Hanging, billing_ids: tuple[str, ...]) -> Member:
    """A record as a member; fields that are told as roles (`told`) are not told again by their own names."""
    values = {name: value for name, value in record.extra.items() if name not in told}
    values.update((str(role), value) for role, value in record.values.items())
    return Member(
        record_id=record.record_id,
        values=values,
        is_live_billing=bool(billing_ids),
        billing_ids=billing_ids,
        children=sum(hanging.children.get(record.record_id, {}).values()),
        is_owner_active=record.owner not in hanging.inactive_owners,
        created_at=record.created_at,
        modified_at=record.modified_at,
    )


def _object(opened: OpenRun, side: Side) -> str:
    return (opened.reconciliation.left if side == "left" else opened.reconciliation.right).object


def _partners(opened: OpenRun, side: Side, record_ids: Sequence[str]) -> defaultdict[str, list[str]]:
    wanted = among(f"{side}_id", record_ids)
    rows = opened.query(
        f"SELECT {side}_id, {other_side(side)}_id FROM run.links WHERE origin = 'existing' AND status <> 'dangling' "
        f"AND {wanted.sql} ORDER BY ALL",
        wanted.parameters,
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for record_id, partner in rows:
        found[record_id].append(partner)
    return found


def _live(partners: Sequence[str], others: Mapping[str, RecordView], hanging: Hanging) -> tuple[str, ...]:
    return tuple(name for name in partners if name in others and _served(others[name], hanging))


def _served(record: RecordView, hanging: Hanging) -> tuple[str, ...]:
    is_live = (record.amount_cents or 0) > 0 or record.record_id in hanging.live
    return (record.record_id,) if is_live else ()


def _hanging(document: Mapping[str, Any], side: Side, object_name: str, records: Mapping[str, RecordView]) -> Hanging:
    path = Path(snapshot_of(document, side).path)
    if not records or not path.is_file():
        return Hanging()
    children: defaultdict[str, dict[str, int]] = defaultdict(dict)
    live: set[str] = set()
    with _attached(path, list(records)) as con:
        columns = _columns(con)
        for child, key in _references(con, object_name):
            if key not in columns.get(child, ()):
                continue
            for record_id, number in con.execute(_children_sql(child, key, columns[child])).fetchall():
                children[record_id][child] = children[record_id].get(child, 0) + number
            if "status" in columns[child]:
                live |= {row[0] for row in con.execute(_live_sql(child, key)).fetchall()}
        owners = {record.owner for record in records.values() if record.owner}
        return Hanging({**children}, frozenset(live), _labels(con, object_name), *_owners(con, columns, owners))


@contextmanager
def _attached(path: Path, record_ids: list[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(config={"threads": 2})) as con:
        con.execute(f"ATTACH {literal(str(path))} AS snapshot (READ_ONLY)")
        con.execute("CREATE TABLE asked AS SELECT unnest(?::VARCHAR[]) AS record_id", [record_ids])
        yield con


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    rows = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'snapshot'"
    ).fetchall()
    for table, column in rows:
        found[table].add(column)
    return found


def _references(con: duckdb.DuckDBPyConnection, object_name: str) -> list[tuple[str, str]]:
    """(object, field) that name a record of the object; not the trace that a merged record leaves."""
    return con.execute(
        "SELECT object, name FROM snapshot._fields WHERE \"references\" = ? AND name <> 'MasterRecordId' ORDER BY ALL",
        [object_name],
    ).fetchall()


def _children_sql(child: str, key: str, columns: set[str]) -> str:
    # The contact that a person account brings along is that person, not somebody who hangs on it.
    twin = "AND coalesce(\"IsPersonAccount\", 'false') <> 'true'" if "IsPersonAccount" in columns else ""
    return f"""SELECT c.{quoted(key)}, count(*) FROM snapshot.{quoted(child)} c
        JOIN asked ON asked.record_id = c.{quoted(key)} WHERE true {twin} GROUP BY 1"""


def _live_sql(child: str, key: str) -> str:
    states = ", ".join(literal(state) for state in LIVE)
    return f"""SELECT DISTINCT {quoted(key)} FROM snapshot.{quoted(child)}
        JOIN asked ON asked.record_id = {quoted(key)} WHERE lower("status") IN ({states})"""


def _labels(con: duckdb.DuckDBPyConnection, object_name: str) -> dict[str, str]:
    rows = con.execute(
        "SELECT name, label FROM snapshot._fields WHERE object = ? AND coalesce(label, '') <> ''", [object_name]
    ).fetchall()
    return dict(rows)


def _owners(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, set[str]], owners: set[str]
) -> tuple[dict[str, str], frozenset[str]]:
    """What the owners are called, and which of them are inactive."""
    if not owners or not {"Id", "IsActive"} <= columns.get("User", set()):
        return {}, frozenset()
    name = '"Name"' if "Name" in columns["User"] else '"Id"'
    rows = con.execute(
        f'SELECT "Id", {name}, "IsActive" FROM snapshot."User" WHERE "Id" IN (SELECT unnest(?::VARCHAR[]))',
        [sorted(owners)],
    ).fetchall()
    return {row[0]: row[1] or row[0] for row in rows}, frozenset(row[0] for row in rows if row[2] == "false")
