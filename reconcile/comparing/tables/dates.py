"""Dates as files write them: SQL that reads a text in a format, and writes a day in one again.

A format is one of strptime, `ISO`, or one that counts from a day: `EXCEL` (days, as a spreadsheet stores a date),
`EPOCH` (seconds since 1970) or `EPOCH_MS` (milliseconds).
"""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.comparing.tables.recipe import ISO
from reconcile.systems.files.sql import literal

EXCEL, EPOCH, EPOCH_MS = "excel", "epoch", "epoch_ms"
COMPACT = "%Y%m%d"
_DAY_FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
    "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", COMPACT,
)  # fmt: skip
# Where only the order of day and month is open, the one that is usual with the separator stands first.
DATE_FORMATS = (ISO, "%m/%d/%Y", *(item for item in _DAY_FORMATS if item != "%m/%d/%Y"))
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_DAY = "([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})([ Tt].*)?"
_COMPACT_DAY = "(19|20)[0-9]{2}[01][0-9][0-3][0-9]"
# Usual values of each counted format: 1954 to 2119, and 1973 to 2106. They overlap neither with each other nor with the
# digits of a day. A spreadsheet takes 1900 for a leap year: its day 0 is 1899-12-30 for every day that matters.
_COUNTED = {EXCEL: (20_000, 80_000), EPOCH: (100_000_000, 4_300_000_000), EPOCH_MS: (10**11, 43 * 10**11)}
_MICROSECONDS = {EXCEL: 86_400_000_000, EPOCH: 1_000_000, EPOCH_MS: 1000}
_EXCEL_DAYS_TO_1970 = 25_569
_YEAR_10000_US = 253_402_300_800_000_000  # beyond it is another kind of number
_PARTS = {"%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%H": "hh", "%M": "mm", "%S": "ss"}
_WORDS = {
    ISO: "YYYY-MM-DD",
    EXCEL: "day numbers of a spreadsheet",
    EPOCH: "seconds since 1970",
    EPOCH_MS: "milliseconds since 1970",
}


def counted_format(usual: float | None) -> str | None:
    """The counted format that a column of numbers may have beside a column of dates, told by its usual value."""
    if usual is None:
        return None
    return next((name for name, (low, high) in _COUNTED.items() if low <= usual < high), None)


def date_sql(text: str, date_format: str) -> str:
    """`text` as a TIMESTAMP in UTC, NULL where it is no date of this format. A time may follow."""
    if date_format == ISO:
        is_iso = f"regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([ T].*)?')"
        return f"(CASE WHEN {is_iso} THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END)"
    if date_format in _COUNTED:
        return _counted_sql(text, date_format)
    formats = ", ".join(literal(date_format + time) for time in _TIMES)
    return f"try_strptime({text}, [{formats}])"


def _counted_sql(text: str, date_format: str) -> str:
    """A counted date; that of a spreadsheet to the second, because its fraction of a day is never exact."""
    is_number = f"regexp_full_match({text}, '[0-9]{{1,14}}([.,][0-9]*)?')"
    number = f"CAST(replace({text}, ',', '.') AS DOUBLE)"
    since_1970, step = (f"({number} - {_EXCEL_DAYS_TO_1970})", 10**6) if date_format == EXCEL else (number, 1000)
    steps = f"round({since_1970} * {_MICROSECONDS[date_format]} / {step})"
    day = f"make_timestamp(CAST({steps} AS BIGINT) * {step})"
    return f"(CASE WHEN {is_number} AND {steps} < {_YEAR_10000_US // step} THEN {day} END)"


def day_text_sql(day: str, date_format: str) -> str:
    """A TIMESTAMP written in a format, with its time where it has one."""
    if date_format in _COUNTED:
        micros = f"(epoch_us({day}) + {_EXCEL_DAYS_TO_1970 * 86_400_000_000 if date_format == EXCEL else 0})"
        number = f"CAST(CAST({micros} AS DECIMAL(38, 0)) / {_MICROSECONDS[date_format]} AS DECIMAL(28, 9))"
        return f"regexp_replace(CAST({number} AS VARCHAR), '[.]?0+$', '')"
    form = "%Y-%m-%d" if date_format == ISO else date_format
    has_time = f"CAST({day} AS TIME) <> TIME '00:00:00'"
    with_time = f"strftime({day}, {literal(f'{form} %H:%M:%S')})"
    return f"CASE WHEN {has_time} THEN {with_time} ELSE strftime({day}, {literal(form)}) END"


def shown_format(date_format: str) -> str:
    """A format as people write it: DD.MM.YYYY."""
    shown = _WORDS.get(date_format, date_format) or "of any form"
    for part, word in _PARTS.items():
        shown = shown.replace(part, word)
    return shown


def day_parts_sql(text: str) -> str:
    """A day as one text whatever the order of day, month and year; NULL where `text` is none.

    For finding out what belongs together: 2026-03-04, 20260304, 04.03.2026, 3/4/26 and 4 Mar 2026 are alike in it. It
    is the sum of what stands for each part (of the year its last two digits): to sort the parts takes ten times longer.
    """
    apart = [f"regexp_extract({text}, '^{_DAY}$', {i})" for i in (1, 2, 3)]
    compact = [f"substr({text}, {start}, 2)" for start in (3, 5, 7)]
    return (
        f"CASE WHEN regexp_full_match({text}, '{_DAY}') THEN {_any_order(apart)} "
        f"WHEN regexp_full_match({text}, '{_COMPACT_DAY}') THEN {_any_order(compact)} "
        f"WHEN regexp_matches({text}, '[A-Za-z]{{3}}') THEN {_any_order(_parts_of_day(_named_day_sql(text)))} END"
    )


def counted_parts_sql(text: str, date_format: str) -> str:
    """A day that a column counts in a format, as `day_parts_sql` has those that are written."""
    return _any_order(_parts_of_day(date_sql(text, date_format)))


def _named_day_sql(text: str) -> str:
    formats = ", ".join(literal(item) for item in _DAY_FORMATS if "%b" in item or "%B" in item)
    return f"try_strptime({text}, [{formats}])"


def _parts_of_day(day: str) -> list[str]:
    return [f"strftime({day}, '{part}')" for part in ("%d", "%m", "%y")]


def _any_order(parts: Sequence[str]) -> str:
    hashes = (f"hash(ltrim(right({part}, 2), '0')) // {len(parts)}" for part in parts)  # so that the sum fits
    return f"CAST({' + '.join(hashes)} AS VARCHAR)"
