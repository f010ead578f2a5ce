"""Chargebee's error bodies: {message, type, api_error_code, param, error_cause_id}."""

from __future__ import annotations

from typing import Any


class ChargebeeError(Exception):
    """A refusal. `code` is what clients branch on: Chargebee's `api_error_code`."""

    def __init__(self, status: int, code: str, message: str, *, param: str = "", kind: str = "invalid_request") -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.param, self.kind = status, code, message, param, kind

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        body: dict[str, Any] = {"message": self.message, "type": self.kind, "api_error_code": self.code}
        if self.param:
            body["param"] = self.param
        if self.kind == "":
            del body["type"]
        return {
            **body,
            "error_code": self.code,
            "error_cause_id": f"practice.{self.code}",
            "http_status_code": self.status,
        }


def not_found(record_id: str) -> ChargebeeError:
    """No such record."""
    return ChargebeeError(404, "resource_not_found", f"{record_id} not found")


def wrong_value(param: str, problem: str) -> ChargebeeError:
    """A parameter that cannot be used."""
    return ChargebeeError(400, "param_wrong_value", f"{param} : {problem}", param=param)
