"""Company names: the core that identifies, the legal form, and the words.

A legal form is split off only where it can be one: forms that are ordinary words elsewhere ("Spa", "As", "Ag") need
their country or, where no country is known, their dotted spelling.
"""

from __future__ import annotations

import polars as pl

from reconcile.matching.clean.text import none_if_empty

# Forms that are nothing but forms wherever they end a name.
GENERAL_FORMS = (
    "inc incorporated llc llp lllp ltd limited corp corporation plc company co gmbh mbh gmbhcokg ohg ev bv nv oy oyj aps "
    "sarl srl sadecv sapi eurl sasu spzoo sro doo kft zrt nyrt bhd sdnbhd pte pty ptyltd pvt pllc llpc ltda eirl kk gk "
    "bvba sprl vof kgaa ug pjsc ojsc cjsc ooo oao zao jsc tbk fze fzco wll"
).split()
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


def name_words(name: pl.Expr) -> pl.Expr:
    """The folded name as words: initials joined ("I.B.M." is "ibm"), "&" as "and", phrases of forms as one word."""
    text = name.str.replace_many(list(DOTTED_FORMS), list(DOTTED_FORMS.values()))
    text = text.str.replace_many(["&", "+", "'", "`"], [" and ", " and ", "", ""])
    text = text.str.replace_all(r"\b([a-z])\.", "$1").str.replace_all(r"[^a-z0-9]+", " ")
    text = pl.concat_str(pl.lit(" "), text, pl.lit(" "))
    return text.str.replace_many(list(PHRASES), list(PHRASES.values())).str.strip_chars(" ")


def _ending(forms: tuple[str, ...]) -> str:
    return rf"(?: and)?(?: (?:{'|'.join(sorted(forms, key=lambda form: (-len(form), form)))}))+$"


def _forms_of(country: str | None) -> tuple[str, ...]:
    national = UNKNOWN_COUNTRY_FORMS if country is None else NATIONAL_FORMS.get(country, ())
    return (*GENERAL_FORMS, *DOTTED, *national)


def without_legal_form(words: pl.Expr, country: pl.Expr | None, countries: tuple[str, ...]) -> pl.Expr:
    """The name without the legal form at its end; a name that is nothing but a form stays as it is.

    Args:
        words: as `name_words` gives it.
        country: two-letter code per row in lower case, may be null; None when no such column exists.
        countries: the codes that occur.
    """
    unknown = words.str.replace(_ending(_forms_of(None)), "")
    if country is None:
        return unknown
    stripped = pl.when(country.is_null()).then(unknown)
    for code in sorted(set(countries) & set(NATIONAL_FORMS)):
        stripped = stripped.when(country == code).then(words.str.replace(_ending(_forms_of(code)), ""))
    return stripped.otherwise(words.str.replace(_ending(_forms_of("")), ""))


def clean_names(folded: pl.Expr, country: pl.Expr | None, countries: tuple[str, ...]) -> dict[str, pl.Expr]:
    """The columns of the name role.

    Returns:
        name_words: all words; name: the core before any "doing business as", null when nothing is said;
        name_alias: the core after it, null for most.
    """
    words = name_words(folded)
    parts = words.str.splitn(" dba ", 2)
    first = parts.struct.field("field_0")
    second = parts.struct.field("field_1")
    core = without_legal_form(first, country, countries).str.replace(r"^the ", "")
    alias = without_legal_form(second, country, countries).str.replace(r"^the ", "")
    return {"name_words": none_if_empty(words), "name": none_if_empty(core), "name_alias": none_if_empty(alias)}


def initials(core: pl.Expr) -> pl.Expr:
    """The first letters of the words of a name of three words and more ("international business machines" is "ibm")."""
    letters = core.str.replace_all(r"\b(?:and|of|the|for)\b", "").str.replace_all(r"([a-z0-9])[a-z0-9]*\s*", "$1")
    return pl.when(letters.str.len_bytes() >= 3).then(letters.str.strip_chars(" "))
