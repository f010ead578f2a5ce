"""Company names: the core that identifies, the legal form, and the words.

A legal form is split off only where it can be one: forms that are ordinary words elsewhere ("Spa", "As", "Ag") need
their country or, where no country is known, their dotted spelling.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.clean.text import Columns, none_if_empty, where
from reconcile.matching.clean.text import words as single_words
from reconcile.matching.clean.tokens import NameWords, canonical_words

# Forms that are nothing but forms wherever they end a name.
GENERAL_FORMS = [
    "inc",
    "incorporated",
    "llc",
    "llp",
    "lllp",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "plc",
    "company",
    "co",
    "gmbh",
    "mbh",
    "gmbhcokg",
    "ohg",
    "ev",
    "bv",
    "nv",
    "oy",
    "oyj",
    "aps",
    "sarl",
    "srl",
    "sadecv",
    "sapi",
    "eurl",
    "sasu",
    "spzoo",
    "sro",
    "doo",
    "kft",
    "zrt",
    "nyrt",
    "bhd",
    "sdnbhd",
    "pte",
    "pty",
    "ptyltd",
    "pvt",
    "pllc",
    "llpc",
    "ltda",
    "eirl",
    "kk",
    "gk",
    "bvba",
    "sprl",
    "vof",
    "kgaa",
    "ug",
    "pjsc",
    "ojsc",
    "cjsc",
    "ooo",
    "oao",
    "zao",
    "jsc",
    "tbk",
    "fze",
    "fzco",
    "wll",
]
# Forms that are words, initials or abbreviations elsewhere.
NATIONAL_FORMS: dict[str, tuple[str, ...]] = {
    "us": ("lp", "pc", "pa", "na", "pl", "lc", "ps"),
    "gb": ("lp", "cic", "cio"),
    "ca": ("lp", "ulc", "ltee", "enr"),
    "de": ("ag", "kg", "se", "eg", "gbr", "ek"),
    "at": ("ag", "kg", "og", "eu"),
    "ch": ("ag", "sa", "kg"),
    "li": ("ag",),
    "fr": ("sa", "sas", "sci", "sca", "snc", "scop", "se"),
    "be": ("sa", "sca", "se"),
    "lu": ("sa", "sca", "se"),
    "nl": ("cv", "se", "ua"),
    "it": ("spa", "sas", "snc", "sapa", "scarl"),
    "es": ("sa", "sl", "slu", "sau", "sc"),
    "pt": ("sa", "lda", "sgps"),
    "br": ("sa", "me", "epp"),
    "mx": ("sa", "sc", "sab", "cv"),
    "ar": ("sa",),
    "cl": ("sa", "spa"),
    "co": ("sa", "sas"),
    "pe": ("sa", "sac"),
    "se": ("ab", "hb", "kb"),
    "fi": ("ab", "ky", "tmi"),
    "no": ("as", "asa", "ans", "da"),
    "dk": ("as", "is", "ks"),
    "pl": ("sa", "sk", "sj"),
    "cz": ("as", "ks", "vos"),
    "sk": ("as", "ks"),
    "ro": ("sa", "scs"),
    "gr": ("sa", "ae", "ike"),
    "tr": ("as",),
    "in": ("opc",),
    "id": ("pt",),
    "sg": ("lp",),
    "jp": ("yk",),
}
# What may be stripped when no country is known: hardly ever the last word of a name otherwise.
UNKNOWN_COUNTRY_FORMS = ("sa", "sas", "ag", "kg", "ab", "asa", "se", "lp", "sl", "slu", "na", "pc", "lda")
# Spellings of several words, after punctuation is gone.
PHRASES = {
    " limited liability company ": " llc ",
    " limited liability partnership ": " llp ",
    " limited partnership ": " lp ",
    " public limited company ": " plc ",
    " proprietary limited ": " ptyltd ",
    " private limited ": " pvt ltd ",
    " pty ltd ": " ptyltd ",
    " pty limited ": " ptyltd ",
    " sdn bhd ": " sdnbhd ",
    " sp z o o ": " spzoo ",
    " sp zoo ": " spzoo ",
    " spol s r o ": " sro ",
    " s r o ": " sro ",
    " d o o ": " doo ",
    " s a de c v ": " sadecv ",
    " sa de cv ": " sadecv ",
    " s de rl de cv ": " sadecv ",
    " gmbh and co kg ": " gmbhcokg ",
    " gmbh and co ": " gmbhcokg ",
    " national association ": " na ",
    " professional corporation ": " pc ",
    " aktiengesellschaft ": " ag ",
    " societe anonyme ": " sa ",
    " a s ": " as ",
    " s a ": " sa ",
    " l l c ": " llc ",
    " l l p ": " llp ",
    " b v ": " bv ",
    " n v ": " nv ",
    " doing business as ": " dba ",
    " d b a ": " dba ",
    " trading as ": " dba ",
    " t a ": " dba ",
    " formerly known as ": " dba ",
    " formerly ": " dba ",
    " f k a ": " dba ",
    " a k a ": " dba ",
    " aka ": " dba ",
}
# Before punctuation goes, these dotted spellings can only be the form.
DOTTED_FORMS = {"s.p.a": " formspa ", "a.s.": " formas ", "a/s": " formas ", "s.a.": " sa ", "a.g.": " formag "}
DOTTED = ("formspa", "formas", "formag")
# Every phrase holds one of these, and hardly another name does: a cheaper test than looking for all phrases.
PHRASE_HINTS = [
    " limited ", " pty ", " sdn ", " sp z", " s r o ", " d o o ", " de c", " de rl ", " gmbh and ", " association ",
    " professional ", " aktieng", " anonyme ", " a s ", " s a ", " l l ", " b v ", " n v ", " business as ", " d b a ",
    " trading as ", " t a ", " formerly ", " f k a ", " a k a ", " aka ",
]  # fmt: skip
Integers = npt.NDArray[np.int64]


def name_words(name: pl.Series) -> pl.Series:
    """The folded name as words: initials joined ("I.B.M." is "ibm"), "&" as "and", phrases of forms as one word."""
    text = where(name, name.str.contains(r"\.[a-z]|[a-z]\.$|\bas?/s", strict=True), _join_initials)
    text = single_words(text)
    padded = pl.select(pl.concat_str(pl.lit(" "), text, pl.lit(" "))).to_series()
    return where(text, padded.str.contains_any(PHRASE_HINTS), _replace_phrases)


def _join_initials(name: pl.Series) -> pl.Series:
    text = name.str.replace_many(list(DOTTED_FORMS), list(DOTTED_FORMS.values()))
    return text.str.replace_all(r"\b([a-z])\.", "$1")


def _replace_phrases(text: pl.Series) -> pl.Series:
    padded = pl.select(pl.concat_str(pl.lit(" "), text, pl.lit(" "))).to_series()
    return padded.str.replace_many(list(PHRASES), list(PHRASES.values())).str.strip_chars(" ")


@lru_cache(maxsize=1)
def _forms() -> pl.DataFrame:
    """form, countries: a bit per position in `_countries()`, the last bit where no country is known."""
    bits = dict.fromkeys((*GENERAL_FORMS, *DOTTED), -1)
    for i, country in enumerate(_countries()):
        for form in NATIONAL_FORMS[country]:
            bits[form] = bits.get(form, 0) | 1 << i
    for form in UNKNOWN_COUNTRY_FORMS:
        bits[form] = bits.get(form, 0) | 1 << len(_countries())
    return pl.DataFrame({"form": list(bits), "countries": list(bits.values())})


def _countries() -> tuple[str, ...]:
    return tuple(NATIONAL_FORMS)


def _country_bits(country: pl.Series | None, rows: int) -> Integers:
    """The bit of each row's country among the forms; 0 for a country without forms of its own."""
    unknown = 1 << len(_countries())
    if country is None:
        return np.full(rows, unknown, dtype=np.int64)
    codes = dict(zip(_countries(), (1 << i for i in range(len(_countries()))), strict=True))
    bits = country.replace_strict(codes, default=0, return_dtype=pl.Int64)
    return np.where(country.is_null().to_numpy(), unknown, bits.to_numpy())


class _Split:
    """Names split into words: those of row i are `words[starts[i]:starts[i + 1]]`; a null has one null word."""

    def __init__(self, names: pl.Series) -> None:
        lists = names.str.split(" ")
        self.words = lists.explode()
        lengths = np.maximum(lists.list.len().fill_null(1).to_numpy().astype(np.int64), 1)
        self.starts: Integers = np.concatenate(([0], np.cumsum(lengths)))

    def ends_without_form(self, countries: Integers) -> Integers:
        """Where each row's words end once a legal form, and an "and" before it, is dropped; the first word stays."""
        ends = self.starts[1:].copy()
        rows = np.flatnonzero(ends - self.starts[:-1] > 1)
        while len(rows) > 0:
            last = self.words.gather(ends[rows] - 1)
            forms = last.replace_strict(_forms()["form"], _forms()["countries"], default=0, return_dtype=pl.Int64)
            rows = rows[(forms.to_numpy() & countries[rows]) != 0]
            ends[rows] -= 1
            rows = rows[ends[rows] - self.starts[rows] > 1]
        shortened = np.flatnonzero((ends < self.starts[1:]) & (ends - self.starts[:-1] > 1))
        is_and = (self.words.gather(ends[shortened] - 1) == "and").to_numpy()
        ends[shortened[is_and]] -= 1
        return ends


def _part(text: pl.Series, split: _Split, begins: Integers, ends: Integers) -> pl.Series:
    """The text from word `begins` to word `ends` of each row; words are parted by one blank."""
    lengths = np.concatenate(([0], np.cumsum(split.words.str.len_bytes().fill_null(0).to_numpy().astype(np.int64) + 1)))
    first = lengths[split.starts[:-1]]
    return text.str.slice(
        pl.Series(lengths[begins] - first), pl.Series(np.maximum(lengths[ends] - lengths[begins] - 1, 0))
    )


def without_legal_form(words: pl.Series, country: pl.Series | None) -> pl.Series:
    """The name without the legal form at its end; a name that is nothing but a form stays as it is.

    Args:
        words: as `name_words` gives it.
        country: two-letter code per row in lower case, may be null; None when no such column exists.
    """
    split = _Split(words)
    return _part(words, split, split.starts[:-1], split.ends_without_form(_country_bits(country, len(words))))


def clean_names(folded: pl.Series, country: pl.Series | None) -> tuple[Columns, NameWords]:
    """The columns of the name role, and the words of each name.

    Returns:
        name: the core words before any "doing business as", null when nothing is said; name_alias: those after it,
        null for most; name_key: the core without blanks.
    """
    text = name_words(folded)
    rows = text.str.contains(" dba ", literal=True).fill_null(value=False).arg_true()
    alias = pl.select(pl.repeat(None, len(text), dtype=pl.String)).to_series()
    if len(rows) > 0:
        parts = text.gather(rows).str.splitn(" dba ", 2).struct
        text = text.clone().scatter(rows, parts.field("field_0"))
        second = without_legal_form(parts.field("field_1"), None if country is None else country.gather(rows))
        alias = alias.scatter(rows, none_if_empty(second.str.replace_all(" ", "", literal=True)))
    split = _Split(text)
    ends = split.ends_without_form(_country_bits(country, len(text)))
    begins = split.starts[:-1] + ((split.words.gather(split.starts[:-1]) == "the").fill_null(value=False).to_numpy())
    begins = np.where(begins < ends, begins, split.starts[:-1])
    core = none_if_empty(_part(text, split, begins, ends))
    columns = {"name": core, "name_alias": alias, "name_key": core.str.replace_all(" ", "", literal=True)}
    return columns, canonical_words(split.words, begins, ends)


def initials(core: pl.Series) -> pl.Series:
    """The first letters of the words of a name ("international business machines" gives "ibm")."""
    return core.str.split(" ").list.eval(pl.element().str.head(1)).list.join("")
