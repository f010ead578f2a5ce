"""Which columns mean what, in files as people have them: other languages, several addresses, halves of names."""

from __future__ import annotations

import duckdb
import pytest

from reconcile.matching import detect_roles
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
