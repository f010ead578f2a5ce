"""Dataclasses of the model as JSON documents and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.errors import DefinitionError
from reconcile.model import ROLES, Dataset, FieldPair, Policy, Reconciliation, Run, Snapshot
from reconcile.state.serialise import from_document, to_document
from tests.run_files import RunFile, reconciliation

TEXT = st.text(max_size=8)
DATASETS = st.builds(
    Dataset,
    connection_id=TEXT,
    object=TEXT,
    id_field=TEXT,
    roles=st.dictionaries(st.sampled_from(ROLES), st.tuples(TEXT, TEXT), max_size=3),
    link_field=st.none() | TEXT,
    extra=st.lists(TEXT, max_size=2).map(tuple),
)
DEFINITIONS = st.builds(
    Reconciliation,
    id=TEXT,
    version=st.integers(0, 9),
    name=TEXT,
    left=DATASETS,
    right=DATASETS,
    cardinality=st.sampled_from(["1:1", "n:1"]),
    compare=st.lists(st.builds(FieldPair, TEXT, TEXT, TEXT, st.none() | st.sampled_from(ROLES)), max_size=2).map(tuple),
    accept=st.floats(0, 1),
    policy=st.builds(Policy, st.booleans(), st.floats(0, 1), st.integers(1, 99)),
)


@settings(max_examples=60, deadline=None)
@given(DEFINITIONS)
def test_what_goes_in_comes_out(definition: Reconciliation) -> None:
    text = json.dumps(to_document(definition))
    assert from_document(Reconciliation, json.loads(text), "it") == definition


def test_times_and_nested_values_come_out(tmp_path: Any) -> None:
    file = RunFile(tmp_path)
    for kind, value in ((Run, file.run("/x")), (Snapshot, file._snapshot("left"))):
        assert from_document(kind, json.loads(json.dumps(to_document(value))), "it") == value


def test_what_may_be_left_out_may_be_missing() -> None:
    document = to_document(reconciliation())
    for name in ("policy", "seed", "compare", "accept", "review", "cardinality"):
        del document[name]
    assert from_document(Reconciliation, document, "it") == reconciliation()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["name"], 5, "it.name: 5 is not text"),
        (["version"], "1", "it.version: '1' is not a whole number"),
        (["version"], True, "it.version: True is not a whole number"),
        (["accept"], "high", "it.accept: 'high' is not a number"),
        (["cardinality"], "n:n", "it.cardinality: 'n:n' is none of 1:1, n:1"),
        (["left", "roles"], [], "it.left.roles: .* is not a group of fields"),
        (["left", "roles"], {"nam": ["x"]}, "it.left.roles.nam: 'nam' is none of name"),
        (["left", "roles"], {"name": "x"}, "it.left.roles.name: 'x' is not a list"),
        (["policy", "secnd"], True, "it.policy: has no field 'secnd'"),
        (["compare"], [{"name": "x"}], r"it.compare\[0\]: lacks left_field, right_field"),
    ],
)
def test_what_does_not_describe_one_is_refused_with_its_place(path: list[str], value: object, said: str) -> None:
    document = to_document(reconciliation())
    target = document
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    with pytest.raises(DefinitionError, match=said):
        from_document(Reconciliation, document, "it")
