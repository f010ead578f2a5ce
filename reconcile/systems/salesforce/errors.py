"""What a Salesforce error code means for one row: its class, whether to send it again, and what a person does.

Retryable means: the same write may be sent again, because the answer says that nothing was written.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.systems.base import ErrorRule

UNKNOWN = ErrorRule("other", is_retryable=False, remedy="Read the message; it is Salesforce's own.")

_STALE = ErrorRule(
    "stale", is_retryable=False, remedy="The record changed since it was read. Look at it again before deciding."
)
_GONE = ErrorRule(
    "not_found", is_retryable=False, remedy="The record was deleted or merged away. Pull, then run again."
)
_VALUE = ErrorRule("validation", is_retryable=False, remedy="Correct the value, or the rule that refuses it.")
_DUPLICATE = ErrorRule(
    "duplicate", is_retryable=False, remedy="Another record holds this value. Decide which of the two is right."
)
_RIGHTS = ErrorRule(
    "permission", is_retryable=False, remedy="Give the connection's user the right to edit this object and field."
)
_LOCK = ErrorRule("lock", is_retryable=True, remedy="Another process held the record. It is tried again.")
_BUSY = ErrorRule("unavailable", is_retryable=True, remedy="Salesforce was busy. It is tried again.")
_ROLLED_BACK = ErrorRule(
    "other", is_retryable=True, remedy="Undone because a neighbouring record failed. It is tried again alone."
)

ERRORS: Mapping[str, ErrorRule] = {
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": _STALE,
    "PRECONDITION_FAILED": _STALE,
    "ENTITY_IS_DELETED": _GONE,
    "NOT_FOUND": _GONE,
    "INVALID_CROSS_REFERENCE_KEY": _GONE,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": _VALUE,
    "STRING_TOO_LONG": _VALUE,
    "REQUIRED_FIELD_MISSING": _VALUE,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _VALUE,
    "INVALID_EMAIL_ADDRESS": _VALUE,
    "NUMBER_OUTSIDE_VALID_RANGE": _VALUE,
    "FIELD_INTEGRITY_EXCEPTION": _VALUE,
    "FIELD_FILTER_VALIDATION_EXCEPTION": _VALUE,
    "MALFORMED_ID": _VALUE,
    "INVALID_FIELD": _VALUE,
    "INVALID_TYPE_ON_FIELD_IN_RECORD": _VALUE,
    "JSON_PARSER_ERROR": _VALUE,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": ErrorRule(
        "validation", is_retryable=False, remedy="A trigger of the org refused it. Its message says why."
    ),
    "DUPLICATE_VALUE": _DUPLICATE,
    "DUPLICATES_DETECTED": ErrorRule(
        "duplicate", is_retryable=False, remedy="A duplicate rule of the org refused it. Decide the duplicates first."
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": _RIGHTS,
    "INSUFFICIENT_ACCESS_OR_READONLY": _RIGHTS,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": ErrorRule(
        "permission",
        is_retryable=False,
        remedy="The record named is not visible in this org. Many of these at once: check that it is the right org.",
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": _RIGHTS,
    "INVALID_SESSION_ID": ErrorRule("permission", is_retryable=True, remedy="Renew the connection's credentials."),
    "API_DISABLED_FOR_ORG": _RIGHTS,
    "UNABLE_TO_LOCK_ROW": _LOCK,
    "TXN_SECURITY_METERING_ERROR": _BUSY,
    "SERVER_UNAVAILABLE": _BUSY,
    "QUERY_TIMEOUT": _BUSY,
    "REQUEST_LIMIT_EXCEEDED": ErrorRule(
        "limit", is_retryable=True, remedy="The org's request limit is reached. Push the rest later."
    ),
    "STORAGE_LIMIT_EXCEEDED": ErrorRule("limit", is_retryable=False, remedy="The org has no storage left."),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": _ROLLED_BACK,
    "PROCESSING_HALTED": _ROLLED_BACK,
    "UNKNOWN_EXCEPTION": ErrorRule(
        "other", is_retryable=False, remedy="Salesforce failed inside. Read the record back before trying again."
    ),
}


def rule_for(code: str, status: int | None = None) -> ErrorRule:
    """The rule of an error code; where the code says nothing, of the HTTP status of the row.

    A 412 is known by its status alone: its body differs between editions and is not documented.
    """
    if status == 412:
        return _STALE
    if code in ERRORS:
        return ERRORS[code]
    if status in (502, 503):
        return _BUSY
    if status == 404:
        return _GONE
    return UNKNOWN
