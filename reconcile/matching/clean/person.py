"""Person names and dates of birth."""

from __future__ import annotations

import polars as pl

from reconcile.matching.clean.text import Columns, fold, none_if_empty, where, words

# Short and pet forms, by the full form they stand for.
_NICKNAMES = {
    "robert": "bob bobby rob robbie bobbie bert",
    "william": "bill billy will willy willie liam",
    "richard": "dick rick ricky rich richie",
    "james": "jim jimmy jamie jem",
    "john": "jack johnny jon johnnie",
    "margaret": "peggy meg maggie marge margie greta madge",
    "elizabeth": "liz beth betty lizzie eliza betsy libby bess",
    "katherine": "kate kathy katie kathryn catherine cathy katharine kitty kat",
    "michael": "mike mick mickey mikey",
    "thomas": "tom tommy",
    "edward": "ed eddie ted teddy ned",
    "charles": "charlie chuck chas",
    "joseph": "joe joey",
    "anthony": "tony",
    "andrew": "andy drew",
    "daniel": "dan danny",
    "david": "dave davey",
    "matthew": "matt",
    "christopher": "chris kit",
    "stephen": "steve steven stevie",
    "samuel": "sam sammy",
    "benjamin": "ben benny",
    "alexander": "alex alec sandy xander",
    "alexandra": "lexi sandra",
    "nicholas": "nick nicky nicolas",
    "patricia": "pat patty tricia trish",
    "patrick": "paddy",
    "susan": "sue susie suzanne",
    "jennifer": "jen jenny",
    "deborah": "deb debbie debra",
    "barbara": "barb babs",
    "dorothy": "dot dottie dolly",
    "rebecca": "becky becca",
    "victoria": "vicky vicki tori",
    "theodore": "theo",
    "frederick": "fred freddie freddy",
    "francis": "frank",
    "frances": "fran fanny",
    "george": "georgie",
    "henry": "harry hank hal",
    "lawrence": "larry laurie laurence",
    "leonard": "len lenny leo",
    "peter": "pete",
    "philip": "phil phillip",
    "raymond": "ray",
    "ronald": "ron ronnie",
    "timothy": "tim timmy",
    "walter": "walt wally",
    "gerald": "gerry jerry",
    "gregory": "greg",
    "jeffrey": "jeff geoff geoffrey",
    "kenneth": "ken kenny",
    "joshua": "josh",
    "jonathan": "jonny",
    "jacob": "jake",
    "zachary": "zach zack",
    "nathaniel": "nathan nate nat",
    "abigail": "abby abbie",
    "isabella": "bella izzy isabelle isabel",
    "olivia": "liv livvy",
    "emily": "em emmy",
    "amanda": "mandy",
    "angela": "angie",
    "cynthia": "cindy",
    "christina": "tina christine chrissy",
    "pamela": "pam",
    "sarah": "sally sara sadie",
    "mary": "molly polly mamie",
    "martha": "patsy mattie",
    "eleanor": "ellie nell nellie nora elinor",
    "helen": "nelly ellen",
    "ann": "anne anna annie nan nancy hannah",
    "jane": "jenny janet jean janey",
    "albert": "al bertie",
    "alfred": "alf alfie",
    "arthur": "art artie",
    "donald": "don donny",
    "douglas": "doug",
    "eugene": "gene",
    "harold": "harry",
    "vincent": "vince vinny",
    "louis": "lou lewis",
    "johannes": "hans johann",
    "friedrich": "fritz",
    "josef": "sepp",
    "wilhelm": "willi",
    "jose": "pepe",
    "francisco": "paco pancho",
}
NICKNAMES = {short: full for full, shorts in _NICKNAMES.items() for short in shorts.split()}
# How months begin in English, German, French, Spanish, Italian, Dutch and Portuguese.
MONTHS = (
    "jan|ene|gen", "feb|fev", "mar|maer|mrt|maart", "apr|avr|abr", "mai|may|mei|mag", "jun|juin|giu", "jul|juil|lug",
    "aug|aou|ago", "sep|set", "oct|okt|out|ott", "nov", "dec|dez|dic",
)  # fmt: skip
TITLES = r"\b(?:mr|mrs|ms|miss|dr|prof|sir|dame|lord|lady|rev|hon|herr|frau|jr|sr|ii|iii|iv|phd|md|esq)\b"


def clean_given_name(folded: pl.Series) -> Columns:
    """Columns `given` (all given names as words) and `given_root` (the full form of the first one)."""
    given = none_if_empty(words(folded.str.replace_all(TITLES, " ")))
    first = given.str.extract(r"^([a-z0-9]+)", 1)
    return {"given": given, "given_root": first.replace(NICKNAMES)}


def clean_family_name(folded: pl.Series) -> Columns:
    """Columns `family` (one word, so that "Mc Donald" is "mcdonald") and `family_sound` (consonant skeleton)."""
    family = none_if_empty(words(folded.str.replace_all(TITLES, " ")).str.replace_all(" ", "", literal=True))
    return {"family": family, "family_sound": sound(family)}


def sound(word: pl.Series) -> pl.Series:
    """A phonetic key: first letter and following consonants in classes, much as Soundex but over the whole word."""
    text = word.str.replace_many(
        ["ph", "gh", "kn", "wr", "ck", "sch", "tsch", "mac", "mc"], ["f", "g", "n", "r", "k", "s", "s", "mk", "mk"]
    )
    head = text.str.head(1).str.replace_many(["c", "q", "z"], ["k", "k", "s"])
    rest = text.str.slice(1).str.replace_all(r"[aeiouyhw]+", "")
    rest = rest.str.replace_many(list("bfpvcgjkqsxzdtlmnr"), list("111122222222334556"))
    rest = rest.str.replace_many(["11", "22", "33", "44", "55", "66"], ["1", "2", "3", "4", "5", "6"])
    return none_if_empty(head + rest.str.head(4))


def clean_birth_date(text: pl.Series) -> Columns:
    """Columns of a date of birth.

    Returns:
        birth: yyyymmdd as text, null when unreadable; birth_year; birth_days: month and day with the smaller of the
        two numbers first, so that swapped day and month agree.
    """
    plain = text.str.strip_chars()
    plain = where(plain, plain.str.contains(r"\p{L}{3}"), _with_month_numbers)
    iso = plain.str.extract_groups(r"^(?<y>\d{4})[-/. ]*(?<m>\d{1,2})[-/. ]*(?<d>\d{1,2})(?:\D.*)?$").struct
    other = plain.str.extract_groups(r"^(?<m>\d{1,2})(?<by>[-/. ]+)(?<d>\d{1,2})[-/. ]+(?<y>\d{2}|\d{4})$").struct
    frame = pl.select(
        year=pl.coalesce(iso.field("y"), _four_digits(other.field("y"))),
        first=pl.coalesce(iso.field("m"), other.field("m")).str.zfill(2),
        second=pl.coalesce(iso.field("d"), other.field("d")).str.zfill(2),
        by=other.field("by").fill_null(""),
    )
    # Whoever parts by points writes the day first, and there is no thirteenth month.
    is_day_first = pl.col("by").str.contains(".", literal=True) | pl.col("first").is_between(pl.lit("13"), pl.lit("31"))
    is_day_first &= (pl.col("by") != "") & (pl.col("second") <= "12")
    frame = frame.with_columns(
        month=pl.when(is_day_first).then("second").otherwise("first"),
        day=pl.when(is_day_first).then("first").otherwise("second"),
    )
    return {
        "birth": frame["year"] + frame["month"] + frame["day"],
        "birth_year": frame["year"],
        "birth_days": frame.select(pl.min_horizontal("month", "day") + pl.max_horizontal("month", "day")).to_series(),
    }


def _with_month_numbers(text: pl.Series) -> pl.Series:
    """Dates whose month is a word ("12. März 1975", "Mar 12, 1975") with its number between points."""
    plain = fold(text).str.replace(r"(\d)(?:st|nd|rd|th)\b", "$1")
    for number, month in enumerate(MONTHS, 1):
        plain = plain.str.replace(rf"^(?:{month})[a-z]*[. -]+(\d{{1,2}})\b", f"${{1}}.{number}.")
        plain = plain.str.replace(rf"\b(?:{month})[a-z]*\b", f".{number}.")
    plain = plain.str.replace_all(r"\b(?:de|del|of)\b|,", " ")
    return plain.str.replace_all(r"\s+", " ").str.strip_chars()


def _four_digits(year: pl.Series) -> pl.Expr:
    century = pl.when(year > "30").then(pl.lit("19")).otherwise(pl.lit("20"))
    return pl.when(year.str.len_bytes() == 2).then(century + year).otherwise(year)
