"""How many of each kind are planted: shares of the accounts, with a floor so that small worlds have them all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers of planted items for one world. All counts are of items of that kind, not of records.

    Attributes:
        accounts: live accounts in the org; at least 200.
        persons: person accounts.
        chains: chains, each of three to seven locations.
        siblings: second companies behind another's domain.
        families: parents, each with two children.
        duplicate_accounts, duplicate_customers: real customers that have two (some: three) records on that side.
        tests: test records on each side.
        long_names: names of more than 128 characters.
        case_twins: pairs of accounts whose ids differ in case only.
        short_ids: correct links whose stored account id has 15 characters.
        contradicted: correct-looking two-way links between the wrong records; even, for they are planted by swapping.
        one_sided_left, one_sided_right: correct links that only the account, or only the customer, stores.
        dangling_customer: accounts that name a deleted customer.
        dangling_account: customers that name a deleted account.
        dangling_merged: customers that name an account since merged into the right one.
        conflicting: accounts that name a customer which names another account.
        shared_customer: customers named by two accounts.
        shared_account: accounts named by two customers.
        unlinked: true pairs that nothing links, spread evenly over the hard variants.
        unmatched_accounts, unmatched_customers: records without any partner.
    """

    accounts: int
    persons: int
    chains: int
    siblings: int
    families: int
    duplicate_accounts: int
    duplicate_customers: int
    tests: int
    long_names: int
    case_twins: int
    short_ids: int
    contradicted: int
    one_sided_left: int
    one_sided_right: int
    dangling_customer: int
    dangling_account: int
    dangling_merged: int
    conflicting: int
    shared_customer: int
    shared_account: int
    unlinked: int
    unmatched_accounts: int
    unmatched_customers: int


FEWEST_ACCOUNTS = 200


def plan_world(accounts: int) -> Plan:
    """The numbers for an org of `accounts` live accounts.

    Raises:
        ValueError: fewer than 200 accounts: the kinds would not fit beside each other.
    """
    if accounts < FEWEST_ACCOUNTS:
        raise ValueError(
            f"A practice org needs at least {FEWEST_ACCOUNTS} accounts to hold every kind of record; got {accounts}."
        )

    def share(fraction: float, least: int = 3) -> int:
        return max(least, round(accounts * fraction))

    return Plan(
        accounts=accounts,
        persons=share(0.05, 6),
        chains=share(0.012, 2),
        siblings=share(0.02),
        families=share(0.01),
        duplicate_accounts=share(0.03, 4),
        duplicate_customers=share(0.02, 4),
        tests=share(0.006),
        long_names=share(0.004),
        case_twins=share(0.003, 2),
        short_ids=share(0.03),
        contradicted=2 * share(0.006, 2),
        one_sided_left=share(0.012),
        one_sided_right=share(0.012),
        dangling_customer=share(0.006),
        dangling_account=share(0.005),
        dangling_merged=share(0.004),
        conflicting=share(0.006),
        shared_customer=share(0.005),
        shared_account=share(0.004),
        unlinked=share(0.05, 9),
        unmatched_accounts=share(0.11, 10),
        unmatched_customers=share(0.03, 6),
    )
