"""Reading a Chargebee site.

The API counts nothing. What a pull of it proves is this: the list was followed to its end, in an order in which no
record changes its place while pages are read (time of creation, deleted records included), so that none is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from math import floor
from typing import Any

import pyarrow as pa

from reconcile.errors import RefusedError
from reconcile.model import Connection, Environment, ObjectInfo
from reconcile.systems.chargebee.client import ChargebeeClient, flattened
from reconcile.systems.chargebee.links import DEFAULT_LINK_FIELD
from reconcile.systems.chargebee.objects import RESOURCES, Resource, object_info, resource

_BATCH_PAGES = 20


class ChargebeeReader:
    """Reader of one Chargebee site."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        self.connection = connection
        self.client = ChargebeeClient(connection, secrets)
        self._learned: dict[str, set[str]] = {}

    def fingerprint(self) -> str:
        """The site's own name, as it answers to this key."""
        return site_of(self.client)

    def environment(self) -> Environment:
        """Practice on this machine (or where the options say so); a site named `...-test` is a sandbox."""
        if self.client.is_practice:
            return "practice"
        return "sandbox" if self.fingerprint().endswith("-test") else "production"

    def objects(self) -> tuple[str, ...]:
        """customer, invoice and subscription."""
        return tuple(sorted(RESOURCES))

    def describe(self, object_name: str) -> ObjectInfo:
        """Documented fields and those seen so far in the site's records; it learns more while records are read.

        Raises:
            UnknownNameError: no such resource.
        """
        of = resource(object_name)
        if object_name not in self._learned:
            self._learned[object_name] = set()
            self._learn(of, self._newest(of))
        link_field = self.connection.options.get("link_field") or DEFAULT_LINK_FIELD
        return object_info(of, self._learned[object_name], link_field)

    def learn(self, object_name: str, fields: Collection[str]) -> None:
        """Count these fields among the object's, as an earlier pull saw them."""
        self.describe(object_name)
        self._learned[object_name].update(fields)

    def _newest(self, of: Resource) -> list[dict[str, str | None]]:
        answer = self.client.get(of.path, {"limit": "100", "sort_by[desc]": of.order})
        return [flattened(item[of.name]) for item in answer["list"]]

    def _learn(self, of: Resource, records: Sequence[Mapping[str, str | None]]) -> None:
        seen = self._learned.setdefault(of.name, set())
        for record in records:
            seen.update(record)

    def count(self, object_name: str) -> int | None:
        """None: the API counts nothing."""
        resource(object_name)
        return None

    def count_by_month(self, object_name: str) -> Mapping[str, int] | None:
        """None: the API counts nothing."""
        resource(object_name)
        return None

    def changes(self, object_name: str, fields: Sequence[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Live records updated at or after `since` (all when None), in order of creation."""
        schema = pa.schema([(name, pa.string()) for name in fields])
        waiting: list[dict[str, str | None]] = []
        for page in self._pages(resource(object_name), since):
            waiting += [record for record in page if record.get("deleted") != "true"]
            if len(waiting) >= _BATCH_PAGES * 100:
                yield _batch(waiting, schema)
                waiting = []
        if waiting:
            yield _batch(waiting, schema)

    def deleted(self, object_name: str, since: datetime) -> Iterator[str]:
        """Ids of records deleted, or merged into another, at or after `since`."""
        for page in self._pages(resource(object_name), since):
            yield from (record["id"] or "" for record in page if record.get("deleted") == "true")

    def _pages(self, of: Resource, since: datetime | None) -> Iterator[list[dict[str, str | None]]]:
        parameters = {"include_deleted": "true", "sort_by[asc]": of.order}
        if since is not None:
            parameters["updated_at[after]"] = str(floor(since.timestamp()) - 1)
        for page in self.client.listed(of.path, of.name, parameters):
            records = [flattened(record) for record in page]
            self._learn(of, records)
            yield records


def _batch(records: Sequence[Mapping[str, str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns: list[pa.Array[Any]] = [
        pa.array([record.get(name) for record in records], pa.string()) for name in schema.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def site_of(client: ChargebeeClient) -> str:
    """The name of the site that answers.

    A key opens one site only, and a site is its own host; so where the site does not say its name, the host is the
    proof once the key was accepted there.

    Raises:
        SignInError: the key is refused.
    """
    try:
        answer = client.get("configurations")
    except RefusedError as error:
        if error.status not in (400, 403, 404, 405):
            raise
        client.get("customers", {"limit": "1"})
        return client.site or client.base_url.partition("://")[2].partition(".")[0]
    named = [str(item.get("domain")) for item in answer.get("configurations", ()) if item.get("domain")]
    return named[0] if named else client.site
