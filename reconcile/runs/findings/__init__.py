"""What to look for, kind by kind: each finder adds its rows to the temporary table `found`.

The order of `FINDERS` matters: a finder leaves alone what one before it has told.

`detail` of every kind holds `story` (a sentence). Links in it are objects of left_id, right_id, stored_left,
stored_right, status, probability, weight; candidates are objects of left_id, right_id, probability, weight; both best
first.

| kind | pair in question | side | further detail |
|---|---|---|---|
| conflicting | the stored link with the least evidence | null | links: all that hang together |
| shared | the claim in doubt | of the shared record | links: all claims; rightful: claimant the evidence favours |
| contradicted | the stored link | null | links: itself; candidates: better partners of either record |
| dangling | the naming record and the dead id | of the naming record | dangling_id; reason: merged, deleted, case, \
outside, seen (in an earlier run), unknown; survivor: the record it was merged into; lookalike: id that differs by \
case only; links: who names the record; candidates: whom it may belong to |
| one_sided | the stored link | null | links: itself; stored_by: the side that stores it |
| unlinked | the proposal | null | candidates: the proposal and its rivals |
| ambiguous | the best candidate | of the record that several partners fit | candidates: it and its rivals |
| duplicate | none | of the records | members: record_id, name, link_id, modified_at; pairs: id_a, id_b, probability, \
weight of the matches that hold them together |
| unmatched | the record alone | of the record | candidates: the best ones, taken or too weak; may be empty |
"""

from __future__ import annotations

from collections.abc import Callable

from reconcile.runs.findings.links import (
    find_conflicting,
    find_contradicted,
    find_dangling,
    find_one_sided,
    find_shared,
)
from reconcile.runs.findings.records import find_duplicates, find_proposals, find_unmatched
from reconcile.runs.passes import Execution

FOUND_SQL = """
    CREATE TEMP TABLE found (kind VARCHAR, side VARCHAR, left_id VARCHAR, right_id VARCHAR, cluster_id VARCHAR,
        probability DOUBLE, margin DOUBLE, members VARCHAR[], concerned_left VARCHAR[], concerned_right VARCHAR[],
        detail JSON)
"""
"""`members`: the records of a cluster; `concerned_*`: every record that the exception is about, or explains."""

FACTS_SQL = (
    """CREATE TEMP VIEW told_links AS SELECT *, {'left_id': left_id, 'right_id': right_id, 'stored_left': stored_left,
        'stored_right': stored_right, 'status': status, 'probability': probability, 'weight': weight} AS fact
        FROM links""",
    """CREATE TEMP VIEW told_candidates AS SELECT *, {'left_id': left_id, 'right_id': right_id,
        'probability': probability, 'weight': weight} AS fact FROM candidates""",
)
"""Links and candidates with what `detail` tells of each."""

FINDERS: tuple[Callable[[Execution], None], ...] = (
    find_conflicting,
    find_shared,
    find_contradicted,
    find_dangling,
    find_one_sided,
    find_duplicates,
    find_proposals,
    find_unmatched,
)


def find_all(execution: Execution) -> None:
    """Fill the temporary table `found`."""
    for statement in (FOUND_SQL, *FACTS_SQL):
        execution.con.execute(statement)
    for find in FINDERS:
        find(execution)
