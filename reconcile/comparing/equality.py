"""What counts as the same value of a role, as SQL.

Each role has a *form*: a text that two values share when they mean the same. The forms are for values of a pair that is
already held to be one customer, where being generous is right; finding pairs is the matcher's and is stricter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import duckdb
import pyarrow as pa
from anyascii import anyascii
from duckdb.func import PythonUDFType

from reconcile.comparing.places import COUNTRY_CODES, REGION_CODES
from reconcile.comparing.vocabulary import CITY_WORDS, LEGAL_FORMS, NAME_WORDS, STREET_WORDS
from reconcile.model import Role
from reconcile.snapshots.sql import literal


def _latin(column: pa.StringArray) -> pa.StringArray:
    return pa.array([None if text is None else anyascii(text) for text in column.to_pylist()], pa.string())


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Give the connection what the forms are made of: `latin(x)` (any script to ASCII) and `plain(x)` (words only).

    `plain` is lower case, letters and digits, single blanks. Doing it twice does no harm. Close the connection when
    done with it: a Python function keeps it alive otherwise.
    """
    if con.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = 'latin' LIMIT 1").fetchone() is not None:
        return
    con.create_function("latin", _latin, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)
    # Only a value with a non-ASCII character goes through Python.
    con.execute(
        "CREATE OR REPLACE TEMP MACRO plain(x) AS trim(regexp_replace(replace(lower("
        "CASE WHEN strlen(x) = length(x) THEN x ELSE latin(x) END), '&', ' and '), '[^a-z0-9]+', ' ', 'g'))"
    )


def _map_sql(words: Mapping[str, str]) -> str:
    entries = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in words.items())
    return f"MAP {{{entries}}}"


def _words_sql(text: str, words: Mapping[str, str], *, joined: str = "") -> str:
    """Each word of `text` replaced by what it stands for, joined."""
    mapped = f"list_transform(string_split({text}, ' '), lambda w: coalesce({_map_sql(words)}[w], w))"
    return f"array_to_string({mapped}, {literal(joined)})"


def _undotted(value: str) -> str:
    # "S.A." and "A/S" are one word each.
    return f"regexp_replace(regexp_replace({value}, '[.''’`´]', '', 'g'), '\\b([AaIi])/([Ss])\\b', '\\1\\2', 'g')"


def _coded(names: Mapping[str, str]) -> dict[str, str]:
    return {re.sub("[^a-z0-9]", "", anyascii(name).lower()): code for name, code in names.items()}


def _name_form(value: str) -> str:
    words = f"plain({_undotted(value)})"
    forms = "|".join(sorted(set(LEGAL_FORMS), key=lambda form: (-len(form), form)))
    bare = f"regexp_replace(regexp_replace({words}, '(( and)? ({forms}))+$', ''), '^the ', '')"
    # "ue" and "u" are one letter where an umlaut was spelled out on one side only.
    folded = f"regexp_replace({_words_sql(bare, NAME_WORDS)}, '([aou])e', '\\1', 'g')"
    return f"coalesce(nullif({folded}, ''), nullif({words}, ''))"


def _street_form(value: str) -> str:
    words = f"regexp_replace(plain({_undotted(value)}), '\\bp ?o box\\b', 'pobox', 'g')"
    spelled = f"regexp_replace({words}, '(str|strasse)\\b', ' street', 'g')"
    return f"regexp_replace({_words_sql(f'trim({spelled})', STREET_WORDS)}, '([aou])e', '\\1', 'g')"


def _city_form(value: str) -> str:
    return f"regexp_replace({_words_sql(f'plain({_undotted(value)})', CITY_WORDS)}, '([aou])e', '\\1', 'g')"


def _code_form(names: Mapping[str, str]) -> Callable[[str], str]:
    codes = _map_sql(_coded(names))

    def form(value: str) -> str:
        key = f"replace(plain({value}), ' ', '')"
        return f"coalesce({codes}[{key}], {key})"

    return form


def _postcode_form(value: str) -> str:
    bare = f"regexp_replace(upper({value}), '[^A-Z0-9]', '', 'g')"
    # The last four of ZIP+4 are optional, and spreadsheets eat leading zeros.
    five = f"CASE WHEN regexp_matches({value}, '^\\s*\\d{{5}}-\\d{{4}}\\s*$') THEN left({bare}, 5) ELSE {bare} END"
    return f"ltrim({five}, '0')"


def _phone_form(value: str) -> str:
    digits = f"regexp_replace(regexp_replace(lower({value}), '(ext|extension|x|#)\\D*\\d+\\s*$', ''), '\\D', '', 'g')"
    # National numbers carry a trunk zero that the international form drops: the last nine digits tell them apart.
    return f"right({digits}, 9)"


def _domain_form(value: str) -> str:
    host = f"regexp_replace(lower(trim({value})), '^[a-z]+://|^.*@', '')"
    return f"regexp_replace(regexp_extract({host}, '^[^/?#:]*'), '^www\\d?\\.|\\.$', '', 'g')"


def _code_text_form(value: str) -> str:
    """Identifiers: letters and digits as they are (case counts), Salesforce ids by their 15 characters."""
    bare = f"regexp_replace({value}, '[^A-Za-z0-9]', '', 'g')"
    return f"CASE WHEN regexp_matches({bare}, '^[a-zA-Z0-9]{{15}}[A-Z0-5]{{3}}$') THEN left({bare}, 15) ELSE {bare} END"


def _tax_form(value: str) -> str:
    return f"ltrim(regexp_replace(upper({value}), '[^A-Z0-9]', '', 'g'), '0')"


_DATE_FORMATS = "['%Y-%m-%d', '%Y%m%d', '%d.%m.%Y', '%d/%m/%Y', '%m/%d/%Y', '%d-%m-%Y', '%Y/%m/%d']"


def _date_form(value: str) -> str:
    return f"coalesce(CAST(CAST(try_strptime(trim({value}), {_DATE_FORMATS}) AS DATE) AS VARCHAR), plain({value}))"


def _person_form(value: str) -> str:
    return f"replace(plain({_undotted(value)}), ' ', '')"


def _email_form(value: str) -> str:
    return f"lower(trim({value}))"


_FORMS: dict[Role, Callable[[str], str]] = {
    "name": _name_form,
    "domain": _domain_form,
    "email": _email_form,
    "phone": _phone_form,
    "street": _street_form,
    "city": _city_form,
    "region": _code_form(REGION_CODES),
    "postcode": _postcode_form,
    "country": _code_form(COUNTRY_CODES),
    "tax_id": _tax_form,
    "given_name": _person_form,
    "family_name": _person_form,
    "birth_date": _date_form,
    "identifier": _code_text_form,
}

_TRUE, _FALSE = ("true", "yes", "y", "on"), ("false", "no", "n", "off")


def _text_form(value: str) -> str:
    """Without a role: numbers by value, dates by day and time, yes and no in any spelling, else the words."""
    text = f"trim({value})"
    number = f"CAST(try_cast({text} AS DECIMAL(38, 6)) AS VARCHAR)"
    moment = f"CASE WHEN regexp_matches({text}, '^\\d{{4}}-') THEN CAST(try_cast({text} AS TIMESTAMPTZ) AS VARCHAR) END"
    boolean = f"CASE WHEN lower({text}) IN {_TRUE} THEN 'true' WHEN lower({text}) IN {_FALSE} THEN 'false' END"
    return f"coalesce({number}, {moment}, {boolean}, nullif(plain({text}), ''), {text})"


def form_sql(role: Role | None, value: str) -> str:
    """The SQL expression of the form of `value` (a VARCHAR expression) under `role`; None compares plain text.

    Needs `register`. Null gives null; a value with nothing to compare (only punctuation) may give an empty text.
    """
    return (_text_form if role is None else _FORMS[role])(value)
