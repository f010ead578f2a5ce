"""Writing to the practice Salesforce org: what is written, what is not, and what each row is told, fault by fault."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from reconcile.errors import UnknownNameError
from reconcile.model import Operation, RowResult
from reconcile.systems.rows import ALREADY
from tests.practice import Practice, running_practice
from tests.unit.systems.connections import LINK, operation, salesforce_reader, salesforce_writer, some

GUARDED: dict[str, str] = {}
COLLECTION = {"guarded_up_to": "0"}
BULK = {"guarded_up_to": "0", "bulk_write_from": "0"}
EVERY_WAY = pytest.mark.parametrize("way", [GUARDED, COLLECTION, BULK], ids=["guarded", "collection", "bulk"])
FIELDS = ["Id", "Phone", LINK, "chargebeeapps__Is_Synced__c", "Description", "IsPersonAccount"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A practice org that this module writes to."""
    with running_practice(tmp_path_factory.mktemp("writing"), accounts=200) as practice:
        yield practice


@pytest.fixture(autouse=True)
def _no_faults_left(own: Practice) -> Iterator[None]:
    yield
    own.clear_faults()


_turn = itertools.count(step=7)


def accounts(own: Practice, number: int = 30) -> list[dict[str, Any]]:
    """Some accounts, others each time: a record written in the running second makes the writer wait for the next."""
    every = [r for r in some(salesforce_reader(own), "Account", FIELDS, 1000) if r["IsPersonAccount"] == "false"]
    return rotated(every)[:number]


def rotated(every: list[dict[str, Any]]) -> list[dict[str, Any]]:
    start = next(_turn) % len(every)
    return every[start:] + every[:start]


def phone_operations(own: Practice, number: int = 30) -> list[Operation]:
    stamp = f"+1 555 {time.monotonic_ns() % 10**9}"
    return [
        operation(i, "Account", row["Id"], {"Phone": row["Phone"]}, {"Phone": f"{stamp}{i}"})
        for i, row in enumerate(accounts(own, number))
    ]


def last_sequence(own: Practice) -> int:
    return max((write["sequence"] for write in own.writes()), default=0)


def written_since(own: Practice, sequence: int) -> list[str]:
    return sorted(write["record_id"] for write in own.writes(sequence) if write["origin"] == "api")


@EVERY_WAY
@pytest.mark.parametrize(("name", "value"), [("NumberOfEmployees", "²"), ("AnnualRevenue", "1e400"), ("Is", "maybe")])
def test_a_value_that_is_none_of_its_field_costs_its_own_row_alone(
    own: Practice, way: dict[str, str], name: str, value: str
) -> None:
    name = "chargebeeapps__Is_Synced__c" if name == "Is" else name
    operations = phone_operations(own, 3)
    writer = salesforce_writer(own, **way)
    record_id = operations[1].target.record_id
    before = writer.read("Account", [record_id], [name])[record_id] or {}
    operations[1] = operation(1, "Account", record_id, before, {name: value})
    results = writer.write("Account", operations)
    assert [result.is_ok for result in results] == [True, False, True]
    assert (results[1].code, results[1].error_class) == ("JSON_PARSER_ERROR", "validation")
    assert repr(value) in results[1].message


@EVERY_WAY
def test_rows_are_written_once_and_read_back(own: Practice, way: dict[str, str]) -> None:
    operations, before = phone_operations(own, 60), last_sequence(own)
    writer = salesforce_writer(own, **way)
    results = writer.write("Account", operations)
    assert [(r.operation_id, r.is_ok, r.is_known) for r in results] == [(o.id, True, True) for o in operations]
    ids = [o.target.record_id for o in operations]
    assert written_since(own, before) == sorted(ids)
    present = writer.read("Account", ids, ["Phone"])
    assert [present[o.target.record_id] for o in operations] == [dict(o.after) for o in operations]


@EVERY_WAY
def test_a_record_that_changed_is_not_overwritten(own: Practice, way: dict[str, str]) -> None:
    operations = phone_operations(own, 5)
    own.touch("salesforce", "Account", [operations[2].target.record_id], {"Phone": f"meanwhile {next(_turn)}"})
    before = last_sequence(own)
    results = salesforce_writer(own, **way).write("Account", operations)
    assert [r.error_class for r in results] == [None, None, "stale", None, None]
    assert "meanwhile" in results[2].message
    assert operations[2].target.record_id not in written_since(own, before)


@EVERY_WAY
def test_what_is_gone_malformed_or_already_so(own: Practice, way: dict[str, str]) -> None:
    rows = accounts(own, 40)[-3:]
    own.delete("salesforce", "Account", [rows[0]["Id"]])
    operations = [
        operation(1, "Account", rows[0]["Id"], {"Phone": rows[0]["Phone"]}, {"Phone": "1"}),
        operation(2, "Account", "001-nonsense", {"Phone": None}, {"Phone": "1"}),
        operation(3, "Account", rows[1]["Id"], {"Phone": "long ago"}, {"Phone": rows[1]["Phone"]}),
        operation(4, "Account", rows[2]["Id"], {"No_Such__c": None}, {"No_Such__c": "1"}),
    ]
    before = last_sequence(own)
    results = salesforce_writer(own, **way).write("Account", operations)
    assert [r.error_class for r in results] == ["not_found", "validation", None, "validation"]
    assert (results[2].is_ok, results[2].code) == (True, ALREADY)
    assert written_since(own, before) == []


@EVERY_WAY
def test_null_clears_a_field_and_a_box_is_ticked(own: Practice, way: dict[str, str]) -> None:
    row = accounts(own)[0]
    own.touch("salesforce", "Account", [row["Id"]], {LINK: "cust_x", "chargebeeapps__Is_Synced__c": True})
    before = {LINK: "cust_x", "chargebeeapps__Is_Synced__c": "true", "chargebeeapps__CB_Site__c": None}
    own.touch("salesforce", "Account", [row["Id"]], {"chargebeeapps__CB_Site__c": None})
    after = {LINK: None, "chargebeeapps__Is_Synced__c": "false", "chargebeeapps__CB_Site__c": None}
    writer = salesforce_writer(own, **way)
    (result,) = writer.write("Account", [operation(1, "Account", row["Id"], before, after)])
    assert result.is_ok, result
    assert writer.read("Account", [row["Id"]], list(after))[row["Id"]] == after


@EVERY_WAY
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "row_lock"}, ("lock", True)),
        ({"kind": "partial_failure", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}, ("validation", False)),
        ({"kind": "partial_failure", "code": "DUPLICATE_VALUE"}, ("duplicate", False)),
        ({"kind": "partial_failure", "code": "INSUFFICIENT_ACCESS_OR_READONLY"}, ("permission", False)),
        ({"kind": "partial_failure", "code": "SOMETHING_NEW"}, ("other", False)),
    ],
    ids=lambda value: str(value.get("code", value["kind"])) if isinstance(value, dict) else "",
)
def test_single_rows_fail_and_the_others_do_not(
    own: Practice, way: dict[str, str], fault: dict[str, Any], expected: tuple[str, bool]
) -> None:
    operations = phone_operations(own, 6)
    hit = operations[3].target.record_id
    own.faults(**fault, system="salesforce", records=hit)
    before = last_sequence(own)
    results = salesforce_writer(own, **way).write("Account", operations)
    own.clear_faults()
    assert [r.is_ok for r in results] == [o.target.record_id != hit for o in operations]
    assert (results[3].error_class, results[3].is_retryable) == expected
    assert results[3].is_known
    assert results[3].remedy
    assert hit not in written_since(own, before)


def outcome(results: list[RowResult]) -> set[tuple[bool, bool, str | None]]:
    return {(r.is_ok, r.is_known, r.error_class) for r in results}


@pytest.mark.parametrize("way", [GUARDED, COLLECTION], ids=["guarded", "collection"])
@pytest.mark.parametrize(
    ("fault", "expected", "is_written"),
    [
        ({"kind": "drop_after"}, (False, False, "lost_answer"), True),
        ({"kind": "drop_during"}, (False, False, "lost_answer"), True),
        ({"kind": "drop_before"}, (False, False, "lost_answer"), False),
        ({"kind": "unavailable"}, (False, False, "unavailable"), False),
        ({"kind": "too_many_requests", "retry_after": 0.01, "count": 9}, (False, True, "limit"), False),
        ({"kind": "too_many_requests", "retry_after": 0.01}, (True, True, None), True),
        ({"kind": "expired_session"}, (True, True, None), True),
    ],
    ids=lambda value: f"{value['kind']}-{value.get('count', 1)}" if isinstance(value, dict) else "",
)
def test_what_a_call_that_fails_as_a_whole_means_for_its_rows(
    own: Practice, way: dict[str, str], fault: dict[str, Any], expected: tuple[bool, bool, str | None], is_written: bool
) -> None:
    operations, before = phone_operations(own, 5), last_sequence(own)
    writer = salesforce_writer(own, **way)
    writer.capabilities("Account")
    path = r"composite$" if way is GUARDED else r"composite/sobjects$"
    own.faults(**{"count": 1, **fault}, system="salesforce", path=path)
    results = writer.write("Account", operations)
    own.clear_faults()
    assert outcome(results) == {expected}
    time.sleep(0.05)  # an answer that was dropped may have been lost before the write ended
    assert written_since(own, before) == (sorted(o.target.record_id for o in operations) if is_written else [])


def test_after_a_lost_answer_the_other_calls_go_on_and_nothing_is_written_twice(own: Practice) -> None:
    operations, before = phone_operations(own, 60), last_sequence(own)
    own.faults("drop_after", system="salesforce", path=r"composite$", skip=1, count=1)
    results = salesforce_writer(own).write("Account", operations)
    assert [r.is_known for r in results] == [True] * 25 + [False] * 25 + [True] * 10
    assert written_since(own, before) == sorted(o.target.record_id for o in operations)


def test_a_bulk_job_survives_lost_answers_and_an_expired_session(own: Practice) -> None:
    for fault in (
        {"kind": "drop_after", "path": r"jobs/ingest$", "method": "POST"},
        {"kind": "expired_session", "path": r"jobs/ingest/\w+$", "method": "GET"},
        {"kind": "drop_after", "path": r"jobs/ingest/\w+$", "method": "PATCH"},
        {"kind": "drop_before", "path": r"jobs/ingest/\w+$", "method": "PATCH"},
    ):
        operations, before = phone_operations(own, 8), last_sequence(own)
        own.faults(**fault, system="salesforce", count=1)
        results = salesforce_writer(own, **BULK).write("Account", operations)
        assert [r.is_ok for r in results] == [True] * 8, fault
        assert written_since(own, before) == sorted(o.target.record_id for o in operations)


def test_an_upload_that_breaks_off_writes_nothing(own: Practice) -> None:
    operations, before = phone_operations(own, 8), last_sequence(own)
    own.faults("drop_after", system="salesforce", path="batches", count=1)
    results = salesforce_writer(own, **BULK).write("Account", operations)
    assert outcome(results) == {(False, True, "unavailable")}
    assert all(r.is_retryable for r in results)
    assert written_since(own, before) == []


def test_bulk_leaves_line_breaks_to_the_other_way(own: Practice) -> None:
    row = accounts(own)[0]
    text = 'one\r\ntwo "quoted", Zoë'
    writer = salesforce_writer(own, **BULK)
    odd = operation(1, "Account", row["Id"], {"Description": row["Description"]}, {"Description": text})
    assert [r.is_ok for r in writer.write("Account", [odd])] == [True]
    assert writer.read("Account", [row["Id"]], ["Description"])[row["Id"]] == {"Description": text}


@EVERY_WAY
def test_a_record_named_twice_is_written_in_two_calls_in_order(own: Practice, way: dict[str, str]) -> None:
    row = accounts(own)[0]
    first = operation(1, "Account", row["Id"], {"Phone": row["Phone"]}, {"Phone": "first"})
    second = operation(2, "Account", row["Id"][:15], {"Phone": "first"}, {"Phone": "second"})
    before = last_sequence(own)
    results = salesforce_writer(own, **way).write("Account", [first, second])
    assert [r.is_ok for r in results] == [True, True], results
    assert len(own.writes(before)) == 2


def test_the_server_refuses_a_row_that_changed_after_it_was_read(own: Practice) -> None:
    """The guard itself, without our own comparison: an old stamp is answered with 412."""
    row = accounts(own)[0]
    writer = salesforce_writer(own)
    body = {
        "compositeRequest": [
            {
                "method": "PATCH",
                "url": writer.client.path(f"sobjects/Account/{row['Id']}"),
                "referenceId": "r0",
                "httpHeaders": {"If-Unmodified-Since": "Tue, 10 Aug 2015 00:00:00 GMT"},
                "body": {"Phone": "1"},
            }
        ]
    }
    answer = writer.client.send("POST", "composite", json=body).json()
    assert answer["compositeResponse"][0]["httpStatusCode"] == 412


def test_read_tells_what_is_gone_and_refuses_unknown_fields(own: Practice) -> None:
    writer = salesforce_writer(own)
    (row,) = accounts(own, 1)
    assert writer.read("Account", [row["Id"], "001000000000000AAA"], ["Phone"]) == {
        row["Id"]: {"Phone": row["Phone"]},
        "001000000000000AAA": None,
    }
    with pytest.raises(UnknownNameError):
        writer.read("Account", [row["Id"]], ["No_Such__c"])
    assert writer.capabilities("Account").conditional_write
