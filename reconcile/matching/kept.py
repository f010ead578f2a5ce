"""What is kept of a match, so that changes can be matched without matching everything again.

A DuckDB file: the statistics, the model and the rules it was scored with; per side the records (row, record_id and a
hash of what they said), and their blocking keys; and every compared pair with its pattern.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.block import BlockingKey, Candidates, hash_sql, refinements_for
from reconcile.matching.clean.records import population, quoted
from reconcile.matching.patterns import Integers
from reconcile.matching.prepare import Prepared
from reconcile.matching.rules import MatchRules
from reconcile.matching.statistics import Counts, Statistics, gather_statistics
from reconcile.matching.vocabulary import Vocabulary
from reconcile.model import Role
from reconcile.snapshots.sql import literal

Connection = duckdb.DuckDBPyConnection
SIDES = ("left", "right")
FORMAT = f"1 duckdb {duckdb.__version__} polars {pl.__version__}"  # hashes are theirs


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


def said_sql(con: Connection, relation: str, roles: Sequence[Role]) -> str:
    """A SELECT of record_id and `said`, a hash of what the record says in these roles."""
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    texts = ", ".join(f'"{role}"::VARCHAR' for role in roles)
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
    path.unlink(missing_ok=True)
    roles = prepared.roles
    with attached(con, path) as kept:
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


def _write(con: Connection, table: str, frame: pl.DataFrame) -> None:
    con.register("_kept_frame", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
    con.execute(f"CREATE TABLE {table} AS SELECT * FROM _kept_frame")
    con.unregister("_kept_frame")


def _write_statistics(con: Connection, kept: str, statistics: Statistics) -> None:
    counts = [
        pl.DataFrame({"hash": each.hashes, "records": each.records}).with_columns(column=pl.lit(column))
        for column, each in statistics.values.items()
    ]
    empty = pl.DataFrame(schema={"hash": pl.UInt64, "records": pl.Int16, "column": pl.String})
    _write(con, f"{kept}.counts", pl.concat([empty, *counts]))
    words = statistics.vocabulary
    frame = pl.DataFrame({"word": words.words, "bits": words.bits}) if words else empty.select(word="column", bits=0)
    _write(con, f"{kept}.words", frame.with_row_index("token_id"))


def read_match(con: Connection, kept: str) -> tuple[KeptMatch, Statistics]:
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
    counts = {}
    for (column,) in con.execute(f'SELECT DISTINCT "column" FROM {kept}.counts').fetchall():
        found = con.execute(
            f'SELECT hash, records FROM {kept}.counts WHERE "column" = ? ORDER BY hash', [column]
        ).fetchnumpy()
        counts[column] = Counts(np.asarray(found["hash"], np.uint64), np.asarray(found["records"], np.int16))
    words = con.sql(f"SELECT word, bits FROM {kept}.words ORDER BY token_id").pl()
    vocabulary = None
    if words.height:
        bits = words["bits"].cast(pl.Int16).to_numpy()
        vocabulary = Vocabulary(words["word"].rechunk(), bits, document["rare_bits"])
    match = KeptMatch(
        tuple(tuple(each) for each in document["roles"]),
        frozenset(document["columns"]),
        document["model"],
        document["limit"],
    )
    return match, Statistics(counts, vocabulary)


def _write_keys(con: Connection, kept: str, prepared: Prepared, keys: Sequence[BlockingKey], limit: int) -> None:
    """Write the keys of both sides, `(k, h, row)`, and which are too common: `common(h)`.

    A key that is too common has finer ones beside it; both are there, so that a record that comes later is given
    the finer ones too.
    """
    tables = dict(zip(SIDES, (prepared.left, prepared.right), strict=True))
    for side, table in tables.items():
        con.execute(f"CREATE TABLE {kept}.{side}_keys AS {key_rows_sql(table, keys)}")
    con.execute(f"CREATE TABLE {kept}.common AS {_common_sql(kept, limit)}")
    for side, table in tables.items():
        fine = fine_rows_sql(f"{kept}.{side}_keys", f"{kept}.common", table, prepared.columns)
        con.execute(f"INSERT INTO {kept}.{side}_keys {fine}")
    con.execute(f"INSERT INTO {kept}.common {_common_sql(kept, limit)} EXCEPT SELECT h FROM {kept}.common")


def _common_sql(kept: str, limit: int) -> str:
    counts = (f"SELECT h, count(*) AS n FROM {kept}.{side}_keys GROUP BY h" for side in SIDES)
    return f"SELECT h FROM ({next(counts)}) a JOIN ({next(counts)}) b USING (h) WHERE a.n * b.n > {limit}"


def key_rows_sql(table: str, keys: Sequence[BlockingKey]) -> str:
    """A SELECT of (k, h, row): one row per record and kind of key that it has."""
    selects = (
        f"SELECT {i}::TINYINT AS k, {hash_sql(i, key.parts)} AS h, row FROM {table}" for i, key in enumerate(keys)
    )
    return f"SELECT * FROM ({' UNION ALL '.join(selects)}) WHERE h IS NOT NULL"


def fine_rows_sql(keys: str, common: str, table: str, columns: frozenset[str]) -> str:
    """A SELECT of (k, h, row): the finer keys of those that are too common."""
    selects = (
        f"SELECT k, hash({i}, h, {part}) AS h, row FROM {keys} JOIN {common} USING (h) JOIN {table} USING (row) "
        f"WHERE ({part}) IS NOT NULL"
        for i, part in enumerate(refinements_for(columns))
    )
    return " UNION ALL ".join(selects) or f"SELECT k, h, row FROM {keys} WHERE false"
