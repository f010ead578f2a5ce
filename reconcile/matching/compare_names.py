"""Company names compared: by the words they share and by what is left over on both sides.

What tells two companies of one family apart is a word on each side that the other lacks; a word too many on one side
only, a misspelt word or a general word ("services") tells much less. Numbers are no misspellings of each other:
"Fund III" and "Fund IV", "Store 101" and "Store 102" are not one, however alike they are written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.clean.name import initials
from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Flags, Levels, Pairs, Places, first_true
from reconcile.matching.vocabulary import BIT_SCALE, Vocabulary

Words = npt.NDArray[np.int32]
Bits = npt.NDArray[np.int32]
GENERAL = 6 * BIT_SCALE  # words of up to this many eighths of a bit are general ones
LONGEST_ACRONYM = 8
LIKELY_MISSPELT = 0.8  # Jaro-Winkler similarity below which edits are not counted
LETTERS_AN_EDIT = 10
SHORTEST_BEGINNING = 6  # letters of a trading name that is cut off
_ALLOWED = f"least(greatest(length(a), length(b)) // {LETTERS_AN_EDIT}, 3)"
_DIGITS = "regexp_replace({}, '[^0-9]', '', 'g')"
# The exact distance takes long: first what rules most pairs out. Of texts of single bytes, swapped letters are one edit
# to the one distance and two to the other.
FEW_EDITS = f"""CASE WHEN abs(length(a) - length(b)) > {_ALLOWED} THEN false
    WHEN strlen(a) = length(a) AND strlen(b) = length(b) AND levenshtein(a, b) > 2 * {_ALLOWED} THEN false
    WHEN damerau_levenshtein(a, b) > {_ALLOWED} THEN false
    ELSE {_DIGITS.format("a")} = {_DIGITS.format("b")} END"""
LABELS = (
    "missing",
    "different",
    "a general word shared",
    "some words shared, others not",
    "similar, but each has its own word",
    "rare words shared, general ones not",
    "one contains the other, common",
    "one contains the other",
    "the same but for a general word",
    "initials or trading name of the other",
    "nearly the same",
    "nearly the same, rare",
    "same name, common",
    "same name, not rare",
    "same name, rare",
)
# How often the names of two records of one company differ in a way that also tells two companies apart: rarely. The
# rest of the matches have the same name or nearly so. Round figures from experience with company registers.
LEVELS_OF_MATCHES = {1: 0.004, 2: 0.002, 3: 0.008, 4: 0.012, 5: 0.008, 6: 0.003, 7: 0.045, 8: 0.02, 9: 0.015}
# With how many of the others, in lists of some ten thousand companies, a name agrees so by chance; seen in several.
NAMESAKES = {4: 10.0, 5: 5.0, 6: 1.5, 7: 1.5, 8: 0.15, 9: 0.1, 10: 0.05, 11: 0.05, 12: 0.5, 13: 0.25, 14: 0.025}


@dataclass(frozen=True, slots=True)
class _Shared:
    """The words of two names: bits both share, bits each has over; whether each has a number that the other lacks."""

    both: Bits
    over_a: Bits
    over_b: Bits
    total: Bits
    numbered_apart: Flags


def name_level(pairs: Pairs) -> Levels:
    """Level of each pair, by LABELS."""
    missing = pairs.missing("name_key")
    sets = pairs.left.words, pairs.right.words
    if pairs.vocabulary is None or sets[0] is None or sets[1] is None:
        raise ValueError("Names are compared by their words, which these sides do not have.")
    a, b = sets[0].sets[pairs.l], sets[1].sets[pairs.r]
    same = pairs.same("name_key") | ((a == b) & (a != 0) & ~missing)
    often = np.maximum(pairs.left.counts["name_key"][pairs.l], pairs.right.counts["name_key"][pairs.r])
    levels = first_true(len(pairs), (missing, 0), (same & (often <= 4), 14), (same & (often <= 20), 13), (same, 12))
    differing = np.flatnonzero(~missing & ~same)
    levels[differing] = _differing(pairs, differing, pairs.vocabulary)
    return levels


def _differing(pairs: Pairs, places: Places, vocabulary: Vocabulary) -> Levels:
    shared = _shared(pairs, places, vocabulary)
    keys = pairs.texts("name_key", places)
    alike = pairs.similarity.jaro_winkler(*keys)
    over = np.minimum(shared.over_a, shared.over_b)
    total_over = shared.over_a + shared.over_b
    both, rare = shared.both, vocabulary.rare_bits
    contained = np.where(both < rare, 6, np.where(total_over <= GENERAL, 8, 7))
    nearly = (total_over == 0) | (alike >= 0.97)
    nearly |= _few_edits(pairs, keys, ~nearly & (alike >= LIKELY_MISSPELT))
    apart = shared.numbered_apart
    nearly &= ~apart
    return first_true(
        len(places),
        (nearly, np.where(both >= rare, 11, 10)),
        (_is_acronym(pairs, places, keys) | _is_trading_name(pairs, places), 9),
        (apart & (both > 0), 4),
        ((over == 0) & (both > GENERAL), contained),
        (alike >= 0.94, 7),
        ((over <= GENERAL) & (both >= rare), 5),
        ((3 * both >= shared.total) | (alike >= 0.88), 4),
        (both > GENERAL, 3),
        ((both > 0) | (alike >= 0.78), 2),
        (True, 1),
    )


def _shared(pairs: Pairs, places: Places, vocabulary: Vocabulary) -> _Shared:
    left, right = pairs.left.words, pairs.right.words
    if left is None or right is None:
        raise ValueError("Names are compared by their words, which these sides do not have.")
    rows = pairs.l[places], pairs.r[places]
    a, b = left.ids[rows[0]], right.ids[rows[1]]
    in_b, in_a = _found(a, b), _found(b, a)
    shared = np.where(in_b, vocabulary.bits[a], 0).sum(axis=1, dtype=np.int32)
    x, y = _first_unmatched(a, in_b), _first_unmatched(b, in_a)
    apart = _has_own_number(a, in_b, vocabulary) & _has_own_number(b, in_a, vocabulary)
    alike = _words_alike(pairs, vocabulary, x, y) & ~apart
    x_bits = np.where(alike, vocabulary.bits[x].astype(np.int32), 0)
    y_bits = np.where(alike, vocabulary.bits[y].astype(np.int32), 0)
    bits_a, bits_b = left.bits[rows[0]].astype(np.int32), right.bits[rows[1]].astype(np.int32)
    return _Shared(
        shared + np.minimum(x_bits, y_bits),
        np.maximum(bits_a - shared - x_bits, 0),
        np.maximum(bits_b - shared - y_bits, 0),
        bits_a + bits_b,
        apart,
    )


def _found(own: Words, other: Words) -> Flags:
    """Whether each of a record's rarest words stands in the other record's name too."""
    found = np.zeros(own.shape, dtype=bool)
    for i in range(other.shape[1]):
        found |= own == other[:, i : i + 1]
    return found & (own > 0)


def _has_own_number(words: Words, found: Flags, vocabulary: Vocabulary) -> Flags:
    """Whether a name has a number that the other one lacks."""
    own: Flags = np.logical_or.reduce(vocabulary.numbers[words] & ~found, axis=1)
    return own


def _first_unmatched(words: Words, found: Flags) -> Words:
    """The rarest word that the other name lacks; 0 for none."""
    first = np.argmin(found, axis=1)
    rows = np.arange(len(words))
    return np.where(found[rows, first], 0, words[rows, first]).astype(np.int32)


def _words_alike(pairs: Pairs, vocabulary: Vocabulary, x: Words, y: Words) -> Flags:
    """Whether two words are spellings of one: nearly the same letters, or one is the beginning of the other."""
    alike = np.zeros(len(x), dtype=bool)
    places = np.flatnonzero((x > 0) & (y > 0))
    a, b = vocabulary.words.gather(x[places]), vocabulary.words.gather(y[places])
    if len(places) == 0:
        return alike
    alike[places] = (pairs.similarity.jaro_winkler(a, b) >= 0.9) | _begins(a, b, 3)
    return alike


def _few_edits(pairs: Pairs, keys: tuple[pl.Series, pl.Series], likely: Flags) -> Flags:
    """Whether one letter in so many differs, and no digit; three at most."""
    found = np.zeros(len(likely), dtype=bool)
    places = np.flatnonzero(likely)
    a, b = (key.gather(places) for key in keys)
    found[places] = pairs.similarity.ask(FEW_EDITS, a, b)
    return found


def _is_acronym(pairs: Pairs, places: Places, keys: tuple[pl.Series, pl.Series]) -> Flags:
    """Whether one name is made of the first letters of the other one's words, three at least."""
    found = np.zeros(len(places), dtype=bool)
    short = [(key.str.len_bytes() <= LONGEST_ACRONYM).to_numpy() for key in keys]
    rows = np.flatnonzero(short[0] != short[1])
    names = pairs.texts("name", places[rows])
    for one, other in (names, names[::-1]):
        likely = (one.str.len_bytes() <= LONGEST_ACRONYM) & ~one.str.contains(" ", literal=True)
        likely &= other.str.count_matches(" ", literal=True) >= 2
        some = likely.arg_true()
        spelled = other.gather(some).str.replace_all(" and ", " ", literal=True)
        equal = (initials(spelled) == one.gather(some)).to_numpy()
        found[rows[some.to_numpy()[equal]]] = True
    return found


def _is_trading_name(pairs: Pairs, places: Places) -> Flags:
    """Whether a name that one record also trades under is the other one's name or trading name, or nearly so."""
    found = np.zeros(len(places), dtype=bool)
    names = ("name_alias", "name_key"), ("name_key", "name_alias"), ("name_alias", "name_alias")
    for own, other in names:
        said = (pairs.left.codes[own][pairs.l[places]] != 0) & (pairs.right.codes[other][pairs.r[places]] != 0)
        rows = np.flatnonzero(said & ~found)
        if len(rows) == 0:
            continue
        a = pairs.left.text(own).gather(pairs.l[places[rows]])
        b = pairs.right.text(other).gather(pairs.r[places[rows]])
        found[rows] = (pairs.similarity.jaro_winkler(a, b) >= 0.94) | _begins(a, b, SHORTEST_BEGINNING)
    return found


def _begins(a: pl.Series, b: pl.Series, letters: int) -> Flags:
    """Whether one text is the beginning of the other, with so many letters at least."""
    shorter = pl.select(pl.min_horizontal(a.str.len_bytes(), b.str.len_bytes())).to_series()
    begins = (a.str.slice(0, shorter) == b.str.slice(0, shorter)) & (shorter >= letters)
    return np.asarray(begins.to_numpy())


NAME = Comparison(
    "name",
    frozenset({"name_key"}),
    LABELS,
    name_level,
    apart_when=frozenset({"related"}),
    related_top=6,
    expected=LEVELS_OF_MATCHES,
    by_chance=NAMESAKES,
)
