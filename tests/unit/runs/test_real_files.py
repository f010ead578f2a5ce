"""Real data with known truth, as two files: read, pulled, its roles detected, run, and the totals tie out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from reconcile.model import Connection, Role, Snapshot
from reconcile.runs import execute, open_run, summarise
from reconcile.runs.definitions import file_reconciliation
from reconcile.snapshots import pull
from reconcile.systems import open_reader

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@dataclass(frozen=True)
class RealCase:
    """Two files, their truth as a query of (left_id, right_id), what must be recognised, and what found of it."""

    left: str
    right: str
    truth: str
    left_roles: dict[Role, tuple[str, ...]]
    recall: float
    precision: float
    never: tuple[str, ...] = ()


CASES = {
    "H-1B employers": RealCase(
        "h1b_link_2015",
        "h1b_link_2019",
        "SELECT id_2015, id_2019 FROM '{data}/h1b_truth_2015_2019.parquet'",
        {"name": ("name",), "city": ("city",), "region": ("state",), "postcode": ("postcode",)},
        recall=0.6,
        precision=0.6,
        never=("ein4",),
    ),
    "restaurants": RealCase(
        "pyjedai_D1_rest1",
        "pyjedai_D1_rest2",
        "SELECT D1, D2 FROM '{data}/pyjedai_D1_gt.parquet'",
        {"phone": ("http://www.okkam.org/ontology_restaurant1.owl#phone_number",)},
        recall=0.7,
        precision=0.7,
    ),
}


def _snapshot(name: str, folder: Path) -> Snapshot:
    source = DATA / f"{name}.parquet"
    if not source.is_file():
        pytest.skip(f"{source.name} is not beside the checkout")
    connection = Connection(name.replace("_", "-"), name, "files", "production", options={"path": str(source)})
    return pull(open_reader(connection, {}), [name], folder)


@pytest.mark.parametrize("name", CASES)
def test_real_files_run_through(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    left, right = _snapshot(case.left, tmp_path), _snapshot(case.right, tmp_path)
    definition = file_reconciliation(left, right, name=name)
    for role, columns in case.left_roles.items():
        assert definition.left.roles[role] == columns
    used = [
        column for side in (definition.left, definition.right) for columns in side.roles.values() for column in columns
    ]
    assert not set(used) & set(case.never)
    run = execute(definition, left, right, tmp_path / "runs", started_by="test")
    summary = summarise(run.path)
    assert summary.ties_out
    assert summary.population == {"left": left.objects[0].rows, "right": right.objects[0].rows}
    found, right_ones, true = _compare(run.path, case.truth.format(data=DATA))
    print(f"{name}: {found} links, precision {right_ones / found:.3f}, recall {right_ones / true:.3f}")
    assert right_ones / found >= case.precision
    assert right_ones / true >= case.recall


def _compare(run: str, truth: str) -> tuple[int, int, int]:
    con = open_run(run)
    links = con.execute("SELECT left_id, right_id FROM links WHERE probability >= 0.95").fetchall()
    con.close()
    true = set(duckdb.execute(truth).fetchall())
    return len(links), len(true & set(links)), len(true)


def test_a_definition_for_one_table_that_matches_itself_differs_by_side(tmp_path: Path) -> None:
    taken = _snapshot("stockport_business_rates", tmp_path)
    definition = file_reconciliation(taken, taken)
    assert definition.left == replace(definition.right)
    summary = summarise(execute(definition, taken, taken, tmp_path / "runs", started_by="test").path)
    assert summary.ties_out
    assert summary.totals["left"].get("unmatched", 0) <= 0.01 * summary.population["left"]
