"""Scoring: how much the two records of a pair agree, role by role, in one SQL statement.

Each comparison gives a SMALLINT level: 0 when either side says nothing, 1 for disagreement, higher for more agreement.
Each similarity is computed once in the inner SELECT; the outer one only orders them into levels. The levels of a pair
packed into one number are its *pattern*; weights are learned and looked up by pattern, not by pair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from reconcile.matching.clean.tokens import BIT_SCALE, WIDTH

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one role (or a group of dependent ones) is compared.

    Attributes:
        role: the name it has in the tables: a role, or "place" for street, city, region, postcode and country.
        needs: cleaned columns without which it cannot be made.
        parts: name -> SQL over `a` (left) and `b` (right), each computed once.
        level: SQL over the parts' names.
        labels: of the levels 0, 1, 2 ...
    """

    role: str
    needs: frozenset[str]
    parts: Mapping[str, str]
    level: str
    labels: tuple[str, ...]


def _similar(column: str) -> str:
    return f"jaro_winkler_similarity(a.{column}, b.{column})"


def _shared_bits() -> str:
    words = ", ".join(f"b.t{i + 1}" for i in range(WIDTH))
    terms = (f"CASE WHEN a.t{i + 1} > 0 AND a.t{i + 1} IN ({words}) THEN a.w{i + 1} ELSE 0 END" for i in range(WIDTH))
    return " + ".join(terms)


def _name() -> Comparison:
    rare, some = 12 * BIT_SCALE, 7 * BIT_SCALE
    parts = {
        "name_same": "a.name_key = b.name_key OR (a.name_set = b.name_set AND a.name_set <> 0)",
        "name_alike": _similar("name_key"),
        "name_shared": f"({_shared_bits()})",
        "name_less": "least(a.name_bits, b.name_bits)",
        "name_sum": "a.name_bits + b.name_bits",
        "name_often": "greatest(a.name_n, b.name_n)",
    }
    level = f"""CASE WHEN name_same IS NULL THEN 0
        WHEN name_same THEN CASE WHEN name_often <= 4 THEN 14 WHEN name_often <= 20 THEN 13 ELSE 12 END
        WHEN name_alike >= 0.96 OR 2 * name_shared >= 0.9 * name_sum THEN CASE WHEN name_shared >= {rare} THEN 11 ELSE 10 END
        WHEN name_alike >= 0.92 OR 2 * name_shared >= 0.7 * name_sum THEN CASE WHEN name_shared >= {rare} THEN 9 ELSE 8 END
        WHEN name_shared >= 0.95 * name_less AND name_shared >= {some} THEN 7
        WHEN name_alike >= 0.87 OR 2 * name_shared >= 0.5 * name_sum THEN CASE WHEN name_shared >= {rare} THEN 6 ELSE 5 END
        WHEN 2 * name_shared >= 0.3 * name_sum THEN CASE WHEN name_shared >= {rare} THEN 4 ELSE 3 END
        WHEN name_shared > 0 OR name_alike >= 0.75 THEN 2 ELSE 1 END"""
    labels = (
        "missing", "different", "little in common", "some words shared", "some rare words shared", "similar",
        "similar, rare words shared", "one contains the other", "very similar", "very similar, rare words shared",
        "nearly the same", "nearly the same, rare words", "same name, common", "same name, not rare", "same name, rare",
    )  # fmt: skip
    needs = frozenset({"name_key", "name_set", "name_n"})
    return Comparison("name", needs, parts, level, labels)


def _domain() -> Comparison:
    label = "regexp_extract({}.domain, '^[^.]+')"
    parts = {
        "domain_same": "a.domain = b.domain",
        "domain_label_same": f"{label.format('a')} = {label.format('b')}",
        "domain_often": "a.domain_n",
    }
    level = """CASE WHEN domain_same IS NULL THEN 0
        WHEN domain_same THEN CASE WHEN domain_often <= 4 THEN 5 WHEN domain_often <= 20 THEN 4 ELSE 3 END
        WHEN domain_label_same THEN 2 ELSE 1 END"""
    labels = ("missing", "different", "same but for its ending", "same, common", "same, not rare", "same, rare")
    return Comparison("domain", frozenset({"domain"}), parts, level, labels)


def _exact(role: str, *, near: float) -> Comparison:
    """Two numbers or addresses: the same, nearly the same, or not."""
    parts = {f"{role}_same": f"a.{role} = b.{role}", f"{role}_alike": _similar(role), f"{role}_often": f"a.{role}_n"}
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
        "postcode_same": same("postcode"), "area_same": same("postcode_area"), "city_same": same("city"),
        "region_same": same("region"), "country_same": same("country"), "house_same": same("house"),
        "street_alike": _similar("street") if "street" in have else "NULL::DOUBLE",
        "city_alike": _similar("city") if "city" in have else "NULL::DOUBLE",
        "city_often": "a.city_n" if "city" in have else "0",
        "postcode_often": "a.postcode_n" if "postcode" in have else "0",
    }  # fmt: skip
    level = """CASE
        WHEN coalesce(postcode_same, area_same, city_same, region_same, country_same, street_alike >= 0) IS NULL THEN 0
        WHEN street_alike >= 0.9 AND house_same AND (coalesce(postcode_same, false) OR coalesce(city_alike >= 0.88, true)) THEN 11
        WHEN postcode_same AND house_same THEN 10
        WHEN street_alike >= 0.9 AND (house_same OR house_same IS NULL OR postcode_same OR city_same) THEN 9
        WHEN postcode_same AND (city_same OR city_same IS NULL) THEN CASE WHEN postcode_often <= 12 THEN 8 ELSE 7 END
        WHEN postcode_same THEN 6
        WHEN city_same THEN CASE WHEN city_often <= 40 THEN 5 ELSE 4 END
        WHEN city_alike >= 0.9 OR area_same THEN 3
        WHEN region_same THEN 2
        ELSE 1 END"""
    labels = (
        "missing", "elsewhere", "same region", "same area", "same city", "same small city", "same postcode, other city",
        "same postcode", "same rare postcode", "same street", "same postcode and house number", "same address",
    )  # fmt: skip
    return Comparison("place", frozenset(), parts, level, labels)


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
    labels = ("missing", "different", "somewhat alike", "initial agrees", "nearly the same", "short form or swapped",
              "same", "same, rare")  # fmt: skip
    return Comparison("given_name", frozenset({"given", "family"}), parts, level, labels)


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
    labels = ("missing", "different", "somewhat alike", "sounds the same", "nearly the same", "same or swapped",
              "same, rare")  # fmt: skip
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
    labels = ("missing", "different", "same year", "two digits differ", "one digit differs or day and month swapped",
              "same")  # fmt: skip
    return Comparison("birth_date", frozenset({"birth"}), parts, level, labels)


def comparisons_for(columns: Collection[str]) -> tuple[Comparison, ...]:
    """The comparisons that the cleaned columns of both sides allow, in the order in which evidence is told."""
    every = (
        _name(), _given_name(), _family_name(), _birth_date(), _domain(), _exact("email", near=0.95),
        _exact("phone", near=0.94), _exact("tax_id", near=0.95), _exact("identifier", near=0.97), _place(columns),
    )  # fmt: skip
    return tuple(each for each in every if each is not None and each.needs <= set(columns))


def levels_sql(comparisons: Sequence[Comparison], left: str, right: str, pairs: str) -> str:
    """A SELECT of l, r, keys and `level_<role>` SMALLINT for every pair of the table `pairs`."""
    parts = {name: sql for each in comparisons for name, sql in each.parts.items()}
    inner = ", ".join(f"{sql} AS {name}" for name, sql in parts.items())
    outer = ", ".join(f"({each.level})::SMALLINT AS level_{each.role}" for each in comparisons)
    return f"""SELECT l, r, keys, {outer} FROM (
        SELECT p.l, p.r, p.keys, {inner}
        FROM {pairs} p JOIN {left} a ON a.row = p.l JOIN {right} b ON b.row = p.r)"""


def pattern_sql(comparisons: Sequence[Comparison]) -> str:
    """The levels packed into one BIGINT, mixed radix in the comparisons' order."""
    terms, radix = [], 1
    for each in comparisons:
        terms.append(f"level_{each.role}::BIGINT * {radix}")
        radix *= len(each.labels)
    return " + ".join(terms)


def write_patterns(
    con: Connection, comparisons: Sequence[Comparison], left: str, right: str, pairs: str, target: str
) -> None:
    """Write `target(l INT32, r INT32, keys INTEGER, pattern BIGINT)` for every pair of the table `pairs`."""
    levels = levels_sql(comparisons, left, right, pairs)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT l, r, keys, {pattern_sql(comparisons)} AS pattern FROM ({levels})"
    )
