"""Rows of the operational database: people, connections, secrets, snapshots, definitions, runs, claims."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from reconcile.errors import (
    ClaimedError,
    ConflictError,
    DefinitionError,
    InputError,
    NotAllowedError,
    ReconcileError,
    StorageError,
    UnknownNameError,
)
from reconcile.model import Connection, Dataset, ObjectCount, Person, Policy, Snapshot, utc_now
from reconcile.settings import Settings, load_settings
from reconcile.state import claims, connections, people, reconciliations, runs, snapshots
from reconcile.state.database import Database
from reconcile.state.tables import connections as connections_table
from tests.run_files import RunFile, reconciliation

ANA = Person("ana", "Ana", frozenset({"analyst", "approver"}))
CRM = Connection("crm", "CRM", "salesforce", "practice", options={"base_url": "http://127.0.0.1:1"})
SECRETS = {"client_secret": "s3cr3t-ü", "refresh_token": "t"}


def settings(home: Path, key: str | None = None) -> Settings:
    return load_settings({"RECONCILE_HOME": str(home), **({"RECONCILE_SECRET_KEY": key} if key else {})})


# People


def test_people(database: Database) -> None:
    with database.begin() as tx:
        people.add(tx, ANA)
        laptop = people.ensure_laptop_person(tx)
        assert people.ensure_laptop_person(tx) == laptop
        practice = people.ensure_practice_people(tx)
        people.set_active(tx, "ana", is_active=False)
        people.set_roles(tx, laptop.id, {"auditor"})
    with database.read() as tx:
        assert people.get(tx, "ana") == ANA
        with pytest.raises(NotAllowedError, match="deactivated"):
            people.get_active(tx, "ana")
        assert people.get_active(tx, laptop.id).id == laptop.id
        assert {p.id for p in people.list_people(tx)} == {laptop.id, *(p.id for p in practice)}
        assert ANA in people.list_people(tx, with_inactive=True)
        assert people.get(tx, laptop.id).roles == {"auditor"}
    assert laptop.roles == {"analyst", "approver", "administrator", "auditor"}
    assert not laptop.is_practice
    assert [sorted(p.roles) for p in practice] == [["analyst"], ["approver"], ["administrator"]]
    assert all(p.is_practice for p in practice)


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (ANA, "somebody with the id 'ana'"),
        (replace(ANA, id="x", roles=frozenset()), "at least one role"),
        (replace(ANA, id="x", name=" "), "a name"),
    ],
)
def test_a_person_that_cannot_be_added(database: Database, person: Person, said: str) -> None:
    with database.begin() as tx:
        people.add(tx, ANA)
    with pytest.raises(InputError, match=said), database.begin() as tx:
        people.add(tx, person)


def test_nobody_is_found_under_an_unknown_id(database: Database) -> None:
    with database.begin() as tx:
        for attempt in (
            lambda: people.get(tx, "zoe"),
            lambda: people.set_roles(tx, "zoe", {"analyst"}),
            lambda: people.set_active(tx, "zoe", is_active=True),
        ):
            with pytest.raises(UnknownNameError, match="person named 'zoe'"):
                attempt()
        people.add(tx, ANA)
        with pytest.raises(InputError, match="at least one role"):
            people.set_roles(tx, "ana", [])


# Connections and secrets


def test_connections(database: Database) -> None:
    with database.begin() as tx:
        connections.add(tx, CRM)
        connections.add(tx, replace(CRM, id="billing", name="Billing", system="chargebee", fingerprint="acme"))
        assert [c.id for c in connections.list_connections(tx)] == ["billing", "crm"]
        connections.set_options(tx, "crm", {"site": "x"})
        connections.rename(tx, "crm", "Our CRM ")
        connections.set_fingerprint(tx, "crm", "00D1")
        connections.set_fingerprint(tx, "crm", "00D1")
        connections.quarantine(tx, "crm", "first reason")
        connections.quarantine(tx, "crm", "second reason")
        assert connections.get(tx, "crm") == replace(
            CRM, name="Our CRM", options={"site": "x"}, fingerprint="00D1", quarantine_reason="first reason"
        )
        connections.release(tx, "crm")
        assert connections.get(tx, "crm").quarantine_reason is None
        with pytest.raises(ConflictError):
            connections.set_fingerprint(tx, "crm", "00D2")
        connections.retire(tx, "crm")
        assert [c.id for c in connections.list_connections(tx)] == ["billing"]
        assert [c.id for c in connections.list_connections(tx, with_retired=True)] == ["billing", "crm"]


@pytest.mark.parametrize("connection_id", ["", "CRM", "a b", "../x", "-a", "a" * 64, "crm"])
def test_an_id_that_is_taken_or_no_folder_name_is_refused(database: Database, connection_id: str) -> None:
    with database.begin() as tx:
        connections.add(tx, CRM)
    with pytest.raises(InputError), database.begin() as tx:
        connections.add(tx, replace(CRM, id=connection_id))


def test_an_unknown_connection_is_named_with_those_there_are(database: Database, tmp_path: Path) -> None:
    with database.begin() as tx:
        connections.add(tx, CRM)
        for attempt in (
            lambda: connections.get(tx, "x"),
            lambda: connections.release(tx, "x"),
            lambda: connections.set_fingerprint(tx, "x", "y"),
            lambda: connections.read_secrets(tx, "x", settings(tmp_path)),
            lambda: connections.store_secrets(tx, "x", {}, settings(tmp_path)),
        ):
            with pytest.raises(UnknownNameError, match="Known: crm"):
                attempt()


@pytest.mark.parametrize(
    "key",
    [None, Fernet.generate_key().decode(), "a passphrase of some length"],
    ids=["key file", "key", "passphrase"],
)
def test_secrets_are_encrypted_at_rest(database: Database, tmp_path: Path, key: str | None) -> None:
    own = settings(tmp_path, key)
    with database.begin() as tx:
        connections.add(tx, CRM)
        assert connections.read_secrets(tx, "crm", own) == {}
        connections.store_secrets(tx, "crm", SECRETS, own)
    with database.read() as tx:
        assert connections.read_secrets(tx, "crm", own) == SECRETS
        stored = tx.execute(sa.select(connections_table.c.secrets)).scalar_one()
    assert "s3cr3t" not in stored
    if key is None:
        assert stat.S_IMODE(own.secret_key_path.stat().st_mode) == 0o600
    else:
        assert not own.secret_key_path.exists()


def test_secrets_of_another_key_or_another_connection_are_refused(database: Database, tmp_path: Path) -> None:
    own = settings(tmp_path)
    with database.begin() as tx:
        connections.add(tx, CRM)
        connections.add(tx, replace(CRM, id="other"))
        connections.store_secrets(tx, "crm", SECRETS, own)
        with pytest.raises(StorageError, match="cannot be decrypted with this key"):
            connections.read_secrets(tx, "crm", settings(tmp_path, "another passphrase"))
        token = sa.select(connections_table.c.secrets).where(connections_table.c.id == "crm").scalar_subquery()
        tx.execute(connections_table.update().where(connections_table.c.id == "other").values(secrets=token))
        with pytest.raises(StorageError, match="they belong to crm"):
            connections.read_secrets(tx, "other", own)
        with pytest.raises(InputError, match="too short"):
            connections.read_secrets(tx, "crm", settings(tmp_path, "short"))
        own.secret_key_path.write_text("no key at all")
        with pytest.raises(StorageError, match="this is no key"):
            connections.read_secrets(tx, "crm", own)


# Snapshots, definitions, runs


def snapshot(number: int, connection_id: str = "crm") -> Snapshot:
    at = utc_now() + timedelta(minutes=number)
    count = ObjectCount("Account", 10, 10, "hash", {"2026-03": (4, 4), "2026-04": (6, None)})
    return Snapshot(
        f"snap_{number}", connection_id, "salesforce", "practice", "00D", "/x", "full", None, at, at, (count,)
    )


def test_snapshots(database: Database) -> None:
    first, second = snapshot(1), snapshot(2)
    with database.begin() as tx:
        connections.add(tx, CRM)
        assert snapshots.latest(tx, "crm") is None
        for each in (second, first, first):
            snapshots.record(tx, each)
    with database.read() as tx:
        assert snapshots.get(tx, "snap_1") == first
        assert snapshots.latest(tx, "crm") == second
        assert snapshots.list_snapshots(tx) == (second, first)
        assert snapshots.list_snapshots(tx, "billing") == ()
        with pytest.raises(UnknownNameError):
            snapshots.get(tx, "snap_3")


def test_every_edit_of_a_definition_makes_a_version(database: Database) -> None:
    with database.begin() as tx:
        people.add(tx, ANA)
        first = reconciliations.save(tx, ANA, reconciliation(version=0))
        assert reconciliations.save(tx, ANA, first) == first
        second = reconciliations.save(tx, ANA, replace(first, accept=0.9))
        assert (first.version, second.version) == (1, 2)
        with pytest.raises(ConflictError):
            reconciliations.save(tx, ANA, replace(first, accept=0.8))
        assert reconciliations.get(tx, "accounts") == second
        assert reconciliations.get(tx, "accounts", 1) == first
        assert reconciliations.list_current(tx) == (second,)
        assert reconciliations.list_versions(tx, "accounts") == (second, first)
        for name, version in (("other", None), ("accounts", 9)):
            with pytest.raises(UnknownNameError, match="Known: accounts"):
                reconciliations.get(tx, name, version)


BASE = reconciliation()


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (replace(BASE, name=""), "needs an id and a name"),
        (replace(BASE, accept=0.2, review=0.5), "thresholds"),
        (replace(BASE, accept=1.5), "thresholds"),
        (replace(BASE, policy=Policy(volume_stop_share=2)), "out of range"),
        (replace(BASE, policy=Policy(canary_size=0)), "out of range"),
        (replace(BASE, left=Dataset("", "Account", "Id", {"name": ("Name",)})), "left: it needs a connection"),
        (replace(BASE, right=Dataset("b", "customer", "id", {})), "right: no field has a role"),
        (replace(BASE, right=Dataset("b", "c", "id", {"nam": ("x",)})), "'nam' is no role"),  # type: ignore[dict-item]
    ],
)
def test_a_definition_that_cannot_be_carried_out_is_refused(database: Database, definition: object, said: str) -> None:
    with pytest.raises(DefinitionError, match=said), database.begin() as tx:
        reconciliations.save(tx, ANA, definition)  # type: ignore[arg-type]


def test_runs(database: Database, tmp_path: Path) -> None:
    first, second = (RunFile(tmp_path, number).run("/x") for number in (1, 2))
    with database.begin() as tx:
        people.add(tx, ANA)
        reconciliations.save(tx, ANA, reconciliation())
        for connection_id in ("crm", "billing"):
            connections.add(tx, replace(CRM, id=connection_id))
        for run in (first, second):
            for side, name in ((run.left_snapshot_id, "crm"), (run.right_snapshot_id, "billing")):
                snapshots.record(tx, replace(snapshot(1, name), id=side))
        assert runs.latest(tx, "accounts") is None
        for run in (second, first, first):
            runs.record(tx, run)
    with database.read() as tx:
        assert runs.get(tx, "run_1") == first
        assert runs.latest(tx, "accounts") == second
        assert runs.list_runs(tx) == (second, first)
        assert runs.list_runs(tx, "other") == ()
        with pytest.raises(UnknownNameError):
            runs.get(tx, "run_3")


# Claims


def test_a_claim_is_a_lease(database: Database) -> None:
    now = utc_now()
    with database.begin() as tx:
        people.add(tx, ANA)
        people.add(tx, replace(ANA, id="ben", name="Ben"))
        assert claims.claim(tx, "s", "ana", lease_s=60, now=now) == now + timedelta(seconds=60)
        assert claims.claim(tx, "s", "ana", lease_s=60, now=now + timedelta(seconds=30)) == now + timedelta(seconds=90)
        with pytest.raises(ClaimedError, match="Ana"):
            claims.claim(tx, "s", "ben", now=now + timedelta(seconds=89))
        claims.claim(tx, "s", "ben", lease_s=60, now=now + timedelta(seconds=90))
        held = claims.holder(tx, "s", now=now + timedelta(seconds=91))
        assert held is not None
        assert held.person_name == "Ben"
        assert claims.holder(tx, "s", now=now + timedelta(seconds=150)) is None
        claims.claim(tx, "t", "ben", now=now)
        assert claims.forget_ended(tx, now=now + timedelta(seconds=200)) == 1
        claims.release_all(tx, "ben")
        assert claims.list_claims(tx, now=now) == ()


def test_every_error_is_of_our_tree() -> None:
    assert all(issubclass(kind, ReconcileError) for kind in (ClaimedError, ConflictError, StorageError))
