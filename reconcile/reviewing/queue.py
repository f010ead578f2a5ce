"""The queue of one run: its exceptions in a table in memory that follows the judgements people make.

What the run fixes (kind, amount, owner ...) is read once. What people change (status, note ...) is brought up to date
from the operational database before every look, by asking only for what changed since the last one. Orders are
materialised once for each filter and sort, so that a page is found by its place and not by sorting again.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import utc_now
from reconcile.reviewing.opening import CONCERNED_SQL, OpenRun, among
from reconcile.reviewing.selection import ORDER_SQL, QueueFilter, QueueSort, condition
from reconcile.reviewing.standing import Memory, Standing, standing_of
from reconcile.state import judgements
from reconcile.state.judgements import StoredJudgement

# Another machine's clock may be behind, and a transaction may become visible after one that began later.
OVERLAP = timedelta(seconds=60)
ORDERS_KEPT = 24
TOTALS_KEPT = 400
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Counted = TypeVar("Counted")


class Queue:
    """One run's exceptions with where each stands. Made by `open_queue`; may be shared by threads.

    Attributes:
        run: the run.
        version: grows whenever anything in it changed; fit for a cache key.
    """

    def __init__(self, opened: OpenRun) -> None:
        self.run = opened
        self.version = 0
        self.schema = f"queue_{uuid.uuid4().hex}"
        self._lock = threading.RLock()
        self._seen: dict[str, datetime] = {}
        self._newest = NEVER
        self._orders: OrderedDict[tuple[QueueFilter, QueueSort], tuple[str, int]] = OrderedDict()
        self._totals: OrderedDict[object, object] = OrderedDict()
        thresholds = [opened.reconciliation.accept, opened.reconciliation.review]
        opened.con.cursor().execute(f"CREATE SCHEMA {self.schema}")
        opened.con.cursor().execute(
            f"CREATE TABLE {self.schema}.items AS {_ITEMS_SQL}", [*thresholds, utc_now().timestamp(), opened.run.id]
        )
        opened.con.cursor().execute(f"CREATE TABLE {self.schema}.concerned AS {CONCERNED_SQL}")
        opened.con.cursor().execute(f"CREATE INDEX concerned_index ON {self.schema}.concerned (record_id)")

    def refresh(self, tx: Transaction) -> None:
        """Take in what was judged since the last time."""
        with self._lock:
            changed = judgements.changed_since(tx, self.run.run.reconciliation_id, self._newest - OVERLAP)
            news = [row for row in changed if self._seen.get(row.judgement.id) != row.changed_at]
            self._remember(changed)
            if news:
                self._apply(tx, news)
                self.version += 1

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query in which `items` is written `{q}.items`."""
        return self.run.query(sql.replace("{q}", self.schema), parameters)

    def order(self, chosen: QueueFilter, sort: QueueSort) -> tuple[str, int]:
        """The materialised order for the run's part of a filter: its table (position from 1, n) and its length."""
        name = (chosen.of_run(), sort)
        with self._lock:
            if name not in self._orders:
                self._orders[name] = self._materialise(*name)
            self._orders.move_to_end(name)
            while len(self._orders) > ORDERS_KEPT:
                self._forget_oldest_order()
            return self._orders[name]

    def counted(self, name: Hashable, count: Callable[[], Counted]) -> Counted:
        """What `count` gives, counted once for as long as nobody judges anything."""
        key, version = (name, self.version), self.version
        with self._lock:
            if key in self._totals:
                return cast("Counted", self._totals[key])
        value = count()
        with self._lock:
            if version == self.version:
                self._totals[key] = value
            while len(self._totals) > TOTALS_KEPT:
                self._totals.popitem(last=False)
        return value

    def close(self) -> None:
        """Let go of the tables and of the file."""
        self.run.close()

    def _materialise(self, chosen: QueueFilter, sort: QueueSort) -> tuple[str, int]:
        table = f"{self.schema}.order_{uuid.uuid4().hex}"
        where = condition(chosen)
        self.query(
            f"""
            CREATE TABLE {table} AS SELECT row_number() OVER (ORDER BY {ORDER_SQL[sort]})::INTEGER AS position, n
            FROM {{q}}.items i WHERE {where.sql} ORDER BY position
            """,
            where.parameters,
        )
        return table, int(self.query(f"SELECT count(*) FROM {table}")[0][0])

    def _forget_oldest_order(self) -> None:
        _, (table, _) = self._orders.popitem(last=False)
        self.query(f"DROP TABLE {table}")

    def _remember(self, changed: Sequence[StoredJudgement]) -> None:
        self._newest = max((row.changed_at for row in changed), default=self._newest)
        horizon = self._newest - OVERLAP
        self._seen = {row.judgement.id: row.changed_at for row in changed if row.changed_at >= horizon}

    def _apply(self, tx: Transaction, news: Sequence[StoredJudgement]) -> None:
        """Work out anew where every exception stands that has a record in common with the news."""
        ids = sorted({ref.record_id for row in news for ref in (row.judgement.left, row.judgement.right)} - {""})
        wanted = among("record_id", ids)
        touched = self.query(f"SELECT DISTINCT exception_id FROM {{q}}.concerned WHERE {wanted.sql}", wanted.parameters)
        exceptions = self.run.exceptions([exception_id for (exception_id,) in touched])
        records = {record_id for exception in exceptions for record_id in exception.record_ids}
        memory = Memory(self.run, judgements.touching(tx, self.run.run.reconciliation_id, records))
        self._update({each.exception_id: standing_of(self.run, each, memory) for each in exceptions})

    def _update(self, found: Mapping[str, Standing]) -> None:
        if not found:
            return
        columns = list(zip(*(_state(name, standing) for name, standing in found.items()), strict=True))
        unnested = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in STATE_COLUMNS.items())
        changes = ", ".join(f"{name} = u.{name}" for name in STATE_COLUMNS if name != "exception_id")
        self.query(
            f"UPDATE {{q}}.items SET {changes} FROM (SELECT {unnested}) u WHERE items.exception_id = u.exception_id",
            [list(column) for column in columns],
        )


def open_queue(opened: OpenRun, tx: Transaction) -> Queue:
    """The queue of an open run, with everything remembered applied to it.

    Keep it as long as the run is looked at: opening reads all exceptions, looking does not.
    """
    queue = Queue(opened)
    queue.refresh(tx)
    return queue


STATE_COLUMNS: Mapping[str, str] = {
    "exception_id": "VARCHAR",
    "status": "VARCHAR",
    "verdict": "VARCHAR",
    "change_kind": "VARCHAR",
    "note_kind": "VARCHAR",
    "note": "VARCHAR",
    "decision_id": "VARCHAR",
    "chosen_left": "VARCHAR",
    "chosen_right": "VARCHAR",
    "person_id": "VARCHAR",
    "person_name": "VARCHAR",
    "made_at": "TIMESTAMP",
}


def _state(exception_id: str, standing: Standing) -> tuple[object, ...]:
    """The values of `STATE_COLUMNS`."""
    judged = "evidence changed" if standing.is_changed else "evidence as judged"
    chosen = standing.chosen or (None, None)
    return (
        exception_id,
        standing.status,
        standing.verdict,
        "never judged" if standing.verdict is None else judged,
        "with note" if standing.note else "without note",
        standing.note,
        standing.decision_id,
        *chosen,
        standing.person_id,
        standing.person_name,
        None if standing.made_at is None else standing.made_at.astimezone(UTC).replace(tzinfo=None),
    )


# A cluster is shown by its first record: the record that once named it may have left it.
_ITEMS_SQL = """
    SELECT row_number() OVER (ORDER BY e.rank, e.exception_id)::INTEGER AS n,
           e.exception_id, e.kind, e.side, e.left_id, e.right_id, e.cluster_id, e.probability, e.margin,
           e.amount_cents, e.first_seen_run, e.detail->>'story' AS story,
           l.name AS left_name, r.name AS right_name,
           coalesce(nullif(l.owner, ''), r.owner, '') AS owner,
           CASE WHEN e.probability IS NULL THEN 'unscored' WHEN e.probability >= $1 THEN 'accept'
                WHEN e.probability >= $2 THEN 'review' ELSE 'ignore' END AS band,
           CASE WHEN e.amount_cents IS NULL THEN 'unknown' WHEN e.amount_cents < 10000 THEN 'under 100'
                WHEN e.amount_cents < 100000 THEN '100 to 1,000' WHEN e.amount_cents < 1000000 THEN '1,000 to 10,000'
                ELSE '10,000 and over' END AS amount,
           e.first_seen_at,
           greatest(floor(($3 - epoch(e.first_seen_at)) / 86400), 0)::INTEGER AS age_days,
           CASE WHEN e.first_seen_run = $4 THEN 'new' WHEN age_days < 7 THEN 'under 7 days'
                WHEN age_days <= 30 THEN '7 to 30 days' ELSE 'over 30 days' END AS age,
           'undecided' AS status, NULL::VARCHAR AS verdict, 'never judged' AS change_kind,
           'without note' AS note_kind, '' AS note, NULL::VARCHAR AS decision_id, NULL::VARCHAR AS chosen_left,
           NULL::VARCHAR AS chosen_right, NULL::VARCHAR AS person_id, NULL::VARCHAR AS person_name,
           NULL::TIMESTAMP AS made_at
    FROM run.exceptions e
    LEFT JOIN (SELECT cluster_id, min(record_id) AS record_id FROM run.left_clusters GROUP BY 1) first_left
        ON first_left.cluster_id = e.cluster_id
    LEFT JOIN (SELECT cluster_id, min(record_id) AS record_id FROM run.right_clusters GROUP BY 1) first_right
        ON first_right.cluster_id = e.cluster_id
    LEFT JOIN run.left_records l
        ON l.record_id = CASE WHEN e.kind = 'duplicate' AND e.side = 'left' THEN first_left.record_id
                                ELSE e.left_id END
    LEFT JOIN run.right_records r
        ON r.record_id = CASE WHEN e.kind = 'duplicate' AND e.side = 'right' THEN first_right.record_id
                                ELSE e.right_id END
    ORDER BY n
"""
