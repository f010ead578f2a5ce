"""From two relations to the two sides that blocking and scoring read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.clean.records import BATCH_ROWS, PERSON, CleanBatch, clean_batch, raw_batches, roles_of
from reconcile.matching.clean.tokens import NameWords
from reconcile.matching.rules import MatchRules
from reconcile.matching.side import COUNTED, HASHED, Codes, Side, hashes, number_values, short_hashes
from reconcile.matching.statistics import Statistics
from reconcile.matching.texts import StoredTexts, Texts, TextsInMemory
from reconcile.matching.vocabulary import RareWords, Vocabulary, count_words, rarest_words
from reconcile.model import ROLES, Role

Connection = duckdb.DuckDBPyConnection
SMALL_BATCH_ROWS = 32_768  # cleaned at once under a memory limit
TABLES = ("_left", "_right")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The cleaned sides.

    Attributes:
        left, right: names of the relations that show the cleaned columns; the same for a table matched with itself.
        columns: cleaned columns of both.
        sides: the records themselves; one for a table matched with itself.
        roles: what was cleaned of each side.
    """

    left: str
    right: str
    left_rows: int
    right_rows: int
    columns: frozenset[str]
    vocabulary: Vocabulary | None
    sides: tuple[Side, ...]
    roles: tuple[tuple[Role, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _Cleaned:
    texts: Texts
    rows: int
    words: NameWords | None


def prepare(
    con: Connection,
    relations: tuple[str, ...],
    rules: MatchRules,
    known: Statistics | None = None,
    *roles: tuple[Role, ...],
) -> Prepared:
    """Clean one or two relations and show them as `_left` and `_right` (one: `_left` only).

    Args:
        con: the connection that sees the relations.
        relations: the records, as `link` takes them.
        rules: of the match.
        known: statistics of an earlier match to use instead of those of these records.
        roles: what to clean of each relation, whether or not it is filled; empty for what all of them fill.

    Raises:
        InputError: no record_id, or record ids that are missing or not unique.
    """
    filled = [] if roles else [roles_of(con, relation) for relation in relations]
    per_side = roles or [side_roles(i, filled, rules.roles) for i in range(len(relations))]
    cleaned = _clean(con, relations, per_side, rules)
    for relation, side in zip(relations, cleaned, strict=True):
        _check_ids(relation, side.texts.column("record_id"))
        side.texts.release()
    words = [each.words for each in cleaned if each.words is not None]
    vocabulary, rare = _rare_words(words, known) if len(words) == len(cleaned) else (None, [None] * len(cleaned))
    rows, texts = [each.rows for each in cleaned], [each.texts for each in cleaned]
    del cleaned, words
    sides = _sides(rows, texts, rare, rules, known)
    for table, each in zip(TABLES, sides, strict=False):
        each.texts.show(con, table, _key_columns(each))
    if vocabulary is not None:
        con.register("_words", pl.DataFrame({"word": vocabulary.words}).with_row_index("token_id").to_arrow())
    columns = frozenset(("row", *sides[0].texts.columns, *_key_columns(sides[0]).columns))
    tables = TABLES[: len(sides)]
    return Prepared(tables[0], tables[-1], sides[0].rows, sides[-1].rows, columns, vocabulary, sides, tuple(per_side))


def forget(con: Connection) -> None:
    """Forget the cleaned sides."""
    for name in (*TABLES, *(f"{table}_beside" for table in TABLES), "_words"):
        con.unregister(name)
        con.execute(f"DROP VIEW IF EXISTS temp.{name}")


def side_roles(i: int, filled: list[tuple[Role, ...]], wanted: tuple[Role, ...]) -> tuple[Role, ...]:
    """What to clean of one side: what all sides fill, and what stands in for it.

    Mail addresses stand in for domains, and a given and a family name for a name where the other side has but that.
    """
    usable = set.intersection(*(set(roles) for roles in filled))
    if all("name" in roles or set(roles) >= PERSON for roles in filled) and not usable >= PERSON:
        usable.add("name")
    if all({"domain", "email"} & set(roles) for roles in filled):
        usable |= {"domain", "email"}
    mine = {*filled[i], "name"}
    return tuple(role for role in ROLES if role in usable & mine and (not wanted or role in wanted))


class _Gathered:
    """The cleaned batches of one side; under a memory limit their text goes to DuckDB at once."""

    def __init__(self, con: Connection, *, is_limited: bool) -> None:
        self.batches: list[Future[CleanBatch]] = []
        self._store = StoredTexts(con) if is_limited else None
        self._done: list[CleanBatch] = []

    def settle(self, waiting: int) -> None:
        """Take in the results, until no more than so many batches are still being cleaned."""
        while len(self.batches) > waiting:
            done = self.batches.pop(0).result()
            if self._store is not None:
                self._store.append(done.frame)
                done = CleanBatch(done.frame.clear(), done.words, done.frame.height)
            self._done.append(done)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that every batch has."""
        return tuple(self._done[0].frame.columns)

    def join(self, columns: tuple[str, ...]) -> _Cleaned:
        """All batches as one side."""
        rows = sum(each.rows for each in self._done)
        words = _join_words([each.words for each in self._done if each.words is not None])
        if self._store is not None:
            self._store.keep(columns)
            return _Cleaned(self._store, rows, words)
        texts = TextsInMemory([each.frame for each in self._done], columns)
        self._done.clear()
        return _Cleaned(texts, rows, words)


def _clean(
    con: Connection, relations: Sequence[str], roles: Sequence[tuple[Role, ...]], rules: MatchRules
) -> list[_Cleaned]:
    """Clean batch by batch, as many at a time as there are threads."""
    size = SMALL_BATCH_ROWS if rules.memory_limit else BATCH_ROWS
    threads = rules.threads or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        sides = []
        for relation, wanted in zip(relations, roles, strict=True):
            side = _Gathered(con, is_limited=bool(rules.memory_limit))
            sides.append(side)
            for raw in raw_batches(con, relation, wanted, size):
                side.batches.append(pool.submit(clean_batch, raw, wanted))
                side.settle(threads + 1)
        for side in sides:
            side.settle(0)
    common = [column for column in sides[0].columns if all(column in side.columns for side in sides)]
    return [side.join(tuple(common)) for side in sides]


def _join_words(words: list[NameWords]) -> NameWords | None:
    if not words:
        return None
    lengths = np.concatenate([np.diff(part.starts) for part in words])
    return NameWords(
        pl.concat([part.words for part in words], rechunk=True),
        np.concatenate([part.hashes for part in words]),
        np.concatenate(([0], np.cumsum(lengths))),
    )


def _check_ids(relation: str, ids: pl.Series) -> None:
    ordered = np.sort(hashes(ids))
    if ids.null_count() or (len(ordered) > 1 and bool((ordered[1:] == ordered[:-1]).any())):
        raise InputError(
            f"{relation} has record ids that are missing or appear more than once.",
            remedy="Choose a column in which every record has its own value.",
        )


def _rare_words(words: list[NameWords], known: Statistics | None) -> tuple[Vocabulary, list[RareWords]]:
    vocabulary, ids = count_words(words) if known is None else known.word_ids(words)
    return vocabulary, [rarest_words(each, side.starts, vocabulary.bits) for each, side in zip(ids, words, strict=True)]


def _sides(
    rows: Sequence[int],
    texts: Sequence[Texts],
    rare: Sequence[RareWords | None],
    rules: MatchRules,
    known: Statistics | None,
) -> tuple[Side, ...]:
    """Number the values, column by column."""
    counted = [column for column in COUNTED if column in texts[0].columns]
    hashed = [column for column in HASHED if column in texts[0].columns]

    def number(column: str) -> tuple[list[Codes], list[npt.NDArray[np.int16]]]:
        codes, counts = number_values([each.column(column) for each in texts])
        if known is not None:
            counts = [known.values[column].of(each.column(column)) for each in texts]
        _release(texts)
        return codes, counts

    def shorten(column: str) -> list[Codes]:
        found = [short_hashes(each.column(column)) for each in texts]
        _release(texts)
        return found

    with ThreadPoolExecutor(1 if rules.memory_limit else rules.threads or os.cpu_count()) as pool:
        numbered = list(pool.map(number, counted))
        short = list(pool.map(shorten, hashed))
    sides = []
    for i, each in enumerate(texts):
        codes = {column: found[0][i] for column, found in zip(counted, numbered, strict=True)}
        codes |= {column: found[i] for column, found in zip(hashed, short, strict=True)}
        counts = {column: found[1][i] for column, found in zip(counted, numbered, strict=True)}
        sides.append(Side(rows[i], each, codes, counts, rare[i]))
    return tuple(sides)


def _release(texts: Sequence[Texts]) -> None:
    for each in texts:
        each.release()


def _key_columns(side: Side) -> pl.DataFrame:
    """What blocking keys are made of beside the text."""
    if side.words is None:
        return pl.DataFrame()
    return pl.DataFrame({"t1": side.words.ids[:, 0], "t2": side.words.ids[:, 1], "name_set": side.words.sets})
