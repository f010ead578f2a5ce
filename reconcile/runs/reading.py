"""Reading run files: never writing, and as many readers at once as there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from reconcile.errors import StorageError
from reconcile.model import EXCEPTION_KINDS, ExceptionKind, Run, Side
from reconcile.runs.document import FORMAT, run_of
from reconcile.runs.passes import SIDES


def open_run(path: Path | str) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a run file; close it when done.

    Raises:
        StorageError: the file is missing, is no run file, or is of another version.
    """
    name = str(path)
    if not Path(path).is_file():
        raise StorageError(name, "the run file is not there", remedy="Run the reconciliation again.")
    try:
        con = duckdb.connect(name, read_only=True)
    except duckdb.Error as error:
        raise StorageError(
            name, f"not a readable run file ({error})", remedy="Run the reconciliation again."
        ) from error
    try:
        _check_format(con, name)
    except StorageError:
        con.close()
        raise
    return con


def _check_format(con: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        # All rows are taken: an answer that is not read to its end would keep the connection busy for whoever gets it.
        row = next(iter(con.execute("SELECT CAST(json ->> 'format' AS INTEGER) FROM run").fetchall()), None)
    except duckdb.Error as error:
        raise StorageError(name, "this DuckDB file is not a run", remedy="Choose a file of the runs folder.") from error
    if row is None or row[0] != FORMAT:
        found = "none" if row is None else row[0]
        raise StorageError(
            name, f"a run file of format {found}; this version reads {FORMAT}", remedy="Run the reconciliation again."
        )


def read_document(path: Path | str) -> dict[str, Any]:
    """The document of a run file (see `reconcile.runs.document`).

    Raises:
        StorageError: as `open_run`.
    """
    with closing(open_run(path)) as con:
        row = con.execute("SELECT json FROM run").fetchone()
    document: dict[str, Any] = json.loads(row[0]) if row else {}
    return document


def read_run(path: Path | str) -> Run:
    """The run of a run file.

    Raises:
        StorageError: as `open_run`.
    """
    return run_of(read_document(path), str(path))


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The figures of one run.

    Attributes:
        population: records by side.
        totals: records by side and category.
        exceptions: count by kind, every kind, in the order of `model.EXCEPTION_KINDS`.
        amount_cents: what is at stake, by kind; kinds without known amounts are absent.
        links: count by status.
        differences: count by class.
        unlinkable_share: by side, the share (0..1) of records without a partner, test records left out; None for an
            empty side.
        ties_out: whether the categories of each side add up to its population, counted from the file.
    """

    population: Mapping[str, int]
    totals: Mapping[Side, Mapping[str, int]]
    exceptions: Mapping[ExceptionKind, int]
    amount_cents: Mapping[str, int]
    links: Mapping[str, int]
    differences: Mapping[str, int]
    unlinkable_share: Mapping[Side, float | None]
    ties_out: bool


def _counts(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in con.execute(sql).fetchall()}


def summarise(path: Path | str) -> RunSummary:
    """The figures of the run file at `path`.

    Raises:
        StorageError: as `open_run`.
    """
    with closing(open_run(path)) as con:
        population = _counts(con, "SELECT side, records FROM population ORDER BY side")
        totals = {side: _totals_of(con, side) for side in SIDES}
        kinds = _counts(con, "SELECT kind, count(*) FROM exceptions GROUP BY kind")
        return RunSummary(
            population=population,
            totals=totals,
            exceptions={kind: kinds.get(kind, 0) for kind in EXCEPTION_KINDS},
            amount_cents=_counts(
                con,
                """SELECT kind, sum(amount_cents) FROM exceptions WHERE amount_cents IS NOT NULL
                   GROUP BY kind ORDER BY kind""",
            ),
            links=_counts(con, "SELECT status, count(*) FROM links GROUP BY status ORDER BY status"),
            differences=_counts(con, "SELECT class, count(*) FROM differences GROUP BY class ORDER BY class"),
            unlinkable_share={side: _unlinkable(totals[side], population[side]) for side in SIDES},
            ties_out=all(sum(totals[side].values()) == population[side] for side in SIDES),
        )


def _totals_of(con: duckdb.DuckDBPyConnection, side: Side) -> dict[str, int]:
    return _counts(con, f"SELECT category, records FROM totals WHERE side = '{side}' ORDER BY category")


def _unlinkable(totals: Mapping[str, int], population: int) -> float | None:
    real = population - totals.get("test", 0)
    return totals.get("unmatched", 0) / real if real else None


def read_exceptions(
    con: duckdb.DuckDBPyConnection, kind: ExceptionKind | None = None, *, batch_size: int = 2_000
) -> Iterator[dict[str, Any]]:
    """Exceptions of one kind or all, by rank, as dicts of the table's columns with `detail` decoded.

    Args:
        con: an open run; not usable for anything else until the iterator is used up.
        kind: None for every kind.
        batch_size: rows in memory at a time.
    """
    where = "" if kind is None else "WHERE kind = $kind"
    found = con.execute(f"SELECT * FROM exceptions {where} ORDER BY rank", {} if kind is None else {"kind": kind})
    names = [column[0] for column in found.description or []]
    while rows := found.fetchmany(batch_size):
        for row in rows:
            record = dict(zip(names, row, strict=True))
            seen_at = record["first_seen_at"].replace(tzinfo=UTC)
            yield {**record, "first_seen_at": seen_at, "detail": json.loads(record["detail"])}


def pair_evidence_hash(con: duckdb.DuckDBPyConnection, left_id: str | None, right_id: str | None) -> str:
    """The hash of what two records of a run show, as `exceptions.evidence_hash` has it for a pair.

    A record that is None or not in the population counts as showing nothing.
    """
    row = con.execute(
        """SELECT md5(coalesce((SELECT evidence_hash FROM left_records WHERE record_id = $left), '') ||
                      coalesce((SELECT evidence_hash FROM right_records WHERE record_id = $right), ''))""",
        {"left": left_id, "right": right_id},
    ).fetchone()
    return str(row[0]) if row else ""
