"""The generated world: as many of each kind as planned, and a truth that its own records bear out."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.simulators.generator import World, generate
from reconcile.simulators.generator.corruption import HARD_VARIANTS
from reconcile.simulators.generator.ids import long_id, make_id, normalise_id
from reconcile.simulators.generator.plan import plan_world

VECTORS = {  # from public examples and recorded answers
    "a01M00000062mPg": "IAI",
    "001M000000qfPyS": "IAU",
    "a0FE000000D6r3F": "MAR",
    "0F9E000000092w2": "KAA",
    "AbCdEfGhIjKlMnO": "VKV",
    "aBcDEfgHIJKLMNO": "025",
    "a0D30000001n7Pi": "EAI",
    "a0RE000000IJmcN": "MAT",
    "0015500001QdQWa": "AAN",
    "0035500001H9cam": "AAB",
}


@pytest.fixture(scope="module")
def world() -> World:
    return generate(600, 11)


@pytest.mark.parametrize(("short", "check"), VECTORS.items())
def test_check_characters(short: str, check: str) -> None:
    assert long_id(short) == short + check
    assert normalise_id(short) == normalise_id(short + check) == short + check


@given(st.from_regex(r"[a-zA-Z0-9]{15}", fullmatch=True), st.integers(0, 14))
def test_an_18_character_id_with_another_case_is_none(short: str, place: int) -> None:
    changed = short[:place] + short[place].swapcase() + short[place + 1 :]
    if changed != short:
        assert normalise_id(changed + long_id(short)[15:]) is None
        assert normalise_id(changed) != normalise_id(short)


@given(st.lists(st.integers(0, 36**5 - 1), min_size=2, max_size=30, unique=True))
def test_numbered_ids_never_differ_in_case_only(numbers: list[int]) -> None:
    assert len({make_id("001", number)[:15].lower() for number in numbers}) == len(numbers)


def test_the_same_seed_gives_the_same_world_and_another_another() -> None:
    first, again, other = (generate(200, seed) for seed in (3, 3, 4))
    assert first.salesforce == again.salesforce
    assert first.chargebee == again.chargebee
    assert first.truth == again.truth
    assert first.truth.pairs != other.truth.pairs


def test_there_are_as_many_as_planned(world: World) -> None:
    plan, counts = plan_world(600), world.truth.counts()
    live = [row for row in world.salesforce["Account"] if not row["IsDeleted"]]
    assert len(live) == 600
    expected = {
        "contradicted": plan.contradicted,
        "conflicting": plan.conflicting,
        "one_sided/left": plan.one_sided_left,
        "one_sided/right": plan.one_sided_right,
        "shared/customer": plan.shared_customer,
        "shared/account": plan.shared_account,
        "dangling/deleted_customer": plan.dangling_customer,
        "dangling/deleted_account": plan.dangling_account,
        "dangling/merged_account": plan.dangling_merged,
        "unlinked": plan.unlinked,
        "correct/short_id": plan.short_ids,
        "case_twin": plan.case_twins,
        "chain": plan.chains,
        "sibling": plan.siblings,
        "family": plan.families,
        "test": plan.tests,
        "long_name": plan.long_names,
        "person_account": plan.persons,
        "duplicate/accounts": plan.duplicate_accounts,
        "duplicate/customers": plan.duplicate_customers,
        "unmatched": plan.unmatched_accounts + plan.unmatched_customers,
    }
    assert {name: counts[name] for name in expected} == expected
    assert {item.variant for item in world.truth.items if item.kind == "unlinked"} == set(HARD_VARIANTS)
    assert counts["correct"] > 0.55 * 600


def test_the_records_say_what_the_truth_says(world: World) -> None:
    accounts = {row["Id"]: row for row in world.salesforce["Account"]}
    customers = {row["id"]: row for row in world.chargebee["customer"]}
    pairs = set(world.truth.pairs)
    for item in world.truth.items:
        if item.kind in CHECKS:
            CHECKS[item.kind](item, accounts, customers, pairs)


def _named(accounts: Any, account: str) -> str | None:
    return accounts[account]["chargebeeapps__CB_Id__c"]  # type: ignore[no-any-return]


def _names(customers: Any, customer: str) -> str | None:
    text = customers[customer].get("cf_salesforce_account_id")
    return normalise_id(text) if text else None


def _correct(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    [account], customer = item.left[:1], item.right[0]
    assert _named(accounts, account) == customer
    assert _names(customers, customer) == account
    assert (account, customer) in pairs
    assert accounts[account]["chargebeeapps__Is_Synced__c"] == 1
    assert len(customers[customer]["cf_salesforce_account_id"]) == (15 if item.variant == "short_id" else 18)


def _contradicted(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    [account], [customer] = item.left, item.right
    assert _named(accounts, account) == customer
    assert _names(customers, customer) == account
    assert (account, customer) not in pairs


def _conflicting(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    (account, other), [customer] = item.left, item.right
    assert _named(accounts, account) == customer
    assert _names(customers, customer) == other
    assert (account, customer) in pairs


def _one_sided(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    [account], [customer] = item.left, item.right
    stored = (_named(accounts, account) == customer, _names(customers, customer) == account)
    assert stored == (item.variant == "left", item.variant == "right")
    assert (account, customer) in pairs


def _unlinked(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    [account], [customer] = item.left, item.right
    assert _named(accounts, account) is None
    assert _names(customers, customer) is None
    assert (account, customer) in pairs


def _dangling(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    if item.variant == "deleted_customer":
        assert customers[item.right[0]]["deleted"]
        assert _named(accounts, item.left[0]) == item.right[0]
        return
    gone = accounts[item.left[0]]
    assert gone["IsDeleted"] == 1
    assert _names(customers, item.right[0]) == item.left[0]
    if item.variant == "merged_account":
        assert gone["MasterRecordId"] == item.left[1]
        assert (item.left[1], item.right[0]) in pairs


def _shared(item: Any, accounts: Any, customers: Any, pairs: Any) -> None:
    if item.variant == "customer":
        assert {_named(accounts, account) for account in item.left} == set(item.right)
    else:
        assert {_names(customers, customer) for customer in item.right} == set(item.left)
    assert sum((account, customer) in pairs for account in item.left for customer in item.right) == 1


def _case_twin(item: Any, accounts: Any, _customers: Any, _pairs: Any) -> None:
    first, second = item.left
    assert first[:15] != second[:15]
    assert first[:15].lower() == second[:15].lower()
    assert {first, second} <= set(accounts)


CHECKS = {
    "correct": _correct,
    "contradicted": _contradicted,
    "conflicting": _conflicting,
    "one_sided": _one_sided,
    "unlinked": _unlinked,
    "dangling": _dangling,
    "shared": _shared,
    "case_twin": _case_twin,
}


def test_structures(world: World) -> None:
    accounts = {row["Id"]: row for row in world.salesforce["Account"]}
    contacts = {row["Id"]: row for row in world.salesforce["Contact"]}
    for item in world.truth.items:
        rows = [accounts[record_id] for record_id in item.left if record_id in accounts]
        if item.kind == "family":
            parent = next(row["Id"] for row in rows if row["ParentId"] is None)
            assert [row["ParentId"] for row in rows].count(parent) == 2
        if item.kind == "chain":
            assert len({row["BillingCity"] for row in rows}) > 1
        if item.kind == "long_name":
            assert 128 < len(rows[0]["Name"]) <= 255
        if item.kind == "person_account":
            twin = contacts[rows[0]["PersonContactId"]]
            assert (twin["AccountId"], twin["LastName"], twin["IsPersonAccount"]) == (
                rows[0]["Id"],
                rows[0]["LastName"],
                1,
            )


def test_postcodes_and_phones_fit_their_countries(world: World) -> None:
    forms = {
        "United States": r"\d{5}",
        "Germany": r"\d{5}",
        "France": r"\d{5}",
        "Spain": r"\d{5}",
        "Australia": r"\d{4}",
        "Canada": r"[A-Z]\d[A-Z] \d[A-Z]\d",
        "Netherlands": r"\d{4} [A-Z]{2}",
        "United Kingdom": r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}",
    }
    countries = Counter(row["BillingCountry"] for row in world.salesforce["Account"])
    assert set(countries) == set(forms)
    for row in world.salesforce["Account"]:
        postcode = row["BillingPostalCode"]
        assert postcode is None or re.fullmatch(forms[row["BillingCountry"]], postcode), (
            row["BillingCountry"],
            postcode,
        )


def test_money_adds_up(world: World) -> None:
    by_customer: Counter[str] = Counter()
    for row in world.chargebee["subscription"]:
        if row["status"] in {"active", "non_renewing"}:
            by_customer[row["customer_id"]] += row["mrr"]
    assert all(row["mrr"] == by_customer[row["id"]] for row in world.chargebee["customer"])
    assert all(row["total"] == row["amount_paid"] + row["amount_due"] for row in world.chargebee["invoice"])
    assert any(row["status"] == "payment_due" for row in world.chargebee["invoice"])


def test_files_for_benchmarks(world: World, tmp_path: Path) -> None:
    world.write_files(tmp_path)
    left, right, pairs = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("accounts", "customers", "pairs"))
    assert (left.height, pairs.height) == (600, len(world.truth.pairs))
    assert set(pairs["left_id"]) <= set(left["Id"])
    assert set(pairs["right_id"]) <= set(right["id"])
    assert "billing_address.line1" in right.columns
    assert set(left.dtypes) | set(right.dtypes) == {pl.String}


@pytest.mark.parametrize("accounts", [0, 199])
def test_too_small_a_world_is_refused(accounts: int) -> None:
    with pytest.raises(ValueError, match="at least 200 accounts"):
        generate(accounts, 1)
