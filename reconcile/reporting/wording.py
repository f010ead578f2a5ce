"""How the report names things."""

from __future__ import annotations

from datetime import datetime

from reconcile.model import ExceptionKind

AMOUNTS_NOTE = (
    "Amounts are in each customer's own currency and are not converted. A record in several exceptions is counted "
    "once, in each kind and in all of them, so the kinds may add up to more than the whole."
)
KINDS: dict[ExceptionKind, tuple[str, str]] = {
    "conflicting": ("Conflicting", "The two systems name different partners; at least one of them is wrong."),
    "shared": ("Shared", "Two records name one partner where only one may."),
    "contradicted": ("Contradicted", "The link is stored, but the records show two different customers."),
    "dangling": ("Dangling", "A stored id leads to a record that is not there."),
    "one_sided": ("One-sided", "One system stores the link, the other is blank."),
    "unlinked": ("Unlinked", "The records match, and no system links them."),
    "ambiguous": ("Ambiguous", "Several partners fit nearly as well."),
    "duplicate": ("Duplicates", "Several records of one side are the same customer."),
    "unmatched": ("Unmatched", "No partner was found on the other side."),
}
"""Title and meaning of every kind, in the order in which reports list them."""

CATEGORIES: dict[str, str] = {"linked": "Linked, in order", "test": "Set aside: test records"}

STATUSES: dict[str, str] = {
    "confirmed": "Confirmed",
    "one_sided": "One-sided",
    "conflicting": "Conflicting",
    "shared": "Shared",
    "contradicted": "Contradicted",
    "dangling": "Dangling",
    "proposed": "Proposed",
}


def category_title(category: str) -> str:
    """What a report calls a category of the totals."""
    if category in CATEGORIES:
        return CATEGORIES[category]
    return next((title for kind, (title, _) in KINDS.items() if kind == category), category)


def moment(value: datetime) -> str:
    """A time to the second, UTC, said so.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    '2026-11-22 09:30:00 UTC'
    """
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"


def money(cents: int | None) -> str:
    """An amount with thousands; the currency is each customer's own and is not converted.

    >>> money(1234567)
    '12,345.67'
    """
    return "" if cents is None else f"{cents / 100:,.2f}"


def share(value: float | None) -> str:
    """A share as a percentage.

    >>> share(0.0833)
    '8.3 %'
    """
    return "" if value is None else f"{value * 100:.1f} %"
