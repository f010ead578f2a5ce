"""Two values of a linked pair, and what their disagreement is called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from reconcile.comparing.differences import write_differences
from reconcile.comparing.equality import form_sql, register
from reconcile.model import ROLES, FieldPair, Role
from reconcile.runs.schema import DIFFERENCES

READ_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OLD = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    register(opened)
    DIFFERENCES.create(opened)
    opened.execute("CREATE TABLE left_records (record_id VARCHAR, modified_at VARCHAR, extra JSON)")
    opened.execute("CREATE TABLE right_records (record_id VARCHAR, modified_at VARCHAR, extra JSON)")
    opened.execute("CREATE TABLE links (left_id VARCHAR, right_id VARCHAR, status VARCHAR)")
    yield opened
    opened.close()


def _class(
    con: duckdb.DuckDBPyConnection,
    role: Role | None,
    left: str | None,
    right: str | None,
    *,
    modified: tuple[str | None, str | None] = (OLD, OLD),
    status: str = "confirmed",
) -> str | None:
    for table in ("differences", "left_records", "right_records", "links"):
        con.execute(f"DELETE FROM {table}")
    con.execute("INSERT INTO left_records VALUES ('A', ?, json_object('f', ?::VARCHAR))", [modified[0], left])
    con.execute("INSERT INTO right_records VALUES ('X', ?, json_object('g.h', ?::VARCHAR))", [modified[1], right])
    con.execute("INSERT INTO links VALUES ('A', 'X', ?)", [status])
    write_differences(con, [FieldPair("F", "f", "g.h", role)], left_read_at=READ_AT, right_read_at=READ_AT)
    row = con.execute("SELECT class FROM differences").fetchone()
    return None if row is None else str(row[0])


CASES: tuple[tuple[Role | None, str | None, str | None, str | None], ...] = (
    ("name", "Acme Inc.", "Acme Inc.", None),
    ("name", "Acme Inc.", " Acme Inc. ", None),
    ("name", "Acme Inc.", "ACME, Incorporated", "format"),
    ("name", "Müller & Söhne GmbH", "Mueller und Soehne", "format"),
    ("name", "Müller & Söhne GmbH & Co. KG", "MULLER AND SOHNE GMBH", "format"),
    ("name", "Газпром", "Gazprom", "format"),
    ("name", "The Data Dog Company", "DataDog", "format"),
    ("name", "Novo Nordisk A/S", "Novo Nordisk AS", "format"),
    ("name", "Telefónica S.A.", "Telefonica", "format"),
    ("name", "Acme Europe", "Acme", "real"),
    ("name", "Acme", None, "missing"),
    ("name", None, "Acme", "missing"),
    ("name", None, None, None),
    ("name", "", "  ", None),
    (
        "name",
        "Very Long Registered Name of a Company and its Subsidiaries",
        "Very Long Registered Name of a Company and",
        "format",
    ),
    ("name", "Acme Corporation of America", "Acme Corporation", "real"),
    ("name", "Holding", "Group", "real"),
    ("phone", "+1 (415) 555-2671", "415.555.2671", "format"),
    ("phone", "+44 20 7946 0958", "020 7946 0958", "format"),
    ("phone", "0049 (0)30 1234567 ext. 12", "+49 30 1234567", "format"),
    ("phone", "415-555-2671", "415-555-2672", "real"),
    ("street", "1 North Main Street, Suite 400", "1 N Main St #400", "format"),
    ("street", "Hauptstraße 5", "Hauptstr. 5", "format"),
    ("street", "5 Rue de la Paix, Bât. B, 3e étage", "5 rue de la paix\nBat B\n3e etage", "format"),
    ("street", "P.O. Box 12", "PO Box 12", "format"),
    ("street", "1 Main Street", "2 Main Street", "real"),
    ("city", "St. Louis", "Saint Louis", "format"),
    ("city", "Köln", "KOELN", "format"),
    ("city", "Paris", "Lyon", "real"),
    ("region", "California", "CA", "format"),
    ("region", "NSW", "New South Wales", "format"),
    ("region", "TX", "CA", "real"),
    ("postcode", "SW1A 1AA", "sw1a1aa", "format"),
    ("postcode", "02134", "2134", "format"),
    ("postcode", "02134-1234", "02134", "format"),
    ("postcode", "10115", "10117", "real"),
    ("country", "Germany", "DE", "format"),
    ("country", "Deutschland", "DEU", "format"),
    ("country", "United States of America", "U.S.A.", "format"),
    ("country", "Austria", "AU", "real"),
    ("domain", "https://www.acme.com/about", "acme.com", "format"),
    ("domain", "acme.com", "acme.co", "real"),
    ("email", "Ann@Acme.com", "ann@acme.com", "format"),
    ("email", "ann@acme.com", "bob@acme.com", "real"),
    ("tax_id", "DE 123 456 789", "DE123456789", "format"),
    ("identifier", "001Hs00000003D3", "001Hs00000003D3IAI", "format"),
    ("identifier", "001Hs00000003D3", "001Hs00000003d3", "real"),
    ("birth_date", "1980-02-01", "01.02.1980", "format"),
    ("birth_date", "1980-02-01", "1980-02-02", "real"),
    ("given_name", "José María", "JOSE-MARIA", "format"),
    (None, "100", "100.00", "format"),
    (None, "100.00", "100.01", "rounding"),
    (None, "100.00", "100.02", "real"),
    (None, "true", "Yes", "format"),
    (None, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+0000", "format"),
    (None, "on", "off", "real"),
    (None, "-", "--", "real"),
)


@pytest.mark.parametrize(("role", "left", "right", "expected"), CASES)
def test_class_of_a_difference(
    con: duckdb.DuckDBPyConnection, role: Role | None, left: str | None, right: str | None, expected: str | None
) -> None:
    assert _class(con, role, left, right) == expected
    assert _class(con, role, right, left) == expected


@pytest.mark.parametrize(
    ("left_modified", "right_modified", "expected"),
    [
        (OLD, OLD, "real"),
        ("2026-11-22T11:30:00.000+0000", OLD, "timing"),
        (OLD, "1795349400", "timing"),  # 2026-11-22 11:30 UTC in epoch seconds, as Chargebee gives it
        ("2026-11-22T10:59:00Z", OLD, "real"),
        (None, None, "real"),
    ],
)
def test_a_change_that_the_sync_may_not_have_carried_is_timing(
    con: duckdb.DuckDBPyConnection, left_modified: str | None, right_modified: str | None, expected: str
) -> None:
    assert _class(con, "name", "Acme", "Zebra", modified=(left_modified, right_modified)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("confirmed", "real"), ("one_sided", "real"), ("proposed", "real"), ("contradicted", None), ("shared", None)],
)
def test_only_links_that_are_held_are_compared(
    con: duckdb.DuckDBPyConnection, status: str, expected: str | None
) -> None:
    assert _class(con, "name", "Acme", "Zebra", status=status) == expected


def test_several_fields_are_compared_as_one(con: duckdb.DuckDBPyConnection) -> None:
    for table in ("differences", "left_records", "right_records", "links"):
        con.execute(f"DELETE FROM {table}")
    con.execute("INSERT INTO left_records VALUES ('A', NULL, json_object('street', '1 Main Street, Floor 2, Rear'))")
    con.execute(
        "INSERT INTO right_records VALUES ('X', NULL, json_object('l1', '1 Main St', 'l2', 'Floor 2', 'l3', NULL))"
    )
    con.execute("INSERT INTO links VALUES ('A', 'X', 'confirmed')")
    pair = FieldPair("Street", "street", "l1 + l2 + l3", "street")
    write_differences(con, [pair], left_read_at=READ_AT, right_read_at=READ_AT)
    rows = con.execute("SELECT left_value, right_value, right_field, class FROM differences").fetchall()
    assert rows == [("1 Main Street, Floor 2, Rear", "1 Main St, Floor 2", "l1 + l2 + l3", "real")]


@pytest.mark.parametrize("role", [*ROLES, None])
def test_every_role_has_a_form_of_anything(con: duckdb.DuckDBPyConnection, role: Role | None) -> None:
    for text in ("", " ", "'", "%", "ß", "北京", "\t", "x" * 5_000):
        row = con.execute(f"SELECT {form_sql(role, 'v')} FROM (SELECT ?::VARCHAR AS v)", [text]).fetchone()
        assert row is not None
    assert con.execute(f"SELECT {form_sql(role, 'v')} FROM (SELECT NULL::VARCHAR AS v)").fetchone() == (None,)
