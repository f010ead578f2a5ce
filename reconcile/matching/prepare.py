"""From two relations to the two sides that blocking and scoring read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.clean.records import CleanBatch, clean_batch, raw_batches, roles_of
from reconcile.matching.clean.tokens import NameWords
from reconcile.matching.side import COUNTED, HASHED, Side, hashes, number_values, short_hashes
from reconcile.matching.vocabulary import RareWords, Vocabulary, count_words, rarest_words
from reconcile.model import Role

Connection = duckdb.DuckDBPyConnection
WAITING = 4  # batches read ahead of those being cleaned
TABLES = ("_left", "_right")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The cleaned sides.

    Attributes:
        left, right: names of the relations that show the cleaned columns; the same for a table matched with itself.
        columns: cleaned columns of both.
        sides: the records themselves; one for a table matched with itself.
    """

    left: str
    right: str
    left_rows: int
    right_rows: int
    columns: frozenset[str]
    vocabulary: Vocabulary | None
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class _Cleaned:
    frame: pl.DataFrame
    words: NameWords | None


def prepare(con: Connection, relations: tuple[str, ...], wanted: tuple[Role, ...], threads: int = 0) -> Prepared:
    """Clean one or two relations and show them as `_left` and `_right` (one: `_left` only).

    Raises:
        InputError: no record_id, or record ids that are missing or not unique.
    """
    filled = [roles_of(con, relation) for relation in relations]
    per_side = [_side_roles(i, filled, wanted) for i in range(len(relations))]
    cleaned = _clean(con, relations, per_side, threads)
    for relation, side in zip(relations, cleaned, strict=True):
        _check_ids(relation, side.frame["record_id"])
    common = set.intersection(*(set(each.frame.columns) for each in cleaned))
    frames = [each.frame.select(column for column in each.frame.columns if column in common) for each in cleaned]
    words = [each.words for each in cleaned if each.words is not None]
    vocabulary, rare = _rare_words(words) if len(words) == len(cleaned) else (None, [None] * len(cleaned))
    sides = _sides(frames, rare, threads)
    for table, each in zip(TABLES, sides, strict=False):
        con.register(table, _shown(each).to_arrow(compat_level=pl.CompatLevel.newest()))
    if vocabulary is not None:
        con.register("_words", pl.DataFrame({"word": vocabulary.words}).with_row_index("token_id").to_arrow())
    columns = frozenset(_shown(sides[0]).columns)
    tables = TABLES[: len(sides)]
    return Prepared(tables[0], tables[-1], sides[0].rows, sides[-1].rows, columns, vocabulary, sides)


def _side_roles(i: int, filled: list[tuple[Role, ...]], wanted: tuple[Role, ...]) -> tuple[Role, ...]:
    """What to clean of one side: what all sides fill, and mail addresses when they can stand in for domains."""
    usable = set.intersection(*(set(roles) for roles in filled))
    if all({"domain", "email"} & set(roles) for roles in filled):
        usable |= {"domain", "email"}
    return tuple(role for role in filled[i] if role in usable and (not wanted or role in wanted))


def _clean(
    con: Connection, relations: Sequence[str], roles: Sequence[tuple[Role, ...]], threads: int
) -> list[_Cleaned]:
    """Clean batch by batch, two at a time."""
    with ThreadPoolExecutor(max_workers=threads or None) as pool:
        waiting: list[list[Future[CleanBatch]]] = []
        for relation, wanted in zip(relations, roles, strict=True):
            waiting.append([])
            for raw in raw_batches(con, relation, wanted):
                _wait_for_room(waiting)
                waiting[-1].append(pool.submit(clean_batch, raw, wanted))
        return [_join([each.result() for each in batches]) for batches in waiting]


def _wait_for_room(waiting: Iterable[list[Future[CleanBatch]]]) -> None:
    open_ones = [future for batches in waiting for future in batches if not future.done()]
    if len(open_ones) >= WAITING:
        open_ones[0].result()


def _join(batches: list[CleanBatch]) -> _Cleaned:
    frame = pl.concat([each.frame for each in batches], rechunk=True)
    words = [each.words for each in batches if each.words is not None]
    if not words:
        return _Cleaned(frame, None)
    lengths = np.concatenate([np.diff(part.starts) for part in words])
    joined = NameWords(
        pl.concat([part.words for part in words], rechunk=True),
        np.concatenate([part.hashes for part in words]),
        np.concatenate(([0], np.cumsum(lengths))),
    )
    return _Cleaned(frame, joined)


def _check_ids(relation: str, ids: pl.Series) -> None:
    ordered = np.sort(hashes(ids))
    if ids.null_count() or (len(ordered) > 1 and bool((ordered[1:] == ordered[:-1]).any())):
        raise InputError(
            f"{relation} has record ids that are missing or appear more than once.",
            remedy="Choose a column in which every record has its own value.",
        )


def _rare_words(words: list[NameWords]) -> tuple[Vocabulary, list[RareWords]]:
    vocabulary, ids = count_words(words)
    return vocabulary, [rarest_words(each, side.starts, vocabulary.bits) for each, side in zip(ids, words, strict=True)]


def _sides(frames: list[pl.DataFrame], rare: Sequence[RareWords | None], threads: int) -> tuple[Side, ...]:
    """Number the values, column by column."""
    counted = [column for column in COUNTED if column in frames[0].columns]
    hashed = [column for column in HASHED if column in frames[0].columns]
    with ThreadPoolExecutor(max_workers=threads or None) as pool:
        numbered = list(pool.map(lambda column: number_values([frame[column] for frame in frames]), counted))
        short = list(pool.map(lambda column: [short_hashes(frame[column]) for frame in frames], hashed))
    sides = []
    for i, frame in enumerate(frames):
        codes = {column: each[0][i] for column, each in zip(counted, numbered, strict=True)}
        codes |= {column: each[i] for column, each in zip(hashed, short, strict=True)}
        counts = {column: each[1][i] for column, each in zip(counted, numbered, strict=True)}
        sides.append(Side(frame.with_row_index("row").cast({"row": pl.Int32}), codes, counts, rare[i]))
    return tuple(sides)


def _shown(side: Side) -> pl.DataFrame:
    """The cleaned columns with those that blocking keys are made of."""
    if side.words is None:
        return side.frame
    return side.frame.with_columns(
        t1=pl.Series(side.words.ids[:, 0]), t2=pl.Series(side.words.ids[:, 1]), name_set=pl.Series(side.words.sets)
    )
