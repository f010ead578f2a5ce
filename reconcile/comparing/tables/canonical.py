"""A value written so that it meets its like in the other file, whatever the country and program that wrote it.

It is for finding out what belongs together (columns, keys), never for saying that two values are equal.
"""

from __future__ import annotations

from reconcile.comparing.tables.dates import EPOCH, EPOCH_MS, counted_parts_sql, day_parts_sql
from reconcile.comparing.tables.side import Side
from reconcile.comparing.tables.values import SALESFORCE, SPACE, number_sql
from reconcile.systems.files.sql import identifier

_MARKED = "[0-9].*[.,’'']|[$€£¥%(]|[0-9]-$"
_NEVER_AMOUNTS = (EPOCH, EPOCH_MS)  # days of a spreadsheet might be
_DIGITS = "[-+]?[0-9][0-9 .,/:-]{0,30}"


def canonical_sql(side: Side, column: str) -> str:
    """The column's value in a form that does not depend on how the file writes it; NULL and empty stay as they are.

    Dates, seconds since 1970 too, are day, month and two digits of the year in any order; in a column of numbers
    those with a mark or currency are the number without its sign; other digits are groups without leading zeros; text
    is in lower case, composed, without blanks around it, a Salesforce id without the last 3 of its 18 characters.
    """
    name = identifier(column)
    look = side.looks[column]
    if look.counted in _NEVER_AMOUNTS:
        return f"coalesce({counted_parts_sql(name, look.counted)}, {name})"
    are_dates = bool(look.values) and look.are_dates
    ways = []
    if look.values and look.are_numbers and not are_dates:
        number = number_sql(name, side.read.decimal)
        bare = f"regexp_replace(CAST(abs({number}) AS VARCHAR), '[.]?0+$', '')"
        ways.append(f"WHEN regexp_matches({name}, '{_MARKED}') AND {number} IS NOT NULL THEN {bare}")
    ways.append(f"WHEN strlen({name}) = 18 AND regexp_full_match({name}, '{SALESFORCE}') THEN left(lower({name}), 15)")
    groups = f"coalesce(nullif(trim(regexp_replace({name}, '^0+|[^0-9]+0*', '|', 'g'), '|'), ''), '0')"
    ways.append(f"WHEN regexp_full_match({name}, '{_DIGITS}') THEN {groups}")
    written = f"CASE {' '.join(ways)} ELSE nfc_normalize(lower(trim({name}, {SPACE}))) END"
    return f"coalesce({day_parts_sql(name)}, {written})" if are_dates else written
