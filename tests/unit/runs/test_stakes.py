"""What exceptions are worth: each its own sum, and a set of them each record once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from reconcile.runs import WORTH_SQL, open_run
from reconcile.runs.stakes import stakes_sql
from tests.run_files import RunFile


def worth(file: RunFile) -> dict[str | None, int]:
    run = file.write()
    with closing(open_run(run.path)) as con:
        return dict(con.execute(WORTH_SQL).fetchall())


def test_a_customer_in_two_exceptions_is_worth_its_amount_once(tmp_path: Path) -> None:
    file = RunFile(tmp_path, number=1)
    for place in (1, 2):
        file.left(f"L{place}", name="Acme")
        file.right(f"R{place}", name="Acme", amount_cents=1000 * place)
    file.link("L1", "R1", "confirmed", stored_left=True, stored_right=True)
    file.exception("duplicate", side="left", members=("L1", "L2"))
    file.exception("contradicted", "L1", "R1")
    file.exception("contradicted", "L2", "R1")
    file.exception("unmatched", None, "R2", side="right")
    assert worth(file) == {"duplicate": 1000, "contradicted": 1000, "unmatched": 2000, None: 3000}


def test_of_an_ambiguous_item_only_the_pair_in_question_counts(tmp_path: Path) -> None:
    file = RunFile(tmp_path, number=1)
    file.left("L1", name="Acme")
    for place in (1, 2):
        file.right(f"R{place}", name="Acme", amount_cents=1000 * place)
    file.exception("ambiguous", "L1", "R1")
    file.coverage.append((file.coverage[-1][0], "ambiguous", "right", "R2"))
    assert worth(file) == {"ambiguous": 1000, None: 1000}


def test_left_amounts_count_where_the_right_has_none(tmp_path: Path) -> None:
    file = RunFile(tmp_path, number=1)
    file.left("L1", name="Acme", amount_cents=700)
    file.right("R1", name="Acme")
    file.exception("unlinked", "L1", "R1")
    assert worth(file) == {"unlinked": 700, None: 700}


def test_nothing_at_stake_has_no_row(tmp_path: Path) -> None:
    file = RunFile(tmp_path, number=1)
    file.left("L1", name="Acme")
    file.exception("unmatched", "L1", None, side="left")
    run = file.write()
    with closing(open_run(run.path)) as con:
        assert con.execute(stakes_sql()).fetchall() == []
