"""Each thing that a person must decide is told once, under its most telling kind, and every record is counted once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from reconcile.model import EXCEPTION_KINDS
from reconcile.runs.exceptions import PRECEDENCE
from tests.unit.runs.small import Settings, small


@dataclass(frozen=True)
class Case:
    what: str
    left: str
    right: str
    expected: str
    categories: str
    candidates: str = ""
    settings: Settings = field(default_factory=Settings)


FILES = Settings(left_stores=False, right_stores=False)

CASES = (
    Case("in order", "A>X", "X>A", "", "A linked, X linked"),
    Case("one-sided", "A>X", "X", "one_sided A-X", "A one_sided, X one_sided"),
    Case("dangling on the left", "A>gone", "", "dangling A-gone", "A dangling"),
    Case("dangling with a proposal", "A>gone", "X", "dangling A-gone", "A dangling, X dangling", "A-X 12"),
    Case("dangling, and claimed by another", "A>X", "X>gone", "dangling gone-X", "A dangling, X dangling"),
    Case("shared with a rightful claimant", "A>X B>X", "X>A", "shared B-X", "A linked, B shared, X shared"),
    Case("shared without one", "A>X B>X", "X", "shared B-X", "A shared, B shared, X shared"),
    Case("shared, decided by evidence", "A>X B>X", "X", "shared A-X", "A shared, B shared, X shared", "B-X 9, A-X 2"),
    Case(
        "three claims, two doubtful",
        "A>X B>X C>X",
        "X>A",
        "shared B-X, shared C-X",
        "A linked, B shared, C shared, X shared",
    ),
    Case(
        "conflict: the weaker link is in question",
        "A>X B",
        "X>B",
        "conflicting B-X",
        "A conflicting, B conflicting, X conflicting",
        "A-X 9",
    ),
    Case(
        "contradicted, and the proposals with it",
        "A>Y B>X",
        "X>B Y>A",
        "contradicted A-Y, contradicted B-X",
        "A contradicted, B contradicted, X contradicted, Y contradicted",
        "A-X 15, B-Y 15, A-Y -8, B-X -8",
    ),
    Case("unlinked", "A", "X", "unlinked A-X", "A unlinked, X unlinked", "A-X 9"),
    Case("unlinked in the review band", "A", "X", "unlinked A-X", "A unlinked, X unlinked", "A-X -1"),
    Case(
        "ambiguous, with its rivals",
        "A B C",
        "X",
        "ambiguous A-X, unmatched C",
        "A ambiguous, B ambiguous, C unmatched, X ambiguous",
        "A-X 9, B-X 8, C-X 1",
    ),
    Case(
        "not ambiguous between duplicates",
        "A B",
        "X",
        "duplicate A=B, unlinked A-X",
        "A unlinked, B duplicate, X unlinked",
        "A-X 9, B-X 8",
        Settings(left_clusters="A=B"),
    ),
    Case("unmatched on both sides", "A", "X", "unmatched A, unmatched X", "A unmatched, X unmatched"),
    Case("too weak is unmatched", "A", "X", "unmatched A, unmatched X", "A unmatched, X unmatched", "A-X -5"),
    Case(
        "a duplicate explains why there is no partner",
        "A>X B",
        "X>A",
        "duplicate A=B",
        "A duplicate, B duplicate, X linked",
        "B-X 9",
        Settings(left_clusters="A=B"),
    ),
    Case(
        "a test record is set aside",
        "A",
        "X",
        "unmatched X",
        "A test, X unmatched",
        "A-X 9",
        Settings(values={"A": {"is_test": True}}),
    ),
    Case("files: an accepted match needs nobody", "A", "X", "", "A linked, X linked", "A-X 9", FILES),
    Case("files: one in the review band does", "A", "X", "unlinked A-X", "A unlinked, X unlinked", "A-X 1", FILES),
    Case(
        "files: so does a close race",
        "A B",
        "X",
        "ambiguous A-X",
        "A ambiguous, B ambiguous, X ambiguous",
        "A-X 9, B-X 8",
        FILES,
    ),
    Case("nothing at all", "", "", "", ""),
)


def _told(row: tuple[str, str | None, str | None, str | None, str]) -> str:
    kind, left_id, right_id, cluster_id, detail = row
    if cluster_id is not None:
        return f"{kind} {'='.join(sorted(m['record_id'] for m in json.loads(detail)['members']))}"
    return f"{kind} {'-'.join(i for i in (left_id, right_id) if i is not None)}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_exceptions_and_categories(case: Case) -> None:
    with small(case.left, case.right, case.candidates, case.settings) as execution:
        rows = execution.con.execute("SELECT kind, left_id, right_id, cluster_id, detail FROM exceptions").fetchall()
        counted = execution.con.execute("SELECT record_id, category FROM categories ORDER BY record_id").fetchall()
    assert ", ".join(sorted(_told(row) for row in rows)) == case.expected
    assert ", ".join(f"{record_id} {category}" for record_id, category in counted) == case.categories


def test_precedence_names_every_kind_once() -> None:
    assert sorted(kind for kind, _ in PRECEDENCE) == sorted(EXCEPTION_KINDS)


def _amounts(settings: Settings, left: str, right: str, candidates: str = "") -> list[tuple[str, int | None, int]]:
    with small(left, right, candidates, settings) as execution:
        return execution.con.execute("SELECT kind, amount_cents, rank FROM exceptions ORDER BY rank").fetchall()


def test_rank_is_by_money_then_severity_then_nearness_to_the_boundary() -> None:
    settings = Settings(values={"X": {"amount_cents": 100}, "Y": {"amount_cents": 900}, "Z": {"amount_cents": 100}})
    found = _amounts(settings, "A>X B>Y C D E", "X Y Z>gone U V", "C-U 9, D-V 0")
    assert found == [
        ("one_sided", 900, 1),
        ("dangling", 100, 2),
        ("one_sided", 100, 3),
        ("unlinked", None, 4),
        ("unlinked", None, 5),
        ("unmatched", None, 6),
    ]


def test_what_is_at_stake_in_duplicates_is_what_their_partners_pay() -> None:
    settings = Settings(values={"X": {"amount_cents": 300}, "Y": {"amount_cents": 20}}, left_clusters="A=B")
    assert _amounts(settings, "A>X B>Y", "X>A Y>B") == [("duplicate", 320, 1)]


def test_what_is_at_stake_in_an_ambiguous_item_is_one_of_the_rivals() -> None:
    settings = Settings(values={"X": {"amount_cents": 300}, "Y": {"amount_cents": 500}})
    assert _amounts(settings, "A", "X Y", "A-X 9, A-Y 8") == [("ambiguous", 300, 1)]


def _one(
    left: str, right: str, candidates: str = "", settings: Settings | None = None
) -> tuple[str, str, dict[str, object]]:
    with small(left, right, candidates, settings) as execution:
        row = execution.con.execute(
            "SELECT exception_id, evidence_hash, detail FROM exceptions WHERE rank = 1"
        ).fetchone()
    assert row is not None
    return row[0], row[1], json.loads(row[2])


def test_the_id_is_of_the_kind_and_the_records_and_the_hash_of_what_they_show() -> None:
    plain = _one("A>X", "X")
    renamed = _one("A>X", "X", settings=Settings(values={"A": {"name": "Acme"}}))
    paid = _one("A>X", "X", settings=Settings(values={"X": {"amount_cents": 5}}))
    other = _one("A>X B", "X>B")
    assert plain[0] == renamed[0] == paid[0] != other[0]
    assert plain[1] == paid[1] != renamed[1]


def test_details_tell_the_story() -> None:
    _, _, dangling = _one("A>x", "X", "A-X 9")
    assert (dangling["dangling_id"], dangling["reason"], dangling["lookalike"]) == ("x", "case", "X")
    _, _, shared = _one("A>X B>X", "X>A")
    assert shared["rightful"] == "A"
    links = shared["links"]
    assert isinstance(links, list)
    assert [link["left_id"] for link in links] == ["A", "B"]
    _, _, ambiguous = _one("A B", "X", "A-X 9, B-X 8")
    candidates = ambiguous["candidates"]
    assert isinstance(candidates, list)
    assert [(c["left_id"], c["weight"]) for c in candidates] == [("A", 9.0), ("B", 8.0)]
    for detail in (dangling, shared, ambiguous):
        assert str(detail["story"]).endswith(".")
