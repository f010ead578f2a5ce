"""The words of names in one spelling each: abbreviations spelled out, plural endings dropped, stop words left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.clean.flat import Flat
from reconcile.matching.clean.text import where

ABBREVIATIONS = {
    "intl": "international",
    "int": "international",
    "internat": "international",
    "natl": "national",
    "nat": "national",
    "mfg": "manufacturing",
    "mfr": "manufacturing",
    "manuf": "manufacturing",
    "svc": "service",
    "svcs": "service",
    "svce": "service",
    "serv": "service",
    "assoc": "associate",
    "assocs": "associate",
    "assn": "association",
    "bros": "brother",
    "ctr": "center",
    "centre": "center",
    "cntr": "center",
    "dept": "department",
    "dist": "distribution",
    "distr": "distribution",
    "eng": "engineering",
    "engr": "engineering",
    "engrg": "engineering",
    "ent": "enterprise",
    "entpr": "enterprise",
    "equip": "equipment",
    "fin": "financial",
    "fncl": "financial",
    "govt": "government",
    "grp": "group",
    "gp": "group",
    "hosp": "hospital",
    "hldg": "holding",
    "hldgs": "holding",
    "ind": "industry",
    "inds": "industry",
    "industrial": "industry",
    "ins": "insurance",
    "inst": "institute",
    "lab": "laboratory",
    "labs": "laboratory",
    "lib": "library",
    "mgmt": "management",
    "mgt": "management",
    "mktg": "marketing",
    "mkt": "market",
    "med": "medical",
    "mgmnt": "management",
    "ofc": "office",
    "org": "organization",
    "organisation": "organization",
    "pharm": "pharmaceutical",
    "pharma": "pharmaceutical",
    "prod": "product",
    "prods": "product",
    "prop": "property",
    "prpty": "property",
    "pub": "publishing",
    "rd": "road",
    "rlty": "realty",
    "sch": "school",
    "sci": "science",
    "sol": "solution",
    "soln": "solution",
    "solns": "solution",
    "sys": "system",
    "tech": "technology",
    "techs": "technology",
    "technologies": "technology",
    "telecom": "telecommunication",
    "trans": "transport",
    "transp": "transport",
    "transportation": "transport",
    "univ": "university",
    "dev": "development",
    "devel": "development",
    "comm": "communication",
    "comms": "communication",
    "const": "construction",
    "constr": "construction",
    "cons": "consulting",
    "consult": "consulting",
    "consultants": "consulting",
    "elec": "electric",
    "electrical": "electric",
    "electronics": "electronic",
    "amer": "american",
    "am": "american",
    "saint": "st",
    "mount": "mt",
    "fort": "ft",
    "bldg": "building",
    "bldrs": "builder",
    "bk": "bank",
    "corp": "corporation",
    "co": "company",
    "inc": "incorporated",
    "ltd": "limited",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "fourth": "4th",
    "fifth": "5th",
}
STOP_WORDS = ("and", "the", "of", "for", "de", "la", "el", "und", "et", "y", "e", "di", "da", "des", "du", "der", "die")
# Legal forms that say nothing wherever they stand in a name ("Acme Ltd (UK)"), in their canonical spelling.
FORM_WORDS = (
    "incorporated", "llc", "llp", "lllp", "limited", "corporation", "plc", "gmbh", "mbh", "gmbhcokg", "ohg", "oyj",
    "aps", "sarl", "srl", "sadecv", "eurl", "sasu", "spzoo", "sro", "doo", "kft", "zrt", "nyrt", "bhd", "sdnbhd", "pte",
    "pty", "ptyltd", "pvt", "pllc", "ltda", "bvba", "sprl", "kgaa", "pjsc", "ojsc", "cjsc", "jsc", "ooo", "oao", "zao",
    "pao", "tbk", "fze", "fzco", "wll", "berhad", "publ", "uab", "coltd", "formspa", "formas", "formag", "formsa",
    "zhushihuishe", "hetonghuishe", "youxiangongsi", "jusighoesa",
)  # fmt: skip


SEED = 11
UMLAUTS = np.isin(np.arange(256), [ord(letter) for letter in "aou"])


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of names: those of row i are `words[starts[i]:starts[i + 1]]`, in their order.

    Attributes:
        hashes: of the words, the same for the same word everywhere; 0 for a word that says nothing, which is null.
    """

    words: pl.Series
    hashes: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]

    def lists(self) -> pl.Series:
        """The words as one list of text per row, without nulls."""
        lengths = np.diff(self.starts)
        rows = pl.Series("row", np.repeat(np.arange(len(lengths)), lengths))
        frame = pl.DataFrame([rows, self.words.alias("words")]).group_by("row", maintain_order=True)
        return frame.agg(pl.col("words").drop_nulls())["words"]


def canonical_words(flat: pl.Series, begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> NameWords:
    """The words `flat[begins[i]:ends[i]]` of each row i in their canonical spelling."""
    lengths = np.maximum(ends - begins, 0)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    places = np.repeat(begins - starts[:-1], lengths) + np.arange(starts[-1])
    words = without_umlauts(canonical(flat.gather(places)))
    return NameWords(words, words.hash(seed=SEED).to_numpy() * words.is_not_null().to_numpy(), starts)


def canonical(word: pl.Series) -> pl.Series:
    """Abbreviations spelled out, numbers in words as figures, plural endings dropped; null for a stop word.

    >>> canonical(pl.Series(["industries", "svcs", "glass", "of"])).to_list()
    ['industry', 'service', 'glass', None]
    """
    known = word.is_in(pl.Series(list(ABBREVIATIONS)).implode())
    plural = ~known & word.str.ends_with("s")
    stem = where(word, plural, lambda rows: _spelled(_singular(rows)))
    spelled = where(stem, known, _spell_out)
    says_nothing = spelled.is_in(pl.Series([*STOP_WORDS, *FORM_WORDS]).implode())
    return pl.select(pl.when(~says_nothing).then(spelled)).to_series()


def without_umlauts(word: pl.Series) -> pl.Series:
    """Umlauts that are written as two letters as one ("mueller" as "muller", which is what "Müller" is folded to)."""
    flat = Flat.of(word)
    is_e = np.zeros(len(flat.data), dtype=bool)
    is_e[1:] = (flat.data[1:] == ord("e")) & UMLAUTS[flat.data[:-1]]
    is_e[flat.begins[flat.begins < flat.ends]] = False
    return flat.without(is_e).column()


def _spelled(word: pl.Series) -> pl.Series:
    return where(word, word.is_in(pl.Series(list(ABBREVIATIONS)).implode()), _spell_out)


def _spell_out(word: pl.Series) -> pl.Series:
    return word.replace(ABBREVIATIONS)


def _singular(word: pl.Series) -> pl.Series:
    length = word.str.len_bytes()
    is_many = word.str.ends_with("ies") & (length >= 5)
    is_other = ~is_many & (length >= 5) & ~(word.str.ends_with("ss") | word.str.ends_with("us"))
    short = where(word, is_other, lambda rows: rows.str.head(-1))
    return where(short, is_many, lambda rows: rows.str.head(-3) + "y")
