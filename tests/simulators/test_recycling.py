"""Merging and bringing back from the recycle bin, which only SOAP can do."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from tests.practice import Practice
from tests.simulators.clients import Rest, soap


def undelete(orgs: Practice, *ids: str) -> list[Element]:
    return soap(orgs, f"<undelete>{''.join(f'<ids>{each}</ids>' for each in ids)}</undelete>").findall("result")


def code(result: Element) -> str | None:
    return result.findtext("errors/statusCode")


def stored(orgs: Practice, record_id: str, object_name: str = "Account") -> dict[str, object]:
    row = orgs.record("salesforce", object_name, record_id)
    assert row is not None
    return row


def test_undelete_brings_back_each_row_for_itself(rest: Rest, orgs: Practice) -> None:
    gone, alive = rest.ids(limit=2)
    rest("DELETE", f"sobjects/Account/{gone}")
    assert rest("GET", f"sobjects/Account/{gone}").status_code == 404
    since = len(orgs.writes())
    first, second, third = undelete(orgs, gone[:15], alive, "001Hs00000zzzzz")
    assert (first.findtext("success"), first.findtext("id")) == ("true", gone)
    assert [code(each) for each in (second, third)] == ["UNDELETE_FAILED", "UNDELETE_FAILED"]
    assert rest("GET", f"sobjects/Account/{gone}").status_code == 200
    assert [(write["action"], write["record_id"]) for write in orgs.writes(since)] == [("undelete", gone)]
    assert code(undelete(orgs, gone)[0]) == "UNDELETE_FAILED"


def test_a_merged_row_comes_back_on_its_own(rest: Rest, orgs: Practice) -> None:
    master, victim = rest.ids(limit=4)[2:]
    contact = rest("POST", "sobjects/Contact", json={"LastName": "Moved", "AccountId": victim}).json()["id"]
    [merged] = soap(
        orgs,
        f"<merge><request><masterRecord><type>Account</type><Id>{master}</Id></masterRecord>"
        f"<recordToMergeIds>{victim}</recordToMergeIds></request></merge>",
    ).findall("result")
    assert merged.findtext("success") == "true"
    assert contact in [each.text for each in merged.findall("updatedRelatedIds")]
    assert stored(orgs, victim)["MasterRecordId"] == master
    assert undelete(orgs, victim)[0].findtext("success") == "true"
    assert (stored(orgs, victim)["IsDeleted"], stored(orgs, victim)["MasterRecordId"]) == (0, None)
    assert stored(orgs, contact, "Contact")["AccountId"] == master, "what was moved stays with the master"


def test_a_person_account_brings_its_contact_back(rest: Rest, orgs: Practice) -> None:
    person = rest("POST", "sobjects/Account", json={"LastName": "Wieder", "FirstName": "Da"}).json()["id"]
    twin = str(stored(orgs, person)["PersonContactId"])
    rest("DELETE", f"sobjects/Account/{person}")
    assert stored(orgs, twin, "Contact")["IsDeleted"] == 1
    assert undelete(orgs, person)[0].findtext("success") == "true"
    assert stored(orgs, twin, "Contact")["IsDeleted"] == 0
