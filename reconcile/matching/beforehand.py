"""What is known before learning: which comparisons can teach at all, and what chance gives where only one can.

Two comparisons that agree together more often than apart show what a match looks like. One alone says how often it
agrees, but never why: whether a thousand pairs of one name are a thousand matches or namesakes, no iteration can tell.
Then chance is held to what is known of such comparisons from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reconcile.matching.comparison import Comparison
from reconcile.matching.patterns import Floats
from reconcile.matching.rivals import Rivals

if TYPE_CHECKING:
    from reconcile.matching.learn import Evidence

TELLING_SHARE = 0.12  # of random pairs that agree as well as any: above it (eight towns), agreement tells little
COLLEAGUES = 0.005  # of random pairs share a name: then it is that of few companies, and the records are persons
PERSONAL = ("given_name", "family_name", "birth_date", "email")
TINY = 1e-15
USUAL_RECORDS = 50_000  # what `Comparison.by_chance` was seen in
# How matches stand against their rivals, and how other pairs that agree do. Round figures: what one comparison says of
# a pair and of its rivals is the same thing twice, so the iteration would take its own guesses for proof.
RANKS_OF_MATCHES = (0.0, 0.02, 0.06, 0.17, 0.15, 0.6)
RANKS_OF_OTHERS = (0.0, 0.5, 0.12, 0.17, 0.06, 0.15)


def is_telling(evidence: Evidence, i: int) -> bool:
    """Whether a comparison agrees at times, but seldom by chance.

    Where it often does, as the country may, a class of pairs that agree on it by chance only is the class of the
    matches over again, and takes them in.
    """
    return bool(evidence.levels[:, i].max(initial=0) > 1) and not agrees_often(evidence, i)


def agrees_often(evidence: Evidence, i: int) -> bool:
    """Whether pairs agree in a comparison as well as any pair does, too often to tell much.

    One pair for each record may be a match, which is much where records are few.
    """
    levels = evidence.random_levels[:, i]
    best = int(evidence.levels[:, i].max(initial=0))
    said = evidence.random_counts[levels > 0].sum()
    matches = said / evidence.all_pairs * min(evidence.left_records, evidence.right_records)
    return best > 1 and bool(evidence.random_counts[levels == best].sum() - matches > TELLING_SHARE * said)


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What is not left to the iteration; NaN where it is.

    Attributes:
        usual: per comparison the share of random pairs at each level, as seen elsewhere.
        random: the same where it is held to that.
        namesakes: the same of pairs that look like matches but cannot be, because a record has one partner on the
            other side: of names that several customers share, where no place can tell them apart.
        namesake_pairs: how many there are of those.
        ranks: share of each rank of the competition among matches and among others; None where that is learned.
        most_matches: records of two sides have about one partner each.
    """

    usual: tuple[Floats, ...]
    random: tuple[Floats, ...]
    namesakes: tuple[Floats, ...] = ()
    namesake_pairs: float = 0.0
    ranks: tuple[Floats, Floats] | None = None
    most_matches: float = np.inf


def know_beforehand(evidence: Evidence, rivals: Rivals | None) -> Beforehand:
    """What chance gives and how many namesakes there are; nothing where comparisons can bear each other out."""
    telling = [i for i in range(len(evidence.comparisons)) if is_telling(evidence, i)]
    usual = tuple(_usual_shares(each, evidence) for each in evidence.comparisons)
    random = [np.full(len(each.labels), np.nan) for each in evidence.comparisons]
    alike = _alike(evidence) if not telling else []
    sources = {evidence.comparisons[i].source or evidence.comparisons[i].role for i in telling}
    for i in alike or (telling if len(sources) == 1 else []):
        random[i] = np.fmax(usual[i], _beyond_matches(evidence, i))
    can_tell_apart = any("elsewhere" in evidence.comparisons[i].apart_when for i in telling)
    most = np.inf if rivals is None else float(min(evidence.left_records, evidence.right_records))
    colleagues, how_many = _colleagues(evidence)
    if how_many:
        return Beforehand(usual, tuple(random), colleagues, how_many, most_matches=most)
    if rivals is None or not (telling or alike) or (can_tell_apart and len(sources) > 1):
        return Beforehand(usual, tuple(random), most_matches=most)
    beyond = _beyond_one_each(evidence, telling or alike, rivals)
    shares = [
        _shares(np.bincount(evidence.levels[:, i], beyond, len(each.labels)).astype(np.float64))
        for i, each in enumerate(evidence.comparisons)
    ]
    ranks = np.maximum(RANKS_OF_MATCHES, TINY), np.maximum(RANKS_OF_OTHERS, TINY)
    saying = float(evidence.counts[evidence.levels.any(axis=1)].sum() / evidence.counts.sum())
    size = float(beyond.sum()) / max(saying, TINY)  # the matches that are learned are those of silent pairs too
    return Beforehand(usual, tuple(random), tuple(shares), size, ranks if len(sources) < 2 else None, most)


def _colleagues(evidence: Evidence) -> tuple[tuple[Floats, ...], float]:
    """The levels of persons of one company, where the name is that of few companies, and how many such pairs there are.

    They agree in all that is the company's at once, which random pairs, role by role, hardly ever do.
    """
    roles = [each.role for each in evidence.comparisons]
    if not {"name", *PERSONAL[:2]} <= set(roles):
        return (), 0.0
    name = roles.index("name")
    levels, counts = evidence.random_levels, evidence.random_counts
    is_same = levels[:, name] > max(evidence.comparisons[name].expected, default=0)
    if counts[is_same].sum() <= COLLEAGUES * counts[levels[:, name] > 0].sum():
        return (), 0.0
    shares = tuple(
        np.full(len(each.labels), np.nan)
        if each.is_own or each.role in PERSONAL
        else _shares(np.bincount(levels[is_same, i], counts[is_same], len(each.labels)).astype(np.float64))
        for i, each in enumerate(evidence.comparisons)
    )
    return shares, float(counts[is_same].sum() / counts.sum() * evidence.all_pairs)


def _alike(evidence: Evidence) -> list[int]:
    """The comparisons with known chance, where all that is said agrees often: a table of records that are all alike."""
    said = [i for i in range(len(evidence.comparisons)) if (evidence.levels[:, i] > 0).any()]
    if not all(agrees_often(evidence, i) for i in said):
        return []
    return [i for i in said if evidence.comparisons[i].by_chance]


def _usual_shares(each: Comparison, evidence: Evidence) -> Floats:
    """The share of random pairs at each level; NaN for a level of which nothing is known."""
    others = evidence.all_pairs / max(min(evidence.left_records, evidence.right_records), 1)
    known = np.full(len(each.labels), np.nan)
    known[list(each.by_chance)] = np.array(list(each.by_chance.values())) / max(others, USUAL_RECORDS)
    return known


def _beyond_matches(evidence: Evidence, i: int) -> Floats:
    """The share of all pairs that are at an easily mistaken level beyond one for each record; NaN for other levels.

    Where every name says "Ltd Paris", or names are made of few words, it is chance that gives more than elsewhere.
    """
    each = evidence.comparisons[i]
    found = np.bincount(evidence.levels[:, i], evidence.counts, len(each.labels))
    is_known = np.isin(np.arange(len(found)), list(each.expected.keys() & each.by_chance.keys()))
    beyond = np.maximum(found - min(evidence.left_records, evidence.right_records), 0.0) / evidence.all_pairs
    shares: Floats = np.where(is_known, beyond, np.nan)
    return shares


def _beyond_one_each(evidence: Evidence, telling: list[int], rivals: Rivals) -> Floats:
    """Per pattern the pairs that look like matches and cannot be, when a record has one partner on the other side.

    Customers of one name share a domain and a mailbox too (chains, franchises), but no number of their own.
    """
    agrees = np.isin(evidence.levels[:, telling[0]], list(evidence.comparisons[telling[0]].by_chance))
    for i in telling[1:]:
        if evidence.comparisons[i].is_own:
            agrees &= evidence.levels[:, i] < len(evidence.comparisons[i].labels) - 1
    beyond: Floats = np.where(agrees, np.maximum(evidence.counts - rivals.records(len(agrees)), 0.0), 0.0)
    return beyond


def _shares(counts: Floats) -> Floats:
    """The share of each level; level 0 says nothing and has none."""
    said = counts[1:].sum()
    return np.concatenate(([0.0], counts[1:] / said)) if said else np.full(len(counts), np.nan)
