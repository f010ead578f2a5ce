"""Reading and writing the practice Chargebee site over HTTP, in fair weather and with every fault on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from reconcile.errors import DefinitionError, SignInError, UnknownNameError
from reconcile.model import Operation, utc_now
from reconcile.systems import open_reader
from reconcile.systems.chargebee.client import flattened
from reconcile.systems.rows import ALREADY
from tests.practice import Practice, running_practice
from tests.unit.systems.connections import chargebee, chargebee_reader, chargebee_writer, operation, rows_of, some

CRM = "cf_salesforce_account_id"
LINE1 = "billing_address.line1"
_turn = itertools.count()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A practice site that this module writes to."""
    with running_practice(tmp_path_factory.mktemp("site"), accounts=200) as practice:
        yield practice


@pytest.fixture(autouse=True)
def _no_faults_left(own: Practice) -> Iterator[None]:
    yield
    own.clear_faults()
    own.settings(chargebee={"per_minute": 3500})


def customers(own: Practice, number: int) -> list[dict[str, Any]]:
    every = some(chargebee_reader(own), "customer", ["id", CRM, "company", LINE1, "billing_address.city"], 1000)
    start = next(_turn) * 3 % len(every)
    return (every[start:] + every[:start])[:number]


def crm_operations(own: Practice, number: int) -> list[Operation]:
    mark = next(_turn)
    return [
        operation(1000 * mark + i, "customer", row["id"], {CRM: row[CRM]}, {CRM: f"001{mark:06d}{i:06d}"})
        for i, row in enumerate(customers(own, number))
    ]


def last_sequence(own: Practice) -> int:
    return max((write["sequence"] for write in own.writes()), default=0)


def written_since(own: Practice, sequence: int) -> list[str]:
    return sorted(w["record_id"] for w in own.writes(sequence) if w["origin"] == "api")


def test_who_answers(own: Practice) -> None:
    reader = open_reader(chargebee(own), {"api_key": "practice_key"})
    assert (reader.fingerprint(), reader.environment()) == ("acme-practice", "practice")
    assert reader.objects() == ("customer", "invoice", "subscription")
    with pytest.raises(SignInError):
        open_reader(chargebee(own), {"api_key": "wrong"}).fingerprint()
    with pytest.raises(DefinitionError):
        open_reader(chargebee(own), {})
    with pytest.raises(UnknownNameError):
        reader.describe("coupon")


def test_every_page_is_read_as_flat_text(own: Practice) -> None:
    reader = chargebee_reader(own)
    fields = [f.name for f in reader.describe("customer").fields]
    assert {CRM, LINE1, "updated_at", "meta_data"} <= set(fields)
    rows = rows_of(reader.changes("customer", fields, None))
    assert len({row["id"] for row in rows}) == len(rows) > 100
    assert {type(v) for row in rows for v in row.values()} <= {str, type(None)}
    assert "" not in {value for row in rows for value in row.values()}
    assert all(str(row["updated_at"]).isdigit() for row in rows)
    one = rows[0]
    stored = own.record("chargebee", "customer", str(one["id"]))
    assert stored is not None
    assert {k: v for k, v in one.items() if v is not None} == {
        k: v for k, v in flattened(stored).items() if v is not None
    }


def test_changes_and_deletes_since_a_moment(own: Practice) -> None:
    reader, since = chargebee_reader(own), utc_now() - timedelta(seconds=1)
    first, second, third = (row["id"] for row in customers(own, 3))
    own.touch("chargebee", "customer", [first, second], {"company": "Zoë\n„GmbH“"})
    own.delete("chargebee", "customer", [third])
    changed = {row["id"]: row["company"] for row in rows_of(reader.changes("customer", ["id", "company"], since))}
    assert changed[first] == changed[second] == "Zoë\n„GmbH“"
    assert third not in changed
    assert third in set(reader.deleted("customer", since))
    assert chargebee_writer(own).read("customer", [third], ["id"]) == {third: None}


def test_fields_that_only_some_records_have_are_learned_while_reading(own: Practice) -> None:
    reader = chargebee_reader(own)
    before = {f.name for f in reader.describe("customer").fields}
    oldest = some(reader, "customer", ["created_at", "id"], 1)[0]["id"]
    own.touch("chargebee", "customer", [oldest], {"cf_seldom": "x"})
    list(reader.changes("customer", ["id"], None))
    assert {f.name for f in reader.describe("customer").fields} - before == {"cf_seldom"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "too_many_requests", "retry_after": 0.05},
        {"kind": "unavailable", "retry_after": 0.05},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "drop_during"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_reading_goes_on_through_every_fault(own: Practice, fault: dict[str, Any]) -> None:
    expected = {row["id"] for row in rows_of(chargebee_reader(own).changes("invoice", ["id"], None))}
    own.faults(**fault, system="chargebee", probability=0.3, seed=3)
    found = [row["id"] for row in rows_of(chargebee_reader(own).changes("invoice", ["id"], None))]
    assert sum(f["fired"] for f in own.fault_state()) > 0
    assert len(found) == len(expected)
    assert set(found) == expected


def test_writes_are_silent_keyed_and_read_back(own: Practice) -> None:
    operations, before = crm_operations(own, 4), last_sequence(own)
    writer = chargebee_writer(own)
    assert not writer.capabilities("customer").conditional_write
    assert [r.is_ok for r in writer.write("customer", operations)] == [True] * 4
    ids = [o.target.record_id for o in operations]
    present = writer.read("customer", ids, [CRM])
    assert [present[o.target.record_id] for o in operations] == [dict(o.after) for o in operations]
    assert written_since(own, before) == sorted(ids)
    assert all(len(w["idempotency_key"]) == 64 for w in own.writes(before))
    with pytest.raises(DefinitionError):
        writer.write("invoice", [])


def test_what_is_stale_gone_wrong_or_already_so(own: Practice) -> None:
    rows = customers(own, 4)
    own.delete("chargebee", "customer", [rows[1]["id"]])
    number = itertools.count(10**6)
    operations = [
        operation(next(number), "customer", rows[0]["id"], {CRM: "something else"}, {CRM: "001"}),
        operation(next(number), "customer", rows[1]["id"], {CRM: rows[1][CRM]}, {CRM: "001"}),
        operation(next(number), "customer", rows[2]["id"], {"company": rows[2]["company"]}, {"company": "x" * 300}),
        operation(next(number), "customer", rows[3]["id"], {"company": "old"}, {"company": rows[3]["company"]}),
        operation(next(number), "customer", rows[3]["id"], {}, {"resource_version": "1"}),
        operation(next(number), "customer", "no/such?id", {CRM: None}, {CRM: "001"}),
    ]
    before = last_sequence(own)
    results = chargebee_writer(own).write("customer", operations)
    assert [r.error_class for r in results] == ["stale", "not_found", "validation", None, "validation", "not_found"]
    assert results[3].code == ALREADY
    assert written_since(own, before) == []


def test_one_line_of_an_address_leaves_the_others(own: Practice) -> None:
    row = next(row for row in customers(own, 100) if row["billing_address.city"] and row[LINE1])
    writer = chargebee_writer(own)
    change = operation(
        2 * 10**6, "customer", row["id"], {LINE1: row[LINE1], CRM: row[CRM]}, {LINE1: "1, rue Zoë", CRM: None}
    )
    assert [r.is_ok for r in writer.write("customer", [change])] == [True]
    present = writer.read("customer", [row["id"]], [LINE1, "billing_address.city", CRM])[row["id"]]
    assert present == {LINE1: "1, rue Zoë", "billing_address.city": row["billing_address.city"], CRM: None}


@pytest.mark.parametrize(
    ("fault", "expected", "is_written"),
    [
        ({"kind": "drop_after"}, (False, False, "lost_answer", False), True),
        ({"kind": "drop_during"}, (False, False, "lost_answer", False), True),
        ({"kind": "drop_before"}, (False, False, "lost_answer", False), False),
        ({"kind": "unavailable"}, (False, False, "unavailable", False), False),
        ({"kind": "too_many_requests", "retry_after": 0.01}, (True, True, None, False), True),
        ({"kind": "too_many_requests", "retry_after": 0.01, "count": 9}, (False, True, "limit", True), False),
        ({"kind": "row_lock"}, (False, True, "lock", True), False),
        ({"kind": "partial_failure", "code": "operation_failed"}, (False, True, "other", False), False),
    ],
    ids=lambda value: f"{value['kind']}-{value.get('count', 1)}" if isinstance(value, dict) else "",
)
def test_what_each_fault_means_for_the_row(
    own: Practice, fault: dict[str, Any], expected: tuple[bool, bool, str | None, bool], is_written: bool
) -> None:
    (change,), before = crm_operations(own, 1), last_sequence(own)
    own.faults(**{"count": 1, **fault}, system="chargebee", method="POST")
    (result,) = chargebee_writer(own).write("customer", [change])
    assert (result.is_ok, result.is_known, result.error_class, result.is_retryable) == expected
    assert written_since(own, before) == ([change.target.record_id] if is_written else [])


def test_an_operation_sent_again_after_a_refusal_is_a_new_request_also_for_a_new_writer(own: Practice) -> None:
    """The site repeats its earlier refusal for thirty minutes to whoever comes with the same key."""
    (change,), before = crm_operations(own, 1), last_sequence(own)
    for _ in range(2):
        own.faults("row_lock", system="chargebee", count=1)
        (refused,) = chargebee_writer(own).write("customer", [change])
        assert (refused.error_class, refused.is_retryable) == ("lock", True)
    (result,) = chargebee_writer(own).write("customer", [change])
    assert result.is_ok
    assert written_since(own, before) == [change.target.record_id]


def test_an_operation_sent_again_after_a_lost_answer_is_not_written_twice(own: Practice) -> None:
    (change,), before = crm_operations(own, 1), last_sequence(own)
    own.faults("drop_after", system="chargebee", method="POST", count=1)
    assert not chargebee_writer(own).write("customer", [change])[0].is_known
    (again,) = chargebee_writer(own).write("customer", [change])
    assert (again.is_ok, again.code) == (True, ALREADY)
    assert written_since(own, before) == [change.target.record_id]


def test_a_replayed_success_whose_values_are_not_there_is_not_believed(own: Practice) -> None:
    (change,) = crm_operations(own, 1)
    assert chargebee_writer(own).write("customer", [change])[0].is_ok
    own.touch("chargebee", "customer", [change.target.record_id], dict(change.before))
    (again,) = chargebee_writer(own).write("customer", [change])
    assert (again.is_ok, again.is_known) == (False, False)


def test_the_limiter_keeps_below_the_sites_limit(own: Practice) -> None:
    reader = chargebee_reader(own, requests_per_minute="1200")
    for _ in range(30):
        reader.client.get("customers", {"limit": "1"})
    assert all(r.status == 200 for r in reader.client.session.requests_made)


def test_flattening() -> None:
    record = {
        "id": "a",
        "object": "customer",
        "deleted": False,
        "net_term_days": 30,
        "company": "",
        "billing_address": {"line1": "x", "object": "billing_address"},
        "balances": [{"b": 1, "a": "ü"}],
        "meta_data": {"k": {"n": 1}},
    }
    assert flattened(record) == {
        "id": "a",
        "deleted": "false",
        "net_term_days": "30",
        "company": None,
        "billing_address.line1": "x",
        "balances": '[{"a":"ü","b":1}]',
        "meta_data": json.dumps({"k": {"n": 1}}, separators=(",", ":")),
    }


def test_another_site_behind_the_address_has_another_fingerprint(own: Practice) -> None:
    before = chargebee_reader(own).fingerprint()
    after = own.refresh_fingerprint("chargebee")
    assert chargebee_reader(own).fingerprint() == after != before
