"""Matching: which records of two sides, or of one, are the same customer, and why."""

from reconcile.matching.curves import CurvePoint, WeightBin, threshold_curve, unlinkable_share, weight_bins
from reconcile.matching.dedupe import dedupe
from reconcile.matching.explain import EvidenceRow, Explanation, Rival, explain, explain_pair, open_explainer
from reconcile.matching.keys import KeyVerdict
from reconcile.matching.link import link
from reconcile.matching.roles import RoleGuess, detect_roles
from reconcile.matching.rules import DedupeResult, LinkResult, MatchRules, MatchSummary

__all__ = [
    "CurvePoint",
    "DedupeResult",
    "EvidenceRow",
    "Explanation",
    "KeyVerdict",
    "LinkResult",
    "MatchRules",
    "MatchSummary",
    "Rival",
    "RoleGuess",
    "WeightBin",
    "dedupe",
    "detect_roles",
    "explain",
    "explain_pair",
    "link",
    "open_explainer",
    "threshold_curve",
    "unlinkable_share",
    "weight_bins",
]
