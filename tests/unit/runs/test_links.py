"""What stored ids on both sides come to, with the evidence of the match beside them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.unit.runs.small import Settings, small


@dataclass(frozen=True)
class Case:
    what: str
    left: str
    right: str
    expected: dict[str, str]
    candidates: str = ""
    settings: Settings = field(default_factory=Settings)


ONLY_RIGHT_STORES = Settings(left_stores=False)
MANY = Settings(cardinality="n:1")
TEST_RECORD = Settings(values={"A": {"is_test": True}})
UNLIKE = Settings(
    values={
        "A": {"name": "Zebra Ltd", "phone": "1 415 555 0001", "domain": "zebra.com"},
        "X": {"name": "Quokka Inc", "phone": "1 212 444 9999", "domain": "quokka.io"},
    }
)
LIKE_NAMES = Settings(
    values={
        "A": {"name": "Zebra Trading Ltd", "phone": "1 415 555 0001", "domain": "zebra.com"},
        "X": {"name": "Zebra Tradeing", "phone": "1 212 444 9999", "domain": "quokka.io"},
    }
)

CASES = (
    Case("both name each other", "A>X", "X>A", {"A-X": "confirmed"}),
    Case("only the left names", "A>X", "X", {"A-X": "one_sided"}),
    Case("only the right names", "A", "X>A", {"A-X": "one_sided"}),
    Case("the left cannot store: one is enough", "A", "X>A", {"A-X": "confirmed"}, settings=ONLY_RIGHT_STORES),
    Case("the left names a dead id", "A>gone", "X", {"A-gone": "dangling"}),
    Case("the right names a dead id", "A", "X>gone", {"gone-X": "dangling"}),
    Case("an id that differs by case is another id", "A>x", "X", {"A-x": "dangling"}),
    Case("two left records name one right", "A>X B>X", "X>A", {"A-X": "confirmed", "B-X": "shared"}),
    Case("two left records name one right that is blank", "A>X B>X", "X", {"A-X": "shared", "B-X": "shared"}),
    Case("two right records name one left", "A>X", "X>A Y>A", {"A-X": "confirmed", "A-Y": "shared"}),
    Case("many may name one left", "A>X", "X>A Y>A", {"A-X": "confirmed", "A-Y": "one_sided"}, settings=MANY),
    Case("but not one right be named by two", "A>X B>X", "X", {"A-X": "shared", "B-X": "shared"}, settings=MANY),
    Case("the sides name different partners", "A>X B", "X>B", {"A-X": "conflicting", "B-X": "conflicting"}),
    Case(
        "also when the other partner is taken",
        "A>X B>Y",
        "X>B Y>B",
        {"A-X": "conflicting", "B-X": "conflicting", "B-Y": "confirmed"},
    ),
    Case("a claim beside a dead id is no conflict", "A>X", "X>gone", {"A-X": "one_sided", "gone-X": "dangling"}),
    Case(
        "swapped, and the match says so",
        "A>Y B>X",
        "X>B Y>A",
        {"A-Y": "contradicted", "B-X": "contradicted", "A-X": "proposed", "B-Y": "proposed"},
        "A-X 15, B-Y 15, A-Y -8, B-X -8",
    ),
    Case(
        "a better partner is free",
        "A>Y",
        "X Y>A",
        {"A-Y": "contradicted", "A-X": "proposed"},
        "A-X 15, A-Y -5",
    ),
    Case(
        "a better partner is rightly taken",
        "A>Y B>X",
        "X>B Y>A",
        {"A-Y": "confirmed", "B-X": "confirmed"},
        "A-X 12, A-Y 2, B-X 14",
    ),
    Case("a partner that is a bit better is no contradiction", "A>Y", "X Y>A", {"A-Y": "confirmed"}, "A-X 15, A-Y 12"),
    Case(
        "the better partner is a duplicate of the present one",
        "A>Y",
        "X Y>A",
        {"A-Y": "confirmed"},
        "A-X 15, A-Y -5",
        Settings(right_clusters="X=Y"),
    ),
    Case("nothing agrees", "A>X", "X>A", {"A-X": "contradicted"}, settings=UNLIKE),
    Case("names that are nearly the same agree", "A>X", "X>A", {"A-X": "confirmed"}, settings=LIKE_NAMES),
    Case("too little is known to contradict", "A>X", "X>A", {"A-X": "confirmed"}),
    Case("test records are not judged", "A>Y", "X Y>A", {"A-Y": "confirmed"}, "A-X 15, A-Y -8", TEST_RECORD),
    Case("the match proposes", "A", "X", {"A-X": "proposed"}, "A-X 9"),
    Case("not below the review band", "A", "X", {}, "A-X -4"),
    Case("not with a test record", "A", "X", {}, "A-X 9", TEST_RECORD),
    Case("not with a linked record", "A>Y", "X Y>A", {"A-Y": "confirmed"}, "A-X 9, A-Y 9"),
    Case(
        "the best first, each once", "A B", "X Y", {"A-X": "proposed", "B-Y": "proposed"}, "A-X 9, A-Y 7, B-X 8, B-Y 1"
    ),
    Case("ties by id", "A B", "X", {"A-X": "proposed"}, "A-X 9, B-X 9"),
    Case(
        "many right records may get one left", "A", "X Y", {"A-X": "proposed", "A-Y": "proposed"}, "A-X 9, A-Y 8", MANY
    ),
    Case(
        "a duplicate of a linked record gets no partner",
        "A>X B C",
        "X>A Y",
        {"A-X": "confirmed"},
        "B-Y 5",
        Settings(left_clusters="A=B"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_link_status(case: Case) -> None:
    with small(case.left, case.right, case.candidates, case.settings) as execution:
        rows = execution.con.execute("SELECT left_id, right_id, status FROM links").fetchall()
    assert {f"{left}-{right}": status for left, right, status in rows} == case.expected


def test_a_link_knows_who_stores_it() -> None:
    with small("A>X B>Y C", "X>A Y Z>C") as execution:
        rows = execution.con.execute("SELECT left_id, stored_left, stored_right, origin FROM links").fetchall()
    assert sorted(rows) == [
        ("A", True, True, "existing"),
        ("B", True, False, "existing"),
        ("C", False, True, "existing"),
    ]


def test_margin_leaves_out_duplicates_of_the_partner() -> None:
    with small("A", "X Y Z", "A-X 12, A-Y 11, A-Z 4", Settings(right_clusters="X=Y")) as execution:
        rows = execution.con.execute("SELECT left_id, right_id, margin FROM links").fetchall()
    assert rows == [("A", "X", 8.0)]
