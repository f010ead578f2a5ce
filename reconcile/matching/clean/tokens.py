"""The words of names across both sides: canonical forms, how rare each is, and each record's rarest words.

Rarity is information: a word that a share f of all names contain tells -log2(f) bits when two names share it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from reconcile.matching.clean.text import where

WIDTH = 6  # words of a name that take part, the rarest ones
BIT_SCALE = 8  # word weights are whole eighths of a bit, so that sums do not depend on their order

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


@dataclass(frozen=True, slots=True)
class NameTokens:
    """The words of one side's names, flat: `hashes[starts[i]:starts[i + 1]]` are those of row i."""

    hashes: np.ndarray
    starts: np.ndarray
    words: pl.DataFrame  # hash, word: every distinct one


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every distinct word of both sides, most frequent first; a word's id is its position plus one.

    Attributes:
        frame: token_id, word, records (that contain it, both sides), bits (in eighths).
        order: hashes in ascending order and, beside them, `ids`.
    """

    frame: pl.DataFrame
    order: np.ndarray
    ids: np.ndarray
    bits: np.ndarray


def split_names(names: pl.Series) -> NameTokens:
    """The canonical words of each name, without stop words."""
    lists = names.str.split(" ")
    flat = lists.explode()
    raw = flat.hash(seed=11)
    distinct = pl.DataFrame({"key": raw, "raw": flat}).unique("key", keep="any").drop_nulls("raw")
    mapping = distinct.with_columns(word=_canonical(distinct["raw"]))
    is_word = ~mapping["word"].is_in(STOP_WORDS)
    mapping = mapping.with_columns(
        hash=pl.when(is_word).then(pl.col("word").hash(seed=11)).otherwise(pl.lit(0, pl.UInt64))
    )
    hashes = _lookup(raw.to_numpy(), mapping["key"].to_numpy(), mapping["hash"].to_numpy())
    lengths = np.maximum(lists.list.len().fill_null(1).to_numpy(), 1)
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    words = mapping.filter(pl.col("hash") > 0).select("hash", "word").unique("hash")
    return NameTokens(hashes, starts, words)


def _canonical(word: pl.Series) -> pl.Series:
    """Abbreviations spelled out, numbers in words as figures, plural endings dropped."""
    known = word.is_in(list(ABBREVIATIONS))
    stem = where(word, word.str.ends_with("s"), _singular)
    spelled = pl.when(known).then(word.replace(ABBREVIATIONS)).otherwise(stem.replace(ABBREVIATIONS))
    return pl.select(spelled).to_series()


def _singular(word: pl.Series) -> pl.Series:
    return word.str.replace(r"^(.{2,})ies$", "${1}y").str.replace(r"^(.{3,}[^su])s$", "$1")


def _lookup(values: np.ndarray, keys: np.ndarray, results: np.ndarray) -> np.ndarray:
    if len(keys) == 0:
        return np.zeros(len(values), dtype=results.dtype)
    frame = pl.DataFrame({"key": values}).join(
        pl.DataFrame({"key": keys, "result": results}).unique("key"), on="key", how="left", maintain_order="left"
    )
    return frame["result"].fill_null(0).to_numpy()


def join_tokens(parts: list[NameTokens]) -> NameTokens:
    """The tokens of consecutive batches as those of one side."""
    lengths = np.concatenate([np.diff(part.starts) for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    words = pl.concat([part.words for part in parts]).unique("hash").sort("hash")
    return NameTokens(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        words,
    )


def build_vocabulary(sides: list[NameTokens]) -> Vocabulary:
    """Count in how many names of all sides each word stands.

    Ids follow (frequency descending, word ascending): they do not depend on the order of the rows.
    """
    hashes = pl.concat([pl.DataFrame({"hash": side.hashes}) for side in sides]).filter(pl.col("hash") > 0)
    counts = hashes.group_by("hash").len("records")
    words = pl.concat([side.words for side in sides]).unique("hash")
    frame = counts.join(words, on="hash").sort(["records", "word"], descending=[True, False])
    total = max(1, sum(len(side.starts) - 1 for side in sides))
    bits = np.maximum(np.rint(BIT_SCALE * np.log2(total / np.maximum(frame["records"].to_numpy(), 1))), 1)
    frame = frame.with_columns(
        token_id=pl.int_range(1, pl.len() + 1, dtype=pl.Int32), bits=pl.Series(bits.astype(np.int16))
    )
    by_hash = frame.sort("hash")
    return Vocabulary(
        frame.select("token_id", "word", "records", "bits"),
        by_hash["hash"].to_numpy(),
        by_hash["token_id"].to_numpy(),
        np.concatenate(([0], bits)).astype(np.int16),
    )


def rarest_words(tokens: NameTokens, vocabulary: Vocabulary) -> pl.DataFrame:
    """Each record's rarest words.

    Returns:
        t1..t6 INT32 token ids, rarest first, 0 where the name has fewer words; w1..w6 INT16 their bits in eighths;
        name_bits INT16: the sum over all of the name's words; name_set UINT64: equal for equal sets of words.
    """
    ids = _lookup(tokens.hashes, vocabulary.order, vocabulary.ids).astype(np.int32)
    lengths = np.diff(tokens.starts)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(ids)) - np.repeat(tokens.starts[:-1], lengths)
    matrix = np.zeros((len(lengths), 12), dtype=np.int32)
    inside = place < 12
    matrix[rows[inside], place[inside]] = ids[inside]
    matrix = -np.sort(-matrix, axis=1)
    matrix[:, 1:][matrix[:, 1:] == matrix[:, :-1]] = 0
    weights = vocabulary.bits[matrix]
    columns = {f"t{i + 1}": matrix[:, i] for i in range(WIDTH)}
    columns |= {f"w{i + 1}": weights[:, i] for i in range(WIDTH)}
    frame = pl.DataFrame(columns | {"name_bits": weights.sum(axis=1).astype(np.int16)})
    return frame.with_columns(name_set=_set_hash(matrix))


def _set_hash(matrix: np.ndarray) -> np.ndarray:
    mixed = np.zeros(len(matrix), dtype=np.uint64)
    for column in matrix.T:
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
