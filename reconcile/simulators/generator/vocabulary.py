"""The words that practice companies, people and places are made of; they lie in `vocabulary.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))


def words(text: str) -> tuple[str, ...]:
    """The items of a list written with bars between them, perhaps over several lines."""
    return tuple(text.replace("\n", "").split("|"))


def _pairs(name: str) -> tuple[tuple[str, str], ...]:
    """A list of `a=b`."""
    return tuple((left, right) for left, _, right in (item.partition("=") for item in words(_WORDS[name])))


ADJECTIVES = words(_WORDS["adjectives"])
NOUNS = words(_WORDS["nouns"])
SYLLABLES = words(_WORDS["syllables"])
FREE_MAIL = words(_WORDS["free_mail"])
MAILBOXES = words(_WORDS["mailboxes"])
TITLES = words(_WORDS["titles"])
PLANS = words(_WORDS["plans"])
STAGES = words(_WORDS["stages"])
INDUSTRY_WORDS = _pairs("industry_words")
STREET_SHORT = dict(_pairs("street_short"))
WORD_SHORT = dict(_pairs("word_short"))
NICKNAMES = dict(_pairs("nicknames"))
LEGAL_VARIANTS = {form: tuple(others.split(";")) for form, others in _pairs("legal_variants")}
