"""What the two systems say of each other: right links, and every kind of wrong one, with the truth of each."""

from __future__ import annotations

import random
from collections.abc import Iterator

from reconcile.simulators.generator.corruption import HARD_VARIANTS
from reconcile.simulators.generator.ids import make_id
from reconcile.simulators.generator.plan import Plan
from reconcile.simulators.generator.population import Population
from reconcile.simulators.generator.records import AccountRecord, CustomerRecord, Planted, Subject


def plant_links(
    rng: random.Random, plan: Plan, people: Population
) -> tuple[list[Planted], list[AccountRecord], list[CustomerRecord]]:
    """Store ids on both sides, and say what was planted.

    Returns:
        The planted items, the deleted or merged accounts made on the way, the deleted customers made on the way.
    """
    lonely_accounts = _shuffled(rng, [s for s in people.subjects if s.is_plain and not s.customers])
    lonely_customers = _shuffled(rng, [s for s in people.subjects if s.is_plain and not s.accounts])
    pairs = _shuffled(rng, [s for s in people.subjects if s.is_plain and s.accounts and s.customers])
    planter = Planter(rng, iter(pairs), iter(lonely_accounts), iter(lonely_customers))
    _plant_wrong(planter, plan)
    _plant_dangling(planter, plan)
    _plant_missing(planter, plan)
    _plant_right(planter, plan, people)
    planter.unmatched()
    return planter.items, planter.gone_accounts, planter.gone_customers


def _shuffled(rng: random.Random, subjects: list[Subject]) -> list[Subject]:
    rng.shuffle(subjects)
    return subjects


class Planter:
    """Takes subjects that are still free and plants one kind after the other into them."""

    def __init__(
        self, rng: random.Random, pairs: Iterator[Subject], accounts: Iterator[Subject], customers: Iterator[Subject]
    ) -> None:
        self.rng, self.pairs, self.accounts, self.customers = rng, pairs, accounts, customers
        self.items: list[Planted] = []
        self.gone_accounts: list[AccountRecord] = []
        self.gone_customers: list[CustomerRecord] = []

    def pair(self) -> tuple[AccountRecord, CustomerRecord]:
        """The records of a subject that both sides know and that has no link yet."""
        subject = next(self.pairs)
        return subject.accounts[0], subject.customers[0]

    def lonely_account(self) -> AccountRecord:
        """An account without a partner."""
        return next(self.accounts).accounts[0]

    def lonely_customer(self) -> CustomerRecord:
        """A customer without a partner."""
        return next(self.customers).customers[0]

    def note(self, kind: str, left: list[str], right: list[str], variant: str = "") -> None:
        """Remember one planted item."""
        self.items.append(Planted(kind, tuple(left), tuple(right), variant))

    def unmatched(self) -> None:
        """All that is left on one side only."""
        for subject in self.accounts:
            self.note("unmatched", [subject.accounts[0].id], [])
        for subject in self.customers:
            self.note("unmatched", [], [subject.customers[0].id])


def _plant_wrong(planter: Planter, plan: Plan) -> None:
    """Swapped, conflicting and shared links."""
    for _ in range(plan.contradicted // 2):
        (account_1, customer_1), (account_2, customer_2) = planter.pair(), planter.pair()
        for account, customer in ((account_1, customer_2), (account_2, customer_1)):
            _link(account, customer)
            planter.note("contradicted", [account.id], [customer.id])
    for _ in range(plan.conflicting):
        account, customer = planter.pair()
        other = planter.lonely_account()
        account.names_customer, customer.names_account = customer.id, other.id
        planter.note("conflicting", [account.id, other.id], [customer.id])
    for _ in range(plan.shared_customer):
        account, customer = planter.pair()
        other = planter.lonely_account()
        _link(account, customer)
        other.names_customer = customer.id
        planter.note("shared", [account.id, other.id], [customer.id], "customer")
    for _ in range(plan.shared_account):
        account, customer = planter.pair()
        other_customer = planter.lonely_customer()
        _link(account, customer)
        other_customer.names_account = account.id
        planter.note("shared", [account.id], [customer.id, other_customer.id], "account")


def _plant_dangling(planter: Planter, plan: Plan) -> None:
    """Ids of records that are gone."""
    for _ in range(plan.dangling_customer):
        account = planter.lonely_account()
        gone = CustomerRecord(account.entity, account.subject, id=account.id[3:15] + "Gone", standing="deleted")
        gone.created, gone.names_account = account.created, account.id
        planter.gone_customers.append(gone)
        account.names_customer = gone.id
        planter.note("dangling", [account.id], [gone.id], "deleted_customer")
    for _ in range(plan.dangling_account):
        customer = planter.lonely_customer()
        gone_account = AccountRecord(customer.entity, customer.subject, created=customer.created, standing="deleted")
        planter.gone_accounts.append(gone_account)
        gone_account.id = _gone_id(planter)
        customer.names_account, gone_account.names_customer = gone_account.id, customer.id
        planter.note("dangling", [gone_account.id], [customer.id], "deleted_account")
    for _ in range(plan.dangling_merged):
        account, customer = planter.pair()
        victim = AccountRecord(
            account.entity, account.subject, created=account.created, standing="merged", master=account
        )
        planter.gone_accounts.append(victim)
        victim.id = _gone_id(planter)
        customer.names_account, victim.names_customer = victim.id, customer.id
        planter.note("dangling", [victim.id, account.id], [customer.id], "merged_account")


def _gone_id(planter: Planter) -> str:
    """An id from the far end of the counter, where no live account is."""
    return make_id("001", 36**5 - len(planter.gone_accounts))


def _plant_missing(planter: Planter, plan: Plan) -> None:
    """True pairs that one side, or neither, stores."""
    for _ in range(plan.one_sided_left):
        account, customer = planter.pair()
        account.names_customer = customer.id
        planter.note("one_sided", [account.id], [customer.id], "left")
    for _ in range(plan.one_sided_right):
        account, customer = planter.pair()
        customer.names_account = account.id
        planter.note("one_sided", [account.id], [customer.id], "right")
    variants = tuple(HARD_VARIANTS)
    for number in range(plan.unlinked):
        account, customer = planter.pair()
        variant = variants[number % len(variants)]
        customer.entity = HARD_VARIANTS[variant](planter.rng, customer.entity)
        planter.note("unlinked", [account.id], [customer.id], variant)


def _plant_right(planter: Planter, plan: Plan, people: Population) -> None:
    """Two-way links for everybody else that both sides know; the first ones in 15-character form."""
    short = plan.short_ids
    for subject in planter.pairs:
        account, customer = subject.accounts[0], subject.customers[0]
        _link(account, customer)
        if short > 0:
            short -= 1
            customer.names_account = account.id[:15]
            planter.note("correct", [account.id], [customer.id], "short_id")
        else:
            planter.note("correct", [account.id], [customer.id])
    for subject in people.subjects:
        if subject.is_plain or not (subject.accounts and subject.customers) or subject.accounts[0].is_test:
            continue
        account, customer = subject.accounts[0], subject.customers[0]
        _link(account, customer)
        planter.note("correct", [account.id], [customer.id], "structured")


def _link(account: AccountRecord, customer: CustomerRecord) -> None:
    """Each names the other."""
    account.names_customer, customer.names_account = customer.id, account.id
