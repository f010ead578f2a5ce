"""The results of single rows, alike for every writer."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import REQUEST_TIMEOUT

from reconcile.errors import RateLimitedError, RefusedError, RemoteError, SignInError, UnreachableError
from reconcile.model import ErrorClass, Operation, RowResult
from reconcile.systems.base import ErrorRule

ALREADY = "already_as_wanted"
"""Code of a row that was not written because the record holds the wanted values already."""


def succeeded(operation: Operation, raw: str = "") -> RowResult:
    """The system said yes."""
    return RowResult(operation.id, operation.target.record_id, is_ok=True, raw=raw)


def already(operation: Operation) -> RowResult:
    """Nothing was sent: the record holds the wanted values."""
    message = "The record held these values already; nothing was written."
    return RowResult(operation.id, operation.target.record_id, is_ok=True, code=ALREADY, message=message)


def gone(operation: Operation) -> RowResult:
    """Nothing was sent: the record is not there."""
    return RowResult(
        operation.id,
        operation.target.record_id,
        is_ok=False,
        error_class="not_found",
        code="record_gone",
        message="The record was deleted or merged away, or is not visible to the connection's user.",
        remedy="Pull, then run again.",
    )


def stale(operation: Operation, present: Mapping[str, str | None] | None) -> RowResult:
    """Nothing was written: the record no longer holds what is expected. `present`: what it holds, where known."""
    if present is None:
        message = "The record changed between reading it and writing it."
    else:
        changed = [name for name in operation.before if present.get(name) != operation.before[name]]
        shown = "; ".join(f"{n} is {present.get(n)!r}, expected {operation.before[n]!r}" for n in changed[:3])
        message = f"The record changed since the snapshot: {shown}."
    return RowResult(
        operation.id,
        operation.target.record_id,
        is_ok=False,
        error_class="stale",
        code="stale",
        message=message,
        remedy="Look at the present values, then decide again.",
    )


def refused(operation: Operation, rule: ErrorRule, code: str, message: str, raw: str = "") -> RowResult:
    """The system said no to this row; it was not written."""
    return RowResult(
        operation.id,
        operation.target.record_id,
        is_ok=False,
        error_class=rule.error_class,
        code=code,
        message=message,
        is_retryable=rule.is_retryable,
        remedy=rule.remedy,
        raw=raw,
    )


def unknown(operation: Operation, error_class: ErrorClass, message: str) -> RowResult:
    """Whether the row was written is not known; it must be read back before anything else happens to it."""
    return RowResult(
        operation.id,
        operation.target.record_id,
        is_ok=False,
        is_known=False,
        error_class=error_class,
        code="lost_answer" if error_class == "lost_answer" else "no_verdict",
        message=message,
        remedy="Read the record back to see whether the write happened.",
    )


def not_sent(operation: Operation, error: RemoteError) -> RowResult:
    """Nothing was sent for this row, because the connection failed before its turn."""
    error_class, code = _class_of(error)
    return RowResult(
        operation.id,
        operation.target.record_id,
        is_ok=False,
        error_class=error_class,
        code=code,
        message=f"Not written: {error.sentence}",
        is_retryable=True,
        remedy=error.remedy,
    )


def _class_of(error: RemoteError) -> tuple[ErrorClass, str]:
    if isinstance(error, RateLimitedError):
        return "limit", "rate_limited"
    if isinstance(error, SignInError):
        return "permission", "signed_out"
    if isinstance(error, RefusedError):
        return "unavailable", error.code or str(error.status)
    return "unavailable", "unreachable"


def after_failed_call(operation: Operation, error: RemoteError, rule: ErrorRule) -> RowResult:
    """What a row's fate is when the call that carried it failed as a whole.

    Args:
        operation: one of the call's rows.
        error: what became of the call.
        rule: what the system's code means, where the error is a RefusedError.
    """
    if isinstance(error, UnreachableError):
        if error.may_have_applied:
            return unknown(operation, "lost_answer", error.sentence)
        return not_sent(operation, error)
    if isinstance(error, RefusedError):
        # A gateway's, a failure half-way or a time-out on the way: it may have been carried out all the same.
        if error.status >= 500 or error.status == REQUEST_TIMEOUT:
            return unknown(operation, "unavailable", error.sentence)
        return refused(operation, rule, error.code or str(error.status), error.message)
    return not_sent(operation, error)
