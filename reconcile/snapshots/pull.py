"""A pull: everything of some objects, into one immutable file, proved whole.

A full pull streams every live record. An incremental one starts from a copy of an earlier snapshot of the same
organisation, asks for what changed and what was deleted since, and falls back to the whole object where the fields
differ, where the source has no change stamp, or where the counts do not tie out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from reconcile.errors import DefinitionError, IncompletePullError
from reconcile.model import ObjectCount, ObjectInfo, Progress, Snapshot, new_id, utc_now
from reconcile.snapshots import load, proof, store
from reconcile.snapshots.files import snapshot_path, written_whole
from reconcile.snapshots.sql import quoted
from reconcile.systems import KnowsFates, LearnsFields, Reader

OVERLAP = timedelta(minutes=15)
"""Asked for again before the last pull's start: a change is stamped when its transaction begins and seen when it ends,
and two clocks differ."""
_ROUNDS = 3
_BASE = "base"


def _ignore(_: Progress) -> None:
    return


def pull(
    reader: Reader,
    objects: Sequence[str],
    folder: Path,
    *,
    base: Snapshot | None = None,
    progress: Callable[[Progress], None] = _ignore,
    memory_limit: str | None = None,
) -> Snapshot:
    """Pull `objects` of the reader's connection into a new file below `folder`.

    Args:
        reader: of the connection.
        objects: names; each becomes a table.
        folder: of all snapshots; the file goes into the connection's own folder in it.
        base: an earlier snapshot of the connection; then only changes are asked for. One of another organisation (a
            refreshed sandbox) is not used.
        progress: told after every batch.
        memory_limit: of DuckDB, beyond which it spills to disk; default by the widest object's number of fields.

    Raises:
        IncompletePullError: rows received differ from the source's own count, also after asking again. No file is left.
        RemoteError: what the source refused. No file is left.
        DefinitionError: no object, one named twice, or a base of another connection.
        StorageError: the base is missing or damaged.
    """
    connection = reader.connection
    if not objects or len(set(objects)) != len(objects):
        raise DefinitionError(connection.name, "a pull needs at least one object, each once")
    if base is not None and base.connection_id != connection.id:
        raise DefinitionError(connection.name, f"snapshot {base.id} is of the connection {base.connection_id}")
    started_at, fingerprint = utc_now(), reader.fingerprint()
    usable = base if base is not None and base.fingerprint == fingerprint else None
    final = snapshot_path(folder, connection.id, started_at)
    with written_whole(final, memory_limit or _memory_limit(reader, objects)) as con:
        store.create_meta(con)
        work = _Pull(con, reader, usable, progress)
        counts = tuple(work.pull_object(name) for name in objects)
        snapshot = Snapshot(
            id=new_id("snapshot"),
            connection_id=connection.id,
            system=connection.system,
            environment=reader.environment(),
            fingerprint=fingerprint,
            path=str(final),
            kind="incremental" if usable else "full",
            base_id=usable.id if usable else None,
            started_at=started_at,
            finished_at=utc_now(),
            objects=counts,
        )
        store.write_snapshot(con, snapshot)
    return snapshot


def _memory_limit(reader: Reader, objects: Sequence[str]) -> str:
    # While rows arrive, every column of every thread holds a block: what is needed grows with fields, not with rows.
    widest = max(len(reader.describe(name).fields) for name in objects)
    return f"{140 + widest}MB"


@dataclass(slots=True)
class _Pull:
    """One pull in progress."""

    con: duckdb.DuckDBPyConnection
    reader: Reader
    base: Snapshot | None
    progress: Callable[[Progress], None]
    _has_base: bool = False

    def __post_init__(self) -> None:
        if self.base is not None:
            store.open_snapshot(self.base.path).close()
            self.con.execute(store.attach_sql(self.base.path, _BASE))
            self._has_base = True

    def pull_object(self, name: str) -> ObjectCount:
        """Pull one object and describe it in the file. Its rows tie out with the source's counts."""
        count = self._from_base(name) or self._whole(self.reader.describe(name))
        store.write_object(self.con, self.reader.describe(name), count)
        self._remember_gone(name)
        return count

    def _remember_gone(self, name: str) -> None:
        """What is deleted: as the base had it, for a source forgets after a while, and as the source has it now."""
        if self._has_base and store.has_gone(self.con, _BASE):
            self.con.execute(f"INSERT INTO _gone SELECT * FROM {_BASE}._gone WHERE object = ?", [name])
        if isinstance(self.reader, KnowsFates):
            store.write_gone(self.con, name, self.reader.fates_of_deleted(name))

    def _from_base(self, name: str) -> ObjectCount | None:
        """The object as the base has it, brought up to date; None where it must be pulled whole."""
        before = self._in_base(name)
        if before is None:
            return None
        if isinstance(self.reader, LearnsFields):
            self.reader.learn(name, [f.name for f in before.fields])
        info, started_at = self.reader.describe(name), utc_now()
        if not _is_alike(before, info):
            return None
        self._start_from_base(info)
        count = self._settled(info, started_at)
        return count if _is_alike(before, self.reader.describe(name)) else None

    def _in_base(self, name: str) -> ObjectInfo | None:
        if not self._has_base:
            return None
        found = [info for info in store.snapshot_objects(self.con, _BASE) if info.name == name]
        return found[0] if found else None

    def _start_from_base(self, info: ObjectInfo) -> None:
        columns = ", ".join(quoted(f.name) for f in info.fields)
        table = quoted(info.name)
        self.con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {columns} FROM {_BASE}.{table}")
        if self.base is not None:
            self._apply_since(info, self.base.started_at)

    def _whole(self, info: ObjectInfo) -> ObjectCount:
        """Everything of the object, settled.

        Raises:
            IncompletePullError: the counts do not tie out.
        """
        for _ in range(2):  # a second time only when the records showed fields that nothing had told of
            started_at = utc_now()
            batches = self._told(info, self.reader.changes(info.name, [f.name for f in info.fields], None))
            load.stream(self.con, f"OR REPLACE TABLE {quoted(info.name)}", info, self._system, batches)
            load.keep_last(self.con, quoted(info.name), info.id_field, self._name)
            seen = self.reader.describe(info.name)
            if len(seen.fields) == len(info.fields):
                break
            info = seen
        count = self._settled(info, started_at)
        if count is None:
            last = proof.counted(self.con, self.reader, info)
            raise IncompletePullError(self._name, info.name, last.rows, last.expected or 0)
        return count

    def _settled(self, info: ObjectInfo, started_at: datetime) -> ObjectCount | None:
        """The count with its hash once the rows tie out; None if they do not, though the difference was asked for."""
        for round_ in range(_ROUNDS):
            count = proof.counted(self.con, self.reader, info)
            if proof.is_whole(count):
                digest = proof.content_hash(self.con, quoted(info.name), [f.name for f in info.fields])
                return ObjectCount(count.object, count.rows, count.expected, digest, count.months)
            if info.modified_field is None:
                return None
            if round_ < _ROUNDS - 1:
                self._apply_since(info, started_at)
        return None

    def _apply_since(self, info: ObjectInfo, moment: datetime) -> None:
        since = moment - OVERLAP
        batches = self._told(info, self.reader.changes(info.name, [f.name for f in info.fields], since))
        gone = partial(self.reader.deleted, info.name, since)
        load.apply_changes(self.con, info, self.reader.connection, batches, gone)

    def _told(self, info: ObjectInfo, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total, done = self.reader.count(info.name), 0
        self.progress(Progress(info.label, done, total))
        for batch in batches:
            done += batch.num_rows
            yield batch
            self.progress(Progress(info.label, done, max(total, done) if total is not None else None))

    @property
    def _name(self) -> str:
        return self.reader.connection.name

    @property
    def _system(self) -> str:
        return self.reader.connection.system


def _is_alike(before: ObjectInfo, now: ObjectInfo) -> bool:
    """Whether changes can be laid over the earlier rows: the source stamps them, and the fields are the same."""
    return now.modified_field is not None and {f.name for f in before.fields} == {f.name for f in now.fields}
