"""`python -m reconcile explain`: two records of two files or of one, and a match as a whole."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconcile.cli.matching import explain_command
from tests.bench.companies import generate

COLUMNS = ("id", "name", "website", "email", "phone", "street", "city", "state", "postcode", "country")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("files")
    for name, rows in zip(("left", "right"), generate(1100, seed=3), strict=True):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([row[column] for column in COLUMNS] for row in rows)
    return str(folder / "left.csv"), str(folder / "right.csv")


def explained(*arguments: str) -> Result:
    return CliRunner().invoke(explain_command, arguments)


def first_id(path: str, place: int = 0) -> str:
    with Path(path).open(encoding="utf-8") as file:
        return [row["id"] for row in csv.DictReader(file)][place]


def test_two_records_that_were_never_compared(files: tuple[str, str]) -> None:
    ids = "--left-id-value", first_id(files[0]), "--right-id-value", first_id(files[1], 700)
    found = explained(*files, *ids)
    assert found.exit_code == 0, found.output
    assert found.output.startswith("Not compared: none of the ")
    assert "key domain" in found.output
    document = json.loads(explained(*files, *ids, "--json").output)
    assert (document["was_compared"], document["stopped_by"]) == (False, "keys")
    assert document["evidence"][-1]["total"] == pytest.approx(document["weight"])
    assert document["evidence"][0]["role"] == "prior"


def test_two_records_of_one_file(files: tuple[str, str]) -> None:
    found = explained(
        files[0], "--left-id-value", first_id(files[0]), "--right-id-value", first_id(files[0], 5), "--json"
    )
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["rivals"] == []


def test_a_match_as_a_whole(files: tuple[str, str]) -> None:
    document = json.loads(explained(*files, "--json").output)
    assert sum(each["pairs"] for each in document["bins"]) >= max(each["pairs"] for each in document["curve"])
    assert 0.9 < document["estimated_recall"] <= 1.0
    assert set(document["unlinkable"]) == {"left", "right"}
    assert {each["name"] for each in document["keys"]} >= {"domain", "phone"}
    assert {"prior", "name", "competition"} <= {each["role"] for each in document["levels"]}
    text = explained(*files).output
    assert "Together they find an estimated" in text
    assert "cannot be linked" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--left-id-value", "x"), "Name both records"),
        (("--left-id-value", "nobody", "--right-id-value", "none"), "nobody"),
    ],
)
def test_what_is_asked_wrongly(files: tuple[str, str], arguments: tuple[str, ...], message: str) -> None:
    found = explained(*files, *arguments)
    assert found.exit_code != 0
    assert message in f"{found.output}{found.exception}"


def test_one_file_alone_is_no_match(files: tuple[str, str]) -> None:
    assert "Name a second file" in explained(files[0]).output
