"""SQL that reads text as numbers, and folds away how a text is written."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.comparing.tables.recipe import KeyNormalisation
from reconcile.systems.files.sql import literal

# 19 digits before the point and 9 behind it: differences and sums of these cannot overflow DuckDB's 38 digits.
NUMBER = "DECIMAL(28, 9)"
_CODES = (
    "USD|EUR|GBP|CHF|JPY|CAD|AUD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|TRY|INR|CNY|HKD|SGD|KRW|THB|ILS|AED|SAR|ZAR"
    "|BRL|MXN"
)
_SIGNS = r"(US|CA|AU|A|C|NZ|HK|S|MX|R)?[$]|[€£¥₹₩₪₺₽%]|kr[.]?|zł|Kč|Ft|Fr[.]|Rs[.]?"
# Behind the decimal mark a dash stands for no cents: 1.000,- is not negative.
_CURRENCY = rf"[\s\x{{00A0}}\x{{2007}}\x{{2009}}\x{{202F}}]|{_SIGNS}|{_CODES}|[.,][-–—]+$"
_DASHES = "−–‒‐‑"  # a minus sign proper, and what typesetting makes of one
_PLAIN = "[-+]?[0-9]{1,19}([.][0-9]*)?"
SPACE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
_MARKS = r"[\s\x{00A0}\x{202F}\pP]"
_LONGEST = 100_000
_NOTHING = ("null", "(null)", "<null>", "nil", "none", "n/a", "#n/a", "nan", "(blank)", "undefined", "-", "--")
_EXPONENT = r"([eE][-+]?[0-9]{1,2})?"
SALESFORCE = r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?"


def number_sql(text: str, decimal: str) -> str:
    """`text` as a number of 9 decimals, rounded where it has more (`may_be_rounded_sql` tells); NULL where it is none.

    Currency signs and codes, per cent signs, blanks, grouping (in threes), brackets or a minus behind for negative
    numbers are understood.
    """
    bare = f"translate(regexp_replace({text}, {literal(_CURRENCY)}, '', 'g'), '{_DASHES}', '{'-' * len(_DASHES)}')"
    signed = f"regexp_replace({bare}, '^\\((.+)\\)$|^([0-9].*)-$', '-\\1\\2')"
    mark, group = (r"[.]", r"[,'’]") if decimal == "." else (",", r"[.'’]")
    form = rf"[-+]?([0-9]{{1,3}}({group}[0-9]{{3}})+|[0-9]{{1,19}})?({mark}[0-9]*)?{_EXPONENT}"
    grouped = f"regexp_replace({signed}, {literal(group)}, '', 'g')"
    plain = grouped if decimal == "." else f"replace({grouped}, ',', '.')"
    slow = f"CASE WHEN regexp_full_match({signed}, {literal(form)}) THEN try_cast({plain} AS {NUMBER}) END"
    exact = f"regexp_full_match({text}, {literal(_PLAIN)})"
    if decimal == ",":
        return f"({slow})"
    return f"(CASE WHEN {exact} THEN try_cast({text} AS {NUMBER}) ELSE {slow} END)"


def decimals_sql(text: str, decimal: str) -> str:
    """How many digits `text` has behind its decimal mark."""
    mark = "[.]" if decimal == "." else ","
    return f"length(regexp_extract({text}, '{mark}([0-9]+)[^0-9]*$', 1))"


def may_be_rounded_sql(left: str, right: str) -> str:
    """Whether two texts of the same 9 decimals may differ behind these, as 0.3 and 0.30000000000000004."""
    is_long = " OR ".join(f"regexp_matches({text}, '[.,][0-9]{{10}}|[eE]-')" for text in (left, right))
    return f"(({is_long}) AND coalesce(try_cast({left} AS DOUBLE) <> try_cast({right} AS DOUBLE), true))"


def plain_number_sql(text: str) -> str:
    """`text` as an exact number where it is digits with a decimal point and nothing else, else NULL."""
    return f"(CASE WHEN regexp_full_match({text}, {literal(_PLAIN)}) THEN try_cast({text} AS {NUMBER}) END)"


def same_but_written_otherwise_sql(left: str, right: str) -> str:
    """Whether two texts differ in case, white space, punctuation, storing of accents or the word for yes and no alone.

    Between digits it matters that there is a separator, not which: 1-11 and 11-1 stay apart. Texts of more than 100,000
    bytes are not looked at so closely.
    """
    left, right = f"nfc_normalize({left})", f"nfc_normalize({right})"  # an accent may be a character of its own
    letters = [f"regexp_replace(lower({text}), {literal(_MARKS)}, '', 'g')" for text in (left, right)]
    parts = []
    for text in (left, right):
        apart = f"lower({text})"
        for _ in range(2):  # twice, because neighbouring matches share a digit: 1-2-3
            apart = f"regexp_replace({apart}, '([0-9])[\\s\\pP]+([0-9])', '\\1' || chr(1) || '\\2', 'g')"
        parts.append(f"regexp_replace({apart}, {literal(_MARKS)}, '', 'g')")
    is_short = f"length({left}) <= 5 AND length({right}) <= 5"
    is_readable = f"strlen({left}) <= {_LONGEST} AND strlen({right}) <= {_LONGEST}"
    return (
        f"(({is_readable} AND {letters[0]} = {letters[1]} AND {parts[0]} = {parts[1]}) "
        f"OR ({is_short} AND {_truth_sql(left)} = {_truth_sql(right)}))"
    )


def _truth_sql(text: str) -> str:
    yes, no = "('yes', 'y', 'true', 't', '1')", "('no', 'n', 'false', 'f', '0')"
    return f"(CASE WHEN lower(trim({text})) IN {yes} THEN true WHEN lower(trim({text})) IN {no} THEN false END)"


def blank_sql(text: str) -> str:
    """Whether `text` is NULL, empty or white space; its first character tells nearly always."""
    is_spaced = f"({text} < '!' OR starts_with({text}, chr(160)))"
    return f"({text} IS NULL OR ({is_spaced} AND trim({text}, {SPACE}) = ''))"


def nothing_sql(text: str) -> str:
    """Whether `text` is a word with which programs write that there is no value. NA is not: it may be a country."""
    words = ", ".join(literal(word) for word in _NOTHING)
    return f"lower(trim({text}, {SPACE})) IN ({words})"


def key_sql(text: str, steps: Sequence[KeyNormalisation]) -> str:
    """`text` as it is compared in a key; no value and an empty one are the same key."""
    if "trim" in steps:
        text = f"trim({text}, {SPACE})"
    if "salesforce" in steps:
        text = f"CASE WHEN regexp_full_match({text}, '{SALESFORCE}') THEN left({text}, 15) ELSE {text} END"
    if "composed" in steps:
        text = f"nfc_normalize({text})"
    if "point" in steps:
        text = f"regexp_replace({text}, '^([0-9]+)[.]0+$', '\\1')"
    if "zeros" in steps:
        text = f"regexp_replace({text}, '^0+([0-9])', '\\1')"
    if "case" in steps:
        text = f"lower({text})"
    return f"coalesce({text}, '')"


def rule_text_sql(text: str, *, ignore_case: bool, ignore_space: bool, null_equals_empty: bool) -> str:
    """`text` as the rules of a column want it compared."""
    if ignore_space:
        text = f"trim(regexp_replace({text}, '[\\s\\x{{00A0}}\\x{{202F}}]+', ' ', 'g'))"
    if ignore_case:
        text = f"lower({text})"
    return f"nullif({text}, '')" if null_equals_empty else text
