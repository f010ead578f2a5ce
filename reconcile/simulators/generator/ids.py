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
    """The check character of five characters: one bit for each capital letter."""
    return CHECK_ALPHABET[sum(1 << place for place, char in enumerate(five) if "A" <= char <= "Z")]


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
    """The 18-character id of the `number`-th record of the object whose ids begin with `prefix`."""
    digits = []
    for _ in range(5):
        number, rest = divmod(number, 36)
        digits.append(COUNTER_ALPHABET[rest])
    if number:
        raise ValueError("more records than five base-36 digits can number")
    return long_id(prefix + POD + "".join(reversed(digits)))


def flip_last_letter(record_id: str) -> str | None:
    """The id that differs from `record_id` in the case of its last character only; None where that is no letter."""
    short = record_id[:15]
    if not short[-1].isalpha():
        return None
    return long_id(short[:-1] + short[-1].swapcase())
