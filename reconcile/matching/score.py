"""Scoring: how much the two records of a pair agree, role by role, in one SQL statement.

Each comparison gives a SMALLINT level: 0 when either side says nothing, 1 for disagreement, higher for more agreement.
Each similarity is computed once in the inner SELECT; the outer one only orders them into levels. The levels of a pair
packed into one number are its *pattern*; weights are learned and looked up by pattern, not by pair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from reconcile.matching.clean.tokens import BIT_SCALE, WIDTH

Connection = duckdb.DuckDBPyConnection


# How often the names of two records of one company differ in a way that also tells two companies apart: rarely. The
# rest of the matches have the same name or nearly so. Round figures from experience with company registers.
NAME_LEVELS_OF_MATCHES = {1: 0.004, 2: 0.002, 3: 0.008, 4: 0.012, 5: 0.008, 6: 0.003, 7: 0.045, 8: 0.02, 9: 0.008}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one role (or a group of dependent ones) is compared.

    Attributes:
        role: the name it has in the tables: a role, or "place" for street, city, region, postcode and country.
        needs: cleaned columns without which it cannot be made.
        parts: name -> SQL over `a` (left) and `b` (right), each computed once.
        level: SQL over the parts' names.
        labels: of the levels 0, 1, 2 ...
        derived: name -> SQL over parts; `name_x` and `name_y` name words to look up as `x` and `y`.
        looked_up: name -> SQL over `x` and `y`, rows (token_id, word, bits) of the words' table.
        summed: name -> SQL over all of those.
        apart_when: classes of non-matches that this comparison defines by disagreeing: "related" (same place or
            contact, another name) or "elsewhere" (same name, another place); see `reconcile.matching.learn`.
        related_top: the highest level that related records still show; None for what chance gives.
        expected: level -> its share among true matches as known beforehand, for levels that are easily mistaken.
    """

    role: str
    needs: frozenset[str]
    parts: Mapping[str, str]
    level: str
    labels: tuple[str, ...]
    derived: Mapping[str, str] = field(default_factory=dict)
    looked_up: Mapping[str, str] = field(default_factory=dict)
    summed: Mapping[str, str] = field(default_factory=dict)
    apart_when: frozenset[str] = frozenset()
    related_top: int | None = None
    expected: Mapping[int, float] = field(default_factory=dict)


def _similar(column: str) -> str:
    """Jaro-Winkler; equal text, the common case, is not worth the call."""
    return f"CASE WHEN a.{column} = b.{column} THEN 1.0 ELSE jaro_winkler_similarity(a.{column}, b.{column}) END"


def _similar_start(column: str, letters: int = 1) -> str:
    """Jaro-Winkler of texts that begin alike; of others nothing is expected, so the call is saved."""
    return f"""CASE WHEN a.{column} = b.{column} THEN 1.0 WHEN a.{column}[:{letters}] <> b.{column}[:{letters}] THEN 0.0
        ELSE jaro_winkler_similarity(a.{column}, b.{column}) END"""


def _flags(own: str, other: str, flag: str) -> dict[str, str]:
    """Whether each of a record's rarest words stands in the other record's name too."""
    words = ", ".join(f"{other}.t{i + 1}" for i in range(WIDTH))
    return {f"{flag}{i + 1}": f"{own}.t{i + 1} > 0 AND {own}.t{i + 1} IN ({words})" for i in range(WIDTH)}


def _name_inputs() -> dict[str, str]:
    parts = {
        "name_same": "a.name_key = b.name_key OR (a.name_set = b.name_set AND a.name_set <> 0)",
        "name_alike": _similar("name_key"),
        "name_bits_a": "a.name_bits",
        "name_bits_b": "b.name_bits",
        "name_often": "greatest(a.name_n, b.name_n)",
        "name_initials": "a.initials = b.name_key OR a.name_key = b.initials",
    }
    parts |= {f"{side}_t{i + 1}": f"{side}.t{i + 1}" for side in "ab" for i in range(WIDTH)}
    parts |= {f"a_w{i + 1}": f"a.w{i + 1}" for i in range(WIDTH)}
    return parts | _flags("a", "b", "name_in_b") | _flags("b", "a", "name_in_a")


def _first_unmatched(side: str, flag: str) -> str:
    whens = " ".join(f"WHEN NOT {flag}{i + 1} THEN {side}_t{i + 1}" for i in range(WIDTH))
    return f"CASE WHEN name_same THEN 0 {whens} ELSE 0 END"


def _name() -> Comparison:
    """Names by the words they share and by what is left over on both sides.

    What tells two companies of one family apart is a word on each side that the other lacks; a word too many on one
    side only, a misspelt word or a general word ("services") tells much less.
    """
    shared = " + ".join(f"CASE WHEN name_in_b{i + 1} THEN a_w{i + 1} ELSE 0 END" for i in range(WIDTH))
    derived = {
        "name_x": _first_unmatched("a", "name_in_b"),
        "name_y": _first_unmatched("b", "name_in_a"),
        "name_shared": f"({shared})",
    }
    alike = "jaro_winkler_similarity(x.word, y.word) >= 0.9 OR (length(least(x.word, y.word)) >= 3 AND "
    alike += (
        "(starts_with(x.word, y.word) OR starts_with(y.word, x.word)) AND least(length(x.word), length(y.word)) >= 3)"
    )
    looked_up = {
        "name_word_alike": f"coalesce({alike}, false)",
        "name_x_bits": "coalesce(x.bits, 0)",
        "name_y_bits": "coalesce(y.bits, 0)",
    }
    left_over = {
        "name_both": "name_shared + CASE WHEN name_word_alike THEN least(name_x_bits, name_y_bits) ELSE 0 END",
        "name_over_a": "greatest(name_bits_a - name_shared - CASE WHEN name_word_alike THEN name_x_bits ELSE 0 END, 0)",
        "name_over_b": "greatest(name_bits_b - name_shared - CASE WHEN name_word_alike THEN name_y_bits ELSE 0 END, 0)",
    }
    general, rare = 6 * BIT_SCALE, "rare_bits"
    level = f"""CASE WHEN name_same IS NULL THEN 0
        WHEN name_same THEN CASE WHEN name_often <= 4 THEN 14 WHEN name_often <= 20 THEN 13 ELSE 12 END
        WHEN name_over_a + name_over_b = 0 OR name_alike >= 0.97 THEN CASE WHEN name_both >= {rare} THEN 11 ELSE 10 END
        WHEN name_initials THEN 9
        WHEN least(name_over_a, name_over_b) = 0 AND name_both > {general} THEN
            CASE WHEN name_both < {rare} THEN 6 WHEN name_over_a + name_over_b <= {general} THEN 8 ELSE 7 END
        WHEN name_alike >= 0.94 THEN 7
        WHEN least(name_over_a, name_over_b) <= {general} AND name_both >= {rare} THEN 5
        WHEN 3 * name_both >= name_bits_a + name_bits_b OR name_alike >= 0.88 THEN 4
        WHEN name_both > {general} THEN 3
        WHEN name_both > 0 OR name_alike >= 0.78 THEN 2 ELSE 1 END"""
    labels = (
        "missing",
        "different",
        "a general word shared",
        "some words shared, others not",
        "similar, but each has its own word",
        "rare words shared, general ones not",
        "one contains the other, common",
        "one contains the other",
        "the same but for a general word",
        "initials of the other",
        "nearly the same",
        "nearly the same, rare",
        "same name, common",
        "same name, not rare",
        "same name, rare",
    )
    needs = frozenset({"name_key", "name_set", "name_n"})
    return Comparison(
        "name",
        needs,
        _name_inputs(),
        level,
        labels,
        derived,
        looked_up,
        left_over,
        apart_when=frozenset({"related"}),
        related_top=8,
        expected=NAME_LEVELS_OF_MATCHES,
    )


def _domain() -> Comparison:
    parts = {
        "domain_same": "a.domain = b.domain",
        "domain_label_same": "a.domain_label = b.domain_label",
        "domain_often": "a.domain_n",
    }
    level = """CASE WHEN domain_same IS NULL THEN 0
        WHEN domain_same THEN CASE WHEN domain_often <= 4 THEN 5 WHEN domain_often <= 20 THEN 4 ELSE 3 END
        WHEN domain_label_same THEN 2 ELSE 1 END"""
    labels = ("missing", "different", "same but for its ending", "same, common", "same, not rare", "same, rare")
    return Comparison("domain", frozenset({"domain"}), parts, level, labels)


def _exact(role: str, *, near: float) -> Comparison:
    """Two numbers or addresses: the same, nearly the same, or not."""
    parts = {
        f"{role}_same": f"a.{role} = b.{role}",
        f"{role}_alike": _similar_start(role, 2),
        f"{role}_often": f"a.{role}_n",
    }
    level = f"""CASE WHEN {role}_same IS NULL THEN 0
        WHEN {role}_same THEN CASE WHEN {role}_often <= 6 THEN 4 ELSE 3 END
        WHEN {role}_alike >= {near} THEN 2 ELSE 1 END"""
    labels = ("missing", "different", "nearly the same", "same, shared by many", "same")
    return Comparison(role, frozenset({role}), parts, level, labels)


def _place(columns: Collection[str]) -> Comparison | None:
    have = set(columns)
    if not have & {"street", "city", "region", "postcode", "country"}:
        return None

    def same(column: str) -> str:
        return f"a.{column} = b.{column}" if column in have else "NULL::BOOLEAN"

    parts = {
        "postcode_same": same("postcode"),
        "area_same": same("postcode_area"),
        "city_same": same("city"),
        "region_same": same("region"),
        "country_same": same("country"),
        "house_same": same("house"),
        "street_alike": _similar_start("street") if "street" in have else "NULL::DOUBLE",
        "city_alike": _similar_start("city") if "city" in have else "NULL::DOUBLE",
        "city_often": "a.city_n" if "city" in have else "0",
        "postcode_often": "a.postcode_n" if "postcode" in have else "0",
    }
    level = """CASE
        WHEN coalesce(postcode_same, area_same, city_same, region_same, country_same, street_alike >= 0) IS NULL THEN 0
        WHEN street_alike >= 0.9 AND house_same
            AND (coalesce(postcode_same, false) OR coalesce(city_alike >= 0.88, true)) THEN 11
        WHEN postcode_same AND house_same THEN 10
        WHEN street_alike >= 0.9 AND (house_same OR house_same IS NULL OR postcode_same OR city_same) THEN 9
        WHEN postcode_same AND (city_same OR city_same IS NULL) THEN CASE WHEN postcode_often <= 12 THEN 8 ELSE 7 END
        WHEN postcode_same THEN 6
        WHEN city_same THEN CASE WHEN city_often <= 40 THEN 5 ELSE 4 END
        WHEN city_alike >= 0.9 OR area_same THEN 3
        WHEN region_same THEN 2
        ELSE 1 END"""
    labels = (
        "missing",
        "elsewhere",
        "same region",
        "same area",
        "same city",
        "same small city",
        "same postcode, other city",
        "same postcode",
        "same rare postcode",
        "same street",
        "same postcode and house number",
        "same address",
    )
    return Comparison("place", frozenset(), parts, level, labels, apart_when=frozenset({"elsewhere"}))


def _given_name() -> Comparison:
    parts = {
        "given_same": "a.given = b.given",
        "given_alike": _similar("given"),
        "given_root_same": "a.given_root = b.given_root",
        "given_initial": "(length(a.given) = 1 OR length(b.given) = 1) AND a.given[1] = b.given[1]",
        "given_often": "a.given_n",
        "given_swapped": "a.given = b.family AND a.family = b.given",
    }
    level = """CASE WHEN given_same IS NULL THEN 0
        WHEN given_same THEN CASE WHEN given_often <= 20 THEN 7 ELSE 6 END
        WHEN given_swapped THEN 5 WHEN given_root_same THEN 5
        WHEN given_alike >= 0.92 THEN 4 WHEN given_initial THEN 3 WHEN given_alike >= 0.8 THEN 2 ELSE 1 END"""
    labels = (
        "missing",
        "different",
        "somewhat alike",
        "initial agrees",
        "nearly the same",
        "short form or swapped",
        "same",
        "same, rare",
    )
    needs = frozenset({"given", "family"})
    return Comparison("given_name", needs, parts, level, labels, apart_when=frozenset({"related"}))


def _family_name() -> Comparison:
    parts = {
        "family_same": "a.family = b.family",
        "family_alike": _similar("family"),
        "family_sound_same": "a.family_sound = b.family_sound",
        "family_often": "a.family_n",
        "family_swapped": "a.given = b.family AND a.family = b.given",
    }
    level = """CASE WHEN family_same IS NULL THEN 0
        WHEN family_same THEN CASE WHEN family_often <= 20 THEN 6 ELSE 5 END
        WHEN family_swapped THEN 5 WHEN family_alike >= 0.92 THEN 4
        WHEN family_sound_same THEN 3 WHEN family_alike >= 0.8 THEN 2 ELSE 1 END"""
    labels = (
        "missing",
        "different",
        "somewhat alike",
        "sounds the same",
        "nearly the same",
        "same or swapped",
        "same, rare",
    )
    return Comparison("family_name", frozenset({"given", "family"}), parts, level, labels)


def _birth_date() -> Comparison:
    parts = {
        "birth_same": "a.birth = b.birth",
        "birth_edits": "levenshtein(a.birth, b.birth)",
        "birth_swapped": "a.birth_days = b.birth_days AND a.birth_year = b.birth_year",
        "birth_year_same": "a.birth_year = b.birth_year",
    }
    level = """CASE WHEN birth_same IS NULL THEN 0 WHEN birth_same THEN 5 WHEN birth_swapped THEN 4
        WHEN birth_edits <= 1 THEN 4 WHEN birth_edits = 2 THEN 3 WHEN birth_year_same THEN 2 ELSE 1 END"""
    labels = (
        "missing",
        "different",
        "same year",
        "two digits differ",
        "one digit differs or day and month swapped",
        "same",
    )
    apart = frozenset({"related", "elsewhere"})
    return Comparison("birth_date", frozenset({"birth"}), parts, level, labels, apart_when=apart)


def comparisons_for(columns: Collection[str]) -> tuple[Comparison, ...]:
    """The comparisons that the cleaned columns of both sides allow, in the order in which evidence is told."""
    every = (
        _name(),
        _given_name(),
        _family_name(),
        _birth_date(),
        _domain(),
        _exact("email", near=0.95),
        _exact("phone", near=0.94),
        _exact("tax_id", near=0.95),
        _exact("identifier", near=0.97),
        _place(columns),
    )
    return tuple(each for each in every if each is not None and each.needs <= set(columns))


def levels_sql(comparisons: Sequence[Comparison], left: str, right: str, pairs: str) -> str:
    """A SELECT of l, r, keys and `level_<role>` SMALLINT for every pair of the table `pairs`."""
    inner = _named(comparisons, "parts")
    outer = ", ".join(f"({each.level})::SMALLINT AS level_{each.role}" for each in comparisons)
    query = f"""SELECT p.l, p.r, p.keys, {inner}
        FROM {pairs} p JOIN {left} a ON a.row = p.l JOIN {right} b ON b.row = p.r"""
    if any(each.looked_up for each in comparisons):
        query = f"SELECT *, {_named(comparisons, 'derived')} FROM ({query})"
        query = f"""SELECT q.*, rare_bits, {_named(comparisons, "looked_up")} FROM ({query}) q
            LEFT JOIN _words x ON x.token_id = q.name_x LEFT JOIN _words y ON y.token_id = q.name_y
            CROSS JOIN _rarity"""
        query = f"SELECT *, {_named(comparisons, 'summed')} FROM ({query})"
    return f"SELECT l, r, keys, {outer} FROM ({query})"


def _named(comparisons: Sequence[Comparison], kind: str) -> str:
    return ", ".join(f"{sql} AS {name}" for each in comparisons for name, sql in getattr(each, kind).items())


def pattern_sql(comparisons: Sequence[Comparison]) -> str:
    """The levels packed into one BIGINT, mixed radix in the comparisons' order."""
    terms, radix = [], 1
    for each in comparisons:
        terms.append(f"level_{each.role}::BIGINT * {radix}")
        radix *= len(each.labels)
    return " + ".join(terms)


def write_patterns(  # noqa: PLR0917 - left, right and pairs are the three tables of one statement
    con: Connection, comparisons: Sequence[Comparison], left: str, right: str, pairs: str, target: str
) -> None:
    """Write `target(l INT32, r INT32, keys INTEGER, pattern BIGINT)` for every pair of the table `pairs`."""
    levels = levels_sql(comparisons, left, right, pairs)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS "
        f"SELECT l, r, keys, {pattern_sql(comparisons)} AS pattern FROM ({levels})"
    )
