"""Words that say nothing about whether two values agree: legal forms, and the short forms in street and city names."""

from __future__ import annotations

LEGAL_FORMS: tuple[str, ...] = (
    *("inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "pllc", "pc"),
    *("ltd", "limited", "plc", "pty", "pte", "pvt", "private", "public", "unlimited", "cic"),
    *("gmbh", "mbh", "ag", "kg", "kgaa", "ohg", "gbr", "ug", "se", "ev", "eg", "cokg", "gmbhcokg", "gmbhco"),
    *("haftungsbeschrankt", "haftungsbeschraenkt"),
    *(
        "sa",
        "sas",
        "sasu",
        "sarl",
        "eurl",
        "sci",
        "snc",
        "sca",
        "scs",
        "srl",
        "srls",
        "spa",
        "sapa",
        "sl",
        "slu",
        "sau",
    ),
    *("bv", "nv", "vof", "cv", "bvba", "cvba", "ab", "as", "asa", "aps", "oy", "oyj", "hf", "ehf", "is", "ks"),
    *("sp", "zoo", "spzoo", "sro", "doo", "dd", "ad", "ood", "eood", "kft", "zrt", "nyrt", "rt", "bt"),
    *(
        "ooo",
        "oao",
        "zao",
        "pao",
        "ao",
        "ltda",
        "eireli",
        "me",
        "sab",
        "cv",
        "sapi",
        "kk",
        "gk",
        "bhd",
        "sdn",
        "tbk",
        "pt",
    ),
    *("lda", "sgps", "ou", "uab", "sia", "ae", "epe", "ike", "dba", "the", "group", "holding", "holdings", "intl"),
)
"""Lower case, without dots. Cut off the end of a name only, so that a word elsewhere in it still counts."""

NAME_WORDS: dict[str, str] = {
    "intl": "international",
    "natl": "national",
    "mfg": "manufacturing",
    "svcs": "services",
    "svc": "services",
    "service": "services",
    "assoc": "associates",
    "bros": "brothers",
    "mgmt": "management",
    "tech": "technologies",
    "technology": "technologies",
    "sys": "systems",
    "dept": "department",
    "univ": "university",
    "ctr": "center",
    "centre": "center",
    "solution": "solutions",
    "system": "systems",
    **dict.fromkeys(("and", "und", "et", "y", "e", "i", "og", "och", "en"), ""),
}
"""Short form -> the form it stands for, applied to each word of a name."""

STREET_WORDS: dict[str, str] = {
    **{"st": "street", "str": "street", "ave": "avenue", "av": "avenue", "rd": "road", "blvd": "boulevard"},
    **{"bd": "boulevard", "dr": "drive", "ln": "lane", "ct": "court", "pl": "place", "sq": "square", "ter": "terrace"},
    **{"pkwy": "parkway", "hwy": "highway", "cir": "circle", "trl": "trail", "cres": "crescent", "cl": "close"},
    **{"expy": "expressway", "plz": "plaza", "aly": "alley", "ste": "", "suite": "", "apt": "", "apartment": ""},
    **{"unit": "", "fl": "floor", "bldg": "building", "rm": "room", "dept": "department", "no": "", "nr": ""},
    **{"n": "north", "s": "south", "e": "east", "w": "west", "ne": "northeast", "nw": "northwest"},
    **{"se": "southeast", "sw": "southwest", "mt": "mount", "ft": "fort", "postfach": "pobox", "attn": ""},
    **{"ul": "", "ulica": "", "c": "calle", "cl": "calle", "avda": "avenida", "pza": "plaza", "r": "rue"},
}
"""Short form -> the form it stands for; words that only introduce a number stand for nothing."""

CITY_WORDS: dict[str, str] = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount", "n": "north", "s": "south"}
"""Short form -> the form it stands for, applied to each word of a city name."""
