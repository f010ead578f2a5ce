"""One seeded practice world: both systems' records, and the truth about them."""

from __future__ import annotations

import gc
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from reconcile.simulators.generator.chargebee_rows import (
    customer_row,
    invoice_copy,
    invoice_rows,
    subscription_copy,
    subscription_rows,
)
from reconcile.simulators.generator.ids import flip_last_letter, make_id
from reconcile.simulators.generator.links import plant_links
from reconcile.simulators.generator.plan import Plan, plan_world
from reconcile.simulators.generator.population import Population, populate, typed_by_other_hand
from reconcile.simulators.generator.records import AccountRecord, CustomerRecord, Planted, Subject
from reconcile.simulators.generator.salesforce_rows import (
    account_row,
    contact_rows,
    opportunity_rows,
    organization_row,
    record_type_rows,
    site_row,
    user_rows,
)

Row = dict[str, Any]
Portion = tuple[str, str, list[Row]]  # system, table, rows
Record = TypeVar("Record")
VERSION = 1  # another one when the same arguments give other rows than before
PORTION = 5_000
ORG_ID = make_id("00D", 8)
SITE_NAME = "acme-practice"
NOW = 1_793_000_000  # 2026-10-26: the newest moment of generated data; what the servers write later is newer
YEARS = 5 * 365 * 86400
_CUSTOMER_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really so. Written beside the practice orgs; the engine never reads it.

    Attributes:
        pairs: every account with every customer of the same real subject.
        account_clusters, customer_clusters: records of one side that are the same real subject, two or more.
        items: everything planted, by kind and variant.
    """

    accounts: int
    seed: int
    pairs: tuple[tuple[str, str], ...]
    account_clusters: tuple[tuple[str, ...], ...]
    customer_clusters: tuple[tuple[str, ...], ...]
    items: tuple[Planted, ...]

    def counts(self) -> dict[str, int]:
        """Items by kind, and by "kind/variant" where there are variants."""
        kinds = Counter(item.kind for item in self.items)
        variants = Counter(f"{item.kind}/{item.variant}" for item in self.items if item.variant)
        return {**kinds, **variants}

    def write(self, path: Path) -> None:
        """Write the truth as one JSON file."""
        body = {
            "accounts": self.accounts,
            "seed": self.seed,
            "counts": self.counts(),
            "pairs": self.pairs,
            "account_clusters": self.account_clusters,
            "customer_clusters": self.customer_clusters,
            "items": [
                {"kind": item.kind, "variant": item.variant, "left": item.left, "right": item.right}
                for item in self.items
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(body), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class World:
    """Rows by Salesforce object, rows by Chargebee resource, and the truth."""

    salesforce: Mapping[str, list[Row]]
    chargebee: Mapping[str, list[Row]]
    truth: Truth

    def account_frame(self) -> pl.DataFrame:
        """Live accounts as a table, all text: what a matcher gets as its left side. One row per account."""
        rows = [row for row in self.salesforce["Account"] if not row["IsDeleted"]]
        return _text_frame(rows)

    def customer_frame(self) -> pl.DataFrame:
        """Live customers as a table, all text, nested attributes flattened with dots. One row per customer."""
        rows = [_flat(row) for row in self.chargebee["customer"] if not row["deleted"]]
        return _text_frame(rows)

    def pair_frame(self) -> pl.DataFrame:
        """The true pairs: left_id, right_id."""
        return pl.DataFrame(self.truth.pairs, schema={"left_id": pl.String, "right_id": pl.String}, orient="row")

    def write_files(self, folder: Path, *, kind: str = "parquet") -> None:
        """Write accounts, customers and pairs as `parquet` or `csv` files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        frames = {"accounts": self.account_frame(), "customers": self.customer_frame(), "pairs": self.pair_frame()}
        for name, frame in frames.items():
            if kind == "csv":
                frame.write_csv(folder / f"{name}.csv")
            else:
                frame.write_parquet(folder / f"{name}.parquet")


def generate(accounts: int, seed: int, *, children: bool = True) -> World:
    """Make a world of `accounts` live accounts; the same arguments always give the same world.

    Args:
        accounts: live Salesforce accounts, at least 200.
        seed: of everything random.
        children: also make contacts, opportunities, subscriptions and invoices; without them it is twice as fast.

    Raises:
        ValueError: fewer than 200 accounts.
    """
    truth, portions = draw(accounts, seed, children=children)
    tables: dict[str, dict[str, list[Row]]] = {"salesforce": {}, "chargebee": {}}
    for system, table, rows in portions:
        tables[system].setdefault(table, []).extend(rows)
    return World(tables["salesforce"], tables["chargebee"], truth)


def draw(accounts: int, seed: int, *, children: bool = True) -> tuple[Truth, Iterator[Portion]]:
    """The same world in portions, for whoever cannot hold it whole: the truth, then rows by system and table.

    Args:
        accounts: as for `generate`.
        seed: as for `generate`.
        children: as for `generate`.

    Returns:
        The truth, and portions of at most some ten thousand rows, made as they are asked for.

    Raises:
        ValueError: fewer than 200 accounts.
    """
    rng = random.Random(seed)
    plan = plan_world(accounts)
    with _without_collection():
        people = populate(rng, plan)
        account_list, customer_list = _number(rng, people)
        twins = _plant_case_twins(rng, plan, people)
        items, gone_accounts, gone_customers = plant_links(rng, plan, people)
        _second_hands(rng, people)
        truth = _truth(accounts, seed, people, [*items, *twins, *_structure_items(people)])
    account_list.extend(gone_accounts)
    customer_list.extend(gone_customers)
    rng.shuffle(customer_list)
    return truth, _portions(rng, account_list, customer_list, with_children=children)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No search for garbage cycles meanwhile: millions of live objects make it slow, and there are none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _number(rng: random.Random, people: Population) -> tuple[list[AccountRecord], list[CustomerRecord]]:
    """Give every record its id and its day of creation, in an order that tells nothing."""
    accounts = [record for subject in people.subjects for record in subject.accounts]
    customers = [record for subject in people.subjects for record in subject.customers]
    rng.shuffle(accounts)
    step = YEARS / len(accounts)
    for number, account in enumerate(accounts):
        account.id = make_id("001", 1000 + number)
        account.created = NOW - YEARS + int(number * step)
    for customer in customers:
        customer.id = "".join(rng.choices(_CUSTOMER_ALPHABET, k=17))
        customer.created = NOW - int(rng.random() * YEARS)
    return accounts, customers


def _plant_case_twins(rng: random.Random, plan: Plan, people: Population) -> list[Planted]:
    """Give some accounts an id that differs from another's in the case of one letter only."""
    plain = [s.accounts[0] for s in people.subjects if s.is_plain and s.accounts and s.customers]
    items, taken = [], 0
    rng.shuffle(plain)
    for first in plain:
        if taken == plan.case_twins:
            break
        twin_id, second = flip_last_letter(first.id), plain[-1 - taken]
        if twin_id and first is not second:
            second.id, taken = twin_id, taken + 1
            items.append(Planted("case_twin", (first.id, second.id), ()))
    return items


def _second_hands(rng: random.Random, people: Population) -> None:
    """Let every further record of one side show the subject as another person typed it."""
    for subject in people.subjects:
        for account in subject.accounts[1:]:
            account.entity = typed_by_other_hand(rng, subject.entity)
        for customer in subject.customers[1:]:
            customer.entity = typed_by_other_hand(rng, subject.entity)


def _structure_items(people: Population) -> list[Planted]:
    """The planted groups that are not about links."""
    items = [_group("chain", chain) for chain in people.chains]
    items += [_group("sibling", pair) for pair in people.siblings]
    items += [_group("family", family) for family in people.families]
    items += [_group("long_name", [subject]) for subject in people.long_names]
    items += [_group("test", [subject]) for subject in people.tests]
    for subject in people.subjects:
        if subject.entity.kind == "person":
            items.append(_group("person_account", [subject]))
        if len(subject.accounts) > 1:
            items.append(Planted("duplicate", tuple(a.id for a in subject.accounts), (), "accounts"))
        if len(subject.customers) > 1:
            items.append(Planted("duplicate", (), tuple(c.id for c in subject.customers), "customers"))
    return items


def _group(kind: str, subjects: Sequence[Subject]) -> Planted:
    """A planted item about whole subjects."""
    left = tuple(account.id for subject in subjects for account in subject.accounts)
    right = tuple(customer.id for subject in subjects for customer in subject.customers)
    return Planted(kind, left, right)


def _truth(accounts: int, seed: int, people: Population, items: list[Planted]) -> Truth:
    """Pairs and clusters of all subjects; test records are nobody and pair with nobody."""
    real = [s for s in people.subjects if not any(record.is_test for record in s.accounts)]
    return Truth(
        accounts=accounts,
        seed=seed,
        pairs=tuple((a.id, c.id) for s in real for a in s.accounts for c in s.customers),
        account_clusters=tuple(tuple(a.id for a in s.accounts) for s in real if len(s.accounts) > 1),
        customer_clusters=tuple(tuple(c.id for c in s.customers) for s in real if len(s.customers) > 1),
        items=tuple(items),
    )


def _portions(
    rng: random.Random, accounts: list[AccountRecord], customers: list[CustomerRecord], *, with_children: bool
) -> Iterator[Portion]:
    """All rows of both systems, some thousand at a time, parents before children."""
    started = NOW - YEARS - 86400
    yield "salesforce", "Organization", [organization_row(ORG_ID, started)]
    yield "salesforce", "User", user_rows(started)
    yield "salesforce", "RecordType", record_type_rows(started)
    yield "salesforce", "chargebeeapps__CB_Site__c", [site_row(started, SITE_NAME)]
    contacts = opportunities = 0
    for first, part in _parts(accounts):
        yield "salesforce", "Account", [account_row(rng, account, first + at, NOW) for at, account in enumerate(part)]
        if with_children:
            rows = contact_rows(rng, part, NOW, first_account=first, first_number=contacts)
            contacts += len(rows)
            yield "salesforce", "Contact", rows
            rows = opportunity_rows(rng, part, NOW, first_number=opportunities)
            opportunities += len(rows)
            yield "salesforce", "Opportunity", rows
    synced_to = {account.names_customer: account.id for account in reversed(accounts) if account.standing == "live"}
    billing = Billing(rng, synced_to)
    for _, part_of_customers in _parts(customers):
        customer_rows = [customer_row(rng, customer, NOW) for customer in part_of_customers]
        if with_children:
            yield from billing.portions(customer_rows)
        yield "chargebee", "customer", customer_rows


def _parts(records: list[Record]) -> Iterator[tuple[int, list[Record]]]:
    """Slices of a list, each with the number of its first item."""
    for first in range(0, len(records), PORTION):
        yield first, records[first : first + PORTION]


class Billing:
    """Subscriptions and invoices on both sides; copies hang under the account that names the customer."""

    def __init__(self, rng: random.Random, synced_to: Mapping[str | None, str]) -> None:
        self.rng, self.synced_to = rng, synced_to
        self.numbers = {"subscription": 0, "invoice": 6000, "subscription_copy": 0, "invoice_copy": 0}

    def next(self, kind: str) -> int:
        """The next number of a kind."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    def portions(self, customers: list[Row]) -> Iterator[Portion]:
        """What belongs to some customers; sets their `mrr`."""
        subscriptions: list[Row] = []
        invoices: list[Row] = []
        subscription_copies: list[Row] = []
        invoice_copies: list[Row] = []
        for customer in customers:
            account_id = self.synced_to.get(customer["id"])
            for subscription in subscription_rows(self.rng, customer, lambda: self.next("subscription"), NOW):
                subscriptions.append(subscription)
                billed = invoice_rows(self.rng, subscription, lambda: self.next("invoice"), NOW)
                invoices.extend(billed)
                if account_id:
                    copy = subscription_copy(subscription, account_id, self.next("subscription_copy"))
                    subscription_copies.append(copy)
                    invoice_copies += [
                        invoice_copy(invoice, account_id, copy["Id"], self.next("invoice_copy")) for invoice in billed
                    ]
        yield "chargebee", "subscription", subscriptions
        yield "chargebee", "invoice", invoices
        yield "salesforce", "chargebeeapps__CB_Subscription__c", subscription_copies
        yield "salesforce", "chargebeeapps__CB_Invoice__c", invoice_copies


def _flat(row: Row, prefix: str = "") -> Row:
    """Nested attributes as `outer.inner`."""
    flat: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _text_frame(rows: list[Row]) -> pl.DataFrame:
    """Rows as a table of text columns; absent is null."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
