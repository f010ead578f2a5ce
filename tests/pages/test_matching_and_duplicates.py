"""The Matching and Duplicates pages as an analyst uses them: any two records explained, learning, survivors."""

from __future__ import annotations

import json

import duckdb
import pytest

from reconcile import learning
from reconcile.model import Judgement, RecordRef, new_id, utc_now
from reconcile.state import judgements, match_models, reconciliations, runs
from reconcile.state.judgements import StoredJudgement
from tests.pages.conftest import Site, shown

MATCHING, DUPLICATES = "pages/2_Matching.py", "pages/4_Duplicates.py"
WHY, LEARNING = "Why and why not", "Learning"
Row = tuple[str, ...]


def asked(site: Site, sql: str) -> list[Row]:
    with site.workbench.database.read() as tx:
        run = runs.latest(tx, "salesforce-chargebee")
    assert run is not None
    with duckdb.connect(run.path, read_only=True) as con:
        return con.execute(sql).fetchall()


def test_results_show_what_the_match_did(full: Site) -> None:
    at = full.open(MATCHING)
    assert not at.exception
    text = shown(at)
    for part in ("How sure the match is", "What a threshold would do", "Where the candidates came from"):
        assert part in text
    (levels,) = (each.value for each in at.dataframe if "weight" in each.value.columns)
    assert {"role", "label", "m", "u"} <= set(levels.columns)


def test_a_link_is_explained(full: Site) -> None:
    left_id, right_id = asked(
        full, "SELECT left_id, right_id FROM candidates WHERE is_chosen AND band = 'accept' ORDER BY 1 LIMIT 1"
    )[0]
    at = full.open(MATCHING, matching_view=WHY, left_record=left_id, right_record=right_id)
    assert not at.exception
    assert "**Accepted**" in shown(at)
    evidence = next(each.value for each in at.dataframe if "total" in each.value.columns)
    assert evidence["what"].iloc[0] == "Before any evidence"
    weight = asked(full, f"SELECT weight FROM candidates WHERE left_id = '{left_id}' AND right_id = '{right_id}'")
    assert float(evidence["total"].iloc[-1]) == pytest.approx(float(weight[0][0]), abs=0.06)


def test_two_strangers_are_explained_too(full: Site) -> None:
    left_id, right_id = asked(
        full,
        "SELECT l.record_id, r.record_id FROM left_records l, right_records r WHERE NOT l.is_test AND NOT r.is_test "
        "AND l.name[:1] = 'A' AND r.name[:1] = 'T' AND l.city <> r.city ORDER BY 1, 2 LIMIT 1",
    )[0]
    at = full.open(MATCHING, matching_view=WHY, left_record=left_id, right_record=right_id)
    assert not at.exception
    assert "**Never compared**" in shown(at) or "**Held to be different**" in shown(at)


def test_two_of_one_side_and_test_records(full: Site) -> None:
    first, second = asked(full, "SELECT id_a, id_b FROM left_pairs ORDER BY weight DESC, 1 LIMIT 1")[0]
    at = full.open(MATCHING, matching_view=WHY, between="Two of Salesforce", left_record=first, right_record=second)
    assert not at.exception
    assert "probable" in shown(at)
    same = full.open(MATCHING, matching_view=WHY, between="Two of Salesforce", left_record=first, right_record=first)
    assert "one record twice" in shown(same)
    ((tested, other),) = asked(
        full,
        "SELECT (SELECT min(record_id) FROM left_records WHERE is_test), "
        "(SELECT min(record_id) FROM right_records WHERE NOT is_test)",
    )
    aside = full.open(MATCHING, matching_view=WHY, left_record=tested, right_record=other)
    assert "Test records take no part" in shown(aside)


def test_an_example_and_a_search_that_finds_nothing(full: Site) -> None:
    at = full.open(MATCHING, matching_view=WHY)
    at.button(key="example_link").click().run()
    assert not at.exception
    assert "How the evidence adds up" in shown(at)
    nothing = full.open(MATCHING, matching_view=WHY, left_record="zzzzzz no such record")
    assert "Nothing found in this run." in shown(nothing)


def test_learning_proposes_pairs_and_waits_for_a_person(full: Site) -> None:
    at = full.open(MATCHING, matching_view=LEARNING)
    assert not at.exception
    assert at.button(key="learn").disabled, "nothing was decided yet"
    assert "in use" in shown(at)
    _judge_proposals(full)
    proposed = learning.propose(full.workbench, full.me, "salesforce-chargebee", lambda _: None)
    at = full.open(MATCHING, matching_view=LEARNING)
    assert not at.exception
    assert not at.button(key="learn").disabled
    assert "accepted links stay" in shown(at)
    at.button(key=f"promote_{proposed.id}").click().run()
    assert not at.exception
    with full.workbench.database.read() as tx:
        current = match_models.current(tx, "salesforce-chargebee")
    assert current is not None
    assert current.id == proposed.id


def _judge_proposals(site: Site) -> None:
    with site.workbench.database.read() as tx:
        definition = reconciliations.get(tx, "salesforce-chargebee")
        run = runs.latest(tx, definition.id)
    assert run is not None
    rows = []
    for each in learning.questions(site.workbench, definition, run, limit=6):
        left = RecordRef(definition.left.connection_id, definition.left.object, each.left_id)
        right = RecordRef(definition.right.connection_id, definition.right.object, each.right_id)
        made = Judgement(new_id("jud"), definition.id, left, right, "same", "", "", site.me.id, utc_now())
        rows.append(StoredJudgement(made, new_id("dec"), site.me.name))
    assert rows
    with site.workbench.database.begin() as tx:
        judgements.insert(tx, rows)


def test_a_survivor_is_proposed_and_can_be_overridden(full: Site) -> None:
    exception_id = _cluster(full, "left")
    at = full.open(DUPLICATES, cluster=exception_id)
    assert not at.exception
    text = shown(at)
    assert "would survive" in text
    assert "nothing is merged in the systems" in text
    survivor = next(each for each in at.selectbox if each.label == "Survivor")
    other = next(name for name in _members(full, exception_id) if name != survivor.value)
    survivor.set_value(other).run()
    assert not at.exception
    assert "chosen by you" in shown(at)


def test_two_live_billing_customers_block_the_merge_and_say_why(full: Site) -> None:
    at = full.open(DUPLICATES, cluster=_cluster(full, "right", is_blocked=True))
    assert not at.exception
    (warning,) = at.warning
    assert "A merge is blocked: 2 live billing customers" in warning.value
    at.checkbox[0].check().run()
    assert not at.warning


def test_members_can_be_dropped_from_the_preview(full: Site) -> None:
    exception_id = _cluster(full, "left")
    at = full.open(DUPLICATES, cluster=exception_id)
    members = _members(full, exception_id)
    at.session_state[f"kept_{exception_id}"] = members[:1]
    at.run()
    assert not at.exception
    assert at.button(key="cluster_same").disabled
    assert not [each for each in at.selectbox if each.label == "Survivor"]


def _cluster(site: Site, side: str, *, is_blocked: bool = False) -> str:
    live = "SELECT record_id FROM right_records WHERE amount_cents > 0"
    blocked = (
        f"AND (SELECT count(*) FROM right_clusters c WHERE c.cluster_id = e.cluster_id AND record_id IN ({live})) = 2"
    )
    found = asked(
        site,
        f"SELECT exception_id FROM exceptions e WHERE kind = 'duplicate' AND side = '{side}' "
        f"{blocked if is_blocked else ''} ORDER BY rank LIMIT 1",
    )
    return str(found[0][0])


def _members(site: Site, exception_id: str) -> list[str]:
    found = asked(site, f"SELECT detail::VARCHAR FROM exceptions WHERE exception_id = '{exception_id}'")
    return sorted(member["record_id"] for member in json.loads(found[0][0])["members"])
