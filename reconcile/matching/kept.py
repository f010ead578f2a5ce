"""What is kept of a match, so that changes can be matched without matching everything again.

A DuckDB file: the statistics, the model and the rules it was scored with; per side the records (row, record_id and a
hash of what they said); their blocking keys (k, h, row), where a value is too common what refines it (k, c, h, row; c
is the value) and the order of its records (k, c, row, text), and which values are too common (h); and every compared
pair with its kinds of key and its pattern.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.block import ORDER, BlockingKey, Candidates, hash_sql, refinements_for
from reconcile.matching.clean.records import population, quoted
from reconcile.matching.clean.tokens import SEED, NameWords
from reconcile.matching.patterns import Integers
from reconcile.matching.prepare import Prepared
from reconcile.matching.rules import MatchRules
from reconcile.matching.side import COUNTED
from reconcile.matching.statistics import Counts, Hashes, Statistics, gather_statistics
from reconcile.matching.vocabulary import Vocabulary, vocabulary_of
from reconcile.model import Role
from reconcile.snapshots.sql import literal

Connection = duckdb.DuckDBPyConnection
SIDES = ("left", "right")
FORMAT = f"2 duckdb {duckdb.__version__} polars {pl.__version__}"  # hashes are theirs


@dataclass(frozen=True, slots=True)
class KeptMatch:
    """What a kept match was made with.

    Attributes:
        roles: compared, per side; columns: cleaned columns of both; model: as text.
        limit: pairs that a key value may bring before it is refined.
    """

    roles: tuple[tuple[Role, ...], ...]
    columns: frozenset[str]
    model: str
    limit: int


@dataclass(frozen=True, slots=True)
class KeptStatistics(Statistics):
    """Statistics whose words are looked up by their hashes.

    Attributes:
        hashes: of the words, in ascending order; ids: theirs.
    """

    hashes: Hashes
    ids: npt.NDArray[np.int32]

    def word_ids(self, sides: list[NameWords]) -> tuple[Vocabulary, list[npt.NDArray[np.int32]]]:
        """See `Statistics`."""
        if self.vocabulary is None:
            return Statistics.word_ids(self, sides)
        said = np.unique(np.concatenate([side.hashes for side in sides]))
        unseen = np.setdiff1d(said[~np.isin(said, self.hashes, assume_unique=True)], np.zeros(1, np.uint64))
        texts = pl.concat([pl.DataFrame({"hash": side.hashes, "word": side.words}) for side in sides])
        fresh = texts.join(pl.DataFrame({"hash": unseen}), on="hash", how="semi").unique("hash").sort("hash")["word"]
        known = self.vocabulary
        bits = np.concatenate([known.bits, np.full(len(fresh), known.bits.max(initial=1), dtype=np.int16)])
        words = pl.concat([known.words, fresh], rechunk=True) if len(fresh) else known.words
        every = self.with_words(vocabulary_of(words, bits, known.rare_bits))
        found = [np.searchsorted(every.hashes, np.maximum(side.hashes, 1)) for side in sides]
        ids = [
            np.where(side.hashes == 0, 0, every.ids[place]).astype(np.int32)
            for side, place in zip(sides, found, strict=True)
        ]
        return vocabulary_of(words, bits, known.rare_bits), ids

    def with_words(self, vocabulary: Vocabulary) -> KeptStatistics:
        """The statistics with the words of a vocabulary that has more."""
        known = 1 if self.vocabulary is None else len(self.vocabulary.words)
        fresh = vocabulary.words[known:].hash(seed=SEED).to_numpy()
        order = np.argsort(fresh)
        places = np.searchsorted(self.hashes, fresh[order])
        hashes, ids = np.insert(self.hashes, places, fresh[order]), np.insert(self.ids, places, known + order)
        return KeptStatistics(self.values, vocabulary, hashes, ids)


def said_sql(con: Connection, relation: str, roles: Sequence[Role]) -> str:
    """A SELECT of record_id and `said`, a hash of the record's id and what it says in these roles."""
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    texts = ", ".join(["record_id::VARCHAR", *(f'"{role}"::VARCHAR' for role in roles)])
    return f"SELECT record_id::VARCHAR AS record_id, hash({texts}) AS said FROM {population(columns, relation)}"


@contextmanager
def attached(con: Connection, path: Path) -> Iterator[str]:
    """Attach a file of a kept match; its name in SQL."""
    con.execute(f"ATTACH {literal(str(path))} AS kept_match")
    try:
        yield "kept_match"
    finally:
        con.execute("DETACH kept_match")


def keep_match(  # noqa: PLR0917 - one call, by position
    con: Connection,
    path: Path,
    relations: tuple[str, str],
    prepared: Prepared,
    candidates: Candidates,
    patterns: Integers,
    model: str,
    rules: MatchRules,
) -> None:
    """Write the file, in place of one that is there."""
    roles = prepared.roles
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with attached(con, part) as kept:
        document = {
            "format": FORMAT,
            "roles": roles,
            "columns": sorted(prepared.columns),
            "model": model,
            "limit": rules.block_pairs,
            "rare_bits": prepared.vocabulary.rare_bits if prepared.vocabulary else 0,
        }
        con.execute(f"CREATE TABLE {kept}.match AS SELECT ?::VARCHAR AS document", [json.dumps(document)])
        _write_statistics(con, kept, gather_statistics(prepared.sides, prepared.vocabulary))
        for side, relation, table, wanted in zip(SIDES, relations, (prepared.left, prepared.right), roles, strict=True):
            said = said_sql(con, relation, wanted)
            con.execute(
                f"CREATE TABLE {kept}.{side}_records AS "
                f"SELECT row, record_id, said FROM {table} JOIN ({said}) USING (record_id)"
            )
        _write_keys(con, kept, prepared, candidates.report.keys, rules.block_pairs)
        frame = pl.DataFrame(
            {"l": candidates.left, "r": candidates.right, "keys": candidates.keys, "pattern": patterns}
        )
        _write(con, f"{kept}.pairs", frame)
    part.replace(path)


def _write(con: Connection, table: str, frame: pl.DataFrame) -> None:
    con.register("_kept_frame", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
    con.execute(f"CREATE TABLE {table} AS SELECT * FROM _kept_frame")
    con.unregister("_kept_frame")


def _write_statistics(con: Connection, kept: str, statistics: Statistics) -> None:
    counts = [
        pl.DataFrame({"hash": each.hashes, "records": each.records})
        .filter(pl.col("records") > 1)  # of a value that is not there one record is taken to have it
        .with_columns(column=pl.lit(column))
        for column, each in statistics.values.items()
    ]
    empty = pl.DataFrame(schema={"hash": pl.UInt64, "records": pl.Int16, "column": pl.String})
    _write(con, f"{kept}.counts", pl.concat([empty, *counts]))
    words = statistics.vocabulary
    frame = pl.DataFrame({"word": words.words, "bits": words.bits}) if words else empty.select(word="column", bits=0)
    _write(con, f"{kept}.words", frame.with_row_index("token_id"))


def read_match(con: Connection, kept: str) -> tuple[KeptMatch, KeptStatistics]:
    """What the file says of the match, and its statistics.

    Raises:
        InputError: the file holds no kept match, or one of another version.
    """
    try:
        document = json.loads(con.execute(f"SELECT document FROM {kept}.match").fetchall()[0][0])
    except duckdb.CatalogException as problem:
        raise InputError("The file holds no kept match.", remedy="Match everything once and keep it.") from problem
    if document["format"] != FORMAT:
        raise InputError("The match was kept by another version.", remedy="Match everything once and keep it.")
    nothing = Counts(np.zeros(0, np.uint64), np.zeros(0, np.int16))
    counts = {column: nothing for column in COUNTED if column in document["columns"]}
    for (column,) in con.execute(f'SELECT DISTINCT "column" FROM {kept}.counts').fetchall():
        found = con.execute(
            f'SELECT hash, records FROM {kept}.counts WHERE "column" = ? ORDER BY hash', [column]
        ).fetchnumpy()
        counts[column] = Counts(np.asarray(found["hash"], np.uint64), np.asarray(found["records"], np.int16))
    statistics = KeptStatistics(counts, None, np.zeros(0, np.uint64), np.zeros(0, np.int32))
    words = con.sql(f"SELECT word, bits FROM {kept}.words ORDER BY token_id").pl()
    if words.height:
        bits = words["bits"].cast(pl.Int16).to_numpy()
        statistics = statistics.with_words(vocabulary_of(words["word"].rechunk(), bits, document["rare_bits"]))
    match = KeptMatch(
        tuple(tuple(each) for each in document["roles"]),
        frozenset(document["columns"]),
        document["model"],
        document["limit"],
    )
    return match, statistics


def _write_keys(con: Connection, kept: str, prepared: Prepared, keys: Sequence[BlockingKey], limit: int) -> None:
    """Write the keys of both sides, and what stands in for those that are too common."""
    tables = dict(zip(SIDES, (prepared.left, prepared.right), strict=True))
    for side, table in tables.items():
        con.execute(f"CREATE TABLE {kept}.{side}_keys AS {key_rows_sql(table, keys)}")
    coarse = common_sql(f"FROM {kept}.left_keys", f"FROM {kept}.right_keys", limit)
    con.execute(f"CREATE TABLE {kept}.common AS {coarse}")
    for side, table in tables.items():
        own = f"(FROM {kept}.{side}_keys SEMI JOIN {kept}.common USING (h))"
        con.execute(f"CREATE TABLE {kept}.{side}_fine AS {fine_rows_sql(own, table, prepared.columns)}")
        con.execute(f"CREATE TABLE {kept}.{side}_order AS {order_rows_sql(own, table, keys, prepared.columns)}")
    fine = common_sql(f"FROM {kept}.left_fine", f"FROM {kept}.right_fine", limit)
    con.execute(f"INSERT INTO {kept}.common {fine}")


def common_sql(left: str, right: str, limit: int) -> str:
    """A SELECT of the values (h) that are too common, of two SELECTs with a row for every record that has one."""
    counts = (f"SELECT h, count(*) AS n FROM ({rows}) GROUP BY h" for rows in (left, right))
    return f"SELECT h FROM ({next(counts)}) a JOIN ({next(counts)}) b USING (h) WHERE a.n * b.n > {limit}"


def key_rows_sql(table: str, keys: Collection[BlockingKey]) -> str:
    """A SELECT of (k, h, row): one row per record and kind of key that it has."""
    selects = (
        f"SELECT {i}::TINYINT AS k, {hash_sql(i, key.parts)} AS h, row FROM {table}" for i, key in enumerate(keys)
    )
    return f"SELECT * FROM ({' UNION ALL '.join(selects)}) WHERE h IS NOT NULL"


def fine_rows_sql(own: str, table: str, columns: frozenset[str]) -> str:
    """A SELECT of (k, c, h, row): what refines the keys of `own` (k, h, row), from the cleaned records of `table`."""
    selects = (
        f"SELECT k, h AS c, hash({i}, h, {part}) AS h, row FROM {own} JOIN {table} USING (row) "
        f"WHERE ({part}) IS NOT NULL"
        for i, part in enumerate(refinements_for(columns))
    )
    return " UNION ALL ".join(selects) or f"SELECT k, h AS c, h, row FROM {own} WHERE false"


def order_rows_sql(own: str, table: str, keys: Collection[BlockingKey], columns: frozenset[str]) -> str:
    """A SELECT of (k, c, row, text): by what the records of a value are ordered, where neighbours are candidates."""
    said = (f"coalesce({column}, '')" for column in ORDER if column in columns)
    ordered = [-1, *(i for i, key in enumerate(keys) if key.has_neighbours)]
    return f"""SELECT k, h AS c, row, concat_ws(chr(1), {", ".join([*said, "record_id"])}) AS text
        FROM {own} JOIN {table} USING (row) WHERE k IN ({", ".join(map(str, ordered))})"""


def update_match(con: Connection, kept: str, vocabulary: Vocabulary | None, pairs: pl.DataFrame) -> None:
    """Let the file hold the match as it is after changes, all of it or nothing.

    Args:
        con: where the work tables of `reconcile.matching.changed_pairs` are.
        kept: the file.
        vocabulary: with the words that are new in it.
        pairs: the pairs that are new or have other kinds of key: l, r, keys, pattern.
    """
    con.execute("BEGIN")
    try:
        for side in SIDES:
            _update_side(con, kept, side)
        con.execute(f"DELETE FROM {kept}.common")
        con.execute(f"INSERT INTO {kept}.common FROM _common")
        changed = "(l, r) IN (SELECT (l, r) FROM _changed)"
        gone = "l IN (FROM _gone_left) OR r IN (FROM _gone_right)"
        con.execute(f"DELETE FROM {kept}.pairs WHERE {gone} OR {changed}")
        _insert(con, f"{kept}.pairs", pairs)
        if vocabulary is not None:
            known = con.execute(f"SELECT count(*) FROM {kept}.words").fetchall()[0][0]
            words = pl.DataFrame({"word": vocabulary.words, "bits": vocabulary.bits}).with_row_index("token_id")
            _insert(con, f"{kept}.words", words[known:])
        con.execute("COMMIT")
    except duckdb.Error:
        con.execute("ROLLBACK")
        raise


def _update_side(con: Connection, kept: str, side: str) -> None:
    con.execute(f"DELETE FROM {kept}.{side}_records WHERE row IN (FROM _gone_{side})")
    con.execute(f"INSERT INTO {kept}.{side}_records SELECT kept_row, record_id, said FROM _fresh_{side}")
    for table, columns in (("keys", "k, h, row"), ("fine", "k, c, h, row"), ("order", "k, c, row, text")):
        condition = "" if table == "keys" else "OR c IN (SELECT h FROM _touched WHERE NOT is_common)"
        con.execute(f"DELETE FROM {kept}.{side}_{table} WHERE row IN (FROM _gone_{side}) {condition}")
        source = f"_add_{side}" if table == "keys" else f"_{table}_add_{side}"
        con.execute(f"INSERT INTO {kept}.{side}_{table} SELECT {columns} FROM {source}")


def _insert(con: Connection, table: str, frame: pl.DataFrame) -> None:
    con.register("_kept_frame", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
    con.execute(f"INSERT INTO {table} FROM _kept_frame")
    con.unregister("_kept_frame")
