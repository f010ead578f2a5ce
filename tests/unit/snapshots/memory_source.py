"""A source that keeps its records in memory: a Reader whose changes, deletes and counts a test decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from reconcile.errors import UnreachableError
from reconcile.model import Connection, Environment, FieldInfo, ObjectInfo

Row = dict[str, str | None]


@dataclass
class MemorySource:
    """One object, `thing`, with the fields id, name, created and stamp.

    Attributes:
        counted: what count() says besides the truth: added to it.
        breaks_after: rows after which the stream breaks off.
        meanwhile: called once when everything was streamed.
    """

    connection: Connection = field(default_factory=lambda: Connection("mem", "Memory", "chargebee", "practice"))
    rows: dict[str, Row] = field(default_factory=dict)
    gone: dict[str, datetime] = field(default_factory=dict)
    org: str = "site-1"
    counted: int = 0
    breaks_after: int | None = None
    asked_since: list[datetime | None] = field(default_factory=list)
    late: list[tuple[str, str]] = field(default_factory=list)
    fields: tuple[str, ...] = ("id", "name", "created", "stamp")
    has_stamp: bool = True

    def put(self, key: str, name: str | None, moment: datetime | None = None) -> None:
        at = moment or datetime.now(UTC)
        created = (self.rows.get(key) or {}).get("created") or at.isoformat()
        self.rows[key] = {"id": key, "name": name, "created": created, "stamp": at.isoformat()}
        self.gone.pop(key, None)

    def drop(self, key: str, moment: datetime | None = None) -> None:
        del self.rows[key]
        self.gone[key] = moment or datetime.now(UTC)

    def fingerprint(self) -> str:
        return self.org

    def environment(self) -> Environment:
        return "practice"

    def objects(self) -> tuple[str, ...]:
        return ("thing",)

    def describe(self, object_name: str) -> ObjectInfo:
        fields = tuple(FieldInfo(name, name.title(), "string") for name in self.fields)
        return ObjectInfo(object_name, "Thing", "id", "stamp" if self.has_stamp else None, "created", fields)

    def count(self, object_name: str) -> int | None:
        assert object_name == "thing"
        return len(self.rows) + self.counted

    def count_by_month(self, object_name: str) -> Mapping[str, int] | None:
        assert object_name == "thing"
        return Counter(str(row["created"])[:7] for row in self.rows.values())

    def changes(self, object_name: str, fields: Sequence[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        assert object_name == "thing"
        self.asked_since.append(since)
        found = [r for r in self.rows.values() if since is None or datetime.fromisoformat(str(r["stamp"])) >= since]
        schema = pa.schema([(name, pa.string()) for name in fields])
        for start in range(0, len(found), 3):
            if self.breaks_after is not None and start >= self.breaks_after:
                raise UnreachableError("Memory", "GET", "/things", "the connection broke", may_have_applied=False)
            part = found[start : start + 3]
            part = [*part, part[0]] if start == 0 else part  # a page that was read twice
            yield pa.RecordBatch.from_arrays(
                [pa.array([r.get(n) for r in part], pa.string()) for n in fields], schema=schema
            )
        while self.late:
            self.put(*self.late.pop())

    def deleted(self, object_name: str, since: datetime) -> Iterator[str]:
        assert object_name == "thing"
        yield from (key for key, moment in self.gone.items() if moment >= since)


LONG_AGO = datetime(2024, 5, 1, tzinfo=UTC)
BEYOND_OVERLAP = timedelta(hours=1)
