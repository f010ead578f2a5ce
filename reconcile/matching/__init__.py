"""Matching: which records of two sides, or of one, are the same customer, and why."""

from reconcile.matching.dedupe import dedupe
from reconcile.matching.link import link
from reconcile.matching.rules import DedupeResult, LinkResult, MatchRules, MatchSummary

__all__ = ["DedupeResult", "LinkResult", "MatchRules", "MatchSummary", "dedupe", "link"]
