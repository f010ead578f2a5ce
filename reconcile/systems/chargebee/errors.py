"""What a Chargebee `api_error_code` means for one row. The code is what to branch on; the message is for people."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.systems.base import ErrorRule

UNKNOWN = ErrorRule("other", is_retryable=False, remedy="Read the message; it is Chargebee's own.")

_VALUE = ErrorRule("validation", is_retryable=False, remedy="Correct the value.")
_RIGHTS = ErrorRule("permission", is_retryable=False, remedy="Use an API key that may edit customers.")
_LIMIT = ErrorRule("limit", is_retryable=True, remedy="The site's request limit was reached. It is tried again later.")
_BUSY = ErrorRule("unavailable", is_retryable=True, remedy="Chargebee was busy. It is tried again.")
_STATE = ErrorRule("validation", is_retryable=False, remedy="The state of the customer forbids this change.")

ERRORS: Mapping[str, ErrorRule] = {
    "resource_not_found": ErrorRule(
        "not_found", is_retryable=False, remedy="The customer was deleted or merged away. Pull, then run again."
    ),
    "param_wrong_value": _VALUE,
    "param_not_allowed": _VALUE,
    "invalid_request": _VALUE,
    "invalid_state_for_request": _STATE,
    "duplicate_entry": ErrorRule(
        "duplicate", is_retryable=False, remedy="Another record holds this value. Decide which of the two is right."
    ),
    "operation_failed": ErrorRule("other", is_retryable=False, remedy="Read the message; it is Chargebee's own."),
    "api_authentication_failed": _RIGHTS,
    "api_authorization_failed": _RIGHTS,
    "site_not_found": _RIGHTS,
    "http_method_not_supported": UNKNOWN,
    "api_request_limit_exceeded": _LIMIT,
    "lock_timeout": ErrorRule("lock", is_retryable=True, remedy="Another process held the record. It is tried again."),
    "resource_state_transition_in_progress": ErrorRule(
        "lock", is_retryable=True, remedy="Another operation held the record. It is tried again."
    ),
    "site_not_ready": _BUSY,
    "site_read_only_mode": _BUSY,
    "internal_temporary_error": _BUSY,
    "internal_error": ErrorRule(
        "other", is_retryable=False, remedy="Chargebee failed inside. Read the record back before trying again."
    ),
}


def rule_for(code: str, status: int | None = None) -> ErrorRule:
    """The rule of an error code; where the code says nothing, of the HTTP status."""
    if code in ERRORS:
        return ERRORS[code]
    by_status = {404: ERRORS["resource_not_found"], 409: ERRORS["lock_timeout"], 429: _LIMIT, 503: _BUSY}
    return by_status.get(status or 0, UNKNOWN)
