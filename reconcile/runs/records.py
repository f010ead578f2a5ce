"""Pass `records`: both populations in canonical columns, with the hash of what each record shows."""

from __future__ import annotations

from dataclasses import replace

from reconcile.comparing.differences import field_names
from reconcile.errors import DefinitionError
from reconcile.model import ROLES, Dataset, Side
from reconcile.runs.passes import SIDES, Execution, other_side
from reconcile.snapshots import canonical_sql

# Only what a person judges by: a link that is made or undone does not change the evidence for it.
EVIDENCE_SQL = "md5(concat_ws(chr(30), " + ", ".join(f"coalesce({role}, '')" for role in ROLES) + "))"
"""Hash of the role values of a record; a pair's is `md5(left || right)` of the two."""


def write_records(execution: Execution) -> None:
    """Write `left_records`, `right_records` and `population`.

    Fields that the definition names and the snapshot lacks (person accounts that are switched off, an attribute that no
    record has) are left out; `execution.left_out` tells which, and the run's document keeps it.

    Raises:
        DefinitionError: the snapshot lacks the object, its key or its link field; or the key is blank or repeats.
    """
    for side in SIDES:
        select = population_sql(execution, side, execution.dataset(side).where)
        execution.con.execute(
            f"CREATE TABLE {side}_records AS "
            f"SELECT *, {EVIDENCE_SQL} AS evidence_hash FROM ({select}) ORDER BY record_id"
        )
        _check_keys(execution, side)
        execution.con.execute(f"INSERT INTO population SELECT ?, count(*) FROM {side}_records", [side])


def population_sql(execution: Execution, side: Side, where: str) -> str:
    """A SELECT of the side's records in canonical columns, limited by `where` (empty for all of the object)."""
    columns = execution.columns(side)
    _check_fields(execution, side, columns)
    dataset, left_out = _fitted(_carrying_compared_fields(execution, side), columns)
    execution.left_out[side] = left_out
    other = execution.snapshot(other_side(side)).system
    return canonical_sql(replace(dataset, where=where), execution.alias(side), columns, other_system=other)


def _carrying_compared_fields(execution: Execution, side: Side) -> Dataset:
    """The dataset with every compared field among its extra ones, so that the run file stands on its own."""
    dataset = execution.dataset(side)
    fields = [pair.left_field if side == "left" else pair.right_field for pair in execution.reconciliation.compare]
    compared = [name for field in fields for name in field_names(field)]
    return replace(dataset, extra=tuple(dict.fromkeys([*dataset.extra, *compared])))


def _fitted(dataset: Dataset, columns: list[str]) -> tuple[Dataset, list[str]]:
    """The dataset without the fields that are not among `columns`, and which those are."""
    left_out: set[str] = set()

    def there(field: str | None) -> str | None:
        if field is None or field in columns:
            return field
        left_out.add(field)
        return None

    def all_there(fields: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(field for field in fields if there(field) is not None)

    roles = {role: all_there(fields) for role, fields in dataset.roles.items()}
    fitted = replace(
        dataset,
        roles={role: fields for role, fields in roles.items() if fields},
        extra=all_there(dataset.extra),
        owner_field=there(dataset.owner_field),
        parent_field=there(dataset.parent_field),
        amount_field=there(dataset.amount_field),
        test_field=there(dataset.test_field),
        person_account_field=there(dataset.person_account_field),
    )
    return fitted, sorted(left_out)


def _check_fields(execution: Execution, side: Side, columns: list[str]) -> None:
    """A key or link field that is not there would make every record unlinked without a word."""
    dataset = execution.dataset(side)
    if not columns:
        raise DefinitionError(
            f"Object {dataset.object} of {dataset.connection_id}",
            "the snapshot does not hold it",
            remedy="Add it to the objects that the connection pulls, pull again, then run.",
        )
    needed = [dataset.id_field, *([dataset.link_field] if dataset.link_field else [])]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise DefinitionError(
            f"{execution.reconciliation.name}, {side} side",
            f"{dataset.object} has no field {', '.join(missing)} in the snapshot",
            remedy="Correct the field in the definition, or give the connection's user sight of it and pull again.",
        )


def _check_keys(execution: Execution, side: Side) -> None:
    dataset = execution.dataset(side)
    row = execution.con.execute(
        f"SELECT count(*) FILTER (record_id IS NULL), count(record_id) - count(DISTINCT record_id) FROM {side}_records"
    ).fetchone()
    blank, repeated = row or (0, 0)
    if blank or repeated:
        raise DefinitionError(
            f"Field {dataset.id_field} of {dataset.object}",
            f"cannot be the key: {blank} blank, {repeated} repeated values",
            remedy="Choose a field that names each record once.",
        )
