"""A reconciliation's definition in words."""

from __future__ import annotations

from reconcile.model import Dataset, Reconciliation
from reconcile.reporting.tree import DefinitionReport
from reconcile.reporting.wording import share

_CARDINALITY = {"1:1": "one right record for one left record", "n:1": "many right records may share one left record"}


def describe_definition(reconciliation: Reconciliation) -> DefinitionReport:
    """What the definition says, line by line, for people who do not read JSON."""
    policy = reconciliation.policy
    lines = [
        ("Cardinality", f"{reconciliation.cardinality}: {_CARDINALITY[reconciliation.cardinality]}"),
        ("Accepted from", share(reconciliation.accept)),
        ("Shown to people from", share(reconciliation.review)),
        ("Seed", str(reconciliation.seed)),
        *_dataset("Left", reconciliation.left),
        *_dataset("Right", reconciliation.right),
        *(
            (f"Compared: {pair.name}", f"{pair.left_field} with {pair.right_field} as {pair.role or 'text'}")
            for pair in reconciliation.compare
        ),
        ("Second person approves", "yes" if policy.second_person else "no"),
        ("Volume stop", f"{share(policy.volume_stop_share)} of the existing links"),
        ("Canary", f"{policy.canary_size} records"),
    ]
    return DefinitionReport(reconciliation.id, reconciliation.name, reconciliation.version, tuple(lines))


def _dataset(side: str, dataset: Dataset) -> list[tuple[str, str]]:
    roles = "; ".join(f"{role}: {' + '.join(fields)}" for role, fields in dataset.roles.items())
    return [
        (f"{side}: object", f"{dataset.object} of {dataset.connection_id}, key {dataset.id_field}"),
        (f"{side}: link stored in", dataset.link_field or "nowhere"),
        (f"{side}: limited to", dataset.where or "all records"),
        (f"{side}: matched by", roles),
    ]
