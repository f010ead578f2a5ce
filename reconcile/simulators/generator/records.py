"""The records of both systems before they become tables: one account, one customer, one real subject behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reconcile.simulators.generator.entities import Entity

Standing = Literal["live", "deleted", "merged"]


@dataclass(slots=True)
class AccountRecord:
    """One Salesforce account.

    Attributes:
        entity: what it shows, as typed on the Salesforce side.
        names_customer: the customer id it stores; None for none.
        id_text: how its own id is written where others store it (15 or 18 characters).
        master: the account it was merged into.
    """

    entity: Entity
    subject: int
    id: str = ""
    created: int = 0
    names_customer: str | None = None
    parent: AccountRecord | None = None
    is_test: bool = False
    standing: Standing = "live"
    master: AccountRecord | None = None


@dataclass(slots=True)
class CustomerRecord:
    """One Chargebee customer. `names_account` is the account id it stores, exactly as stored."""

    entity: Entity
    subject: int
    id: str = ""
    created: int = 0
    names_account: str | None = None
    is_test: bool = False
    standing: Standing = "live"


@dataclass(slots=True)
class Subject:
    """One real customer and all its records on both sides."""

    entity: Entity
    accounts: list[AccountRecord] = field(default_factory=list)
    customers: list[CustomerRecord] = field(default_factory=list)
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing planted on purpose. `variant` says which form of the kind; ids are the records concerned."""

    kind: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    variant: str = ""
