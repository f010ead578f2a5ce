"""What clients changed is there again after the practice orgs were stopped, killed, or given a damaged file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from reconcile.simulators.server import state_file_name
from reconcile.simulators.state_file import Part, read_state, write_state
from tests.practice import CLIENT_ID, CLIENT_SECRET, ROOT, Practice, running_practice
from tests.simulators.clients import Rest, chargebee

ACCOUNTS, SEED = 200, 3
FILE = state_file_name(ACCOUNTS, SEED)
WORLD = {"accounts": ACCOUNTS, "seed": SEED}


def start(home: Path, seed: int = SEED) -> Any:
    return running_practice(home, accounts=ACCOUNTS, seed=seed)


def rename(practice: Practice, account_id: str, name: str) -> None:
    assert Rest(practice)("PATCH", f"sobjects/Account/{account_id}", json={"Name": name}).status_code == 204


def name_of(practice: Practice, account_id: str) -> str:
    record = practice.record("salesforce", "Account", account_id)
    assert record is not None
    return str(record["Name"])


def test_all_changes_survive_a_clean_stop(tmp_path: Path) -> None:
    with start(tmp_path) as orgs:
        rest = Rest(orgs)
        changed, deleted = rest.ids(limit=2)
        customer = orgs.truth.of_kind("correct")[0]["right"][0]
        rename(orgs, changed, "Renamed")
        rest("DELETE", f"sobjects/Account/{deleted}")
        created = rest("POST", "sobjects/Account", json={"Name": "Brand New Survivor Ltd"}).json()["id"]
        first = _update_customer(orgs, customer)
        fingerprint = orgs.refresh_fingerprint()
        site = orgs.refresh_fingerprint("chargebee")
        writes, key = orgs.writes(), (tmp_path / "practice_jwt_key.pem").read_bytes()
    with start(tmp_path) as again:
        assert again.writes() == writes
        assert name_of(again, changed) == "Renamed"
        assert name_of(again, created) == "Brand New Survivor Ltd"
        assert (again.record("salesforce", "Account", deleted) or {})["IsDeleted"] == 1
        repeated = _update_customer(again, customer)
        assert repeated.headers["chargebee-idempotency-replayed"] == "true"
        assert repeated.json() == first.json()
        assert (again.record("chargebee", "customer", customer) or {})["company"] == "Survivor GmbH"
        organizations = Rest(again)("GET", "query", params={"q": "SELECT Id FROM Organization"}).json()["records"]
        assert [row["Id"] for row in organizations] == [fingerprint]
        assert chargebee(again, "GET", "configurations").json()["configurations"][0]["domain"] == site
        next_id = Rest(again)("POST", "sobjects/Account", json={"Name": "Later Than The Stop Inc"}).json()["id"]
        assert next_id > created
        assert again.writes()[-1]["sequence"] == len(writes) + 1
        assert (tmp_path / "practice_jwt_key.pem").read_bytes() == key


def _update_customer(orgs: Practice, customer: str) -> requests.Response:
    answer = chargebee(
        orgs,
        "POST",
        f"customers/{customer}",
        data={"company": "Survivor GmbH"},
        headers={"chargebee-idempotency-key": "once"},
    )
    assert answer.status_code == 200, answer.text
    return answer


def test_a_change_is_saved_seconds_after_it_was_made_and_nothing_before(tmp_path: Path) -> None:
    with start(tmp_path) as orgs:
        [account] = Rest(orgs).ids(limit=1)
        assert not (tmp_path / FILE).exists()
        rename(orgs, account, "Saved soon")
        _wait_for(tmp_path / FILE)
        os.kill(orgs.pid, signal.SIGKILL)
    with start(tmp_path) as again:
        assert name_of(again, account) == "Saved soon"


def test_killed_between_saves_it_starts_with_what_was_saved_last(tmp_path: Path) -> None:
    with start(tmp_path) as orgs:
        ids = Rest(orgs).ids(limit=40)
        deadline, number = time.monotonic() + 60, 0
        while not (tmp_path / FILE).exists() and time.monotonic() < deadline:
            orgs.touch("salesforce", "Account", ids, {"AccountNumber": f"N{number}"})
            number += 1
        orgs.touch("salesforce", "Account", ids, {"AccountNumber": "after the save"})
        made = orgs.writes()
        os.kill(orgs.pid, signal.SIGKILL)
    (tmp_path / f"{FILE}.part").write_bytes(b"half of the next")
    with start(tmp_path) as again:
        kept = again.writes()
        assert kept
        assert kept == made[: len(kept)]
        last = {write["record_id"]: write["changes"]["AccountNumber"][1] for write in kept}
        stored = {each: (again.record("salesforce", "Account", each) or {})["AccountNumber"] for each in last}
        assert stored == last


def test_every_world_has_its_own_changes(tmp_path: Path) -> None:
    with start(tmp_path) as orgs:
        [account] = Rest(orgs).ids(limit=1)
        rename(orgs, account, "Of seed 3")
    with start(tmp_path, seed=4) as other:
        assert other.writes() == []
    with start(tmp_path) as again:
        assert name_of(again, account) == "Of seed 3"


def test_the_demos_own_process_keeps_changes_and_ends_well_when_interrupted(tmp_path: Path) -> None:
    with _simulate(tmp_path) as (salesforce_url, process):
        records = _accounts(salesforce_url)
        assert _admin(salesforce_url, "record", object="Account", id=records[0])["Name"] != "Kept"
        body = {"system": "salesforce", "object": "Account", "ids": records[:1], "values": {"Name": "Kept"}}
        requests.post(f"{salesforce_url}/admin/touch", json=body, timeout=30).raise_for_status()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    with _simulate(tmp_path) as (salesforce_url, _):
        assert _admin(salesforce_url, "record", object="Account", id=records[0])["Name"] == "Kept"


@contextmanager
def _simulate(home: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`python -m reconcile simulate` without children, on free ports."""
    command = (sys.executable, "-m", "reconcile", "simulate", "--home", str(home), "--accounts", "200", "--no-children")
    ports = ("--salesforce-port", "0", "--chargebee-port", "0")
    with subprocess.Popen((*command, *ports), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"Salesforce (http://\S+),", line)
            assert found, line
            yield found[1], process
        finally:
            process.terminate()


def _accounts(salesforce_url: str) -> list[str]:
    """Ids of accounts; without children there are no deals."""
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    signed_in = requests.post(f"{salesforce_url}/services/oauth2/token", data=form, timeout=30).json()
    found = {}
    for name in ("Account", "Opportunity"):
        answer = requests.get(
            f"{salesforce_url}/services/data/v67.0/query",
            params={"q": f"SELECT Id FROM {name} ORDER BY Id"},
            headers={"Authorization": f"Bearer {signed_in['access_token']}"},
            timeout=30,
        )
        found[name] = [row["Id"] for row in answer.json()["records"]]
    assert found["Opportunity"] == []
    return found["Account"]


def _admin(salesforce_url: str, path: str, **params: str) -> dict[str, Any]:
    answer = requests.get(f"{salesforce_url}/admin/{path}", params={"system": "salesforce", **params}, timeout=30)
    record: dict[str, Any] = answer.json()["record"]
    return record


@pytest.mark.parametrize("harm", ["cut", "version", "rows"])
def test_an_unusable_file_is_put_aside_with_its_reason(tmp_path: Path, harm: str) -> None:
    whole = {"generator": 1, "accounts": ACCOUNTS, "seed": SEED, "children": True}
    org = {"org_id": "00D", "numbers": {}, "job_numbers": 0, "refresh_tokens": {}, "rng": []}
    rows: list[Part] = [["table", "salesforce", "Account", ["Id", "NoSuchColumn"], []], ["rows", [["001", "x"]]]]
    write_state(tmp_path / FILE, whole, [["org", org], ["site", {"name": "x", "refreshes": 0}], *rows])
    text = (tmp_path / FILE).read_bytes()
    if harm == "cut":
        (tmp_path / FILE).write_bytes(text[:-30])
    if harm == "version":
        (tmp_path / FILE).write_bytes(_of_version_9(text))
    with start(tmp_path) as orgs:
        assert orgs.writes() == []
        assert chargebee(orgs, "GET", "configurations").json()["configurations"][0]["domain"] == "acme-practice"
        said = (tmp_path / "practice.err").read_text()
    assert f"{FILE}.unusable" in said
    assert {"cut": "damaged", "version": "not of version 1", "rows": "NoSuchColumn"}[harm] in said
    assert (tmp_path / f"{FILE}.unusable").exists()


def _of_version_9(text: bytes) -> bytes:
    *lines, _ = text.replace(b'"version":1', b'"version":9').splitlines(keepends=True)
    end = {"parts": len(lines) - 1, "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    return b"".join(lines) + json.dumps(end).encode() + b"\n"


def test_a_file_of_another_world_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    write_state(path, WORLD, [["org", {"a": 1}]])
    assert read_state(path, WORLD) == [["org", {"a": 1}]]
    with pytest.raises(ValueError, match="other practice data"):
        read_state(path, {**WORLD, "seed": 9})


@given(st.data())
def test_no_cut_and_no_flipped_bit_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "harmed.jsonl"
    write_state(path, WORLD, [["write", [1, "ä\r\u2028", None]], ["rows", [["a", 1.5]]]])
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 2))
    if data.draw(st.booleans()):
        harmed = whole[:place]
    else:
        harmed = whole[:place] + bytes([whole[place] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[place + 1 :]
    path.write_bytes(harmed)
    with pytest.raises(ValueError, match=r"damaged|version|practice data"):
        read_state(path, WORLD)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was not written"
        time.sleep(0.1)
