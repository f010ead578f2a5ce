"""Company names: the core that identifies, the legal form, and the words.

A legal form is split off only where it can be one: forms that are ordinary words elsewhere ("Spa", "As", "Ag") need
their country or, where no country is known, their dotted spelling.
"""

from __future__ import annotations

from functools import lru_cache, partial

import polars as pl

from reconcile.matching.clean.text import Columns, none_if_empty, none_where, where
from reconcile.matching.clean.text import words as single_words

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


def name_words(name: pl.Series) -> pl.Series:
    """The folded name as words: initials joined ("I.B.M." is "ibm"), "&" as "and", phrases of forms as one word."""
    dotted = name.str.contains_any([".", "a/s"])
    text = where(name, dotted, _join_initials)
    text = pl.select(pl.concat_str(pl.lit(" "), single_words(text), pl.lit(" "))).to_series()
    return where(text, text.str.contains_any(list(PHRASES)), _replace_phrases).str.strip_chars(" ")


def _join_initials(name: pl.Series) -> pl.Series:
    text = name.str.replace_many(list(DOTTED_FORMS), list(DOTTED_FORMS.values()))
    return text.str.replace_all(r"\b([a-z])\.", "$1")


def _replace_phrases(text: pl.Series) -> pl.Series:
    return text.str.replace_many(list(PHRASES), list(PHRASES.values()))


@lru_cache(maxsize=256)
def _ending(country: str | None) -> str:
    national = UNKNOWN_COUNTRY_FORMS if country is None else NATIONAL_FORMS.get(country, ())
    forms = sorted({*GENERAL_FORMS, *DOTTED, *national}, key=lambda form: (-len(form), form))
    return rf"(?: and)?(?: (?:{'|'.join(forms)}))+$"


def without_legal_form(words: pl.Series, country: pl.Series | None) -> pl.Series:
    """The name without the legal form at its end; a name that is nothing but a form stays as it is.

    Args:
        words: as `name_words` gives it.
        country: two-letter code per row in lower case, may be null; None when no such column exists.
    """
    if country is None:
        return words.str.replace(_ending(None), "")
    result = words
    for code in country.unique().sort().to_list():
        rows = country.is_null() if code is None else country == code
        result = where(result, rows, partial(_without, ending=_ending(code)))
    return result


def _without(words: pl.Series, ending: str) -> pl.Series:
    return words.str.replace(ending, "")


def clean_names(folded: pl.Series, country: pl.Series | None) -> Columns:
    """The columns of the name role.

    Returns:
        name: the core words before any "doing business as", null when nothing is said; name_alias: those after it,
        null for most; name_key: the core without blanks; initials: of a core of three words and more.
    """
    words = name_words(folded)
    rows = words.str.contains(" dba ", literal=True).fill_null(value=False).arg_true()
    alias = pl.select(pl.repeat(None, len(words), dtype=pl.String)).to_series()
    if len(rows) > 0:
        parts = words.gather(rows).str.splitn(" dba ", 2).struct
        words = words.clone().scatter(rows, parts.field("field_0"))
        second = without_legal_form(parts.field("field_1"), None if country is None else country.gather(rows))
        alias = alias.scatter(rows, none_if_empty(second))
    core = none_if_empty(without_legal_form(words, country).str.strip_prefix("the "))
    return {
        "name": core,
        "name_alias": alias,
        "name_key": core.str.replace_all(" ", "", literal=True),
        "initials": initials(core),
    }


def initials(core: pl.Series) -> pl.Series:
    """The first letters of the words of a name of three words and more ("international business machines" is "ibm")."""
    long = core.str.count_matches(" ", literal=True) >= 2
    letters = core.filter(long.fill_null(value=False)).str.split(" ").list.eval(pl.element().str.head(1)).list.join("")
    none = pl.select(pl.repeat(None, len(core), dtype=pl.String)).to_series()
    return none.scatter(long.fill_null(value=False).arg_true(), none_where(letters, letters.str.len_bytes() < 3))
