"""Which record and which values survive."""

from __future__ import annotations

import pytest

from reconcile.errors import DefinitionError
from reconcile.matching.survivorship import Member, SurvivorshipRules, preview_merge

OLD = Member("1", {"Name": "Acme", "Phone": None, "City": "Boston"}, created_at="2019-01-01", modified_at="2019-02-01")
LIVE = Member(
    "2",
    {"Name": "Acme Inc", "Phone": "555", "City": None},
    is_live_billing=True,
    billing_ids=("c1",),
    created_at="2022-01-01",
    modified_at="2023-01-01",
)
FULL = Member(
    "3", {"Name": "ACME", "Phone": "556", "City": "Boston"}, created_at="2021-01-01", modified_at="2024-01-01"
)


def test_the_live_billing_customer_is_master_and_keeps_its_values() -> None:
    found = preview_merge([FULL, OLD, LIVE])
    assert (found.master_id, found.master_reason, found.merged, found.blocks) == ("2", "live billing", ("1", "3"), ())
    assert {winner.field: (winner.value, winner.record_id) for winner in found.fields} == {
        "Name": ("Acme Inc", "2"), "Phone": ("555", "2"), "City": ("Boston", "1"),
    }  # fmt: skip
    assert next(winner.others for winner in found.fields if winner.field == "Name") == ("ACME", "Acme")


@pytest.mark.parametrize(
    ("rules", "master"),
    [
        (("most_complete",), "3"),
        (("oldest",), "1"),
        (("newest",), "2"),
        (("most_children",), "1"),
        (("owner_active", "live_billing"), "2"),
    ],
)
def test_each_master_rule(rules: tuple[str, ...], master: str) -> None:
    assert preview_merge([LIVE, FULL, OLD], SurvivorshipRules(master=rules)).master_id == master  # type: ignore[arg-type]  # literals as text


@pytest.mark.parametrize(
    ("rule", "value"),
    [("most_recent", "ACME"), ("longest", "Acme Inc"), ("most_frequent", "Acme Inc"), ("most_complete", "ACME")],
)
def test_each_field_rule(rule: str, value: str) -> None:
    rules = SurvivorshipRules(fields={"Name": rule})  # type: ignore[dict-item]  # a literal as text
    assert next(w.value for w in preview_merge([OLD, LIVE, FULL], rules).fields if w.field == "Name") == value


def test_two_live_billing_customers_block_unless_allowed() -> None:
    other = Member("4", {"Name": "Acme"}, is_live_billing=True, billing_ids=("c2",))
    assert "c1, c2" in preview_merge([LIVE, other]).blocks[0]
    assert preview_merge([LIVE, other], SurvivorshipRules(allow_two_live=True)).blocks == ()
    assert preview_merge([LIVE, other, OLD], dropped=frozenset({"4"})).blocks == ()


def test_people_decide() -> None:
    found = preview_merge([OLD, LIVE, FULL], master_id="1", overrides={"Name": "3"})
    assert found.master_id == "1"
    assert next((w.value, w.reason) for w in found.fields if w.field == "Name") == ("ACME", "chosen by hand")
    with pytest.raises(DefinitionError):
        preview_merge([OLD, LIVE], master_id="3")
    with pytest.raises(DefinitionError):
        preview_merge([OLD, LIVE], dropped=frozenset({"1"}))
