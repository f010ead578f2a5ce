"""Blocking: which pairs are worth comparing.

Every record has a hash for each kind of key; records of two sides with the same hash are candidates. A key value that
would bring more pairs than `block_pairs` is refined with a second attribute instead of being dropped. Where that is not
enough, the records of such a value are put in the order of what else they say, and each is compared with the next few:
a hundred records of one name stay connected (the sorted neighbourhood of Hernandez and Stolfo, 1995).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.join import KEY_BITS, ROW_BITS, Codes, Groups, Hashes, common_groups, distinct_pairs, joined
from reconcile.matching.pairs import Rows
from reconcile.matching.side import Side

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class BlockingKey:
    """One kind of key: two records are compared when all its parts are equal and none is null.

    Attributes:
        name: what people call it.
        parts: SQL expressions over the cleaned columns.
        columns: the cleaned columns that they need.
        without: cleaned columns that make it superfluous: words alone bring many pairs, and where a domain, telephone
            or street can bring the true ones they are not needed.
        has_neighbours: whether each record of a value that is too common is compared with the next few in an order.
    """

    name: str
    parts: tuple[str, ...]
    columns: frozenset[str]
    without: frozenset[str] = frozenset()
    has_neighbours: bool = False


def _key(name: str, *parts: str, needs: str, without: str = "", has_neighbours: bool = False) -> BlockingKey:
    return BlockingKey(name, parts, frozenset(needs.split()), frozenset(without.split()), has_neighbours)


BOTH_NAMES = "least(given_root, family)", "greatest(given_root, family)"  # which changed places at times
UNNUMBERED = "CASE WHEN house IS NULL THEN street END"  # "Rose Cottage, Church Lane"
KEYS: tuple[BlockingKey, ...] = (
    _key("tax id", "tax_id", needs="tax_id", has_neighbours=True),
    _key("identifier", "identifier", needs="identifier", has_neighbours=True),
    _key("name", "name_key", needs="name_key", has_neighbours=True),
    _key("words of the name", "nullif(name_set, 0)", needs="name_set", has_neighbours=True),
    _key("domain", "domain", needs="domain"),
    _key("e-mail", "email", needs="email", has_neighbours=True),
    _key("phone", "phone", needs="phone", has_neighbours=True),
    _key("postcode and house number", "postcode", "house", needs="postcode house"),
    _key("street, house number and city", "street", "house", "city", needs="street house city"),
    _key("street without house number, and postcode", UNNUMBERED, "postcode", needs="postcode house street"),
    _key("street without house number, and city", UNNUMBERED, "city", needs="city house street"),
    _key("start of name and postcode area", "name_key[:4]", "postcode_area", needs="name_key postcode_area"),
    _key("rarest word and city", "nullif(t1, 0)", "city", needs="t1 city"),
    _key("second rarest word and city", "nullif(t2, 0)", "city", needs="t1 city", without="domain email phone street"),
    _key(
        "rarest word and postcode",
        "nullif(t1, 0)",
        "postcode",
        needs="t1 postcode",
        without="domain email phone street",
    ),
    _key(
        "two rarest words",
        "nullif(least(t1, t2), 0)",
        "greatest(t1, t2)",
        needs="t1",
        without="domain email phone street",
        has_neighbours=True,
    ),
    _key("rarest word", "nullif(t1, 0)", needs="t1", without="domain email phone street", has_neighbours=True),
    _key("date of birth and family name", "birth", "family_sound", needs="birth family_sound"),
    _key("date of birth and given name", "birth", "given_root", needs="birth given_root"),
    _key("both names", *BOTH_NAMES, needs="given_root family birth"),
    _key("both names", *BOTH_NAMES, needs="given_root family", without="birth", has_neighbours=True),
    _key("family name and birth year", "family_sound", "birth_year", needs="family_sound birth_year"),
    _key("given name and swapped birth date", "given_root", "birth_days", needs="given_root birth_days"),
    _key("date of birth and postcode", "birth", "postcode", needs="birth postcode"),
    _key("family name and postcode", "family_sound", "postcode", needs="family_sound postcode"),
    _key("given name and postcode", "given_root", "postcode", needs="given_root postcode"),
    _key("family name, given initial and city", "family", "given_root[:1]", "city", needs="family given_root city"),
    _key("birth date and rarest word", "birth", "nullif(t1, 0)", needs="birth t1"),
    _key("birth date and city", "birth", "city", needs="birth city"),
)
# What an oversized key value is refined with, each where the column exists.
REFINEMENTS: tuple[str, ...] = (
    "city",
    "postcode_area",
    "nullif(t2, 0)",
    "house",
    "given_root",
    "birth_year",
    "name_key[:5]",
)
# What the records of an oversized key value are put in order by, each where the column exists.
ORDER: tuple[str, ...] = (
    "name_key", "family", "given_root", "birth", "city", "postcode", "street", "house", "domain", "email", "phone",
)  # fmt: skip
NEIGHBOURS = 3
_WORDS = ("nullif(name_set, 0)", "nullif(t1, 0)", "nullif(t2, 0)")
_REFINEMENT_COLUMNS = {"nullif(t2, 0)": "t1", "name_key[:5]": "name_key"}


@dataclass(frozen=True, slots=True)
class BlockingReport:
    """What the keys brought.

    Attributes:
        keys: the kinds of key used, in the order of the bits of `keys` in the pairs table; empty when every pair was
            compared.
        pairs: candidate pairs per kind of key.
        refined_values, common_values: key values that were too common, and those still too common when refined.
    """

    keys: tuple[BlockingKey, ...]
    pairs: Mapping[str, int]
    refined_values: int = 0
    common_values: int = 0


def keys_for(columns: Collection[str]) -> tuple[BlockingKey, ...]:
    """The kinds of key whose columns both sides have."""
    have = set(columns)
    return tuple(key for key in KEYS if key.columns <= have and not (key.without and key.without & have))


def refinements_for(columns: Collection[str]) -> list[str]:
    """What oversized key values are refined with, as SQL, where both sides have these columns."""
    return [part for part in REFINEMENTS if _REFINEMENT_COLUMNS.get(part, part) in columns]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pairs worth comparing, in ascending order.

    Attributes:
        left, right: row numbers; keys: the kinds of key that brought the pair, a bit each.
    """

    report: BlockingReport
    left: Rows
    right: Rows
    keys: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Found:
    codes: Codes
    oversized: Groups | None = None
    common: int = 0


def hash_sql(position: int, parts: Sequence[str]) -> str:
    """The hash of one key; null when a part is null."""
    conditions = " AND ".join(f"({part}) IS NOT NULL" for part in parts)
    return f"CASE WHEN {conditions} THEN hash({position}, {', '.join(parts)}) END"


def all_pairs(left_rows: int, right_rows: int, *, is_self: bool) -> Candidates:
    """Every pair; of one table with itself, each pair once."""
    left = np.repeat(np.arange(left_rows, dtype=np.int32), right_rows)
    right = np.tile(np.arange(right_rows, dtype=np.int32), left_rows)
    if is_self:
        left, right = left[left < right], right[left < right]
    return Candidates(BlockingReport((), {}), left, right, np.zeros(len(left), dtype=np.int32))


def block(  # noqa: PLR0917 - one call, by position
    con: Connection,
    left: str,
    right: str,
    columns: Collection[str],
    pairs_limit: int,
    threads: int = 0,
    *,
    is_self: bool,
    sides: Sequence[Side] = (),
) -> Candidates:
    """The candidate pairs of two relations of cleaned columns; a row's number is its place in the relation.

    Where the sides that the relations show are given, their numbers are used, and fewer texts are hashed.
    """
    keys = keys_for(columns)
    hashes = _Hashes(con, (left, left if is_self else right), keys, columns, sides)
    found: list[_Found] = []
    workers = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        waiting: list[Future[_Found]] = []
        for key in range(len(keys)):
            waiting.append(pool.submit(_pairs_of_key, hashes.of_key(key), hashes, key, pairs_limit, is_self=is_self))
            if len(waiting) > workers:
                found.append(waiting.pop(0).result())
        found += [each.result() for each in waiting]
    oversized = {key: each.oversized for key, each in enumerate(found) if each.oversized is not None}
    refined, common = sum(len(each.products) for each in oversized.values()), sum(each.common for each in found)
    ordered = {key: groups for key, groups in oversized.items() if keys[key].has_neighbours}
    parts = [hashes.neighbours(ordered, is_self=is_self), *(each.codes for each in found)]
    del found, waiting, oversized, ordered, hashes
    codes = joined(parts)
    l, r, bits = distinct_pairs(codes)  # noqa: E741 - left and right, as in the tables
    per_key = {key.name: int(np.count_nonzero(bits & (1 << i))) for i, key in enumerate(keys)}
    return Candidates(BlockingReport(keys, per_key, refined, common), l, r, bits)


class _Hashes:
    """The hashes of both sides' keys, and of what oversized ones are refined with, asked for one by one."""

    def __init__(
        self,
        con: Connection,
        tables: tuple[str, str],
        keys: Sequence[BlockingKey],
        columns: Collection[str],
        sides: Sequence[Side],
    ) -> None:
        self._con, self._tables, self._keys, self._sides = con, tables, keys, sides
        self._parts = refinements_for(columns)
        self._order = [column for column in ORDER if column in columns]
        self._lock, self._asking = Lock(), Lock()
        self._refinements: list[tuple[Hashes, Hashes]] = []

    def of_key(self, key: int) -> tuple[Hashes, Hashes]:
        """The hashes of a kind of key per row of both sides; 0 for none."""
        return self._ask(self._keys[key].parts)

    def refinements(self) -> list[tuple[Hashes, Hashes]]:
        """The hashes of the second attributes, kept once they are asked for."""
        with self._lock:
            if not self._refinements:
                self._refinements = [self._ask((part,)) for part in self._parts]
            return self._refinements

    def neighbours(self, oversized: Mapping[int, Groups], *, is_self: bool) -> Codes:
        """Each record of an oversized key value with the next few, by kind of key."""
        if not oversized:
            return np.zeros(0, dtype=np.uint64)
        group, key, side, row = self._in_order(oversized, is_self=is_self)
        codes = [np.zeros(0, dtype=np.uint64)]
        for ahead in range(1, NEIGHBOURS + 1):
            near = group[ahead:] == group[:-ahead]
            if not is_self:
                near &= side[ahead:] != side[:-ahead]
            places = np.flatnonzero(near)
            first, second = row[places], row[places + ahead]
            swapped = (second < first) if is_self else side[places] == 1
            left, right = np.where(swapped, second, first), np.where(swapped, first, second)
            codes.append((left << ROW_BITS | right) << KEY_BITS | key[places])
        return np.concatenate(codes)

    def _in_order(self, oversized: Mapping[int, Groups], *, is_self: bool) -> list[npt.NDArray[np.uint64]]:
        """Group, key, side and row of the members of oversized key values, by group and then by what they say."""
        members, groups = [], 0
        for key, found in oversized.items():
            for side, (group, row) in enumerate(
                [found.left_rows()] if is_self else [found.left_rows(), found.right_rows()]
            ):
                members.append(pl.DataFrame({"g": group + groups, "key": key, "side": side, "row": row}))
            groups += len(found.products)
        columns = ", ".join(["row", "record_id", *self._order])
        records = " UNION ALL ".join(
            f"SELECT {i} AS side, {columns} FROM {table}" for i, table in enumerate(self._tables)
        )
        order = ", ".join([*(f"coalesce({column}, '')" for column in self._order), "record_id", "side"])
        with self._asking:
            self._con.register("_members", pl.concat(members).to_arrow())
            ordered = self._con.execute(
                f"SELECT g, key, side, row FROM _members JOIN ({records}) USING (side, row) ORDER BY g, {order}"
            ).fetchnumpy()
            self._con.unregister("_members")
        return [np.asarray(ordered[name]).astype(np.uint64) for name in ("g", "key", "side", "row")]

    def _ask(self, parts: Sequence[str]) -> tuple[Hashes, Hashes]:
        first = self._of_side(0, parts)
        return first, first if self._tables[0] == self._tables[1] else self._of_side(1, parts)

    def _of_side(self, i: int, parts: Sequence[str]) -> Hashes:
        """The hash of some parts together per record of a side; 0 where a part is null."""
        numbers = {part: _numbers(self._sides[i], part) for part in parts} if self._sides else {}
        known = [found for found in numbers.values() if found is not None]
        others = [part for part in parts if numbers.get(part) is None]
        return _combined([*known, self._of_table(self._tables[i], hash_sql(0, others))] if others else known)

    def _of_table(self, table: str, sql: str) -> Hashes:
        with self._asking:
            found = self._con.execute(f"SELECT coalesce({sql}, 0)::UBIGINT AS h FROM {table}").fetchnumpy()
        return np.asarray(found["h"], dtype=np.uint64)


def _numbers(side: Side, part: str) -> Hashes | None:
    """What stands for a part of a key in the numbers of a side; None where only the text says it."""
    if part in side.codes:
        return side.codes[part].view(np.uint32).astype(np.uint64)
    if side.words is None or part not in _WORDS:
        return None
    return side.words.sets if part == _WORDS[0] else side.words.ids[:, _WORDS.index(part) - 1].astype(np.uint64)


def _combined(numbers: Sequence[Hashes]) -> Hashes:
    """One number for several, well mixed; 0 where any of them is 0."""
    mixed = np.zeros(len(numbers[0]), dtype=np.uint64)
    is_missing = np.zeros(len(mixed), dtype=bool)
    for each in numbers:
        mixed = (mixed ^ each) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
        is_missing |= each == 0
    mixed[mixed == 0] = 1
    mixed[is_missing] = 0
    return mixed


def _pairs_of_key(values: tuple[Hashes, Hashes], hashes: _Hashes, key: int, limit: int, *, is_self: bool) -> _Found:
    groups = common_groups(*values)
    oversized = groups.products > limit
    codes = groups.chosen(~oversized).pairs(key, is_self=is_self)
    if not oversized.any():
        return _Found(codes)
    finer, common = _refine(groups.chosen(oversized), hashes, key, limit, is_self=is_self)
    return _Found(np.concatenate([codes, finer]), groups.chosen(oversized), common)


def _refine(groups: Groups, hashes: _Hashes, key: int, limit: int, *, is_self: bool) -> tuple[Codes, int]:
    """The pairs of oversized key values that also agree in a second attribute; and how many values stay too common."""
    left_group, left_rows = groups.left_rows()
    right_group, right_rows = groups.right_rows()
    parts, common = [np.zeros(0, dtype=np.uint64)], 0
    for attribute, (a, b) in enumerate(hashes.refinements()):
        fine_left = _mixed(a[left_rows], left_group, attribute)
        fine_right = _mixed(b[right_rows], right_group, attribute)
        finer = common_groups(fine_left, fine_right, left_rows, right_rows)
        oversized = finer.products > limit
        common += int(oversized.sum())
        parts.append(finer.chosen(~oversized).pairs(key, is_self=is_self))
    return np.concatenate(parts), common


def _mixed(hashes: Hashes, group: npt.NDArray[np.int64], attribute: int) -> Hashes:
    """The hash of a value within its group; 0 stays 0."""
    seed = group.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(attribute)
    mixed = (hashes ^ seed) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(np.where(hashes == 0, np.uint64(0), np.maximum(mixed, np.uint64(1))))
