"""What changed between two runs of a reconciliation."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from reconcile.errors import StorageError
from reconcile.runs.reading import open_run

LinkEvent = Literal["added", "removed", "moved"]
ExceptionEvent = Literal["new", "gone", "returned"]


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A stored link that the later run sees otherwise than the earlier one.

    Attributes:
        left_id, right_id: the link now; of a removed one, as it was.
        previous_left_id: of a moved one, whom the right record was linked to before.
    """

    event: LinkEvent
    left_id: str
    right_id: str
    previous_left_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExceptionChange:
    """An exception that only one of the two runs has; `returned` was seen before the earlier run, and not in it."""

    event: ExceptionEvent
    exception_id: str
    kind: str
    left_id: str | None
    right_id: str | None


@dataclass(frozen=True, slots=True)
class RunComparison:
    """All changes from one run to a later one. Links compared are the stored ones whose records both exist."""

    links: tuple[LinkChange, ...]
    exceptions: tuple[ExceptionChange, ...]

    def count(self, event: LinkEvent | ExceptionEvent) -> int:
        """How many changes of that event there are."""
        events: list[str] = [each.event for each in self.links]
        events += [each.event for each in self.exceptions]
        return events.count(event)


_LINKS_SQL = """
    WITH before AS (SELECT left_id, right_id FROM earlier.links WHERE origin = 'existing' AND status <> 'dangling'),
    now AS (SELECT left_id, right_id FROM later.links WHERE origin = 'existing' AND status <> 'dangling'),
    added AS (SELECT * FROM now EXCEPT SELECT * FROM before),
    removed AS (SELECT * FROM before EXCEPT SELECT * FROM now),
    moved AS (
        SELECT a.left_id, a.right_id, min(r.left_id) AS previous
        FROM added a JOIN removed r USING (right_id) GROUP BY ALL)
    SELECT 'moved', left_id, right_id, previous FROM moved
    UNION ALL SELECT 'added', left_id, right_id, NULL FROM added WHERE right_id NOT IN (SELECT right_id FROM moved)
    UNION ALL SELECT 'removed', left_id, right_id, NULL FROM removed
        WHERE (left_id, right_id) NOT IN (SELECT (previous, right_id) FROM moved)
    ORDER BY ALL
"""

_EXCEPTIONS_SQL = """
    SELECT CASE WHEN e.exception_id IN (SELECT exception_id FROM earlier.history) THEN 'returned' ELSE 'new' END,
           exception_id, kind, left_id, right_id
    FROM later.exceptions e WHERE exception_id NOT IN (SELECT exception_id FROM earlier.exceptions)
    UNION ALL
    SELECT 'gone', exception_id, kind, left_id, right_id
    FROM earlier.exceptions WHERE exception_id NOT IN (SELECT exception_id FROM later.exceptions)
    ORDER BY ALL
"""


def compare_runs(earlier: Path | str, later: Path | str) -> RunComparison:
    """What changed from the run file `earlier` to the run file `later`.

    Memory is in proportion to the changes, not to the runs.

    Raises:
        StorageError: one of them is missing, no run file, or of another version; or both are the same file.
    """
    if Path(earlier).resolve() == Path(later).resolve():
        raise StorageError(str(later), "this is the same run twice", remedy="Choose two different runs.")
    for path in (earlier, later):
        open_run(path).close()
    with closing(duckdb.connect()) as con:
        for name, path in (("earlier", earlier), ("later", later)):
            quoted = str(path).replace("'", "''")
            con.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
        links = con.execute(_LINKS_SQL).fetchall()
        exceptions = con.execute(_EXCEPTIONS_SQL).fetchall()
    return RunComparison(tuple(LinkChange(*row) for row in links), tuple(ExceptionChange(*row) for row in exceptions))
