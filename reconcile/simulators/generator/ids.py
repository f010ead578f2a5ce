"""Salesforce record ids: the 15-character form, its three check characters, and a counter that makes them.

Source of the check characters: Salesforce object reference, "Field types" (three groups of five characters, one bit for
each capital letter, indexing into A-Z and 0-5).
"""

from __future__ import annotations

import re
from functools import lru_cache

CHECK_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# One case for each letter: no two numbers give ids that differ in case only, so those can be planted in known numbers.
COUNTER_ALPHABET = "0123456789aBcDEfGhIjKLmNoPqRsTuVwXyZ"
POD = "Hs00000"
ID_PATTERN = re.compile(r"[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?\Z")


def check_characters(short_id: str) -> str:
    """The three characters that make a 15-character id safe where case is lost."""
    return _check_character(short_id[:5]) + _check_character(short_id[5:10]) + _check_character(short_id[10:15])


@lru_cache(maxsize=65536)
def _check_character(five: str) -> str:
    """The check character of five characters."""
    return CHECK_ALPHABET[_capitals(five)]


def _capitals(text: str) -> int:
    """One bit for each capital letter, the first character in the lowest."""
    return sum(1 << place for place, char in enumerate(text) if "A" <= char <= "Z")


def long_id(short_id: str) -> str:
    """The 18-character form of a 15-character id."""
    return short_id + check_characters(short_id)


def normalise_id(text: str) -> str | None:
    """The 18-character form of an id given in either form; None where it is no id or its check characters are wrong."""
    if not ID_PATTERN.match(text):
        return None
    full = long_id(text[:15])
    return full if len(text) == 15 or text == full else None


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record of the object whose ids begin with `prefix`.

    Raises:
        ValueError: a number of more than five base-36 digits.
    """
    high, low = divmod(number, 36**3)
    if high >= 36**2:
        raise ValueError("more records than five base-36 digits can number")
    start, start_check = _start(prefix)
    first, first_bits = _digits(high, 2)
    last, last_bits = _digits(low, 3)
    return f"{start}{first}{last}{start_check}{CHECK_ALPHABET[first_bits | last_bits << 2]}"


@lru_cache(maxsize=65536)
def _digits(number: int, count: int) -> tuple[str, int]:
    """A number in so many base-36 digits, and a bit for each capital letter; ids are made of few such groups."""
    text = ""
    for _ in range(count):
        number, rest = divmod(number, 36)
        text = COUNTER_ALPHABET[rest] + text
    return text, _capitals(text)


@lru_cache(maxsize=64)
def _start(prefix: str) -> tuple[str, str]:
    """The first ten characters of every id with this prefix, and their two check characters."""
    start = prefix + POD
    return start, _check_character(start[:5]) + _check_character(start[5:])


def flip_last_letter(record_id: str) -> str | None:
    """The id that differs from `record_id` in the case of its last character only; None where that is no letter."""
    short = record_id[:15]
    if not short[-1].isalpha():
        return None
    return long_id(short[:-1] + short[-1].swapcase())
