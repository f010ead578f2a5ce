"""Which options and credentials a connection of each system has: a misspelt one is refused, not passed over.

An address that is passed over would send the credentials to the system's usual one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconcile.errors import DefinitionError
from reconcile.model import Connection, SystemName

_EVERY = frozenset({"objects"})
_REMOTE = _EVERY | {"base_url", "environment", "read_timeout_s", "retry_backoff_s"}
OPTIONS: Mapping[SystemName, frozenset[str]] = {
    "salesforce": _REMOTE
    | {
        "allow_duplicate_alerts",
        "api_version",
        "bulk_read_from",
        "bulk_write_from",
        "client_id",
        "guarded_up_to",
        "instance_url",
        "login",
        "package_namespace",
        "username",
    },
    "chargebee": _REMOTE | {"link_field", "requests_per_minute", "silence_events", "site"},
    "files": _EVERY | {"id_field", "path"},
}
SECRETS: Mapping[SystemName, frozenset[str]] = {
    "salesforce": frozenset(
        {"client_secret", "password", "private_key", "refresh_token", "security_token", "session_id"}
    ),
    "chargebee": frozenset({"api_key"}),
    "files": frozenset(),
}


def check_names(connection: Connection, secrets: Collection[str]) -> None:
    """Refuse options and credentials that the connection's system does not have.

    Raises:
        DefinitionError: names the first such, and those that there are.
    """
    for kind, given, known in (
        ("option", connection.options, OPTIONS[connection.system]),
        ("credential", secrets, SECRETS[connection.system]),
    ):
        unknown = sorted(set(given) - known)
        if unknown:
            remedy = f"There are: {', '.join(sorted(known))}." if known else "It takes none."
            raise DefinitionError(
                connection.id, f"{connection.system} has no {kind} named {unknown[0]!r}", remedy=remedy
            )
