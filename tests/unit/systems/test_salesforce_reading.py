"""Signing in to and reading the practice Salesforce org over HTTP, in fair weather and with every fault on."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from reconcile.errors import DefinitionError, QuarantinedError, SignInError, UnknownNameError
from reconcile.model import Connection, utc_now
from reconcile.systems import check_fingerprint, open_reader
from reconcile.systems.salesforce.bulk import read_csv
from reconcile.systems.salesforce.options import salesforce_options
from reconcile.systems.salesforce.reader import SalesforceReader
from reconcile.systems.salesforce.signin import authorization_request, redeem_code
from tests.practice import Practice, running_practice
from tests.unit.systems.connections import LINK, rows_of, salesforce, salesforce_reader


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A practice org that this module may break."""
    with running_practice(tmp_path_factory.mktemp("reading"), accounts=200) as practice:
        yield practice


@pytest.fixture(autouse=True)
def _no_faults_left(own: Practice) -> Iterator[None]:
    yield
    own.clear_faults()


def username(practice: Practice) -> str:
    reader = salesforce_reader(practice)
    token = reader.client.signed_in.session_id
    url = f"{practice.salesforce_url}/services/oauth2/userinfo"
    return str(requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()["preferred_username"])


def test_every_way_to_sign_in_reaches_the_same_org(own: Practice) -> None:
    name = username(own)
    session_id = salesforce_reader(own).client.signed_in.session_id
    ways = [
        ({}, {"client_secret": "practice"}),
        ({"login": "jwt", "username": name}, {"private_key": (own.home / "practice_jwt_key.pem").read_text()}),
        ({"login": "soap", "username": name}, {"password": "practice", "security_token": "practice"}),
        ({"login": "session"}, {"session_id": session_id}),
    ]
    found = {open_reader(salesforce(own, **options), secrets).fingerprint() for options, secrets in ways}
    assert len(found) == 1
    assert len(found.pop()) == 18


def test_consent_in_the_browser_gives_a_refresh_token_that_works(own: Practice) -> None:
    connection = salesforce(own, login="authorization_code")
    options = salesforce_options(connection)
    asked = authorization_request(options, "http://127.0.0.1:8501/callback")
    form = {"request": json.dumps({k: v[0] for k, v in parse_qs(urlsplit(asked.url).query).items()})}
    consent = requests.post(
        asked.url.partition("?")[0], data={**form, "decision": "allow"}, allow_redirects=False, timeout=10
    )
    back = {k: v[0] for k, v in parse_qs(urlsplit(consent.headers["Location"]).query).items()}
    assert back["state"] == asked.state
    secrets = redeem_code(
        connection, options, back["code"], "http://127.0.0.1:8501/callback", verifier=asked.verifier, secrets={}
    )
    assert open_reader(connection, secrets).environment() == "practice"


@pytest.mark.parametrize(
    ("options", "secrets", "error"),
    [
        ({}, {"client_secret": "wrong"}, SignInError),
        ({"login": "soap", "username": "nobody"}, {"password": "wrong"}, SignInError),
        ({"login": "jwt", "username": "nobody"}, {"private_key": "no key"}, SignInError),
        ({"login": "session"}, {"session_id": "00D!gone"}, SignInError),
        ({"login": "magic"}, {}, DefinitionError),
        ({}, {}, DefinitionError),
        ({"api_version": "12"}, {"client_secret": "practice"}, DefinitionError),
        ({"base_url": "http://acme.my.salesforce.com"}, {"client_secret": "practice"}, DefinitionError),
    ],
)
def test_what_cannot_sign_in_says_why(
    own: Practice, options: dict[str, str], secrets: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        open_reader(salesforce(own, **options), secrets).fingerprint()
    assert "wrong" not in str(caught.value)


def test_a_session_that_is_always_refused_ends_after_a_few_sign_ins(own: Practice) -> None:
    reader = salesforce_reader(own)
    own.faults("expired_session", system="salesforce", path="/services/data")
    with pytest.raises(SignInError):
        reader.count("Account")
    sign_ins = [r for r in reader.client.session.requests_made if "oauth2/token" in r.path]
    assert 1 <= len(sign_ins) <= 3


def test_an_expired_session_is_renewed_in_the_middle_of_a_bulk_job(own: Practice) -> None:
    reader = salesforce_reader(own, bulk_read_from="10")
    own.faults("expired_session", system="salesforce", path="jobs/query/.*/results", count=1)
    assert len(rows_of(reader.changes("Account", ["Id"], None))) == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "too_many_requests", "retry_after": 0.05},
        {"kind": "unavailable", "retry_after": 0.05},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "drop_during"},
        {"kind": "expired_session"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
@pytest.mark.parametrize("bulk_from", ["10", "100000"])
def test_reading_goes_on_through_every_fault(own: Practice, fault: dict[str, object], bulk_from: str) -> None:
    reader = salesforce_reader(own, bulk_read_from=bulk_from)
    own.faults(**{**fault, "system": "salesforce", "path": "/services/data", "probability": 0.2, "seed": 5})  # type: ignore[arg-type]  # a JSON object
    for _ in range(2 if bulk_from == "10" else 6):
        rows = rows_of(reader.changes("Account", ["Id", "Name"], None))
        assert len({row["Id"] for row in rows}) == 200
    assert sum(f["fired"] for f in own.fault_state()) > 0


def test_describe_names_key_stamps_types_and_references(own: Practice) -> None:
    info = salesforce_reader(own).describe("Account")
    fields = {f.name: f for f in info.fields}
    assert (info.id_field, info.modified_field, info.created_field) == ("Id", "SystemModstamp", "CreatedDate")
    assert fields["OwnerId"].references == "User"
    assert fields[LINK].is_updateable
    assert not fields["SystemModstamp"].is_updateable
    with pytest.raises(UnknownNameError):
        salesforce_reader(own).describe("Nonsense__c")
    assert "Account" in salesforce_reader(own).objects()


def test_counts_by_month_add_up_and_are_those_of_the_records(own: Practice) -> None:
    reader = salesforce_reader(own)
    months = reader.count_by_month("Account")
    assert months is not None
    assert sum(months.values()) == reader.count("Account") == 200
    rows = rows_of(reader.changes("Account", ["CreatedDate"], None))
    assert months == Counter(str(row["CreatedDate"])[:7] for row in rows)


def test_bulk_and_query_pages_give_the_same_text(own: Practice) -> None:
    fields = [f.name for f in salesforce_reader(own).describe("Account").fields]
    strange = "Zoë\n„quoted“ \"comma, \u2028 'x' 日本\t=1+1\\ #N/A"
    record = str(rows_of(salesforce_reader(own).changes("Account", ["Id"], None))[0]["Id"])
    own.touch("salesforce", "Account", [record], {"Description": strange, "BillingStreet": "1 rue\r\nde Noël"})
    by_bulk = rows_of(salesforce_reader(own, bulk_read_from="0").changes("Account", fields, None))
    by_page = rows_of(salesforce_reader(own, bulk_read_from="100000").changes("Account", fields, None))
    key = lambda row: str(row["Id"])  # noqa: E731  # one key for two sorts
    assert sorted(by_bulk, key=key) == sorted(by_page, key=key)
    found = next(row for row in by_bulk if row["Id"] == record)
    assert found["Description"] == strange
    assert found["BillingStreet"] == "1 rue\r\nde Noël"
    assert {type(value) for row in by_bulk for value in row.values()} == {str, type(None)}
    assert "" not in {value for row in by_bulk for value in row.values()}


def test_changes_and_deletes_since_a_moment(own: Practice) -> None:
    reader = salesforce_reader(own)
    ids = sorted(str(row["Id"]) for row in rows_of(reader.changes("Opportunity", ["Id"], None)))
    since = utc_now() - timedelta(seconds=1)
    own.touch("salesforce", "Opportunity", ids[:2], {"StageName": "Closed Won"})
    own.delete("salesforce", "Opportunity", [ids[2]])
    assert {str(row["Id"]) for row in rows_of(reader.changes("Opportunity", ["Id"], since))} == set(ids[:2])
    assert list(reader.deleted("Opportunity", since)) == [ids[2]]
    assert list(reader.deleted("User", since)) == []


def test_an_object_without_rows(own: Practice) -> None:
    later = utc_now() + timedelta(days=1)
    assert rows_of(salesforce_reader(own, bulk_read_from="0").changes("Account", ["Id"], later)) == []
    assert rows_of(salesforce_reader(own).changes("Account", ["Id"], later)) == []


def test_memory_of_a_reader_is_that_of_blocks_whatever_the_answer(own: Practice) -> None:
    batches = list(salesforce_reader(own, bulk_read_from="0").changes("Account", ["Id", "Name"], None))
    assert all(batch.schema.names == ["Id", "Name"] for batch in batches)


def test_a_refreshed_sandbox_answers_as_another_org(own: Practice) -> None:
    reader: SalesforceReader = salesforce_reader(own)
    before = reader.fingerprint()
    connection = Connection("sf", "Practice", "salesforce", "practice", fingerprint=before)
    check_fingerprint(connection, reader.fingerprint())
    after = own.refresh_fingerprint()
    assert reader.fingerprint() == after != before
    with pytest.raises(QuarantinedError):
        check_fingerprint(connection, reader.fingerprint())


@pytest.mark.parametrize("lead", [0, 900_000, 1_800_000])
def test_the_longest_record_is_read_wherever_blocks_end(lead: int) -> None:
    longest = "語" * 400_000  # characters that a record may have, of three bytes each
    text = f'"Id","Description"\n"1","{"x" * lead}"\n"2","{longest}"\n"3",""\n'
    raw = io.BytesIO(text.encode())
    assert [row["Description"] for row in rows_of(read_csv(raw, ["Id", "Description"]))] == [
        "x" * lead or None,
        longest,
        None,
    ]
