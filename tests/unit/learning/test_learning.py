"""A run scores with the model in use; judgements make a new one, which is compared and waits for an administrator."""

from __future__ import annotations

import csv
from contextlib import closing
from pathlib import Path

import pytest

from reconcile import defining, learning
from reconcile.errors import NotAllowedError, StateError
from reconcile.jobs import tasks
from reconcile.model import Connection, Judgement, Person, RecordRef, Role, Run, new_id, utc_now
from reconcile.runs import open_run
from reconcile.runs.reading import read_document
from reconcile.settings import load_settings
from reconcile.state import audit, connections, judgements, match_models, people, reconciliations, runs
from reconcile.state.judgements import StoredJudgement
from reconcile.workbench import Workbench
from tests.bench.companies import generate

COLUMNS = ("id", "name", "website", "email", "phone", "street", "city", "state", "postcode", "country")
ASKED = 60


class Rig:
    """A workbench with two files of companies, pulled, reconciled and run once, with the truth beside it."""

    def __init__(self, home: Path) -> None:
        self.workbench = Workbench.open(load_settings({"RECONCILE_HOME": str(home)}))
        self.me = self.workbench.database.write(people.ensure_laptop_person)
        sides = generate(450, seed=8, hard=3)
        self.entity = [{row["id"]: row["entity"] for row in side} for side in sides]
        for name, rows in zip(("left", "right"), sides, strict=True):
            with (home / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS)
                writer.writerows([row[column] for column in COLUMNS] for row in rows)
            connection = Connection(name, name, "files", "practice", options={"path": str(home / f"{name}.csv")})
            with self.workbench.database.begin() as tx:
                connections.add(tx, connection)
            tasks.pull_snapshot(self.workbench, self.me, name, lambda _: None)
        made = defining.propose(self.workbench, "Firms", ("left", "left"), ("right", "right"), is_one_to_one=True)
        self.definition = defining.save(self.workbench, self.me, made)
        self.first = self.run()

    def run(self) -> Run:
        return tasks.run_reconciliation(self.workbench, self.me, self.definition.id, lambda _: None)

    def judge(self, number: int) -> int:
        """Say what is true of the pairs that are worth asking about; gives how many."""
        with closing(open_run(self.first.path)) as con:
            rows = con.execute(
                "SELECT left_id, right_id FROM candidates ORDER BY abs(weight), left_id, right_id LIMIT ?", [number]
            ).fetchall()
        with self.workbench.database.begin() as tx:
            judgements.insert(tx, [self._judgement(*row) for row in rows])
        return len(rows)

    def _judgement(self, left_id: str, right_id: str) -> StoredJudgement:
        is_same = self.entity[0][left_id] == self.entity[1][right_id]
        left = RecordRef(self.definition.left.connection_id, self.definition.left.object, left_id)
        right = RecordRef(self.definition.right.connection_id, self.definition.right.object, right_id)
        made = Judgement(
            new_id("jud"), self.definition.id, left, right, "same" if is_same else "different", "", "", self.me.id,
            utc_now(),
        )  # fmt: skip
        return StoredJudgement(made, new_id("dec"), self.me.name)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    return Rig(tmp_path_factory.mktemp("learning"))


def model_of(run: Run) -> dict[str, str]:
    return dict(read_document(run.path)["models"])


def test_the_first_model_stays_until_a_person_promotes_another(rig: Rig) -> None:
    with rig.workbench.database.read() as tx:
        first = match_models.current(tx, rig.definition.id)
    assert first is not None
    assert (first.origin, first.run_id, dict(first.models)) == ("data", rig.first.id, model_of(rig.first))
    assert set(first.models) == {"link", "left", "right"}
    assert model_of(rig.run()) == model_of(rig.first)

    judged = rig.judge(ASKED)
    proposed = learning.propose(rig.workbench, rig.me, rig.definition.id, lambda _: None)
    figures = proposed.figures
    print(figures)
    assert (proposed.origin, proposed.is_current, figures["judged"]) == ("judgements", False, judged)
    assert figures["told_right_after"] > figures["told_right_before"]
    assert figures["unchanged"] > 200
    quality = figures["quality_after"]
    assert quality["precision_low"] <= quality["precision"] <= quality["precision_high"]
    with rig.workbench.database.read() as tx:
        assert match_models.current(tx, rig.definition.id) == first, "a proposal changes nothing"

    nobody = Person("ana", "Ana", frozenset({"analyst", "approver"}))
    with pytest.raises(NotAllowedError):
        learning.promote(rig.workbench, nobody, proposed.id)
    promoted = learning.promote(rig.workbench, rig.me, proposed.id)
    assert promoted.is_current
    after = rig.run()
    assert model_of(after) == dict(proposed.models)
    with rig.workbench.database.read() as tx:
        actions = [row.action for row in audit.list_rows(tx, subject=rig.definition.id)]
        assert [each.is_current for each in match_models.list_models(tx, rig.definition.id)] == [True, False]
    assert {"adopt match model", "propose match model", "promote match model"} <= set(actions)


def test_a_model_for_other_columns_gives_way(rig: Rig) -> None:
    with rig.workbench.database.read() as tx:
        definition = reconciliations.get(tx, rig.definition.id)
        before = match_models.current(tx, definition.id)
    roles: dict[Role, tuple[str, ...]] = {
        role: columns for role, columns in definition.left.roles.items() if role != "phone"
    }
    defining.save(rig.workbench, rig.me, defining.with_mapping(definition, roles, definition.right.roles))
    run = rig.run()
    with rig.workbench.database.read() as tx:
        after = match_models.current(tx, definition.id)
        assert runs.latest(tx, definition.id) == run
    assert before is not None
    assert after is not None
    assert after.version != before.version
    assert dict(after.models) == model_of(run)


def test_there_is_nothing_to_learn_from_before_the_first_run(tmp_path: Path, rig: Rig) -> None:
    empty = Workbench.open(load_settings({"RECONCILE_HOME": str(tmp_path)}))
    me = empty.database.write(people.ensure_laptop_person)
    with empty.database.begin() as tx:
        for connection_id in ("left", "right"):
            connections.add(tx, Connection(connection_id, connection_id, "files", "practice"))
        reconciliations.save(tx, me, rig.definition)
    with pytest.raises(StateError, match="Run it first"):
        learning.propose(empty, me, rig.definition.id, lambda _: None)
