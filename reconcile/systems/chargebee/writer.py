"""Writing to a Chargebee site: one customer a request, each only while it holds what the operation expects.

The API takes no precondition, so a customer is read and compared just before it is written; the moment between is
unguarded. Where it has become long (the site asked to wait, this machine slept) the customer is read again. Mails,
webhooks and other actions that a change would set off are switched off: a repair should not write to customers.

A POST carries an idempotency key made of the operation, what is sent and the attempt, so that a request that arrives
late and its repetition count once. For 30 minutes the site answers a known key with its earlier answer. An earlier
refusal that comes back so proves that nothing was written, and the next attempt's key is taken.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from reconcile.errors import DefinitionError, RateLimitedError, RefusedError, RemoteError, UnreachableError
from reconcile.model import Capabilities, Connection, Operation, RowResult
from reconcile.systems import rows
from reconcile.systems.chargebee.client import DEFAULT_PER_MINUTE, ChargebeeClient, Posted, flattened
from reconcile.systems.chargebee.errors import rule_for
from reconcile.systems.chargebee.objects import BILLING_INFO, WRITABLE_BILLING, is_writable, resource
from reconcile.systems.chargebee.reader import site_of

logger = logging.getLogger(__name__)

_ATTEMPTS = 20
_READINGS = 5
_FRESH_S = 5.0  # and two turns of the limiter, which may be slow
SILENT = {
    "chargebee-event-email": "all-disabled",
    "chargebee-event-webhook": "all-disabled",
    "chargebee-event-actions": "all-disabled",
}


class _OutdatedError(Exception):
    """What a customer holds was read too long ago to write on the strength of it."""


class ChargebeeWriter:
    """Writer of one Chargebee site's customers."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        self.connection = connection
        self.client = ChargebeeClient(connection, secrets)
        self.client.session.adapter.before_write = self._require_fresh
        self._before_write: Callable[[], None] | None = None
        self._read_at: float | None = None
        self._fresh_s = _FRESH_S + 120.0 / (self.client.per_minute or DEFAULT_PER_MINUTE)

    def guard(self, before_write: Callable[[], None]) -> None:
        """Have this called right before each request that writes; whatever it raises keeps the request here."""
        self._before_write = before_write

    def _require_fresh(self) -> None:
        if self._before_write is not None:
            self._before_write()
        # Wall time: the monotonic clock stands still while the machine sleeps.
        if self._read_at is not None and not 0 <= time.time() - self._read_at <= self._fresh_s:
            raise _OutdatedError

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
        for _ in range(_READINGS):
            try:
                present = self._present("customers", "customer", operation.target.record_id)
            except RefusedError as error:
                return rows.refused(operation, rule_for(error.code, error.status), error.code, error.message), None
            except RemoteError as error:
                return rows.not_sent(operation, error), error
            decided = _without_writing(operation, present)
            if decided is not None:
                return decided, None
            self._read_at = time.time()
            try:
                return self._send(operation, present or {})
            except _OutdatedError:
                logger.info("%s is read again before it is written", operation.target.record_id)
            finally:
                self._read_at = None
        limited = RateLimitedError(self.connection.name, None, "every request waits so long that what was read is old")
        return rows.not_sent(operation, limited), limited

    def _send(self, operation: Operation, present: Mapping[str, str | None]) -> tuple[RowResult, RemoteError | None]:
        path = f"customers/{_quoted(operation.target.record_id)}"
        other = {name: value or "" for name, value in operation.after.items() if name not in WRITABLE_BILLING}
        calls = [(f"{path}/update_billing_info", _billing_form(operation, present)), (path, other)]
        is_replayed, done = False, 0
        for place, form in calls:
            if not form:
                continue
            try:
                posted = self._post(operation, place, form)
            except RemoteError as error:
                return _failed(operation, error, done)
            if posted.error is not None:
                return _failed(operation, posted.error, done)
            is_replayed, done = is_replayed or posted.is_replayed, done + 1
            self._read_at = None  # what is read from here on is our own first half
        return (self._confirmed(operation) if is_replayed else rows.succeeded(operation)), None

    def _post(self, operation: Operation, place: str, form: Mapping[str, str]) -> Posted:
        silent = {} if self.connection.options.get("silence_events") == "false" else SILENT
        for attempt in range(_ATTEMPTS):
            key = _idempotency_key(operation, place, form, attempt)
            posted = self.client.post(place, form, {**silent, "chargebee-idempotency-key": key})
            if posted.error is None or not posted.is_replayed:
                break
        return posted

    def _confirmed(self, operation: Operation) -> RowResult:
        """The site says that it did this before: whether it still stands is read."""
        try:
            present = self._present("customers", "customer", operation.target.record_id)
        except RemoteError as error:
            return rows.unknown(operation, "lost_answer", error.sentence)
        if present is not None and _holds(present, operation.after):
            return rows.succeeded(operation)
        return rows.unknown(operation, "other", "The site says that it wrote this before; the values are not there.")


def _idempotency_key(operation: Operation, place: str, form: Mapping[str, str], attempt: int) -> str:
    text = json.dumps([operation.id, place, sorted(form.items()), attempt])
    return hashlib.sha256(text.encode()).hexdigest()


def _failed(operation: Operation, error: RemoteError, done: int) -> tuple[RowResult, RemoteError | None]:
    is_lost = isinstance(error, UnreachableError) and error.may_have_applied
    end = None if isinstance(error, RefusedError) or is_lost else error
    if done:
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
