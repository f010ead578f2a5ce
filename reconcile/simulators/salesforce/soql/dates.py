"""Moments, days and date literals such as LAST_N_DAYS:7 as half-open ranges of days, in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
RANGE_WORDS = frozenset(
    {"TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
    | {f"{when}_{unit}" for when in ("LAST", "THIS", "NEXT") for unit in _UNITS if unit != "DAY"}
)
RANGE_WORDS_COUNTED = frozenset(
    {f"{when}_N_{unit}S" for when in ("LAST", "NEXT") for unit in _UNITS} | {f"N_{unit}S_AGO" for unit in _UNITS}
)


def moment(text: str) -> str:
    """A dateTime literal as the org stores it: UTC, milliseconds, `+0000`.

    Raises:
        ValueError: no such moment.
    """
    value = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"


def day_range(word: str, count: int, today: date | None = None) -> tuple[date, date]:
    """First day, and the day after the last, of a date literal. Weeks begin on Sunday, as in the default locale."""
    today = today or datetime.now(UTC).date()
    if word in {"TODAY", "YESTERDAY", "TOMORROW"}:
        start = today + timedelta(days={"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[word])
        return start, start + timedelta(days=1)
    if word == "LAST_90_DAYS":
        word, count = "LAST_N_DAYS", 90
    if word == "NEXT_90_DAYS":
        word, count = "NEXT_N_DAYS", 90
    if word.endswith("_AGO"):
        unit = word.split("_")[1].removesuffix("S")
        return _step(_floor(today, unit), unit, -count), _step(_floor(today, unit), unit, 1 - count)
    when, *middle, last = word.split("_")
    if not middle:
        unit = last
        shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[when]
        return _step(_floor(today, unit), unit, shift), _step(_floor(today, unit), unit, shift + 1)
    unit = last.removesuffix("S")
    here = _floor(today, unit)
    if when == "NEXT":
        return _step(here, unit, 1), _step(here, unit, 1 + count)
    if unit == "DAY":  # LAST_N_DAYS ends with today; the others end with the last whole unit
        return today - timedelta(days=count), today + timedelta(days=1)
    return _step(here, unit, -count), here


def _floor(day: date, unit: str) -> date:
    """The first day of the unit that `day` is in."""
    if unit == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    if unit == "MONTH":
        return day.replace(day=1)
    if unit == "QUARTER":
        return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return date(day.year, 1, 1) if unit == "YEAR" else day


def _step(day: date, unit: str, count: int) -> date:
    """`count` units on from the first day of a unit."""
    if unit in {"DAY", "WEEK"}:
        return day + timedelta(days=count * (7 if unit == "WEEK" else 1))
    months = count * {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    total = day.year * 12 + day.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)
