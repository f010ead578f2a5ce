"""Plans: which operations carry out which request, with which values before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from reconcile.changing.plans import Plan, PlanSource, combine, plan, plan_source, reduce
from reconcile.changing.requests import (
    Decision,
    FieldRequest,
    LinkRequest,
    Request,
    UnlinkRequest,
    requests_from_decisions,
)
from reconcile.errors import DefinitionError, UnknownNameError
from reconcile.model import Operation
from tests.unit.changing.files import (
    CB_ID,
    CF,
    CHARGEBEE,
    INVOICE,
    NS,
    ORG,
    PARENT,
    RECONCILIATION,
    SALESFORCE,
    SITE,
    SITE_ID,
    SITE_NAME,
    STAMP,
    SUBSCRIPTION,
    SYNCED,
    Row,
    account_id,
    customer,
    linked_account,
    write_snapshot_file,
)

A, B, C, D = (account_id(n) for n in (1, 2, 3, 4))
CLEARED = {CB_ID: None, SITE: None, SYNCED: "false"}


def source(
    folder: Path,
    accounts: Sequence[Row],
    customers: Sequence[Row],
    *,
    left: Mapping[str, Sequence[Row]] | None = None,
    right: Mapping[str, Sequence[Row]] | None = None,
    site: str | None = SITE_NAME,
    read_only: frozenset[str] = frozenset(),
) -> PlanSource:
    sites = [{"Id": SITE_ID, "Name": site}] if site else []
    objects = {"Account": accounts, f"{NS}CB_Site__c": sites or [{"Id": "a0S000000000009AAA", "Name": "elsewhere"}]}
    lefts = write_snapshot_file(folder / "left.duckdb", SALESFORCE, {**objects, **(left or {})}, read_only)
    rights = write_snapshot_file(
        folder / "right.duckdb", CHARGEBEE, {"customer": customers, **(right or {})}, read_only
    )
    return plan_source(RECONCILIATION, lefts, rights, SALESFORCE, CHARGEBEE)


def shown(made: Plan) -> list[tuple[int, str, dict[str, str | None]]]:
    """Stage, record and what is really changed, as it will be submitted."""
    return [(each.stage, each.target.record_id, dict(each.after)) for each in reduce(made.operations)]


def test_a_new_link_is_written_on_both_sides(tmp_path: Path) -> None:
    made = plan(source(tmp_path, [linked_account(1, None)], [customer("x")]), [LinkRequest(A, "x", "Same phone.")])
    assert shown(made) == [(1, A, {CB_ID: "x", SITE: SITE_ID, SYNCED: "true"}), (1, "x", {CF: A})]
    left, right = made.operations
    assert (left.before, left.fingerprint, left.modified_at) == ({CB_ID: None, SITE: None, SYNCED: "false"}, ORG, STAMP)
    assert (right.before, right.fingerprint) == ({CF: None}, SITE_NAME)
    assert "Same phone." in left.reason
    assert left.requests == right.requests == (f"link:{A}:x",)
    assert made.link_share == 0


def test_a_link_that_one_side_lacks_is_completed_there(tmp_path: Path) -> None:
    made = plan(source(tmp_path, [linked_account(1, "x")], [customer("x")]), [LinkRequest(A, "x")])
    assert shown(made) == [(1, "x", {CF: A})]


def test_a_short_id_that_names_the_account_is_left_as_it_is(tmp_path: Path) -> None:
    made = plan(source(tmp_path, [linked_account(1, "x")], [customer("x", A[:15])]), [LinkRequest(A, "x")])
    assert made.operations == ()


def test_a_moved_link_is_cleared_first_then_set_and_the_children_follow(tmp_path: Path) -> None:
    children = {
        SUBSCRIPTION: [
            {"Id": "a01000000000001AAA", "Name": "sub1", PARENT: A},
            {"Id": "a01000000000002AAA", "Name": "sub_of_y", PARENT: A},
            {"Id": "a01000000000003AAA", "Name": "sub3", PARENT: C},
        ],
        INVOICE: [
            {"Id": "a02000000000001AAA", "Name": "inv_unknown", PARENT: A},
            {"Id": "a02000000000002AAA", "Name": "inv2", PARENT: B},
        ],
    }
    billing = {
        "subscription": [
            {"id": "sub1", "customer_id": "x"},
            {"id": "sub_of_y", "customer_id": "y"},
            {"id": "sub3", "customer_id": "x"},
        ],
        "invoice": [{"id": "inv2", "customer_id": "x"}],
    }
    made = plan(
        source(
            tmp_path,
            [linked_account(1, "x"), linked_account(2, None), linked_account(3, None)],
            [customer("x", A), customer("y")],
            left=children,
            right=billing,
        ),
        [LinkRequest(B, "x", moves_from=A)],
    )
    assert shown(made) == [
        (0, A, CLEARED),
        (1, B, {CB_ID: "x", SITE: SITE_ID, SYNCED: "true"}),
        (1, "x", {CF: B}),
        (2, "a01000000000001AAA", {PARENT: B}),
        (2, "a01000000000003AAA", {PARENT: B}),  # left behind by an earlier remap, billing says it is x's
        (2, "a02000000000001AAA", {PARENT: B}),  # billing does not know it: it goes with the link
    ]
    assert {each.requests for each in made.operations} == {(f"move:{B}:x",)}
    assert made.link_share == 1.0


def test_a_link_on_an_account_that_has_another_customer_takes_the_other_claim_away(tmp_path: Path) -> None:
    made = plan(source(tmp_path, [linked_account(1, "y")], [customer("x"), customer("y", A)]), [LinkRequest(A, "x")])
    assert shown(made) == [(0, "y", {CF: None}), (1, A, {CB_ID: "x"}), (1, "x", {CF: A})]


def test_two_customers_on_each_other_s_accounts_change_places(tmp_path: Path) -> None:
    made = plan(
        source(tmp_path, [linked_account(1, "y"), linked_account(2, "x")], [customer("x", B), customer("y", A)]),
        [LinkRequest(A, "x"), LinkRequest(B, "y")],
    )
    assert shown(made) == [
        (0, B, CLEARED),
        (0, "y", {CF: None}),
        (0, A, CLEARED),
        (0, "x", {CF: None}),
        (1, A, {CB_ID: "x", SITE: SITE_ID, SYNCED: "true"}),
        (1, "x", {CF: A}),
        (1, B, {CB_ID: "y", SITE: SITE_ID, SYNCED: "true"}),
        (1, "y", {CF: B}),
    ]
    later = [each for each in reduce(made.operations) if each.stage == 1]
    assert all(value in {None, "false"} for each in later for value in each.before.values())
    assert {each.modified_at for each in later} == {None}


@pytest.mark.parametrize(
    ("account_link", "customer_link", "request_", "expected"),
    [
        ("x", A, UnlinkRequest(A, "x"), [(0, A, CLEARED), (0, "x", {CF: None})]),
        ("x", None, UnlinkRequest(A, "x"), [(0, A, CLEARED)]),
        (None, A, UnlinkRequest(A, "x"), [(0, "x", {CF: None})]),
        ("dead", None, UnlinkRequest(A, None), [(0, A, CLEARED)]),
        ("dead", None, UnlinkRequest(A, "dead"), [(0, A, CLEARED)]),
        (None, D, UnlinkRequest(None, "x"), [(0, "x", {CF: None})]),
        (None, None, UnlinkRequest(A, "x"), []),
        ("y", None, UnlinkRequest(A, "x"), []),
    ],
)
def test_an_unlink_clears_what_names_the_other_record_and_nothing_else(
    tmp_path: Path,
    account_link: str | None,
    customer_link: str | None,
    request_: Request,
    expected: list[tuple[int, str, dict[str, str | None]]],
) -> None:
    made = plan(source(tmp_path, [linked_account(1, account_link)], [customer("x", customer_link)]), [request_])
    assert shown(made) == expected
    assert bool(made.notes) is (not expected)


def test_unlinking_here_and_linking_there_writes_the_customer_once(tmp_path: Path) -> None:
    made = plan(
        source(tmp_path, [linked_account(1, "x"), linked_account(2, None)], [customer("x", A)]),
        [UnlinkRequest(A, "x"), LinkRequest(B, "x")],
    )
    assert shown(made) == [
        (0, A, CLEARED),
        (1, B, {CB_ID: "x", SITE: SITE_ID, SYNCED: "true"}),
        (1, "x", {CF: B}),
    ]
    assert made.operations[0].requests == (f"move:{B}:x", f"unlink:{A}:x")


@pytest.mark.parametrize(
    ("requests", "problem"),
    [
        ([LinkRequest(A, "x"), LinkRequest(A, "y")], "two values"),
        ([LinkRequest(A, "x"), LinkRequest(B, "x")], "two values"),
        ([LinkRequest(A, "x"), UnlinkRequest(A, "x")], "linked and unlinked at once"),
        (
            [FieldRequest(A, "x", "Name", "company", "left"), FieldRequest(B, "x", "Name", "company", "left")],
            "company would get two values",
        ),
        ([LinkRequest(A, "x", moves_from=B)], "does not hold that link"),
    ],
)
def test_requests_that_contradict_each_other_are_refused(tmp_path: Path, requests: list[Request], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        plan(
            source(tmp_path, [linked_account(1, None), linked_account(2, None)], [customer("x"), customer("y")]),
            requests,
        )


def test_two_accounts_for_one_customer_are_refused_even_when_planned_apart(tmp_path: Path) -> None:
    made = source(tmp_path, [linked_account(1, None), linked_account(2, None)], [customer("x")])
    one, other = plan(made, [LinkRequest(A, "x")]), plan(made, [LinkRequest(B, "x")])
    accounts = [each for each in (*one.operations, *other.operations) if each.target.object == "Account"]
    with pytest.raises(DefinitionError, match="would both be linked to x"):
        combine(accounts, unique=made.unique_fields)


@pytest.mark.parametrize(
    ("take", "expected"),
    [("left", [(1, "x", {"phone": "+44 1"})]), ("right", [(1, A, {"Phone": None})])],
)
def test_a_field_takes_the_value_of_the_side_that_is_right(
    tmp_path: Path, take: str, expected: list[tuple[int, str, dict[str, str | None]]]
) -> None:
    made = plan(
        source(tmp_path, [linked_account(1, "x", Phone="+44 1")], [customer("x", A)]),
        [FieldRequest(A, "x", "Phone", "phone", take, "Phone")],  # type: ignore[arg-type]  # parametrised text
    )
    assert shown(made) == expected


def test_a_field_and_a_link_on_one_record_are_one_write(tmp_path: Path) -> None:
    made = plan(
        source(tmp_path, [linked_account(1, None)], [customer("x", phone="+44 2")]),
        [LinkRequest(A, "x"), FieldRequest(A, "x", "Phone", "phone", "right")],
    )
    assert shown(made)[0] == (1, A, {CB_ID: "x", SITE: SITE_ID, SYNCED: "true", "Phone": "+44 2"})
    assert [each.target.record_id for each in made.operations] == [A, "x"]


def test_a_field_that_may_not_be_written_is_refused_with_what_to_do(tmp_path: Path) -> None:
    made = source(tmp_path, [linked_account(1, "x")], [customer("x", A)], read_only=frozenset({"company"}))
    with pytest.raises(DefinitionError, match=r"customer\.company: .*may not write"):
        plan(made, [FieldRequest(A, "x", "Name", "company", "left")])


def test_records_that_the_snapshot_does_not_hold_are_refused(tmp_path: Path) -> None:
    made = source(tmp_path, [linked_account(1, None)], [customer("x")])
    with pytest.raises(UnknownNameError, match=D):
        plan(made, [LinkRequest(D, "x")])
    with pytest.raises(UnknownNameError, match="nobody"):
        plan(made, [LinkRequest(A, "nobody")])
    with pytest.raises(DefinitionError, match="no column Fax"):
        plan(made, [FieldRequest(A, "x", "Fax", "phone", "right")])


def test_without_a_site_record_the_link_is_set_without_it_and_the_plan_says_so(tmp_path: Path) -> None:
    made = plan(source(tmp_path, [linked_account(1, None)], [customer("x")], site=None), [LinkRequest(A, "x")])
    assert shown(made)[0] == (1, A, {CB_ID: "x", SYNCED: "true"})
    assert any(SITE_NAME in note for note in made.notes)


def test_ids_that_differ_by_case_only_are_two_customers(tmp_path: Path) -> None:
    made = plan(
        source(tmp_path, [linked_account(1, "abc")], [customer("abc"), customer("ABC")]), [UnlinkRequest(A, "ABC")]
    )
    assert made.operations == ()


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision("unlinked", A, "x", "same"), [LinkRequest(A, "x", "Found by matching and accepted in review.")]),
        (Decision("unlinked", A, "x", "different"), []),
        (Decision("ambiguous", A, "x", "unsure"), []),
        (Decision("contradicted", A, "x", "different", "Other country."), [UnlinkRequest(A, "x", "Other country.")]),
        (Decision("dangling", A, None, "different", "gone"), [UnlinkRequest(A, None, "gone")]),
        (Decision("dangling", A, None, "same"), []),
        (Decision("duplicate", A, B, "same"), []),
        (Decision("shared", A, "x", "same", "n"), [LinkRequest(A, "x", "n")]),
    ],
)
def test_decisions_become_requests(decision: Decision, expected: list[Request]) -> None:
    assert requests_from_decisions([decision, decision]) == expected


def test_the_plan_of_many_requests_has_each_record_once_in_a_stage(tmp_path: Path) -> None:
    accounts = [linked_account(n, f"c{n}") for n in range(1, 60)]
    customers = [customer(f"c{n}", account_id(n)) for n in range(1, 60)]
    moves = [LinkRequest(account_id(n % 59 + 1), f"c{n}") for n in range(1, 60)]
    made = plan(source(tmp_path, accounts, customers), moves)
    places = [(each.stage, each.target) for each in made.operations]
    assert len(set(places)) == len(places) == 4 * 59
    assert final(made.operations) == {account_id(n % 59 + 1): f"c{n}" for n in range(1, 60)}
    assert made.link_share == 1.0


def final(operations: Sequence[Operation]) -> dict[str, str | None]:
    return {each.target.record_id: each.after[CB_ID] for each in operations if CB_ID in each.after}
