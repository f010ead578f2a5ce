"""Workers to be killed: `python pusher.py DATABASE_URL CHANGE_SET_ID`.

For each line on standard input one worker is forked, which pushes the set; its process id is printed, and a line when
it has ended. Forking spares each one the imports. A worker resumes a paused set first, as the person would who reads
the reason and lets it go on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from reconcile.changing import lifecycle
from reconcile.changing.push import push
from reconcile.errors import RemoteError
from reconcile.state import change_sets
from reconcile.state.database import Database
from tests.unit.changing.people import ANALYST
from tests.unit.changing.rig import QUICK, with_secrets


def work(database_url: str, change_set_id: str) -> None:
    database = Database(database_url)
    with database.begin() as tx:
        if change_sets.get(tx, change_set_id).state == "paused":
            lifecycle.resume(tx, ANALYST, change_set_id)
    try:
        push(database, change_set_id, ANALYST, with_secrets, pace=QUICK)
    except RemoteError as error:  # preflight could not ask; whoever started this tries again
        print(f"not started: {error}", file=sys.stderr)


def main(database_url: str, change_set_id: str) -> None:
    for _ in sys.stdin:
        worker = os.fork()
        if worker == 0:
            work(database_url, change_set_id)
            os._exit(0)
        print(worker, flush=True)
        _, status = os.waitpid(worker, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
