"""Company names: the core that identifies, the legal form, and the words.

A legal form is split off only where it can be one: forms that are ordinary words elsewhere ("Spa", "As", "Ag") need
their country or, where no country is known, their dotted spelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.clean.text import Columns, none_if_empty, none_where, where
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
    "pao",
    "berhad",
    "publ",
    "uab",
    "ptyltd",
    "coltd",
    "zhushihuishe",
    "hetonghuishe",
    "youxiangongsi",
    "jusighoesa",
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
    "ru": ("ao",),
    "ua": ("tov",),
    "hr": ("dd", "jdoo"),
    "si": ("dd",),
    "rs": ("ad",),
    "lv": ("sia",),
    "ee": ("ou",),
    "hu": ("bt", "rt"),
}
# Forms that stand before the name: everywhere, and by country.
LEADING_FORMS = (
    "ooo", "oao", "zao", "pao", "pjsc", "ojsc", "cjsc", "jsc", "sarl", "srl", "eurl", "sasu", "gmbh", "ltd", "llc",
    "uab", "zhushihuishe", "hetonghuishe", "jusighoesa",
)  # fmt: skip
NATIONAL_LEADING_FORMS: dict[str, tuple[str, ...]] = {
    "id": ("pt", "cv"),
    "se": ("ab",),
    "fi": ("ab", "oy"),
    "fr": ("sa", "sas", "sci", "snc", "ets"),
    "be": ("sa", "nv", "bv"),
    "lu": ("sa",),
    "ch": ("sa",),
    "ru": ("ao", "ip"),
    "ua": ("tov",),
    "lv": ("sia",),
    "jp": ("kk", "zhu"),
    "kr": ("ju",),
}
# What may be stripped when no country is known: hardly ever the last word of a name otherwise.
UNKNOWN_COUNTRY_FORMS = ("sa", "sas", "ag", "kg", "ab", "asa", "se", "lp", "sl", "slu", "na", "pc", "lda", "ek", "gbr")
# Spellings of several words, after punctuation is gone.
PHRASES = {
    " limited liability company ": " llc ",
    " limited liability partnership ": " llp ",
    " limited partnership ": " lp ",
    " public limited company ": " plc ",
    " proprietary limited ": " ptyltd ",
    " private limited ": " pvt ltd ",
    " p ltd ": " pvt ltd ",
    " co ltd ": " coltd ",
    " co limited ": " coltd ",
    " company limited ": " coltd ",
    " pty ltd ": " ptyltd ",
    " pty limited ": " ptyltd ",
    " sdn bhd ": " sdnbhd ",
    " sp z o o ": " spzoo ",
    " sp z oo ": " spzoo ",
    " sp zoo ": " spzoo ",
    " sp zo o ": " spzoo ",
    " spolka z o o ": " spzoo ",
    " spolka z oo ": " spzoo ",
    " spolka z ograniczona odpowiedzialnoscia ": " spzoo ",
    " spolka akcyjna ": " formsa ",
    " spol s r o ": " sro ",
    " spol s ro ": " sro ",
    " spol sro ": " sro ",
    " s r o ": " sro ",
    " s ro ": " sro ",
    " d o o ": " doo ",
    " s a de c v ": " sadecv ",
    " sa de cv ": " sadecv ",
    " sab de cv ": " sadecv ",
    " s de rl de cv ": " sadecv ",
    " s a r l ": " sarl ",
    " sa rl ": " sarl ",
    " s a rl ": " sarl ",
    " kabushiki kaisha ": " kk ",
    " open joint stock company ": " ojsc ",
    " closed joint stock company ": " cjsc ",
    " public joint stock company ": " pjsc ",
    " joint stock company ": " jsc ",
    " obshchestvo s ogranichennoy otvetstvennostyu ": " ooo ",
    " publichnoe aktsionernoe obshchestvo ": " pao ",
    " otkrytoe aktsionernoe obshchestvo ": " oao ",
    " zakrytoe aktsionernoe obshchestvo ": " zao ",
    " aktsionernoe obshchestvo ": " jsc ",
    " gmbh and co kg ": " gmbhcokg ",
    " gmbh and co ": " gmbhcokg ",
    " national association ": " na ",
    " professional corporation ": " pc ",
    " aktiengesellschaft ": " formag ",
    " societe anonyme ": " formsa ",
    " aktiebolaget ": " ab ",
    " gesellschaft mit beschrankter haftung ": " gmbh ",
    " societatea cu raspundere limitata ": " srl ",
    " societe a responsabilite limitee ": " sarl ",
    " societa per azioni ": " formspa ",
    " societa a responsabilita limitata ": " srl ",
    " sociedad anonima ": " formsa ",
    " sociedade anonima ": " formsa ",
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
    " t as ": " dba ",
    " formerly known as ": " dba ",
    " formerly ": " dba ",
    " f k a ": " dba ",
    " fka ": " dba ",
    " n k a ": " dba ",
    " now known as ": " dba ",
    " in liquidation ": " ",
    " a k a ": " dba ",
    " aka ": " dba ",
}
# Before punctuation goes, these dotted spellings can only be the form, unless a name begins with them. What an address
# is in care of is not the name, and "M/s" stands before names as "Messrs" does.
DOTTED_FORMS = (
    (r"\b([a-z])\. ([a-z])\.", "$1.$2."),
    (r"\b([a-z])\. ([a-z])\.", "$1.$2."),  # again: of three initials the middle one belongs to two pairs
    (r"(\S\W+)s\.p\.a\b", "${1}formspa "),
    (r"(\S\W+)(?:a\.s\.|a/s\b)", "${1}formas "),
    (r"(\S\W+)a\.g\.", "${1}formag "),
    (r"(\S\W+)s/a\b", "${1}formsa "),
    (r"^\W*c/o\b|^\W*m/s\b|(\S\W+)c/o\b.*$", "$1"),
)
MAYBE_FORM = r"s\.p\.a|a\.s\.|a\.g\.|/[aos]|\. [a-z]\."
IS_DOTTED = r"\.[a-z]|\b[a-z]\.\d|[a-z]\.$|\b[acms]/[aos]\b|\b[a-z]\. [a-z]\."
DOTTED = ("formspa", "formas", "formag", "formsa")
# Scripts without blanks: the form is written into the name.
UNPARTED_FORMS = (
    (r"(?:gufen)?youxian(?:zeren)?gongsi", " youxiangongsi "),
    (r"(zhushi|hetong)huishe", " ${1}huishe "),
    (r"jusighoesa", " jusighoesa "),
)
NO_NAMES = (
    "n a", "none", "null", "nan", "nil", "unknown", "not available", "not applicable", "not known", "no name", "tbd",
    "tba",
)  # fmt: skip
# Every phrase holds one of these, and hardly another name does: a cheaper test than looking for all phrases.
PHRASE_HINTS = [
    " limited ", " pty ", " sdn ", " sp z", " spol", " s r", " d o o ", " de c", " de rl ", " gmbh and ",
    " association ", " professional ", " aktie", " aktsion", " ogranich", " anonyme ", " a s ", " s a ", " sa rl ",
    " l l ", " b v ", " n v ", " business as ", " d b a ", " trading as ", " t a ", " t as ", " formerly ", " f k a ",
    " fka ", " n k a ", " known as ", " a k a ", " aka ", " co ltd ", " p ltd ", " joint stock ", " in liq", " kaisha ",
    "huishe", "gongsi", "jusighoesa",
    " mit besch", " limitata ", " responsab", " per azioni ", " anonima ",
]  # fmt: skip
Integers = npt.NDArray[np.int64]


def name_words(name: pl.Series) -> pl.Series:
    """The folded name as words: initials joined ("I.B.M." is "ibm"), "&" as "and", phrases of forms as one word."""
    text = where(name, name.str.contains(IS_DOTTED, strict=True), _join_initials)
    text = single_words(text)
    padded = pl.select(pl.concat_str(pl.lit(" "), text, pl.lit(" "))).to_series()
    return where(text, padded.str.contains_any(PHRASE_HINTS), _replace_phrases)


def _join_initials(name: pl.Series) -> pl.Series:
    name = where(name, name.str.contains(MAYBE_FORM), partial(_replaced, spellings=DOTTED_FORMS))
    return name.str.replace_all(r"\b([a-z])\.", "$1")


def _replaced(text: pl.Series, spellings: Sequence[tuple[str, str]]) -> pl.Series:
    for pattern, spelling in spellings:
        text = text.str.replace_all(pattern, spelling)
    return text


def _replace_phrases(text: pl.Series) -> pl.Series:
    parted = single_words(_replaced(text, UNPARTED_FORMS))
    padded = pl.select(pl.concat_str(pl.lit(" "), parted, pl.lit(" "))).to_series()
    return padded.str.replace_many(list(PHRASES), list(PHRASES.values()), leftmost=True).str.strip_chars(" ")


@lru_cache(maxsize=2)
def _forms(*, is_leading: bool) -> pl.DataFrame:
    """form, countries: a bit per position in `_countries()`; then one where none is known, and one for all others."""
    everywhere, national = (
        (LEADING_FORMS, NATIONAL_LEADING_FORMS) if is_leading else ((*GENERAL_FORMS, *DOTTED), NATIONAL_FORMS)
    )
    bits = dict.fromkeys(everywhere, -1)
    for i, country in enumerate(_countries()):
        for form in national.get(country, ()):
            bits[form] = bits.get(form, 0) | 1 << i
    for form in () if is_leading else UNKNOWN_COUNTRY_FORMS:
        bits[form] = bits.get(form, 0) | 1 << len(_countries())
    return pl.DataFrame({"form": list(bits), "countries": list(bits.values())})


@lru_cache(maxsize=1)
def _countries() -> tuple[str, ...]:
    return tuple(sorted({*NATIONAL_FORMS, *NATIONAL_LEADING_FORMS}))


def _country_bits(country: pl.Series | None, rows: int) -> Integers:
    """The bit of each row's country among the forms."""
    unknown, other = 1 << len(_countries()), 1 << len(_countries()) + 1
    if country is None:
        return np.full(rows, unknown, dtype=np.int64)
    codes = dict(zip(_countries(), (1 << i for i in range(len(_countries()))), strict=True))
    bits = country.replace_strict(codes, default=other, return_dtype=pl.Int64)
    return np.where(country.is_null().to_numpy(), unknown, bits.to_numpy())


def _is_form(words: pl.Series, countries: Integers, *, is_leading: bool) -> npt.NDArray[np.bool_]:
    """Whether each word is a legal form in the row's country."""
    forms = _forms(is_leading=is_leading)
    found = words.replace_strict(forms["form"], forms["countries"], default=0, return_dtype=pl.Int64)
    return np.asarray((found.to_numpy() & countries) != 0)


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
            rows = rows[_is_form(self.words.gather(ends[rows] - 1), countries[rows], is_leading=False)]
            ends[rows] -= 1
            rows = rows[ends[rows] - self.starts[rows] > 1]
        shortened = np.flatnonzero((ends < self.starts[1:]) & (ends - self.starts[:-1] > 1))
        is_and = (self.words.gather(ends[shortened] - 1) == "and").to_numpy()
        ends[shortened[is_and]] -= 1
        return ends

    def begins_without_form(self, countries: Integers, ends: Integers) -> Integers:
        """Where each row's words begin once an article or a legal form before the name is dropped; one word stays."""
        first = self.words.gather(self.starts[:-1])
        skipped = (first == "the").fill_null(value=False).to_numpy() | _is_form(first, countries, is_leading=True)
        begins: Integers = self.starts[:-1] + skipped
        return np.where(begins < ends, begins, self.starts[:-1])


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
    text = none_where(text, text.is_in(pl.Series(NO_NAMES).implode()))
    rows = text.str.contains(" dba ", literal=True).fill_null(value=False).arg_true()
    alias = pl.select(pl.repeat(None, len(text), dtype=pl.String)).to_series()
    if len(rows) > 0:
        parts = text.gather(rows).str.splitn(" dba ", 2).struct
        text = text.clone().scatter(rows, parts.field("field_0"))
        second = without_legal_form(parts.field("field_1"), None if country is None else country.gather(rows))
        alias = alias.scatter(rows, none_if_empty(second.str.replace_all(" ", "", literal=True)))
    split, countries = _Split(text), _country_bits(country, len(text))
    ends = split.ends_without_form(countries)
    begins = split.begins_without_form(countries, ends)
    core = none_if_empty(_part(text, split, begins, ends))
    columns = {"name": core, "name_alias": alias, "name_key": core.str.replace_all(" ", "", literal=True)}
    return columns, canonical_words(split.words, begins, ends)


def initials(core: pl.Series) -> pl.Series:
    """The first letters of the words of a name ("international business machines" gives "ibm")."""
    return core.str.split(" ").list.eval(pl.element().str.head(1)).list.join("")
