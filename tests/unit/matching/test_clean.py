"""Cleaning, with the expected value beside each input."""

from __future__ import annotations

import polars as pl
import pytest

from reconcile.matching.clean import address, identifier, name, person, phone, web
from reconcile.matching.clean.text import fold, latin, words


def one(columns: dict[str, pl.Series], column: str) -> str | None:
    value: str | None = columns[column][0]
    return value


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("Gardner Spa LLC", "us", "gardner spa"),
        ("Gardner Spa LLC", None, "gardner spa"),
        ("Ferrari S.p.A.", "it", "ferrari"),
        ("Ferrari SpA", "it", "ferrari"),
        ("I.B.M. Corp.", "us", "ibm"),
        ("Müller & Söhne GmbH & Co. KG", "de", "muller and sohne"),
        ("SIEMENS AG", "de", "siemens"),
        ("The Coca-Cola Company", "us", "coca cola"),
        ("Atlassian Pty Ltd", None, "atlassian"),
        ("L'Oréal S.A.", "fr", "loreal"),
        ("Limited", None, "limited"),
        ("Yandex ООО", None, "yandex"),
        ("   ", None, None),
        ("Novo Nordisk A/S", "dk", "novo nordisk"),
        ("Plaza/Suites Inc.", "us", "plaza suites"),
        ("Visa/Services Ltd.", None, "visa services"),
        ("A.S. Watson Group", "hk", "as watson group"),
        ("U.S.A. Trucking", "us", "usa trucking"),
        ("Banco Itau S/A", "br", "banco itau"),
        ("D.2 Solutions", "us", "d2 solutions"),
        ("D.2 Solutions Inc.", "us", "d2 solutions"),
        ("J. P. Morgan Chase & Co.", "us", "jp morgan chase"),
        ("A. B. C. Company", "us", "abc"),
        ("Huawei Technologies Co., Ltd.", "cn", "huawei technologies"),
        ("Sasol (Pty) Ltd.", "za", "sasol"),
        ("Podravka d.d.", "hr", "podravka"),
        ("MOL Nyrt.", "hu", "mol"),
        ("Dupont S.à r.l.", "lu", "dupont"),
        ("S.A.R.L. Dupont", "fr", "dupont"),
        ("Grupo Bimbo, S.A.B. de C.V.", "mx", "grupo bimbo"),
        ("Polski Koncern Sp. z o.o.", "pl", "polski koncern"),
        ("ПАО «Газпром»", "ru", "gazprom"),
        ("AB Volvo", "se", "volvo"),
        ("AB Volvo", "us", "ab volvo"),
        ("PT Bank Central Asia Tbk", "id", "bank central asia"),
        ("GmbH Müller", "de", "muller"),
        ("株式会社東芝", "jp", "dongzhi"),
        ("東芝株式会社", "jp", "dongzhi"),
        ("华为技术有限公司", "cn", "huaweijishu"),
        ("Acme LLC c/o John Smith", "us", "acme"),
        ("C/O Acme LLC", "us", "acme"),
        ("M/s Tata Sons (P) Ltd", "in", "tata sons"),
        ("Tomco/Op Art", "us", "tomco op art"),
        ("McDonald´s", "us", "mcdonalds"),
        ("GmbH", "de", "gmbh"),
        ("N/A", "us", None),
        ("unknown", None, None),
    ],
)
def test_name_core(raw: str, country: str | None, expected: str | None) -> None:
    countries = None if country is None else pl.Series([country])
    assert one(name.clean_names(fold(pl.Series([raw])), countries)[0], "name") == expected


def test_trading_name_is_kept_apart() -> None:
    cleaned, words = name.clean_names(fold(pl.Series(["The Smith Company d/b/a Joe's Pizza", "Acme Inc"])), None)
    assert cleaned["name"].to_list() == ["smith", "acme"]
    assert cleaned["name_alias"].to_list() == ["joespizza", None]
    assert words.lists().to_list() == [["smith"], ["acme"]]


@pytest.mark.parametrize("written", ["t/a", "T/As", "trading as", "d.b.a.", "formerly", "(fka", "n/k/a"])
def test_trading_names_are_introduced_in_many_ways(written: str) -> None:
    cleaned, _ = name.clean_names(fold(pl.Series([f"Smith Bros Ltd {written} The Gardeners"])), None)
    assert (one(cleaned, "name"), one(cleaned, "name_alias")) == ("smith bros", "thegardeners")


def test_umlauts_in_one_or_two_letters_are_the_same_words() -> None:
    raw = ["Bäckerei Schröder e.K.", "Baeckerei Schroeder", "BACKEREI SCHRODER", None, "e", "a e"]
    _, words = name.clean_names(fold(pl.Series(raw)), None)
    assert words.lists().to_list()[:3] == [["backerei", "schroder"]] * 3
    assert words.lists().to_list()[3:] == [[], [], ["a"]], "letters of two words are no umlaut"


def test_legal_forms_are_no_words_wherever_they_stand() -> None:
    raw = ["Acme Ltd (UK)", "Acme (UK) Limited", "OOO Acme UK", "Acme UK"]
    _, words = name.clean_names(fold(pl.Series(raw)), None)
    assert words.lists().to_list() == [["acme", "uk"]] * 4


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("https://www.shop.Acme.co.uk/path?x=1", "acme.co.uk"),
        ("acme.com", "acme.com"),
        ("http://acme.de:8080", "acme.de"),
        ("www.facebook.com/acme", None),
        ("none", None),
    ],
)
def test_domain(raw: str, expected: str | None) -> None:
    assert one(web.clean_domain(fold(pl.Series([raw]))), "domain") == expected


@pytest.mark.parametrize(
    ("raw", "email", "domain"),
    [
        ("Jane.Doe+News@Acme.com", "jane.doe@acme.com", "acme.com"),
        ("j.d.oe@gmail.com", "jdoe@gmail.com", None),
        ("mailto:x@mail.acme.co.uk", "x@mail.acme.co.uk", "acme.co.uk"),
        ("not an address", None, None),
    ],
)
def test_email(raw: str, email: str | None, domain: str | None) -> None:
    cleaned = web.clean_email(fold(pl.Series([raw])))
    assert (one(cleaned, "email"), one(cleaned, "email_domain")) == (email, domain)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("+1 (212) 555-0199 x12", "125550199"),
        ("212.555.0199", "125550199"),
        ("0044 20 7946 0958", "079460958"),
        ("020 7946 0958", "079460958"),
        ("555-0199", "5550199"),
        ("123", None),
        ("000-000-0000", None),
    ],
)
def test_phone(raw: str, expected: str | None) -> None:
    assert one(phone.clean_phone(pl.Series([raw])), "phone") == expected


@pytest.mark.parametrize(
    ("raw", "street", "house"),
    [
        ("123 Main Street, Suite 400", "main st", "123"),
        ("0123 N. Main St #4", "n main st", "123"),
        ("12 - 14 North Street", "n st", "12"),
        ("Hauptstraße 12a", "haupt str", "12a"),
        ("P.O. Box 99", "pobox", "99"),
        ("Main Street", "main st", None),
        ("", None, None),
    ],
)
def test_street(raw: str, street: str | None, house: str | None) -> None:
    cleaned = address.clean_street(fold(pl.Series([raw])))
    assert (one(cleaned, "street"), one(cleaned, "house")) == (street, house)


@pytest.mark.parametrize(
    ("raw", "code", "area"),
    [
        ("02139-1234", "2139", "21"),
        ("021391234", "2139", "21"),
        ("2139", "2139", "21"),
        ("SW1A 1AA", "sw1a1aa", "sw1a"),
        ("D-80331", "80331", "803"),
        ("2139.0", "2139", "21"),
        ("1012 AB", "1012ab", "101"),
    ],
)
def test_postcode(raw: str, code: str, area: str) -> None:
    cleaned = address.clean_postcode(pl.Series([raw]))
    assert (one(cleaned, "postcode"), one(cleaned, "postcode_area")) == (code, area)


def test_identifiers_lose_zeros_but_salesforce_ids_keep_their_case() -> None:
    cleaned = identifier.clean_identifier(pl.Series(["00-123.45", "0015g00000AbCdEAAV", "0015g00000AbCdE"]))[
        "identifier"
    ]
    assert cleaned.to_list() == ["12345", "0015g00000AbCdE", "0015g00000AbCdE"]


def test_nicknames_and_family_names() -> None:
    given = person.clean_given_name(fold(pl.Series(["Bob", "Dr. Robert", "Zoë"])))
    assert given["given_root"].to_list() == ["robert", "robert", "zoe"]
    family = person.clean_family_name(fold(pl.Series(["Mc Donald", "MacDonald", "Schmidt Jr."])))
    assert family["family"].to_list() == ["mcdonald", "macdonald", "schmidt"]
    assert family["family_sound"][0] == family["family_sound"][1]


@pytest.mark.parametrize(
    ("raw", "birth", "days"),
    [
        ("1971-05-24", "19710524", "0524"),
        ("19710524", "19710524", "0524"),
        ("5/24/71", "19710524", "0524"),
        ("soon", None, None),
        ("1955 9 24", "19550924", "0924"),
        ("12.03.1975", "19750312", "0312"),
        ("24/12/1975", "19751224", "1224"),
        ("12. März 1975", "19750312", "0312"),
        ("March 12th, 1975", "19750312", "0312"),
        ("12 de marzo de 1975", "19750312", "0312"),
        ("12-MAR-75", "19750312", "0312"),
        ("1975 Mar 12", "19750312", "0312"),
    ],
)
def test_birth_date(raw: str, birth: str | None, days: str | None) -> None:
    cleaned = person.clean_birth_date(pl.Series([raw]))
    assert (one(cleaned, "birth"), one(cleaned, "birth_days")) == (birth, days)


def test_other_scripts_become_letters() -> None:
    assert fold(pl.Series(["Ünïcode", "北京", None, "ASCII"])).to_list() == ["unicode", "beijing", None, "ascii"]


def test_the_input_column_is_left_alone() -> None:
    raw = pl.Series(["Ünïcode", "plain"])
    fold(raw)
    assert raw.to_list() == ["Ünïcode", "plain"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  A  (b)\t-c! ", "a b c"),
        ("O'Neil & Co+x", "oneil and co and x"),
        (" - ", ""),
        ("", ""),
        (None, None),
        ("ZÜRICH--9", "zurich 9"),
    ],
)
def test_words(raw: str | None, expected: str | None) -> None:
    assert words(latin(pl.Series([raw], dtype=pl.String))).to_list() == [expected]


def test_words_of_many_rows_stay_in_their_rows() -> None:
    raw = pl.Series(["  a ", None, " ", "b' & c", "", " d", "e "])
    assert words(latin(raw)).to_list() == ["a", None, "", "b and c", "", "d", "e"]
    assert words(latin(raw[:0])).to_list() == []
