"""Writing to a Chargebee site: one customer a request, each only while it holds what the operation expects.

The API takes no precondition, so a customer is read and compared just before it is written; the moment between is
unguarded. A POST carries an idempotency key, by which the site recognises a repetition for 30 minutes. Mails, webhooks
and other actions that a change would set off are switched off: a repair should not write to customers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from reconcile.errors import DefinitionError, RefusedError, RemoteError, UnreachableError
from reconcile.model import Capabilities, Connection, Operation, RowResult
from reconcile.systems import rows
from reconcile.systems.chargebee.client import ChargebeeClient, flattened
from reconcile.systems.chargebee.errors import rule_for
from reconcile.systems.chargebee.objects import BILLING_INFO, WRITABLE_BILLING, is_writable, resource
from reconcile.systems.chargebee.reader import site_of

SILENT = {
    "chargebee-event-email": "all-disabled",
    "chargebee-event-webhook": "all-disabled",
    "chargebee-event-actions": "all-disabled",
}


class ChargebeeWriter:
    """Writer of one Chargebee site's customers."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        self.connection = connection
        self.client = ChargebeeClient(connection, secrets)
        self._refusals: dict[str, int] = {}

    def fingerprint(self) -> str:
        """The site's own name, as it answers to this key."""
        return site_of(self.client)

    def capabilities(self, object_name: str) -> Capabilities:
        """One customer a request, without precondition, with an idempotency key.

        Raises:
            DefinitionError: only customers are written.
        """
        self._check_object(object_name)
        return Capabilities(conditional_write=False, batch_size=1, idempotency_key=True)

    def _check_object(self, object_name: str) -> None:
        if resource(object_name).name != "customer":
            raise DefinitionError(self.connection.name, f"{object_name} records are not written by Reconcile")

    def read(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None] | None]:
        """Present values by id; None for a record that is gone. One request a record."""
        of = resource(object_name)
        return {record_id: self._read_one(of.path, of.name, record_id, fields) for record_id in ids}

    def _read_one(self, path: str, name: str, record_id: str, fields: Sequence[str]) -> dict[str, str | None] | None:
        record = self._present(path, name, record_id)
        return None if record is None else {field: record.get(field) for field in fields}

    def _present(self, path: str, name: str, record_id: str) -> dict[str, str | None] | None:
        try:
            record = flattened(self.client.get(f"{path}/{_quoted(record_id)}")[name])
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        return None if record.get("deleted") == "true" else record

    def write(self, object_name: str, operations: Sequence[Operation]) -> list[RowResult]:
        """Write the operations one after the other; results in the same order.

        Raises:
            DefinitionError: not customers. All other trouble is in the results.
        """
        self._check_object(object_name)
        results: list[RowResult] = []
        end: RemoteError | None = None
        for operation in operations:
            if end is not None:
                results.append(rows.not_sent(operation, end))
                continue
            result, end = self._write_one(operation)
            results.append(result)
        return results

    def _write_one(self, operation: Operation) -> tuple[RowResult, RemoteError | None]:
        odd = [name for name in operation.after if not is_writable(name)]
        if odd:
            message = f"{odd[0]} cannot be written by the API."
            return rows.refused(operation, rule_for("param_wrong_value"), "param_wrong_value", message), None
        try:
            present = self._present("customers", "customer", operation.target.record_id)
        except RefusedError as error:
            return rows.refused(operation, rule_for(error.code, error.status), error.code, error.message), None
        except RemoteError as error:
            return rows.not_sent(operation, error), error
        decided = _without_writing(operation, present)
        return (decided, None) if decided is not None else self._send(operation, present or {})

    def _send(self, operation: Operation, present: Mapping[str, str | None]) -> tuple[RowResult, RemoteError | None]:
        path = f"customers/{_quoted(operation.target.record_id)}"
        calls = [
            (f"{path}/update_billing_info", _billing_form(operation, present)),
            (path, {name: value or "" for name, value in operation.after.items() if name not in WRITABLE_BILLING}),
        ]
        is_half_done = False
        for place, form in calls:
            if not form:
                continue
            try:
                self.client.post(place, form, self._headers(operation, place))
            except RemoteError as error:
                return self._failed(operation, error, is_half_done=is_half_done)
            is_half_done = True
        return rows.succeeded(operation), None

    def _headers(self, operation: Operation, place: str) -> dict[str, str]:
        silent = {} if self.connection.options.get("silence_events") == "false" else SILENT
        # An answer that said no was final, so the next try is a new request; after a lost answer it is the same one.
        attempt = self._refusals.get(operation.id, 0)
        key = hashlib.sha256(f"{operation.id}|{place}|{attempt}".encode()).hexdigest()
        return {**silent, "chargebee-idempotency-key": key}

    def _failed(
        self, operation: Operation, error: RemoteError, *, is_half_done: bool
    ) -> tuple[RowResult, RemoteError | None]:
        is_lost = isinstance(error, UnreachableError) and error.may_have_applied
        if isinstance(error, RefusedError) and error.status < 500:
            self._refusals[operation.id] = self._refusals.get(operation.id, 0) + 1
        end = None if isinstance(error, RefusedError) or is_lost else error
        if is_half_done:
            message = f"The billing address was written, the other fields were not: {error.sentence}"
            return rows.unknown(operation, "other", message), end
        rule = rule_for(error.code, error.status) if isinstance(error, RefusedError) else rule_for("")
        return rows.after_failed_call(operation, error, rule), end


def _without_writing(operation: Operation, present: Mapping[str, str | None] | None) -> RowResult | None:
    """The result of an operation that need not, or must not, be sent; None for one to send."""
    if present is None:
        return rows.gone(operation)
    if _holds(present, operation.after):
        return rows.already(operation)
    return None if _holds(present, operation.before) else rows.stale(operation, present)


def _billing_form(operation: Operation, present: Mapping[str, str | None]) -> dict[str, str]:
    """The whole billing address with the changes in it: the request replaces the address, not single lines."""
    changes = {name: value for name, value in operation.after.items() if name in WRITABLE_BILLING}
    if not changes:
        return {}
    address = {name: present.get(name) for name in WRITABLE_BILLING if name.startswith(BILLING_INFO)}
    address.pop(f"{BILLING_INFO}validation_status")  # the site's own verdict, not ours to send
    merged = {name: value for name, value in address.items() if value is not None} | changes
    return {_parameter(name): value or "" for name, value in sorted(merged.items())}


def _parameter(name: str) -> str:
    return f"billing_address[{name.removeprefix(BILLING_INFO)}]" if name.startswith(BILLING_INFO) else name


def _holds(present: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> bool:
    return all((present.get(name) or None) == (value or None) for name, value in wanted.items())


def _quoted(record_id: str) -> str:
    return quote(record_id, safe="")
