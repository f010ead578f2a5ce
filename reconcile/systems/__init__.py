"""The remote systems: how each is signed in to, described, read and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconcile.errors import DefinitionError, UnknownNameError
from reconcile.model import Connection
from reconcile.systems.base import (
    ChildObject,
    CompanionField,
    ErrorRule,
    ExpectedDifference,
    Guarded,
    KeyFormat,
    KnowsFates,
    KnowsRequestsLeft,
    LearnsFields,
    LinkFields,
    Reader,
    SystemLimits,
    Writer,
    check_fingerprint,
    check_is_same,
)

__all__ = [
    "ChildObject",
    "CompanionField",
    "ErrorRule",
    "ExpectedDifference",
    "Guarded",
    "KeyFormat",
    "KnowsFates",
    "KnowsRequestsLeft",
    "LearnsFields",
    "LinkFields",
    "Reader",
    "SystemLimits",
    "Writer",
    "check_fingerprint",
    "check_is_same",
    "link_fields",
    "open_reader",
    "open_writer",
]


def open_reader(connection: Connection, secrets: Mapping[str, str]) -> Reader:
    """A reader of the connection. Signs in on the first request, not here.

    Raises:
        DefinitionError: an option or secret that the system needs is missing.
    """
    # A system's client is imported when it is used: the app starts without loading all of them.
    if connection.system == "salesforce":
        from reconcile.systems.salesforce.reader import SalesforceReader  # noqa: PLC0415

        return SalesforceReader(connection, secrets)
    if connection.system == "chargebee":
        from reconcile.systems.chargebee.reader import ChargebeeReader  # noqa: PLC0415

        return ChargebeeReader(connection, secrets)
    from reconcile.systems.files import FilesReader  # noqa: PLC0415

    return FilesReader(connection)


def open_writer(connection: Connection, secrets: Mapping[str, str]) -> Writer:
    """A writer of the connection. The caller compares its fingerprint with `check_fingerprint` before it writes.

    Raises:
        DefinitionError: the system cannot be written to, or an option or secret that it needs is missing.
    """
    if connection.system == "salesforce":
        from reconcile.systems.salesforce.writer import SalesforceWriter  # noqa: PLC0415

        return SalesforceWriter(connection, secrets)
    if connection.system == "chargebee":
        from reconcile.systems.chargebee.writer import ChargebeeWriter  # noqa: PLC0415

        return ChargebeeWriter(connection, secrets)
    raise DefinitionError(
        connection.name, "files cannot be written to", remedy="Export the change set as CSV and load it by hand."
    )


def link_fields(left: Connection, right: Connection, left_object_fields: Collection[str] = ()) -> LinkFields:
    """How the two connections' systems name each other's records.

    Args:
        left: the connection whose object carries the package's fields.
        right: the connection whose option `link_field` names its own field.
        left_object_fields: the left object's own field names (of `_fields` in its snapshot, or of `describe`), in which
            the namespace of a managed package is found.

    Raises:
        UnknownNameError: the two systems have no declared link; say the fields in the reconciliation instead.
    """
    from reconcile.systems.chargebee.links import DEFAULT_LINK_FIELD, salesforce_links  # noqa: PLC0415

    if (left.system, right.system) != ("salesforce", "chargebee"):
        raise UnknownNameError(
            "link between systems", f"{left.system} and {right.system}", ("salesforce and chargebee",)
        )
    return salesforce_links(
        left_object_fields, right.options.get("link_field") or DEFAULT_LINK_FIELD, left.options.get("package_namespace")
    )
