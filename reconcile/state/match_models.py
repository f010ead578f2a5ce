"""Models of the match: what was learned, by whom it was promoted, and which one scores the runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from reconcile.errors import ConflictError, UnknownNameError
from reconcile.model import Person, new_id, utc_now
from reconcile.state.tables import match_models

Origin = Literal["data", "judgements"]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One model of a reconciliation.

    Attributes:
        version: twelve letters that change with any weight.
        origin: learned from the data alone, or corrected by judgements.
        run_id: the run whose records it was learned from.
        models: "link" for the two sides, "left" and "right" for duplicates within them; each as `matching.models` has
            it. A part that is absent is learned anew in every run.
        figures: what was found when it was proposed: judged, unchanged, moved, split, merged; empty for the first one.
        promoted_at: when it came into use; None while it is only proposed.
    """

    id: str
    reconciliation_id: str
    version: str
    origin: Origin
    run_id: str
    models: Mapping[str, str]
    figures: Mapping[str, Any]
    made_at: datetime
    made_by: str
    promoted_at: datetime | None = None
    promoted_by: str | None = None
    is_current: bool = False


def version_of(models: Mapping[str, str]) -> str:
    """Twelve letters that change with any weight of any part."""
    text = "\x1e".join(f"{name}\x1f{models[name]}" for name in sorted(models))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def add(  # noqa: PLR0917 - the row, in the order of its columns
    tx: Transaction,
    actor: Person,
    reconciliation_id: str,
    run_id: str,
    origin: Origin,
    models: Mapping[str, str],
    figures: Mapping[str, Any],
) -> StoredModel:
    """Keep a model that nobody uses yet."""
    made = StoredModel(
        new_id("model"), reconciliation_id, version_of(models), origin, run_id, dict(models), dict(figures), utc_now(),
        actor.id,
    )  # fmt: skip
    names = ("id", "reconciliation_id", "version", "origin", "run_id", "models", "figures", "made_at", "made_by")
    tx.execute(match_models.insert().values({name: getattr(made, name) for name in names} | {"is_current": False}))
    return made


def promote(tx: Transaction, actor: Person, model_id: str) -> StoredModel:
    """Let the model score every run from now on, in place of the one in use.

    Raises:
        UnknownNameError: there is none of this id.
        ConflictError: somebody promoted another one at the same moment.
    """
    chosen = get(tx, model_id)
    if chosen.is_current:
        return chosen
    mine = match_models.c.reconciliation_id == chosen.reconciliation_id
    tx.execute(match_models.update().where(mine, match_models.c.is_current).values(is_current=False))
    promoted = replace(chosen, is_current=True, promoted_at=utc_now(), promoted_by=actor.id)
    values = {name: getattr(promoted, name) for name in ("is_current", "promoted_at", "promoted_by")}
    try:
        tx.execute(match_models.update().where(match_models.c.id == model_id).values(values))
    except IntegrityError as error:
        raise ConflictError("The model in use", "replaced") from error
    return promoted


def get(tx: Transaction, model_id: str) -> StoredModel:
    """One model.

    Raises:
        UnknownNameError: there is none of this id.
    """
    row = tx.execute(sa.select(match_models).where(match_models.c.id == model_id)).one_or_none()
    if row is None:
        raise UnknownNameError("model", model_id)
    return _stored(row)


def find(tx: Transaction, name: str) -> StoredModel:
    """The model of this id, or the newest one of this version.

    Raises:
        UnknownNameError: there is none.
    """
    table = match_models.c
    query = sa.select(match_models).where((table.id == name) | (table.version == name))
    row = tx.execute(query.order_by(table.made_at.desc(), table.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise UnknownNameError("model", name)
    return _stored(row)


def current(tx: Transaction, reconciliation_id: str) -> StoredModel | None:
    """The model in use; None before the first run."""
    query = sa.select(match_models).where(
        match_models.c.reconciliation_id == reconciliation_id, match_models.c.is_current
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else _stored(row)


def list_models(tx: Transaction, reconciliation_id: str, *, limit: int = 20) -> tuple[StoredModel, ...]:
    """The models of a reconciliation, newest first."""
    query = (
        sa.select(match_models)
        .where(match_models.c.reconciliation_id == reconciliation_id)
        .order_by(match_models.c.made_at.desc(), match_models.c.id.desc())
        .limit(limit)
    )
    return tuple(_stored(row) for row in tx.execute(query))


def _stored(row: Row[tuple[object, ...]]) -> StoredModel:
    return StoredModel(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public way to a row's columns by name
