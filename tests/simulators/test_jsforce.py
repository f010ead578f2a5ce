"""An unmodified jsforce drives the practice org, and its SOQL is checked against another parser."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.soql import parse
from tests.practice import Practice
from tests.simulators.soql_cases import STATEMENTS

FOLDER = Path(__file__).parent / "jsforce"
USERNAME = "practice.integration@acme-practice.example"

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed")

EXPECTED = {
    "soapOrganization": "00DHs0000000008MAA",
    "organization": "00DHs0000000008MAA",
    "username": USERNAME,
    "siteLookup": ["chargebeeapps__CB_Site__c"],
    "globalObjects": 9,
    "totalSize": 300,
    "firstPageDone": False,
    "fetched": 300,
    "distinct": 300,
    "unknownField": "INVALID_FIELD",
    "oneUpdated": True,
    "manyUpdated": 249,
    "refused": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "refusedPositions": [3],
    "descriptions": ["row 1", "row 2"],
    "upserted": [True, False],
    "upsertedTwice": True,
    "composite": [412, 201, 201],
    "bulkSuccessful": 39,
    "bulkFailed": ["STRING_TOO_LONG"],
    "bulkUnprocessed": 0,
    "bulkQueried": 39,
    "bulkText": 'bulk 1, "quoted" Zoë',
    "bulkCleared": 1,
    "merged": True,
    "movedTo": True,
    "victimMaster": True,
    "destroyed": True,
    "afterDestroy": "ENTITY_IS_DELETED",
}


@pytest.fixture(scope="module")
def node_folder() -> Path:
    """The folder with the clients installed exactly as locked; installed once, then kept."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = FOLDER / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, capture_output=True, timeout=240
        )
        stamp.write_text(wanted)
    return FOLDER


def test_an_unmodified_jsforce_does_everything(node_folder: Path, fresh_practice: Callable[..., Practice]) -> None:
    practice = fresh_practice()
    done = subprocess.run(
        ["node", "drive.mjs", practice.salesforce_url, USERNAME],
        cwd=node_folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert {name: seen[name] for name in EXPECTED} == EXPECTED
    updated = [write for write in practice.writes() if write["object"] == "Account" and write["action"] == "update"]
    assert (
        len(updated) == 1 + 249 + 1 + 39
    )  # one row, the collections, the second upsert, the bulk load: none lost, none twice


def test_another_parser_agrees_on_what_is_soql(node_folder: Path) -> None:
    script = (
        'import { isQueryValid } from "@jetstreamapp/soql-parser-js";'
        "let text = ''; for await (const part of process.stdin) text += part;"
        "console.log(JSON.stringify(JSON.parse(text).map((q) => isQueryValid(q))));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        cwd=node_folder,
        input=json.dumps(STATEMENTS),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    theirs = dict(zip(STATEMENTS, json.loads(done.stdout), strict=True))
    ours = {statement: _is_soql(statement) for statement in STATEMENTS}
    assert ours == theirs


def _is_soql(statement: str) -> bool:
    try:
        parse(statement)
    except SalesforceError as error:
        return error.code != "MALFORMED_QUERY"
    return True
