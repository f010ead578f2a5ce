"""Which columns mean what, in files as people have them: other languages, several addresses, halves of names."""

from __future__ import annotations

import duckdb
import pytest

from reconcile.matching import MatchRules, detect_roles, explain, link
from reconcile.matching.clean.records import raw_batches
from reconcile.matching.files import canonical_view
from reconcile.matching.roles import columns_by_role


def roles_of(headers: str) -> dict[str, str]:
    """The columns of each role in a file with these headers, whose values tell nothing."""
    con = duckdb.connect()
    columns = ", ".join(f"'word ' || range AS \"{header}\"" for header in headers.split(", "))
    con.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(30)")
    return {role: " + ".join(found) for role, found in columns_by_role(detect_roles(con, "t")).items()}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            "Firma, Straße, Hausnummer, PLZ, Ort, Land, Telefon, USt-IdNr.",
            {"name": "Firma", "street": "Straße + Hausnummer", "postcode": "PLZ", "city": "Ort", "country": "Land",
             "phone": "Telefon", "tax_id": "USt-IdNr."},
        ),
        (
            "Razón social, Dirección, Código postal, Población, País, Teléfono, Correo electrónico",
            {"name": "Razón social", "street": "Dirección", "postcode": "Código postal", "city": "Población",
             "country": "País", "phone": "Teléfono", "email": "Correo electrónico"},
        ),
        (
            "Raison sociale, Adresse, Code postal, Ville, Pays, Téléphone, Courriel, SIRET",
            {"name": "Raison sociale", "street": "Adresse", "postcode": "Code postal", "city": "Ville",
             "country": "Pays", "phone": "Téléphone", "email": "Courriel", "tax_id": "SIRET"},
        ),
        (
            "Ragione sociale, Indirizzo, CAP, Città, Telefono",
            {"name": "Ragione sociale", "street": "Indirizzo", "postcode": "CAP", "city": "Città",
             "phone": "Telefono"},
        ),
        (
            "Bedrijfsnaam, Straat, Postcode, Plaats, Telefoon",
            {"name": "Bedrijfsnaam", "street": "Straat", "postcode": "Postcode", "city": "Plaats",
             "phone": "Telefoon"},
        ),
        ("fName, lName, dob", {"given_name": "fName", "family_name": "lName", "birth_date": "dob"}),
        ("Nom, Prénom, Ville", {"given_name": "Prénom", "family_name": "Nom", "city": "Ville"}),
        ("Nom, Ville", {"name": "Nom", "city": "Ville"}),
        (
            "Account Name, BillingStreet, BillingCity, ShippingStreet, ShippingCity, Phone, Fax, Account Owner",
            {"name": "Account Name", "street": "BillingStreet", "city": "BillingCity", "phone": "Phone"},
        ),
        (
            ("first_name, last_name, company, email, billing_address.first_name, billing_address.last_name, "
            "billing_address.company, billing_address.email, billing_address.line1, billing_address.line2, "
            "billing_address.zip, shipping_address.line1, shipping_address.zip"),
            {"given_name": "first_name", "family_name": "last_name", "name": "company", "email": "email",
             "street": "billing_address.line1 + billing_address.line2", "postcode": "billing_address.zip"},
        ),
        ("Contact Name, Company, Confirmed", {"name": "Company"}),
    ],
)  # fmt: skip
def test_headers_of_many_files_are_understood(headers: str, expected: dict[str, str]) -> None:
    assert roles_of(headers) == expected


def persons() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("""CREATE TABLE l AS SELECT 'l' || i AS record_id,
        ['Ada', 'Boris', 'Clara', 'Dmitri', 'Elena', 'Farid', 'Greta'][i % 7 + 1] AS given_name,
        upper(md5((i % 400)::VARCHAR)[:1]) || translate(md5((i % 400)::VARCHAR)[:8], '0123456789', 'ghijklmnop')
            AS family_name, (20000 + i // 3 % 90)::VARCHAR AS postcode FROM range(1400) t(i)""")
    con.execute("""CREATE TABLE r AS SELECT 'r' || record_id[2:] AS record_id,
        family_name || ', ' || given_name AS name, postcode FROM l WHERE hash(record_id) % 3 > 0""")
    return con


@pytest.mark.parametrize("has_empty_name", [False, True])
def test_a_name_in_two_columns_is_linked_with_one(has_empty_name: bool) -> None:
    con = persons()
    if has_empty_name:  # as the records of a snapshot have it
        con.execute("ALTER TABLE l ADD COLUMN name VARCHAR")
    link(con, "l", "r", MatchRules(accept=0.5))
    right, shown, total = con.execute("""SELECT count(*) FILTER (left_id[2:] = right_id[2:]), count(*),
        (SELECT count(*) FROM r) FROM candidates WHERE probability >= 0.5""").fetchall()[0]
    assert right > 0.95 * total
    assert right > 0.95 * shown
    found = explain(con, "l", "r", "l5", "r5")
    assert found.evidence[1].role == "name"
    assert (found.evidence[1].left_value or "").startswith("Farid, ")


def test_a_contact_does_not_stand_in_for_a_missing_company() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE t (record_id VARCHAR, name VARCHAR, given_name VARCHAR, family_name VARCHAR);
        INSERT INTO t VALUES ('1', 'Acme', 'Ada', 'King'), ('2', NULL, 'Ada', 'King')""")
    batch = next(raw_batches(con, "t", ("name",)))
    assert batch["name"].to_list() == ["Acme", None]


def test_where_no_column_has_a_role_the_most_telling_words_are_the_name() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE t AS SELECT 'x' || i AS code, 'On the theory of ' || md5(i::VARCHAR) AS title,
        'Graph Journal' AS venue, 1990 + i % 9 AS year FROM range(40) t(i)""")
    assert canonical_view(con, "t", "v", id_name=None, mapping=None) == {"name": ("title",)}
    con.execute("CREATE TABLE numbers AS SELECT i AS a, i * 7 AS b FROM range(40) t(i)")
    assert canonical_view(con, "numbers", "v", id_name=None, mapping=None) == {}
