"""What SOQL statements mean, asked of a real org through simple-salesforce, with the answer beside each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.exceptions import SalesforceMalformedRequest

from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.soql import compile_query, parse
from reconcile.simulators.salesforce.soql.dates import day_range
from reconcile.simulators.salesforce.store import Store
from tests.practice import Practice
from tests.simulators.clients import sign_in

ROWS = (
    # name, type, revenue, employees, synced, customer
    ("Alpha", "Customer", 100.0, 10, 1, "cbA"),
    ("alpha", "Prospect", 50.0, None, 0, None),
    ("Beta % Co", None, None, 5, 0, "cbB"),
    ("Gamma_x", "Customer", 0.0, 0, 1, "CBa"),
    ("Élan", "Partner", -1.5, 7, 0, ""),
    ("It's", "Other", 9.99, 1, 0, None),
)
WHERE = (
    ("Name = 'ALPHA'", "Alpha|alpha"),
    ("Name != 'alpha'", "Beta % Co|Gamma_x|Élan|It's"),
    ("Name = 'élan'", "Élan"),
    ("Name LIKE 'a%'", "Alpha|alpha"),
    ("Name LIKE '%\\\\%%'", "Beta % Co"),
    ("Name LIKE 'gamma\\\\_x'", "Gamma_x"),
    ("Name LIKE '_lpha'", "Alpha|alpha"),
    ("Name LIKE 'É%'", "Élan"),
    ("Name = 'It\\\\'s'", "It's"),
    ("Name IN ('alpha', 'GAMMA_X')", "Alpha|alpha|Gamma_x"),
    ("Name NOT IN ('alpha', 'Élan')", "Beta % Co|Gamma_x|It's"),
    ("Type = null", "Beta % Co"),
    ("Type != null", "Alpha|alpha|Gamma_x|Élan|It's"),
    ("Type != 'Customer'", "alpha|Beta % Co|Élan|It's"),
    ("Type IN ('Customer', null)", "Alpha|Beta % Co|Gamma_x"),
    ("Type NOT IN ('Customer')", "alpha|Beta % Co|Élan|It's"),
    ("Type NOT IN ('Customer', null)", "alpha|Élan|It's"),
    ("NOT Type = 'Customer'", "alpha|Beta % Co|Élan|It's"),
    ("NOT (Type = 'Customer' OR Name = 'alpha')", "Beta % Co|Élan|It's"),
    ("(Type = 'Customer' OR Type = 'Partner') AND AnnualRevenue > 0", "Alpha"),
    ("Type = 'Customer' AND (AnnualRevenue > 0 OR NumberOfEmployees = 0)", "Alpha|Gamma_x"),
    ("AnnualRevenue >= 9.99", "Alpha|alpha|It's"),
    ("AnnualRevenue < 0", "Élan"),
    ("AnnualRevenue = null", "Beta % Co"),
    ("AnnualRevenue != 0", "Alpha|alpha|Beta % Co|Élan|It's"),
    ("NumberOfEmployees IN (5, 7)", "Beta % Co|Élan"),
    ("chargebeeapps__Is_Synced__c = true", "Alpha|Gamma_x"),
    ("chargebeeapps__Is_Synced__c != true", "alpha|Beta % Co|Élan|It's"),
    ("chargebeeapps__CB_Id__c = 'cba'", "Alpha|Gamma_x"),
    ("chargebeeapps__CB_Id__c = ''", "alpha|Élan|It's"),
    ("CreatedDate >= 2026-04-01T00:00:00Z", "Gamma_x|Élan|It's"),
    ("CreatedDate >= 2026-04-01T01:00:00+01:00", "Gamma_x|Élan|It's"),
    ("CreatedDate < 2026-02-01T00:00:00.000Z", "Alpha"),
    ("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'smith')", "alpha"),
    ("Id NOT IN (SELECT AccountId FROM Contact WHERE AccountId != null)", "Alpha|Beta % Co|Gamma_x|Élan|It's"),
    ("Parent.Name = 'alpha'", "It's"),
    ("Parent.Name = null", "Alpha|alpha|Beta % Co|Gamma_x|Élan"),
)


@pytest.fixture(scope="module")
def small() -> Store:
    """Six accounts and a contact."""
    store = Store()
    accounts = [
        {
            "Id": f"00100000000000{number}AAA",
            "Name": name,
            "Type": kind,
            "AnnualRevenue": revenue,
            "NumberOfEmployees": staff,
            "chargebeeapps__Is_Synced__c": synced,
            "chargebeeapps__CB_Id__c": customer,
            "CreatedDate": f"2026-0{number}-15T12:00:00.000+0000",
            "ParentId": "001000000000001AAA" if name == "It's" else None,
        }
        for number, (name, kind, revenue, staff, synced, customer) in enumerate(ROWS, start=1)
    ]
    accounts[0]["Id"], accounts[5]["ParentId"] = "001000000000001AAA", accounts[1]["Id"]
    store.load("Account", accounts)
    store.load("Contact", [{"Id": "003000000000001AAA", "LastName": "Smith", "AccountId": accounts[1]["Id"]}])
    store.index()
    return store


def ask(store: Store, statement: str) -> list[tuple[object, ...]]:
    """Rows of a statement."""
    compiled = compile_query(parse(statement))
    sql, values = compiled.row_sql()
    return store.rows(sql, values)


@pytest.mark.parametrize(("where", "expected"), WHERE, ids=[where for where, _ in WHERE])
def test_conditions(small: Store, where: str, expected: str) -> None:
    found = {row[0] for row in ask(small, f"SELECT Name FROM Account WHERE {where.replace(chr(92) * 2, chr(92))}")}
    assert found == set(expected.split("|"))


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ORDER BY AnnualRevenue", ["Beta % Co", "Élan", "Gamma_x", "It's", "alpha", "Alpha"]),
        ("ORDER BY AnnualRevenue DESC NULLS LAST LIMIT 2", ["Alpha", "alpha"]),
        ("ORDER BY AnnualRevenue NULLS LAST LIMIT 2 OFFSET 1", ["Gamma_x", "It's"]),
        ("ORDER BY Type DESC, AnnualRevenue ASC LIMIT 3", ["Beta % Co", "alpha", "Élan"]),
    ],
)
def test_order_and_limits(small: Store, tail: str, expected: list[str]) -> None:
    assert [row[0] for row in ask(small, f"SELECT Name FROM Account {tail}")] == expected


def test_groups(small: Store) -> None:
    grouped = ask(small, "SELECT Type, COUNT(Id) n, SUM(AnnualRevenue) FROM Account GROUP BY Type HAVING COUNT(Id) > 1")
    assert grouped == [("Customer", 2, 100.0)]
    months = ask(
        small,
        "SELECT CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate), COUNT(Id) FROM Account "
        "GROUP BY CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate) ORDER BY CALENDAR_MONTH(CreatedDate)",
    )
    assert months == [(2026, month, 1) for month in range(1, 7)]
    assert ask(small, "SELECT COUNT_DISTINCT(Type), MAX(AnnualRevenue), MIN(Name) FROM Account") == [
        (4, 100.0, "Alpha")
    ]


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("SELECT Id FROM XYZZY", "INVALID_TYPE", "ERROR at Row:1:Column:16\nsObject type 'XYZZY' is not supported."),
        (
            "SELECT Id, Foo FROM Account",
            "INVALID_FIELD",
            "ERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Account'.",
        ),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT Id FROM Account WHERE Name = 1",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE AnnualRevenue = '1'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated"),
        (
            "SELECT Id FROM Account LIMIT 1 OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "unexpected token"),
    ],
)
def test_refusals_as_clients_see_them(practice: Practice, statement: str, code: str, words: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sign_in(practice).query(statement)
    content: Any = caught.value.content
    [error] = content
    assert error["errorCode"] == code
    assert words in error["message"]


@pytest.mark.parametrize(
    ("word", "count", "first", "after"),
    [
        ("TODAY", 0, "2026-11-22", "2026-11-23"),
        ("LAST_WEEK", 0, "2026-11-15", "2026-11-22"),
        ("THIS_MONTH", 0, "2026-11-01", "2026-12-01"),
        ("LAST_QUARTER", 0, "2026-07-01", "2026-10-01"),
        ("NEXT_YEAR", 0, "2027-01-01", "2028-01-01"),
        ("LAST_N_DAYS", 7, "2026-11-15", "2026-11-23"),
        ("NEXT_N_DAYS", 2, "2026-11-23", "2026-11-25"),
        ("LAST_N_MONTHS", 2, "2026-09-01", "2026-11-01"),
        ("N_DAYS_AGO", 3, "2026-11-19", "2026-11-20"),
        ("LAST_90_DAYS", 0, "2026-08-24", "2026-11-23"),
    ],
)
def test_date_literals(word: str, count: int, first: str, after: str) -> None:
    assert day_range(word, count, date(2026, 11, 22)) == (date.fromisoformat(first), date.fromisoformat(after))


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(SalesforceError):
        parse(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_text_is_found_by_its_literal(text: str) -> None:
    store = Store()
    store.load(
        "Account", [{"Id": "001000000000001AAA", "Name": text}, {"Id": "001000000000002AAA", "Name": "other " + text}]
    )
    literal = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    assert ask(store, f"SELECT Id FROM Account WHERE Name = '{literal}'") == [("001000000000001AAA",)]


def test_pages_bring_every_row_once_and_in_no_order(practice: Practice) -> None:
    salesforce: Any = sign_in(practice)
    salesforce.headers["Sforce-Query-Options"] = "batchSize=200"
    page = salesforce.query("SELECT Id FROM Account")
    assert page["done"] is False
    assert 120 <= len(page["records"]) <= 200
    ids = [record["Id"] for record in salesforce.query_all_iter("SELECT Id FROM Account")]
    assert len(ids) == len(set(ids)) == page["totalSize"] == 300
    assert ids != sorted(ids)
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
        salesforce.query_more("01gHs0000099999AAA-200", identifier_is_url=False)


def test_deleted_rows_only_in_query_all(fresh_practice: Callable[..., Practice]) -> None:
    practice = fresh_practice(accounts=200)
    salesforce = sign_in(practice)
    victims = {item["left"][0] for item in practice.truth.of_kind("dangling", "merged_account")}
    statement = "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true"
    assert salesforce.query(statement)["totalSize"] == 0
    gone = salesforce.query_all(statement, include_deleted=True)["records"]
    assert {record["Id"] for record in gone if record["MasterRecordId"]} == victims


def test_children_and_parents(practice: Practice) -> None:
    salesforce = sign_in(practice)
    [record] = salesforce.query(
        "SELECT Id, Name, Owner.Name, Parent.Name, (SELECT Id, Account.Name FROM Contacts ORDER BY LastName) "
        "FROM Account "
        "WHERE Id IN (SELECT AccountId FROM Contact) AND IsPersonAccount = false LIMIT 1"
    )["records"]
    assert record["Owner"]["attributes"]["type"] == "User"
    assert record["Parent"] is None or record["Parent"]["Name"]
    assert record["Contacts"]["totalSize"] == len(record["Contacts"]["records"]) > 0
    assert all(contact["Account"]["Name"] == record["Name"] for contact in record["Contacts"]["records"])
