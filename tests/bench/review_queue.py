"""How long a decision takes at 50,000 accounts: judge, next exception, its card, the page and the facets.

python -m tests.bench.review_queue [accounts]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb

from reconcile.model import Run, Verdict
from reconcile.reviewing import (
    QueueFilter,
    exception_card,
    facet_counts,
    judge,
    next_exception,
    open_queue,
    open_run,
    queue_page,
)
from reconcile.state.database import Database
from tests.run_files import RunFile
from tests.unit.reviewing.people import ANA, add_people

STEPS = 60  # decisions
Result = TypeVar("Result")


def write_large_run(folder: Path, accounts: int) -> Run:
    """A run of so many accounts and customers, three candidates each, an exception for every second pair."""
    run = RunFile(folder).write()
    con = duckdb.connect(run.path)
    for side, letter in (("left", "L"), ("right", "R")):
        con.execute(
            f"""
            INSERT INTO {side}_records BY NAME
            SELECT printf('{letter}%08d', n) AS record_id, 'Company ' || hash(n) AS name, n || '@example.com' AS email,
                   'city ' || (n % 900) AS city, 'owner ' || (n % 40) AS owner,
                   (hash(n) % 5000000)::BIGINT AS amount_cents,
                   '{{}}' AS extra, md5('' || n) AS evidence_hash FROM range({accounts}) t(n)
            """
        )
    con.execute(
        f"""
        INSERT INTO candidates BY NAME
        SELECT printf('L%08d', n) AS left_id, printf('R%08d', (n + 7 * k) % {accounts}) AS right_id,
               (hash(n * 3 + k) % 1000) / 1000 AS probability, (hash(n + k) % 30)::DOUBLE - 10 AS weight,
               2 AS level_name, 6.5 AS weight_name FROM range({accounts}) t(n), range(3) u(k)
        """
    )
    con.execute(
        f"""
        INSERT INTO exceptions BY NAME
        SELECT 'exc_' || n AS exception_id, ['unlinked', 'one_sided', 'contradicted', 'shared'][1 + n % 4] AS kind,
               printf('L%08d', n) AS left_id, printf('R%08d', n) AS right_id, (hash(n) % 1000) / 1000 AS probability,
               (hash(n) % 5000000)::BIGINT AS amount_cents, '' AS evidence_hash, '{{"story": "A story."}}' AS detail,
               n AS rank, 'run_1' AS first_seen_run, now() AS first_seen_at FROM range(0, {accounts}, 2) t(n)
        """
    )
    con.execute("INSERT INTO coverage SELECT exception_id, kind, 'left', left_id FROM exceptions")
    con.close()
    return run


def main(accounts: int) -> None:
    seconds: defaultdict[str, list[float]] = defaultdict(list)

    def timed(name: str, work: Callable[[], Result]) -> Result:
        began = time.perf_counter()
        result = work()
        seconds[name].append(time.perf_counter() - began)
        return result

    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/state/reconcile.db")
        database.migrate()
        add_people(database)
        opened = open_run(write_large_run(Path(folder), accounts))
        chosen = QueueFilter(statuses=frozenset({"undecided"}))
        with database.read() as tx:
            queue = timed("open the queue", lambda: open_queue(opened, tx))
            current = next_exception(tx, queue, ANA, chosen)
        for step in range(STEPS):
            began = time.perf_counter()
            verdict: Verdict = "same" if step % 2 else "different"
            with database.begin() as tx:
                timed("judge", partial(judge, tx, ANA, opened, str(current), verdict, expected=None))
            with database.read() as tx:
                current = timed("next", partial(next_exception, tx, queue, ANA, chosen, after=current))
                timed("card", partial(exception_card, tx, opened, str(current)))
                timed("page", partial(queue_page, tx, queue, chosen))
                timed("facets", partial(facet_counts, tx, queue, chosen))
            seconds["a decision, all of it"].append(time.perf_counter() - began)
    for name, times in seconds.items():
        late = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        print(f"{name:24} median {statistics.median(times) * 1000:7.1f} ms   p95 {late * 1000:7.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
