"""The people's side of a run: the queue of exceptions, the link card, judgements and claims.

A run file never changes; what people said lives in the operational database by record ids. This package joins the two:

    with database.read() as tx:
        queue = open_queue(open_run(run), tx)      # keep it: it follows new judgements by itself
        page = queue_page(tx, queue, QueueFilter(kinds=frozenset({"one_sided"})))
        card = exception_card(tx, queue.run, page.rows[0].exception_id)
    with database.begin() as tx:
        judge(tx, actor, queue.run, card.exception.exception_id, "same", expected=None)
"""

from reconcile.reviewing.card import exception_card, prepare_card
from reconcile.reviewing.decisions import Decided, decisions_for_change_set
from reconcile.reviewing.evidence import pair_evidence, search_records
from reconcile.reviewing.facets import Facet, FacetValue, facet_counts
from reconcile.reviewing.judging import (
    BatchOutcome,
    Decision,
    claim_exception,
    judge,
    judge_many,
    release_exception,
    undo,
    undo_last,
    undo_many,
)
from reconcile.reviewing.opening import ExceptionRow, OpenRun, open_run
from reconcile.reviewing.paging import QueuePage, QueueRow, exception_ids, next_exception, queue_page
from reconcile.reviewing.queue import Queue, open_queue
from reconcile.reviewing.selection import QueueFilter, QueueSort
from reconcile.reviewing.standing import Standing, Status, by_status, standings
from reconcile.reviewing.views import Candidate, Card, EvidenceRow, FieldRow, PairEvidence, RecordView, StoredLink

__all__ = [
    "BatchOutcome",
    "Candidate",
    "Card",
    "Decided",
    "Decision",
    "EvidenceRow",
    "ExceptionRow",
    "Facet",
    "FacetValue",
    "FieldRow",
    "OpenRun",
    "PairEvidence",
    "Queue",
    "QueueFilter",
    "QueuePage",
    "QueueRow",
    "QueueSort",
    "RecordView",
    "Standing",
    "Status",
    "StoredLink",
    "by_status",
    "claim_exception",
    "decisions_for_change_set",
    "exception_card",
    "exception_ids",
    "facet_counts",
    "judge",
    "judge_many",
    "next_exception",
    "open_queue",
    "open_run",
    "pair_evidence",
    "prepare_card",
    "queue_page",
    "release_exception",
    "search_records",
    "standings",
    "undo",
    "undo_last",
    "undo_many",
]
