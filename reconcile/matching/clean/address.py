"""Addresses: house number, street, unit, postcode, city, region and country.

Sources of the abbreviations: the suffix and unit designators of the US Postal Service, and common European ones.
"""

from __future__ import annotations

import polars as pl

from reconcile.matching.clean.text import Columns, none_if_empty, where, words

STREET_WORDS = {
    "street": "st",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "court": "ct",
    "circle": "cir",
    "place": "pl",
    "square": "sq",
    "highway": "hwy",
    "parkway": "pkwy",
    "pky": "pkwy",
    "terrace": "ter",
    "trail": "trl",
    "turnpike": "tpke",
    "expressway": "expy",
    "freeway": "fwy",
    "route": "rte",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "mount": "mt",
    "saint": "st",
    "fort": "ft",
    "center": "ctr",
    "centre": "ctr",
    "plaza": "plz",
    "crescent": "cres",
    "close": "cl",
    "gardens": "gdns",
    "grove": "gr",
    "heights": "hts",
    "junction": "jct",
    "first": "1",
    "second": "2",
    "third": "3",
    "fourth": "4",
    "fifth": "5",
    "sixth": "6",
    "seventh": "7",
    "eighth": "8",
    "ninth": "9",
    "tenth": "10",
    "1st": "1",
    "2nd": "2",
    "3rd": "3",
    "4th": "4",
    "5th": "5",
    "6th": "6",
    "7th": "7",
    "8th": "8",
    "9th": "9",
    "10th": "10",
    "strasse": "str",
    "rue": "r",
}
# A unit's word and what follows it; "#" has become "unit" by then.
UNIT = (
    r"\b(?:suite|ste|unit|apt|apartment|floor|fl|flat|room|rm|bldg|building|level|lvl|no) (?:unit )?"
    r"([a-z0-9]+)(?: |$)"
)
UNIT_HINTS = [
    "suite ", "ste ", "unit ", "apt ", "apartment ", "floor ", "fl ", "flat ", "room ", "rm ", "bldg ", "building ",
    "level ", "lvl ", " no ",
]  # fmt: skip
HOUSE = r"(?:^| )(\d+[a-z]?)(?: \d+)?(?: |$)"
PO_BOX = r"(?:p ?o ?box|post office box|postfach)"
CITY_WORDS = {"saint": "st", "mount": "mt", "fort": "ft", "north": "n", "south": "s", "east": "e", "west": "w"}

REGIONS = {
    "alabama": "al",
    "alaska": "ak",
    "arizona": "az",
    "arkansas": "ar",
    "california": "ca",
    "colorado": "co",
    "connecticut": "ct",
    "delaware": "de",
    "district of columbia": "dc",
    "florida": "fl",
    "georgia": "ga",
    "hawaii": "hi",
    "idaho": "id",
    "illinois": "il",
    "indiana": "in",
    "iowa": "ia",
    "kansas": "ks",
    "kentucky": "ky",
    "louisiana": "la",
    "maine": "me",
    "maryland": "md",
    "massachusetts": "ma",
    "michigan": "mi",
    "minnesota": "mn",
    "mississippi": "ms",
    "missouri": "mo",
    "montana": "mt",
    "nebraska": "ne",
    "nevada": "nv",
    "new hampshire": "nh",
    "new jersey": "nj",
    "new mexico": "nm",
    "new york": "ny",
    "north carolina": "nc",
    "north dakota": "nd",
    "ohio": "oh",
    "oklahoma": "ok",
    "oregon": "or",
    "pennsylvania": "pa",
    "puerto rico": "pr",
    "rhode island": "ri",
    "south carolina": "sc",
    "south dakota": "sd",
    "tennessee": "tn",
    "texas": "tx",
    "utah": "ut",
    "vermont": "vt",
    "virginia": "va",
    "washington": "wa",
    "west virginia": "wv",
    "wisconsin": "wi",
    "wyoming": "wy",
    "alberta": "ab",
    "british columbia": "bc",
    "manitoba": "mb",
    "new brunswick": "nb",
    "nova scotia": "ns",
    "ontario": "on",
    "quebec": "qc",
    "saskatchewan": "sk",
    "new south wales": "nsw",
    "queensland": "qld",
    "victoria": "vic",
    "south australia": "sa",
    "western australia": "wa",
    "tasmania": "tas",
}
COUNTRIES = {
    "usa": "us",
    "united states": "us",
    "united states of america": "us",
    "america": "us",
    "u s": "us",
    "u s a": "us",
    "uk": "gb",
    "united kingdom": "gb",
    "great britain": "gb",
    "england": "gb",
    "scotland": "gb",
    "wales": "gb",
    "northern ireland": "gb",
    "gbr": "gb",
    "deutschland": "de",
    "germany": "de",
    "deu": "de",
    "ger": "de",
    "france": "fr",
    "fra": "fr",
    "italy": "it",
    "italia": "it",
    "ita": "it",
    "spain": "es",
    "espana": "es",
    "esp": "es",
    "netherlands": "nl",
    "the netherlands": "nl",
    "nederland": "nl",
    "holland": "nl",
    "nld": "nl",
    "belgium": "be",
    "belgique": "be",
    "belgie": "be",
    "bel": "be",
    "austria": "at",
    "osterreich": "at",
    "aut": "at",
    "switzerland": "ch",
    "schweiz": "ch",
    "suisse": "ch",
    "svizzera": "ch",
    "che": "ch",
    "canada": "ca",
    "can": "ca",
    "australia": "au",
    "aus": "au",
    "ireland": "ie",
    "irl": "ie",
    "sweden": "se",
    "sverige": "se",
    "swe": "se",
    "norway": "no",
    "norge": "no",
    "nor": "no",
    "denmark": "dk",
    "danmark": "dk",
    "dnk": "dk",
    "finland": "fi",
    "suomi": "fi",
    "fin": "fi",
    "poland": "pl",
    "polska": "pl",
    "pol": "pl",
    "portugal": "pt",
    "prt": "pt",
    "brazil": "br",
    "brasil": "br",
    "bra": "br",
    "mexico": "mx",
    "mex": "mx",
    "japan": "jp",
    "jpn": "jp",
    "china": "cn",
    "chn": "cn",
    "peoples republic of china": "cn",
    "india": "in",
    "ind": "in",
    "singapore": "sg",
    "sgp": "sg",
    "luxembourg": "lu",
    "lux": "lu",
    "czech republic": "cz",
    "czechia": "cz",
    "cze": "cz",
    "slovakia": "sk",
    "svk": "sk",
    "hungary": "hu",
    "hun": "hu",
    "romania": "ro",
    "rou": "ro",
    "greece": "gr",
    "grc": "gr",
    "turkey": "tr",
    "turkiye": "tr",
    "tur": "tr",
    "israel": "il",
    "isr": "il",
    "south africa": "za",
    "zaf": "za",
    "new zealand": "nz",
    "nzl": "nz",
    "south korea": "kr",
    "korea": "kr",
    "kor": "kr",
    "taiwan": "tw",
    "hong kong": "hk",
    "argentina": "ar",
    "arg": "ar",
    "chile": "cl",
    "chl": "cl",
    "colombia": "co",
    "col": "co",
    "peru": "pe",
    "per": "pe",
    "russia": "ru",
    "rus": "ru",
    "russian federation": "ru",
    "indonesia": "id",
    "malaysia": "my",
    "thailand": "th",
    "philippines": "ph",
    "vietnam": "vn",
    "united arab emirates": "ae",
}


def _word_map(text: pl.Series, mapping: dict[str, str]) -> pl.Series:
    """Replace whole words of text whose words are parted by one blank."""
    old, new = [f" {word} " for word in mapping], [f" {short} " for short in mapping.values()]
    padded = pl.select(pl.concat_str(pl.lit(" "), text, pl.lit(" "))).to_series().str.replace_many(old, new)
    # Of two such words in a row the first took the blank that the second begins with.
    again = where(padded, padded.str.contains_any(old), lambda rows: rows.str.replace_many(old, new))
    return again.str.strip_chars(" ")


def clean_street(folded: pl.Series) -> Columns:
    """Columns of a street line.

    Returns:
        street: street in short words without number and unit; house: the house or box number without leading zeros.
        Each null when it is not said.
    """
    line = words(folded.str.replace_all("#", " unit ", literal=True))
    line = where(line, line.str.contains_any(UNIT_HINTS), lambda part: part.str.replace(UNIT, "").str.strip_chars(" "))
    line = where(line, line.str.contains_any(["box", "postfach"]), lambda part: part.str.replace(PO_BOX, "pobox"))
    numbered = line.str.contains(r"^\d+[a-z]? [^0-9]+$").fill_null(value=False)
    parts = line.str.splitn(" ", 2).struct
    house = pl.select(pl.when(numbered).then(parts.field("field_0"))).to_series()
    bare = pl.select(pl.when(numbered).then(parts.field("field_1")).otherwise(line)).to_series()
    rows = ((~numbered) & line.str.contains(r"\d")).fill_null(value=False).arg_true()
    if len(rows) > 0:
        other = line.gather(rows)
        house = house.scatter(rows, other.str.extract(HOUSE, 1))
        bare = bare.scatter(rows, other.str.replace(HOUSE, " ").str.strip_chars(" "))
    bare = where(bare, bare.str.contains("str", literal=True), _german_street)
    street = none_if_empty(_word_map(bare, STREET_WORDS))
    return {"street": street, "house": none_if_empty(house.str.strip_chars_start("0"))}


def _german_street(bare: pl.Series) -> pl.Series:
    return bare.str.replace(r"strasse\b", "str").str.replace(r"([a-z])str(?: |$)", "$1 str ").str.strip_chars(" ")


def clean_city(folded: pl.Series) -> Columns:
    """Column `city`: words without district numbers, "St" for "Saint"."""
    letters = where(folded, folded.str.contains(r"\d"), lambda rows: rows.str.replace_all(r"[0-9]+", ""))
    return {"city": none_if_empty(_word_map(words(letters), CITY_WORDS))}


def clean_region(folded: pl.Series) -> Columns:
    """Column `region`: the short form of a state or province where it is known."""
    return {"region": none_if_empty(words(folded)).replace(REGIONS)}


def clean_country(folded: pl.Series) -> Columns:
    """Column `country`: two-letter code in lower case where it is known, else the name."""
    return {"country": none_if_empty(words(folded)).replace(COUNTRIES)}


def clean_postcode(text: pl.Series) -> Columns:
    """Columns of a postcode.

    Returns:
        postcode: letters and digits in lower case; of a ZIP+4 the first five; leading zeros, which exports lose, are
        dropped from all-digit codes; postcode_area: what is shared by the neighbourhood (the outward part of a British
        or Canadian code, all but the last two digits of others).
    """
    plain = text.str.strip_chars().str.to_lowercase().str.strip_suffix(".0")
    plain = where(plain, plain.str.contains("-", literal=True), _without_extension)
    plain = where(plain, plain.str.contains(r"[^a-z0-9]"), lambda part: part.str.replace_all(r"[^a-z0-9]+", ""))
    plain = where(plain, plain.str.contains(r"^\d{9}$"), lambda zip_plus_four: zip_plus_four.str.head(5))
    digits = plain.str.contains(r"^\d+$")
    code = none_if_empty(where(plain, digits, lambda part: part.str.strip_chars_start("0")))
    area = pl.select(pl.when(digits).then(code.str.head(-2)).otherwise(code.str.head(-3))).to_series()
    return {"postcode": code, "postcode_area": none_if_empty(area)}


def _without_extension(text: pl.Series) -> pl.Series:
    return text.str.replace(r"^(\d{4,5})-?\d{4}$", "$1").str.replace(r"^[a-z]{1,2}-(\d)", "$1")
