"""What the words of the model are called on the screen, and one sentence that explains each.

Every mapping is complete for its Literal: a test holds that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconcile.model import (
    ChangeSetState,
    DifferenceClass,
    Environment,
    ExceptionKind,
    OperationState,
    PersonRole,
    Role,
    SystemName,
    Verdict,
)

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]


@dataclass(frozen=True, slots=True)
class Label:
    """A word, its colour and icon, and what it means."""

    name: str
    color: Color
    icon: str
    meaning: str


ENVIRONMENTS: dict[Environment, Label] = {
    "production": Label("PRODUCTION", "red", ":material/warning:", "Real customers. Every write is for real."),
    "sandbox": Label("SANDBOX", "blue", ":material/science:", "A copy for trying things out."),
    "practice": Label("PRACTICE", "gray", ":material/school:", "A simulated org with invented data."),
}
SYSTEMS: dict[SystemName, str] = {"salesforce": "Salesforce", "chargebee": "Chargebee", "files": "Files"}
EXCEPTIONS: dict[ExceptionKind, Label] = {
    "dangling": Label(
        "Dangling", "red", ":material/link_off:", "A stored id points to a record that is not there any more."
    ),
    "one_sided": Label(
        "One-sided", "orange", ":material/arrow_range:", "One side stores the link, the other side does not store it."
    ),
    "conflicting": Label(
        "Conflicting", "red", ":material/call_split:", "The two sides store links that contradict each other."
    ),
    "shared": Label(
        "Shared", "orange", ":material/hub:", "Several records claim the same counterpart, which may have only one."
    ),
    "contradicted": Label(
        "Contradicted", "violet", ":material/gpp_maybe:", "The two are linked, but their data says otherwise."
    ),
    "ambiguous": Label("Ambiguous", "yellow", ":material/alt_route:", "Two or more candidates are about equally good."),
    "unlinked": Label("Unlinked", "blue", ":material/add_link:", "The data says same customer; no system links them."),
    "unmatched": Label("Unmatched", "gray", ":material/help:", "No counterpart was found on the other side."),
    "duplicate": Label(
        "Duplicate", "violet", ":material/content_copy:", "Several records of one side look like the same customer."
    ),
}
VERDICTS: dict[Verdict, Label] = {
    "same": Label("Same", "green", ":material/check:", "Held to be the same customer."),
    "different": Label("Different", "red", ":material/close:", "Held to be two different customers."),
    "unsure": Label("Unsure", "yellow", ":material/question_mark:", "Looked at, not decided."),
}
DIFFERENCES: dict[DifferenceClass, Label] = {
    "format": Label("Format", "gray", ":material/format_color_text:", "Written differently, meaning the same."),
    "rounding": Label("Rounding", "gray", ":material/decimal_decrease:", "Equal after rounding."),
    "timing": Label("Timing", "blue", ":material/schedule:", "One side changed after the other was read."),
    "missing": Label("Missing", "orange", ":material/remove_selection:", "Only one side has a value."),
    "real": Label("Real", "red", ":material/difference:", "The two sides disagree."),
}
CHANGE_SETS: dict[ChangeSetState, Label] = {
    "draft": Label("Draft", "gray", ":material/edit_note:", "Being put together; the author may still change it."),
    "submitted": Label("Submitted", "blue", ":material/outgoing_mail:", "Waiting for somebody to approve it."),
    "approved": Label("Approved", "violet", ":material/verified_user:", "May be pushed."),
    "pushing": Label("Pushing", "blue", ":material/sync:", "Being written to the systems now."),
    "paused": Label("Paused", "yellow", ":material/pause:", "Halted between two batches; it can go on."),
    "stopped": Label("Stopped", "orange", ":material/stop_circle:", "Ended early; what was not sent stays unsent."),
    "pushed": Label("Pushed", "blue", ":material/cloud_done:", "All rows were sent; reading back is not finished."),
    "partly_failed": Label("Partly failed", "red", ":material/error:", "Some rows were refused or changed meanwhile."),
    "verified": Label("Verified", "green", ":material/verified:", "Every row was read back and holds the value."),
    "reverted": Label("Reverted", "gray", ":material/undo:", "The values of before were written back."),
}
OPERATIONS: dict[OperationState, Label] = {
    "pending": Label("Pending", "gray", ":material/schedule:", "Not sent."),
    "sending": Label("Sending", "blue", ":material/sync:", "Noted in the journal, being sent."),
    "uncertain": Label("Uncertain", "yellow", ":material/help:", "The answer was lost; it is read back first."),
    "succeeded": Label("Succeeded", "blue", ":material/check:", "The system said yes; not read back yet."),
    "verified": Label("Verified", "green", ":material/verified:", "Read back, and the value is there."),
    "mismatched": Label("Mismatched", "red", ":material/compare_arrows:", "Read back, and another value is there."),
    "failed": Label("Failed", "red", ":material/error:", "The system said no."),
    "stale": Label("Stale", "orange", ":material/update:", "The record changed since the snapshot; not written."),
    "skipped": Label("Skipped", "gray", ":material/skip_next:", "Not sent, or already as wanted."),
}
ROLES: dict[Role, str] = {
    "name": "Name",
    "domain": "Web domain",
    "email": "E-mail",
    "phone": "Phone",
    "street": "Street",
    "city": "City",
    "region": "Region",
    "postcode": "Postcode",
    "country": "Country",
    "tax_id": "Tax id",
    "given_name": "Given name",
    "family_name": "Family name",
    "birth_date": "Date of birth",
    "identifier": "Identifier",
}
PEOPLE: dict[PersonRole, str] = {
    "analyst": "finds, reviews, proposes",
    "approver": "reads the evidence and approves",
    "administrator": "connections, rules, people",
    "auditor": "reads everything, changes nothing",
}
