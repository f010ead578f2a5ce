"""The error bodies of Salesforce: an array of {message, errorCode, fields}."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SalesforceError(Exception):
    """A refusal, of a whole request or of one row.

    Attributes:
        code: Salesforce's own code, e.g. `NOT_FOUND`.
        fields: API names of the fields concerned.
        status: the HTTP status where the refusal is of a whole request.
        extra: further keys of the body, e.g. `duplicateResut`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        fields: Sequence[str] = (),
        status: int = 400,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.fields, self.status = code, message, list(fields), status
        self.extra = dict(extra or {})

    def body(self) -> list[dict[str, Any]]:
        """The body of a refused request."""
        error: dict[str, Any] = {**self.extra, "message": self.message, "errorCode": self.code}
        if self.fields:
            error["fields"] = self.fields
        return [error]

    def row(self) -> dict[str, Any]:
        """The error inside a save result."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}

    def bulk(self) -> str:
        """The text of a bulk job's `sf__Error` column."""
        return (
            f"{self.code}:{self.message}:{','.join(self.fields)} --"
            if self.fields
            else f"{self.code}:{self.message}:--"
        )


class MultipleMatches(SalesforceError):  # noqa: N818  # 300 is an answer that names the choices, not an error
    """An external id that several rows carry: answered with 300 and the rows' addresses."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__("MULTIPLE_CHOICES", "several records match the external id", status=300)
        self.urls = list(urls)


def not_found() -> SalesforceError:
    """No such resource or row."""
    return SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)


def is_deleted() -> SalesforceError:
    """The row is in the recycle bin."""
    return SalesforceError("ENTITY_IS_DELETED", "entity is deleted", status=404)


def malformed_id(label: str, given: str, field: str = "Id") -> SalesforceError:
    """Text that is no id, or the id of another object."""
    return SalesforceError("MALFORMED_ID", f"{label}: id value of incorrect type: {given}", fields=[field])


def session_expired() -> SalesforceError:
    """The token is unknown or no longer valid."""
    return SalesforceError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
