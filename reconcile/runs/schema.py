"""What a run file holds: every table, every column, with its meaning.

A run file is a DuckDB file that anybody can open with the duckdb shell. Tables marked `matcher` are written by
`reconcile.matching`, which documents their further columns (`level_<role>`, `weight_<role>`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its DuckDB type, and what a value and a null mean."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a run file; `rows` says what one row is."""

    name: str
    rows: str
    columns: tuple[Column, ...]

    def create(self, con: duckdb.DuckDBPyConnection) -> None:
        """Create the table, empty."""
        columns = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        con.execute(f'CREATE TABLE "{self.name}" ({columns})')


_SIDE = Column("side", "VARCHAR", "'left' or 'right'")
_PAIR = (
    Column("left_id", "VARCHAR", "record id on the left"),
    Column("right_id", "VARCHAR", "record id on the right"),
)

RUN = Table(
    "run",
    "exactly one: the run itself",
    (
        Column(
            "json",
            "JSON",
            "run (all of model.Run), reconciliation (the whole definition), left and right snapshot (all of"
            " model.Snapshot), previous_run_id, seconds by pass",
        ),
    ),
)

POPULATION = Table(
    "population",
    "a side",
    (_SIDE, Column("records", "BIGINT", "records of the side's dataset, after its `where`")),
)

LINKS = Table(
    "links",
    "a pair that a system stores, or that the match proposes; a stored id that leads nowhere is a row too (dangling)",
    (
        *_PAIR,
        Column("origin", "VARCHAR", "'existing': an id stored in a system says so; 'proposed': only the match does"),
        Column("stored_left", "BOOLEAN", "the left record names the right one"),
        Column("stored_right", "BOOLEAN", "the right record names the left one"),
        Column(
            "status",
            "VARCHAR",
            "confirmed: both sides name each other (or the only side that can store ids does); one_sided: one names,"
            " the other is blank; conflicting: the sides name different partners; shared: two records name one"
            " partner where only one may; contradicted: the records show something else; dangling: the named record"
            " is not in the population; proposed: nobody stores it, the match says so",
        ),
        Column("probability", "DOUBLE", "0..1 from the match; null where the pair was not scored"),
        Column("weight", "DOUBLE", "evidence in bits; null where the pair was not scored"),
        Column(
            "margin",
            "DOUBLE",
            "bits over the best rival of either record, rivals that are duplicates of the partner left out; null: none",
        ),
    ),
)

DIFFERENCES = Table(
    "differences",
    "a compared field in which a confirmed, one-sided or proposed link disagrees; equal texts have no row",
    (
        *_PAIR,
        Column("name", "VARCHAR", "what people call the field"),
        Column("role", "VARCHAR", "role whose idea of equal was used; null compares text"),
        Column("left_field", "VARCHAR", "field on the left; several joined by ' + '"),
        Column("right_field", "VARCHAR", "field on the right; several joined by ' + '"),
        Column("left_value", "VARCHAR", "as stored; null is blank; several fields joined by ', '"),
        Column("right_value", "VARCHAR", "as stored; null is blank; several fields joined by ', '"),
        Column(
            "class",
            "VARCHAR",
            "format: means the same; rounding: numbers within a cent; timing: so fresh that the sync may not have"
            " carried it yet; missing: blank on one side; real",
        ),
    ),
)

EXCEPTIONS = Table(
    "exceptions",
    "a thing that a person must decide, once, under its most telling kind (see exceptions.PRECEDENCE)",
    (
        Column("exception_id", "VARCHAR", "stable hash of kind and ids: the same thing has the same id in every run"),
        Column("kind", "VARCHAR", "one of model.EXCEPTION_KINDS"),
        Column("side", "VARCHAR", "the side whose record it is about; null when it is about a pair"),
        Column(
            "left_id", "VARCHAR", "the left record of the pair in question; of a dangling link the dead id; or null"
        ),
        Column(
            "right_id", "VARCHAR", "the right record of the pair in question; of a dangling link the dead id; or null"
        ),
        Column("cluster_id", "VARCHAR", "of duplicates: the cluster, by the same id as in the run before; else null"),
        Column(
            "probability", "DOUBLE", "of the pair in question, or of the weakest pair that holds a cluster together"
        ),
        Column("margin", "DOUBLE", "bits over the runner-up; null: no runner-up, or not about candidates"),
        Column("amount_cents", "BIGINT", "what the billing records concerned are worth; null: not known"),
        Column("evidence_hash", "VARCHAR", "of the values that the records concerned show; changes when they do"),
        Column("detail", "JSON", "the story: a sentence in `story`, and what the kind needs (see exceptions)"),
        Column("rank", "INTEGER", "1 is first: money at stake, severity of the kind, nearness to the boundary, id"),
        Column("first_seen_run", "VARCHAR", "the run that first saw it in an unbroken line of runs"),
        Column("first_seen_at", "TIMESTAMP", "when that run started, UTC"),
    ),
)

COVERAGE = Table(
    "coverage",
    "a record concerned by an exception",
    (
        Column("exception_id", "VARCHAR", "the exception"),
        Column("kind", "VARCHAR", "its kind"),
        _SIDE,
        Column("record_id", "VARCHAR", "a record of the population"),
    ),
)

TOTALS = Table(
    "totals",
    "a category of a side; a side's categories add up to its population",
    (
        _SIDE,
        Column(
            "category",
            "VARCHAR",
            "linked: in order; an exception kind: concerned by one (the most telling); test: set aside as test data",
        ),
        Column("records", "BIGINT", "records in it; every record is in exactly one category"),
    ),
)

CATEGORIES = Table(
    "categories",
    "a record of a side",
    (_SIDE, Column("record_id", "VARCHAR", "the record"), Column("category", "VARCHAR", "as in totals")),
)

HISTORY = Table(
    "history",
    "an exception that this run or one before it in the line saw",
    (
        Column("exception_id", "VARCHAR", "the exception"),
        Column("first_seen_run", "VARCHAR", "the first run that saw it"),
        Column("first_seen_at", "TIMESTAMP", "when that run started, UTC"),
        Column("last_seen_run", "VARCHAR", "the last run that saw it; not this one when it is gone"),
    ),
)

TABLES: tuple[Table, ...] = (
    RUN,
    POPULATION,
    LINKS,
    DIFFERENCES,
    EXCEPTIONS,
    COVERAGE,
    TOTALS,
    CATEGORIES,
    HISTORY,
)
"""Tables that this package writes; `left_records` and `right_records` come from `reconcile.snapshots.canonical_sql`,
with `evidence_hash` (of the role values) added; `candidates`, `levels`, `left_pairs`, `left_clusters`, `left_levels`,
`right_pairs`, `right_clusters`, `right_levels` from `reconcile.matching`; `left_apart` and `right_apart` (accepted
pairs that do not hold a cluster together, with the reason) from `reconcile.runs.duplicates`."""


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create every table of `TABLES`, empty."""
    for table in TABLES:
        table.create(con)
