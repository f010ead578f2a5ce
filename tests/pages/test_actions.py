"""What people do on the pages, through app.py, with the real engine behind: decided, drafted, approved, edited."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from reconcile.audit import verify
from reconcile.changing.lifecycle import submit
from reconcile.model import Person
from reconcile.reviewing import QueueFilter, open_queue, open_run, queue_page
from reconcile.state import change_sets, connections, judgements, people, reconciliations, runs
from tests.pages.conftest import Site, shown
from tests.practice import Practice

REVIEW = "pages/3_Review.py"
CHANGES = "pages/6_Changes.py"


def first_of(site: Site, kind: str) -> str:
    """The first exception of a kind, as the engine has it."""
    with site.workbench.database.read() as tx:
        run = runs.list_runs(tx)[0]
        queue = open_queue(open_run(run), tx)
        page = queue_page(tx, queue, QueueFilter(kinds=frozenset({kind})), limit=1)
    queue.close()
    return page.rows[0].exception_id


def standing(site: Site) -> list[judgements.StoredJudgement]:
    """The judgements that stand."""
    with site.workbench.database.read() as tx:
        return list(judgements.standing(tx, "salesforce-chargebee"))


def opened(at: AppTest) -> str:
    """The exception on the card."""
    value = at.query_params["exception"]
    return value if isinstance(value, str) else value[0]


def act_as(at: AppTest, person_id: str) -> AppTest:
    """Switch to a practice person in the side bar."""
    return at.selectbox(key="acting_person").select(person_id).run()


def choose(at: AppTest, key: str, value: str) -> AppTest:
    """Set a segmented control, without running."""
    control: Any = at.get_by_key(key)
    control.set_value(value)
    return at


def draft_one(site: Site) -> str:
    """Decide one unlinked pair on the Review page and make the change set of it; gives the set's id."""
    at = site.open(REVIEW, exception=first_of(site, "unlinked"))
    at.button(key="same").click().run()
    at.button(key="make_change_set").click().run()
    at.button(key="make_draft").click().run()
    assert not at.exception
    with site.workbench.database.read() as tx:
        (made,) = change_sets.list_change_sets(tx)
    return made.id


def test_a_deep_link_opens_that_exception(full: Site) -> None:
    wanted = first_of(full, "conflicting")
    at = full.open(REVIEW, exception=wanted)
    assert opened(at) == wanted
    assert "Are these two the same customer?" in shown(at)


def test_accepting_shows_the_next_and_undo_brings_it_back(full: Site) -> None:
    wanted = first_of(full, "unlinked")
    at = full.open(REVIEW, exception=wanted)
    at.text_input(key=f"note_{wanted}").set_value("Same tax number on the invoice")
    at.button(key="same").click().run()
    assert not at.exception
    (said,) = standing(full)
    assert (said.judgement.verdict, said.judgement.note) == ("same", "Same tax number on the invoice")
    assert said.judgement.person_id == full.me.id
    assert opened(at) != wanted
    at.button(key="undo").click().run()
    assert opened(at) == wanted
    assert standing(full) == []


def test_rejecting_and_being_unsure_are_kept(full: Site) -> None:
    at = full.open(REVIEW, exception=first_of(full, "contradicted"))
    at.button(key="different").click().run()
    at.button(key="unsure").click().run()
    assert sorted(said.judgement.verdict for said in standing(full)) == ["different", "unsure"]


def test_picking_a_candidate_rejects_the_shown_pair(full: Site) -> None:
    at = full.open(REVIEW, exception=first_of(full, "contradicted"))
    at.button(key="pick_1").click().run()
    assert not at.exception
    assert sorted(said.judgement.verdict for said in standing(full)) == ["different", "same"]


def test_a_claimed_exception_cannot_be_decided(full: Site) -> None:
    wanted = first_of(full, "one_sided")
    at = full.open(REVIEW, exception=wanted)
    other = act_as(full.open(REVIEW, exception=wanted), "practice-analyst")
    assert "is working on this one" in shown(other)
    assert other.button(key="same").disabled
    at.button(key="next").click().run()
    assert not full.open(REVIEW, exception=wanted).button(key="same").disabled


def test_an_approver_may_look_but_not_decide(full: Site) -> None:
    at = act_as(full.open(REVIEW), "practice-approver")
    assert at.button(key="same").disabled
    assert at.button(key="different").disabled
    assert at.button(key="make_change_set").disabled


def test_filters_in_the_address_are_kept(full: Site) -> None:
    at = full.open(REVIEW, kinds="dangling")
    table = at.dataframe[0].value
    assert set(table["kind"]) == {"Dangling"}
    assert at.button(key="same").disabled  # there is no second record to agree to


def test_many_are_decided_at_once_and_taken_back_together(full: Site) -> None:
    at = full.open(REVIEW)
    assert at.button(key="decide_many").disabled  # an answer means another thing for each kind
    at = full.open(REVIEW, kinds="unlinked")
    at.button(key="decide_many").click().run()
    at.text_input(key="batch_note").set_value("all beyond doubt")
    do = at.button(key="batch_do")
    number = int(do.label.rpartition(" ")[2])
    do.click().run()
    assert not at.exception
    said = standing(full)
    assert number > 1
    assert {(row.judgement.verdict, row.judgement.note) for row in said} == {("same", "all beyond doubt")}
    assert len({row.decision_id for row in said}) == number
    at.button(key="undo").click().run()
    assert not standing(full)


def test_four_eyes(full: Site) -> None:
    set_id = draft_one(full)
    at = full.open(CHANGES, change_set=set_id)
    at.button(key="submit").click().run()
    assert at.button(key="approve").disabled  # its author
    at = act_as(full.open(CHANGES, change_set=set_id), "practice-approver")
    at.button(key="approve").click().run()
    assert not at.exception
    with full.workbench.database.read() as tx:
        approved = change_sets.get(tx, set_id)
        assert verify(tx) is None
    assert (approved.state, approved.author_id, approved.approver_id) == ("approved", full.me.id, "practice-approver")


def test_the_check_asks_the_systems_and_writes_nothing(full: Site, practice: Practice) -> None:
    set_id = draft_one(full)
    before = len(practice.writes())
    at = full.open(CHANGES, change_set=set_id)
    at.button(key="preflight").click().run()
    assert not at.exception
    assert "Nothing stands in the way" in shown(at)
    assert "records of Practice org" in shown(at)
    assert len(practice.writes()) == before


def test_a_set_that_changed_meanwhile_is_not_approved_unseen(full: Site) -> None:
    set_id = draft_one(full)
    at = full.open(CHANGES, change_set=set_id)
    with full.workbench.database.begin() as tx:
        submit(tx, full.me, set_id, change_sets.get(tx, set_id).revision)
    at.button(key="submit").click().run()
    assert "no longer as you saw it" in " ".join(each.value for each in at.warning)


def test_sending_back_with_a_note(full: Site) -> None:
    set_id = draft_one(full)
    full.open(CHANGES, change_set=set_id).button(key="submit").click().run()
    at = act_as(full.open(CHANGES, change_set=set_id), "practice-approver")
    at.text_area(key="reject_note").set_value("Please leave the test records out")
    at.button(key="reject").click().run()
    with full.workbench.database.read() as tx:
        returned = change_sets.get(tx, set_id)
    assert (returned.state, returned.note) == ("draft", "Please leave the test records out")
    assert "leave the test records out" in shown(full.open(CHANGES, change_set=set_id))


def test_discarding_asks_first(full: Site) -> None:
    set_id = draft_one(full)
    at = full.open(CHANGES, change_set=set_id)
    at.button(key="discard").click().run()
    with full.workbench.database.read() as tx:
        assert change_sets.get(tx, set_id).state == "draft"
    at.button(key="_confirm_do").click().run()
    with full.workbench.database.read() as tx:
        assert change_sets.list_change_sets(tx) == []


def test_the_second_change_set_holds_only_what_is_new(full: Site) -> None:
    draft_one(full)
    at = full.open(REVIEW)
    at.button(key="make_change_set").click().run()
    assert "is in a change set already" in shown(at)


def test_a_direction_becomes_field_updates(full: Site) -> None:
    at = full.open("pages/5_Differences.py", field="Phone")
    at.button(key="take_left").click().run()
    at.button(key="_confirm_do").click().run()
    with full.workbench.database.read() as tx:
        (made,) = change_sets.list_change_sets(tx)
        operations = change_sets.operations(tx, made.id)
    assert {operation.target.connection_id for operation in operations} == {"cb"}
    assert {field for operation in operations for field in operation.after} == {"phone"}


def test_a_cluster_is_judged_in_part(full: Site) -> None:
    at = full.open("pages/4_Duplicates.py")
    at.button(key="cluster_same").click().run()
    assert not at.exception
    (said,) = standing(full)
    assert said.judgement.verdict == "same"
    assert said.judgement.left.object == said.judgement.right.object


def test_a_mapping_is_corrected(full: Site) -> None:
    at = full.open("pages/2_Matching.py", matching_view="Mapping")
    at.session_state["mapping_salesforce-chargebee_1"] = {
        "edited_rows": {0: {"right": ["company", "first_name"]}},
        "added_rows": [],
        "deleted_rows": [],
    }
    at.run()
    at.button(key="save_mapping").click().run()
    assert not at.exception
    with full.workbench.database.read() as tx:
        saved = reconciliations.get(tx, "salesforce-chargebee")
    assert (saved.version, saved.right.roles["name"]) == (2, ("company", "first_name"))


def test_asking_for_a_run_waits_for_the_worker(full: Site) -> None:
    at = full.open("pages/2_Matching.py")
    at.button(key="run").click().run()
    assert not at.exception
    assert at.button(key="run").disabled
    assert "Waiting for the worker" in str([each.text for each in at.progress])


def test_a_person_is_added_and_the_last_administrator_stays(empty: Site) -> None:
    at = empty.open("pages/12_Settings.py", settings_view="People")
    at.text_input(key="new_person_name").set_value("Grace Hopper")
    at.form_submit_button[0].click().run()
    assert not at.exception
    with empty.workbench.database.read() as tx:
        assert people.get(tx, "grace-hopper").roles == frozenset({"analyst"})
    mine = next(each for each in at.multiselect if str(each.key).startswith(f"roles_{empty.me.id}"))
    mine.set_value(["analyst"]).run()
    at.button(key=f"save_{empty.me.id}").click().run()
    assert "must stay administrator" in " ".join(each.value for each in at.error)


def test_a_file_is_connected_by_its_path(empty: Site) -> None:
    table = empty.home / "accounts.csv"
    table.write_text("id,name\n1,Acme\n", encoding="utf-8")
    at = empty.open("pages/1_Sources.py")
    choose(at, "new_system", "files").run()
    at.text_input(key="new_name_files").set_value("Acme accounts")
    choose(at, "new_environment_files", "practice")
    at.text_input(key="new_path").set_value(str(table))
    at.form_submit_button[0].click().run()
    assert not at.exception
    with empty.workbench.database.read() as tx:
        (made,) = connections.list_connections(tx)
    assert (made.id, dict(made.options)) == ("acme-accounts", {"path": str(table)})


def test_an_uploaded_file_goes_to_disk(empty: Site) -> None:
    at = empty.open("pages/1_Sources.py")
    choose(at, "new_system", "files").run()
    at.text_input(key="new_name_files").set_value("Upload")
    choose(at, "new_environment_files", "practice")
    at.file_uploader(key="new_file").set_value(("../evil name.csv", b"id,name\n1,Acme\n", "text/csv"))
    at.form_submit_button[0].click().run()
    with empty.workbench.database.read() as tx:
        (made,) = connections.list_connections(tx)
    path = made.options["path"]
    assert path.startswith(str(empty.workbench.settings.uploads))
    assert ".." not in path


def test_missing_answers_are_named(empty: Site) -> None:
    at = empty.open("pages/1_Sources.py")
    at.form_submit_button[0].click().run()
    assert "My domain\\, Client id\\, Client secret" in " ".join(each.value for each in at.error)


def test_what_a_record_holds_is_never_markup(small: Site) -> None:
    at = small.open("pages/2_Matching.py", matching_view="Why and why not", left_record="A3", right_record="c-3")
    evidence = at.dataframe[0].value
    assert evidence["left"].str.contains("**GmbH** :red[x]", regex=False).any()  # a cell is drawn as text
    assert ":red[x]" not in shown(at)


@pytest.mark.parametrize("page", [REVIEW, "pages/2_Matching.py"])
def test_a_missing_run_file_is_one_clear_sentence(full: Site, page: str) -> None:
    with full.workbench.database.begin() as tx:
        run = runs.list_runs(tx)[0]
        gone = f"{run.path}.gone"
        from sqlalchemy import text  # noqa: PLC0415

        tx.execute(text("UPDATE runs SET path = :path"), {"path": gone})
    at = full.open(page)
    assert not at.exception
    assert "is not there" in " ".join(each.value.replace("\\", "") for each in at.error)


def test_nobody_acts_as_a_real_colleague(full: Site) -> None:
    with full.workbench.database.begin() as tx:
        people.add(tx, Person("colleague", "A Real Colleague", frozenset({"approver"})))
    at = full.open("app.py")
    assert "A Real Colleague" not in at.selectbox(key="acting_person").options
