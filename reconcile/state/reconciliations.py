"""Saved definitions. A saved version never changes: every edit makes the next one, and runs name the one they used."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.exc import IntegrityError

from reconcile.errors import ConflictError, DefinitionError, UnknownNameError
from reconcile.model import ROLES, Dataset, Person, Reconciliation, utc_now
from reconcile.state.serialise import from_document, to_document
from reconcile.state.tables import reconciliations


def save(tx: Transaction, actor: Person, definition: Reconciliation) -> Reconciliation:
    """Keep a new definition as version 1, or an edited one as the next version.

    Args:
        tx: a write transaction.
        actor: who made the edit.
        definition: `version` is the version that was edited; it does not matter for a new definition.

    Returns:
        The definition as it stands now. What is the same as the current version makes no new one.

    Raises:
        DefinitionError: the definition contradicts itself.
        ConflictError: somebody saved another version meanwhile.
    """
    check(definition)
    current = _current(tx, definition.id)
    if current is not None:
        if current.version != definition.version:
            raise ConflictError(f"The reconciliation {current.name!r}", "saved")
        if current == definition:
            return current
        _retire(tx, current)
    saved = replace(definition, version=1 if current is None else current.version + 1)
    row = {
        "id": saved.id,
        "version": saved.version,
        "name": saved.name,
        "definition": to_document(saved),
        "is_current": True,
        "saved_at": utc_now(),
        "saved_by": actor.id,
    }
    try:
        tx.execute(reconciliations.insert().values(row))
    except IntegrityError as error:
        raise ConflictError(f"The reconciliation {saved.name!r}", "saved") from error
    return saved


def get(tx: Transaction, reconciliation_id: str, version: int | None = None) -> Reconciliation:
    """A definition: its current version, or the one asked for.

    Raises:
        UnknownNameError: there is none of this id, or it has no such version.
    """
    query = sa.select(reconciliations.c.definition).where(reconciliations.c.id == reconciliation_id)
    chosen = reconciliations.c.is_current if version is None else reconciliations.c.version == version
    document = tx.execute(query.where(chosen)).scalar_one_or_none()
    if document is None:
        name = reconciliation_id if version is None else f"{reconciliation_id} version {version}"
        raise UnknownNameError("reconciliation", name, tuple(each.id for each in list_current(tx)))
    return from_document(Reconciliation, document, f"reconciliation {reconciliation_id}")


def list_current(tx: Transaction) -> tuple[Reconciliation, ...]:
    """The current version of each definition, by name."""
    return _list(tx, reconciliations.c.is_current, reconciliations.c.name, reconciliations.c.id)


def list_versions(tx: Transaction, reconciliation_id: str) -> tuple[Reconciliation, ...]:
    """Every version of one definition, newest first; empty when there is none of this id."""
    return _list(tx, reconciliations.c.id == reconciliation_id, reconciliations.c.version.desc())


def check(definition: Reconciliation) -> None:
    """Refuse a definition that cannot be carried out as written.

    Raises:
        DefinitionError: says which part, and what is wrong with it.
    """
    subject = f"Reconciliation {definition.name or definition.id!r}"
    if not definition.id or not definition.name.strip():
        raise DefinitionError(subject, "it needs an id and a name")
    if not 0 <= definition.review <= definition.accept <= 1:
        raise DefinitionError(
            subject,
            f"the thresholds are accept {definition.accept} and review {definition.review}",
            remedy="They are probabilities: 0 <= review <= accept <= 1.",
        )
    policy = definition.policy
    if not 0 <= policy.volume_stop_share <= 1 or policy.canary_size < 1:
        raise DefinitionError(
            subject,
            "its policy is out of range",
            remedy="The volume stop is a share from 0 to 1; the canary at least 1.",
        )
    _check_dataset(definition.left, f"{subject}, left")
    _check_dataset(definition.right, f"{subject}, right")


def _check_dataset(dataset: Dataset, subject: str) -> None:
    if not dataset.connection_id or not dataset.object or not dataset.id_field:
        raise DefinitionError(subject, "it needs a connection, an object and the field of its record ids")
    unknown = sorted(set(dataset.roles) - set(ROLES))
    if unknown:
        raise DefinitionError(subject, f"{unknown[0]!r} is no role", remedy=f"Known: {', '.join(ROLES)}.")
    if not any(dataset.roles.values()):
        raise DefinitionError(subject, "no field has a role", remedy="Say at least which field holds the name.")


def _current(tx: Transaction, reconciliation_id: str) -> Reconciliation | None:
    query = sa.select(reconciliations.c.definition).where(
        reconciliations.c.id == reconciliation_id, reconciliations.c.is_current
    )
    document = tx.execute(query).scalar_one_or_none()
    return None if document is None else from_document(Reconciliation, document, f"reconciliation {reconciliation_id}")


def _retire(tx: Transaction, current: Reconciliation) -> None:
    mine = (reconciliations.c.id == current.id) & (reconciliations.c.version == current.version)
    changed = tx.execute(reconciliations.update().where(mine, reconciliations.c.is_current).values(is_current=False))
    if changed.rowcount == 0:
        raise ConflictError(f"The reconciliation {current.name!r}", "saved")


def _list(
    tx: Transaction, condition: sa.ColumnElement[bool], *order: sa.ColumnElement[object]
) -> tuple[Reconciliation, ...]:
    query = sa.select(reconciliations.c.id, reconciliations.c.definition).where(condition).order_by(*order)
    return tuple(from_document(Reconciliation, row.definition, f"reconciliation {row.id}") for row in tx.execute(query))
