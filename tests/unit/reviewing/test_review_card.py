"""The link card: records, evidence, candidates, links, differences, history."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.errors import UnknownNameError
from reconcile.reviewing import exception_card, judge, open_run, pair_evidence, search_records
from reconcile.state.database import Database
from tests.run_files import RunFile
from tests.unit.reviewing.people import ANA, add_people


def world(folder: Path) -> RunFile:
    file = RunFile(folder)
    file.left("L1", name="Acme", email="a@acme.com", city="Berlin", link_id="R9", extra='{"Type": "Customer"}')
    file.left("L2", name="Acme Inc", email="b@acme.com")
    file.left("L3", name="Acme Holding")
    file.right("R1", name="ACME", email="a@acme.com", amount_cents=500)
    file.link("L2", "R1", "one_sided", stored_right=True)
    file.candidate("L1", "R1", 0.93, 4.0, name=1, email=2)
    file.candidate("L2", "R1", 0.50, 0.5, name=2)
    file.candidate("L3", "R1", 0.20, -2.0, name=1)
    file.difference("L1", "R1", "City", ("Berlin", "Bonn"), "real")
    file.difference("L1", "R1", "A phone", ("030-1", "0301"), "format")
    return file


def test_a_card_shows_everything(database: Database, tmp_path: Path) -> None:
    add_people(database)
    file = world(tmp_path)
    exception_id = file.exception("ambiguous", "L1", "R1", probability=0.93)
    rejected = file.exception("unlinked", "L3", "R1")
    opened = open_run(file.write())
    with database.begin() as tx:
        judge(tx, ANA, opened, rejected, "different", expected=None, note="a holding")
        card = exception_card(tx, opened, exception_id)
    assert card.left is not None
    assert card.right is not None
    assert card.left.values == {"name": "Acme", "email": "a@acme.com", "city": "Berlin"}
    assert (card.left.link_id, card.left.extra, card.right.amount_cents) == ("R9", {"Type": "Customer"}, 500)
    assert card.evidence is not None
    assert (card.evidence.probability, card.evidence.weight, card.evidence.prior) == (0.93, 4.0, -9.0)
    assert [(row.role, row.label, row.weight, row.is_equal) for row in card.evidence.rows] == [
        ("name", "different", -3.0, False),
        ("city", "", None, None),
        ("email", "the same", 6.5, True),
    ]
    assert [(c.left_id, c.record.record_id, c.is_rejected, len(c.links)) for c in card.candidates] == [
        ("L2", "L2", False, 1),
        ("L3", "L3", True, 0),
    ]
    assert [(link.left_id, link.status) for link in card.links] == [("L2", "one_sided")]
    assert [(row.name, row.difference) for row in card.differences] == [("City", "real"), ("A phone", "format")]
    assert card.standing.status == "undecided"
    assert [(row.judgement.note, row.stands) for row in card.history] == [("a holding", True)]
    assert card.claim is None
    opened.close()


def test_a_card_of_a_dead_or_a_lone_record(database: Database, tmp_path: Path) -> None:
    file = world(tmp_path)
    dangling = file.exception("dangling", "L1", "R9", side="left")
    unmatched = file.exception("unmatched", "L3", side="left")
    opened = open_run(file.write())
    with database.read() as tx:
        dead, lone = exception_card(tx, opened, dangling), exception_card(tx, opened, unmatched)
        with pytest.raises(UnknownNameError):
            exception_card(tx, opened, "exc_x")
    assert dead.left is not None
    assert (dead.right, dead.evidence) == (None, None)
    assert [(c.right_id, c.record.side) for c in dead.candidates] == [("R1", "right")]
    assert [(c.right_id, c.evidence.weight) for c in lone.candidates] == [("R1", -2.0)]
    opened.close()


def test_a_card_of_duplicates(database: Database, tmp_path: Path) -> None:
    file = world(tmp_path)
    pairs = [("L1", "L2", 0.99, 8.0), ("L1", "L3", 0.96, 3.0)]
    names = ("id_a", "id_b", "probability", "weight")
    file.pairs["left"] = [
        {**dict(zip(names, pair, strict=True)), "level_name": 2, "weight_name": 6.5} for pair in pairs
    ]
    detail = {"pairs": [dict(zip(names, pair, strict=True)) for pair in pairs]}
    exception_id = file.exception("duplicate", side="left", members=("L1", "L2", "L3"), detail=detail)
    opened = open_run(file.write())
    with database.read() as tx:
        card = exception_card(tx, opened, exception_id)
    assert [member.record_id for member in card.members] == ["L1", "L2", "L3"]
    assert [(pair.left_id, pair.right_id, pair.weight) for pair in card.member_pairs] == [
        ("L1", "L3", 3.0),
        ("L1", "L2", 8.0),
    ]
    assert card.member_pairs[0].rows[0].label == "the same"
    assert (card.left, card.right, card.candidates) == (None, None, ())
    opened.close()


def test_links_that_hang_together_are_offered_first(database: Database, tmp_path: Path) -> None:
    file = world(tmp_path)
    file.right("R2", name="Acme too")
    told = [
        {"left_id": "L3", "right_id": "R2"},
        {"left_id": "L1", "right_id": "R1"},
        {"left_id": "L1", "right_id": "R9"},
    ]
    exception_id = file.exception("conflicting", "L1", "R1", detail={"links": told})
    opened = open_run(file.write())
    add_people(database)
    with database.begin() as tx:
        card = exception_card(tx, opened, exception_id)
        assert [(c.left_id, c.right_id) for c in card.candidates][:2] == [("L3", "R2"), ("L2", "R1")]
        # The right pair of a knot need not have a record in common with the one in question.
        judge(tx, ANA, opened, exception_id, "same", chosen=("L3", "R2"), expected=None)
        standing = exception_card(tx, opened, exception_id).standing
    assert (standing.status, standing.chosen) == ("same", ("L3", "R2"))
    opened.close()


def test_any_two_records_can_be_compared(tmp_path: Path) -> None:
    opened = open_run(world(tmp_path).write())
    found = pair_evidence(opened, "L2", "R1")
    assert found.weight == 0.5
    unscored = pair_evidence(opened, "L1", "R404")
    assert (unscored.weight, unscored.prior) == (None, None)
    assert [(row.role, row.right_value, row.level) for row in unscored.rows] == [
        ("name", None, None),
        ("email", None, None),
        ("city", None, None),
    ]
    opened.close()


def test_a_partner_can_be_searched_for(tmp_path: Path) -> None:
    opened = open_run(world(tmp_path).write())
    cases = {"acme": ["L1", "L2", "L3"], " INC ": ["L2"], "a@": ["L1"], "l3": ["L3"], "%": [], "": [], " ": []}
    found = {text: [record.record_id for record in search_records(opened, "left", text)] for text in cases}
    assert found == cases
    assert len(search_records(opened, "left", "acme", limit=2)) == 2
    opened.close()
