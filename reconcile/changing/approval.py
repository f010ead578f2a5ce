"""What exactly was approved: a hash over ids and values, so that no other writes pass under the same name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from reconcile.errors import StateError
from reconcile.model import ChangeSet, Operation


def digest(operations: Sequence[Operation]) -> str:
    """SHA-256 over everything that decides what is written where: targets, preconditions, values, order, stages.

    How an operation went (state, messages, attempts) is not part of it.
    """
    facts = [
        [
            each.id,
            each.stage,
            [each.target.connection_id, each.target.object, each.target.record_id, each.fingerprint],
            dict(each.before),
            dict(each.after),
            each.modified_at,
            list(each.requests),
        ]
        for each in operations
    ]
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def require_as_approved(change_set: ChangeSet, operations: Sequence[Operation]) -> None:
    """Let the set pass if its operations are the approved ones.

    Raises:
        StateError: an operation was added, removed or altered after the approval, or there was none.
    """
    if change_set.approved_hash is None or change_set.approved_hash != digest(operations):
        raise StateError(
            f"Change set {change_set.title!r}",
            "not what was approved",
            "pushed",
            remedy="Reject it back to a draft and have it approved anew.",
        )
