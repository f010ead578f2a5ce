"""The canonical view of a dataset: any object of any system as the same columns, for matching and review."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconcile.errors import DefinitionError
from reconcile.model import ROLES, Dataset, SystemName
from reconcile.snapshots.sql import literal, quoted
from reconcile.systems.salesforce.ids import to_18_sql

_CREATED = ("CreatedDate", "created_at")
_MODIFIED = ("SystemModstamp", "updated_at", "LastModifiedDate")
_TRUE = "('true', '1', 'yes', 'y', 't')"
# What a 15-character Salesforce id of a standard object looks like; reports and exports still use this form.
_SHORT_ID = "00[1-9A-Za-z][0-9A-Za-z]{2}0[0-9A-Za-z]{9}"


def canonical_sql(
    dataset: Dataset, schema: str, columns: Collection[str], *, other_system: SystemName | None = None
) -> str:
    """A SELECT over an attached snapshot: one row per record of the dataset's population.

    Columns, in this order: record_id and link_id VARCHAR (the other side's id that the record stores, null if none);
    every one of `model.ROLES` as VARCHAR, null where empty or without fields; owner, parent_id VARCHAR;
    amount_cents BIGINT, null where it is no number; is_test, is_person_account BOOLEAN, never null;
    created_at VARCHAR (UTC, `2026-01-31T09:30:00Z`, null if unknown); modified_at VARCHAR exactly as the source gives
    it; extra JSON: the dataset's `extra` fields by name.

    Args:
        dataset: what the columns mean.
        schema: name of the attached snapshot.
        columns: the object's columns in it.
        other_system: of the other side. Where it is Salesforce (or not told), 15-character ids stored as links become
            18 characters.

    Raises:
        DefinitionError: the dataset names a column that the object does not have.
    """
    _check_columns(dataset, columns)
    is_files = f"(SELECT system FROM {quoted(schema)}._snapshot) = 'files'"
    record_id = _long_id(quoted(dataset.id_field), is_files)
    selected = [
        f"{record_id} AS record_id",
        f"{_link(dataset, schema, other_system)} AS link_id",
        *(f"{_joined(dataset.roles.get(role, ()))} AS {role}" for role in ROLES),
        f"{_text(dataset.owner_field)} AS owner",
        f"{_long_id(quoted(dataset.parent_field), is_files) if dataset.parent_field else _NULL} AS parent_id",
        f"{_amount(dataset.amount_field)} AS amount_cents",
        f"{_flag(dataset.test_field)} AS is_test",
        f"{_flag(dataset.person_account_field)} AS is_person_account",
        f"{_moment(_first(_CREATED, columns))} AS created_at",
        f"{_text(_first(_MODIFIED, columns))} AS modified_at",
        f"{_extra(dataset.extra)} AS extra",
    ]
    where = f" WHERE ({dataset.where})" if dataset.where.strip() else ""
    return f"SELECT {', '.join(selected)} FROM {quoted(schema)}.{quoted(dataset.object)}{where}"


_NULL = "CAST(NULL AS VARCHAR)"


def _check_columns(dataset: Dataset, columns: Collection[str]) -> None:
    named = [dataset.id_field, *(field for fields in dataset.roles.values() for field in fields), *dataset.extra]
    optional = (dataset.link_field, dataset.owner_field, dataset.parent_field, dataset.amount_field,
                dataset.test_field, dataset.person_account_field)  # fmt: skip
    known = set(columns)
    missing = [name for name in (*named, *optional) if name is not None and name not in known]
    if missing:
        raise DefinitionError(
            f"{dataset.connection_id} {dataset.object}",
            f"there is no column {missing[0]!r} in the snapshot",
            remedy="Pull again, or correct the reconciliation's columns.",
        )


def _first(names: Sequence[str], columns: Collection[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _text(column: str | None) -> str:
    return f"nullif(trim({quoted(column)}), '')" if column else _NULL


def _joined(fields: Sequence[str]) -> str:
    if not fields:
        return _NULL
    return (
        _text(fields[0]) if len(fields) == 1 else f"nullif(concat_ws(' ', {', '.join(_text(f) for f in fields)}), '')"
    )


def _long_id(column: str, condition: str) -> str:
    is_short = f"regexp_full_match({column}, '{_SHORT_ID}')"
    return f"CASE WHEN {condition} AND {is_short} THEN {to_18_sql(column)} ELSE {column} END"


def _link(dataset: Dataset, schema: str, other_system: SystemName | None) -> str:
    if dataset.link_field is None:
        return _NULL
    trimmed = _text(dataset.link_field)
    if other_system == "salesforce":
        return to_18_sql(trimmed)
    if other_system is not None and other_system != "files":
        return trimmed
    # The other side is not told: a Salesforce org stores other systems' ids, every other system may store Salesforce's.
    return _long_id(trimmed, f"(SELECT system FROM {quoted(schema)}._snapshot) <> 'salesforce'")


def _amount(column: str | None) -> str:
    if column is None:
        return "CAST(NULL AS BIGINT)"
    return f"TRY_CAST(round(TRY_CAST({quoted(column)} AS DECIMAL(38, 6))) AS BIGINT)"


def _flag(column: str | None) -> str:
    return f"coalesce(lower(trim({quoted(column)})) IN {_TRUE}, false)" if column else "false"


def _moment(column: str | None) -> str:
    if column is None:
        return _NULL
    name, shape = quoted(column), "'%Y-%m-%dT%H:%M:%SZ'"
    return (
        f"CASE WHEN regexp_full_match({name}, '[0-9]{{9,11}}')"
        f" THEN strftime(make_timestamp(CAST({name} AS BIGINT) * 1000000), {shape})"
        f" ELSE strftime(TRY_CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC', {shape}) END"
    )


def _extra(fields: Sequence[str]) -> str:
    if not fields:
        return "CAST('{}' AS JSON)"
    return f"json_object({', '.join(f'{literal(name)}, {quoted(name)}' for name in fields)})"
