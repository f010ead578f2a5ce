"""Executing a reconciliation: an ordered tuple of passes over one DuckDB file, which then gets its final name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from reconcile.comparing.differences import write_differences
from reconcile.comparing.equality import register
from reconcile.errors import StorageError
from reconcile.model import Progress, Reconciliation, Run, Snapshot, new_id, utc_now
from reconcile.runs.contradictions import mark_contradicted
from reconcile.runs.document import run_document
from reconcile.runs.duplicates import write_duplicates
from reconcile.runs.evidence import write_evidence
from reconcile.runs.exceptions import write_exceptions
from reconcile.runs.identity import write_links
from reconcile.runs.passes import Execution
from reconcile.runs.proposals import write_proposals
from reconcile.runs.rank import write_ranks
from reconcile.runs.records import write_records
from reconcile.runs.schema import create_tables
from reconcile.runs.totals import write_totals
from reconcile.snapshots.files import written_whole

MEMORY_LIMIT = "3GB"


@dataclass(frozen=True, slots=True)
class _Pass:
    name: str
    carry_out: Callable[[Execution], None]


def _compare(execution: Execution) -> None:
    write_differences(
        execution.con,
        execution.compared(),
        left_read_at=execution.left.started_at,
        right_read_at=execution.right.started_at,
    )


PASSES: tuple[_Pass, ...] = (
    _Pass("records", write_records),
    _Pass("match", write_evidence),
    _Pass("identity", write_links),
    _Pass("duplicates", write_duplicates),
    _Pass("contradictions", mark_contradicted),
    _Pass("proposals", write_proposals),
    _Pass("differences", _compare),
    _Pass("exceptions", write_exceptions),
    _Pass("totals", write_totals),
    _Pass("rank", write_ranks),
)
"""In this order; each reads what those before it wrote."""


def _no_progress(_: Progress) -> None:
    return


def execute(
    reconciliation: Reconciliation,
    left_snapshot: Snapshot,
    right_snapshot: Snapshot,
    folder: Path,
    *,
    started_by: str,
    previous: Run | None = None,
    models: Mapping[str, str] | None = None,
    progress: Callable[[Progress], None] = _no_progress,
) -> Run:
    """Carry out `reconciliation` over two snapshots into a new run file in `folder`.

    The same snapshots and definition give the same rows in the same order; only the run's id and times differ.

    Args:
        reconciliation: the definition.
        left_snapshot: of the left dataset's connection.
        right_snapshot: of the right dataset's connection; may be the same snapshot.
        folder: of run files; made when absent.
        started_by: id of the person.
        previous: the run before this one, which tells how long an exception has been there.
        models: the models in use: "link", "left" and "right"; a part that is absent, or was learned for other roles
            than the definition has by now, is learned from these records.
        progress: told before and after each pass.

    Raises:
        DefinitionError: the definition names an object or a field that the snapshots lack, or a key that repeats.
        StorageError: a snapshot cannot be read, or the file cannot be written. Nothing is left behind then.
        TotalsError: the totals do not tie out; nothing is left behind.
    """
    run_id, started_at = new_id("run"), utc_now()
    final = folder / f"{run_id}.duckdb"
    with written_whole(final, MEMORY_LIMIT) as con:
        execution = Execution(
            con, reconciliation, left_snapshot, right_snapshot, run_id, started_at, previous, progress,
            models=models or {},
        )  # fmt: skip
        _attach(execution)
        create_tables(con)
        register(con)
        seconds = _carry_out(execution)
        run = _run_of(execution, str(final), started_by)
        document = run_document(run, execution, seconds)
        con.execute("INSERT INTO run VALUES (?)", [json.dumps(document, sort_keys=True)])
        _detach(execution)
    return run


def _run_of(execution: Execution, path: str, started_by: str) -> Run:
    return Run(
        id=execution.run_id,
        reconciliation_id=execution.reconciliation.id,
        reconciliation_version=execution.reconciliation.version,
        left_snapshot_id=execution.left.id,
        right_snapshot_id=execution.right.id,
        path=path,
        started_at=execution.started_at,
        finished_at=utc_now(),
        started_by=started_by,
    )


def _carry_out(execution: Execution) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for position, step in enumerate(PASSES):
        execution.progress(Progress(step.name, position, len(PASSES), "passes"))
        began = time.monotonic()
        step.carry_out(execution)
        seconds[step.name] = round(time.monotonic() - began, 3)
    execution.progress(Progress("done", len(PASSES), len(PASSES), "passes"))
    return seconds


def _attach(execution: Execution) -> None:
    """Attach the snapshots under `left_snapshot` and `right_snapshot` (one file cannot be attached twice)."""
    for alias, path in execution.attachments().items():
        if not Path(path).is_file():
            raise StorageError(path, "the snapshot file is not there", remedy="Pull the connection again.")
        try:
            execution.con.execute(f"ATTACH '{path.replace(chr(39), chr(39) * 2)}' AS {alias} (READ_ONLY)")
        except duckdb.Error as error:
            raise StorageError(
                path, f"not a readable snapshot ({error})", remedy="Pull the connection again."
            ) from error


def _detach(execution: Execution) -> None:
    for alias in execution.attachments():
        execution.con.execute(f"DETACH {alias}")
