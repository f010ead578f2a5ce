"""Learning: Fellegi-Sunter weights by expectation-maximisation over agreement patterns.

Pairs with the same levels are indistinguishable, so the iteration runs over the few thousand distinct patterns and
their counts instead of over millions of pairs. A pair is drawn from one of up to four classes:

- *match*: both records are one customer;
- *random*: two records that have nothing to do with each other. There are as many of those as there are pairs of the
  two sides, blocked or not, so their number is known and levels that are frequent by chance are seen in random pairs;
- *related*: two customers that share a place, a domain or a telephone, but not the name (siblings, households);
- *elsewhere*: two customers of one name at different places (chains, namesakes).

In the last two the roles that define the class stay at what chance gives; without that they would drift into the
matches. When two sides are linked, a role "competition" says how a candidate stands against the other candidates of
its two records; a non-match has no plausible rival only where both true partners are absent, which ties its
probability to the share of records that have a partner.

Source of the model: Fellegi and Sunter (1969); Winkler (2000) on latent classes and expectation-maximisation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reconcile.matching.beforehand import TINY, Beforehand, agrees_often, is_telling, know_beforehand
from reconcile.matching.comparison import Comparison
from reconcile.matching.patterns import Floats, Integers
from reconcile.matching.rivals import AS_GOOD, COMPETITION, RIVAL_LEVELS, Rivals

CLASSES = ("match", "random", "related", "elsewhere")
SMOOTHING = 0.5  # pseudo-count of every level (Jeffreys)
FEW_PAIRS = 50  # cannot teach more than two classes
FEW_RECORDS = 200  # of so few, a good part of the random pairs are matches
SEEN_ENOUGH = 3  # a level seen this often in the sample of all pairs has its chance probability from there
ROUNDS = 4  # competition and weights are learned in turn this often
STEPS = 4  # iterations between two looks at the competition
LAST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to learn from.

    Attributes:
        levels: one row per distinct pattern, one column per comparison; counts beside it.
        random_levels, random_counts: the same for a sample of all pairs; counts are what its pairs stand for.
        random_draws: how many pairs of the sample have each of its patterns.
        left_records, right_records, all_pairs: the sizes; all_pairs counts pairs that were never compared too.
    """

    comparisons: tuple[Comparison, ...]
    levels: Integers
    counts: Floats
    random_levels: Integers
    random_counts: Floats
    random_draws: Floats
    left_records: int
    right_records: int
    all_pairs: float


@dataclass(frozen=True, slots=True)
class MatchModel:
    """What was learned.

    Attributes:
        comparisons: in the order in which evidence is told; the last is the competition when sides were linked.
        sizes: expected number of pairs per class, by name; "match" and "random" are always there.
        shares: per class, per comparison, probability of each level; level 0 (missing) says nothing and has none.
        corrections: bits that judgements add to each level's weight, per comparison, and last those added before any
            evidence; empty until somebody judged (see `reconcile.matching.refine`).
    """

    comparisons: tuple[Comparison, ...]
    sizes: Mapping[str, float]
    shares: Mapping[str, tuple[Floats, ...]]
    corrections: tuple[Floats, ...] = ()

    @property
    def prior(self) -> float:
        """Share of matches among all pairs."""
        return self.sizes["match"] / sum(self.sizes.values())

    def weights(self, levels: Integers) -> tuple[Floats, Floats, Floats]:
        """The evidence of each pattern in bits.

        Returns:
            before: the weight before any evidence (one number); per comparison (one row per pattern) the weight of its
            level given the comparisons before it; total per pattern. Before and the row sum up to the total exactly:
            what earlier comparisons already explain as related or elsewhere, later ones do not count again.
        """
        others = [name for name in self.sizes if name != "match"]
        mass = np.log2(np.array([[self.sizes[name]] for name in others]))
        before = np.log2(self.sizes["match"]) - _log2_sum(mass)
        parts = np.zeros((len(levels), len(self.comparisons)))
        mass = np.broadcast_to(mass, (len(others), len(levels))).copy()
        for i in range(len(self.comparisons)):
            said = levels[:, i] > 0
            previous = _log2_sum(mass)
            for k, name in enumerate(others):
                mass[k] += np.where(said, np.log2(self.shares[name][i])[levels[:, i]], 0.0)
            by_chance = _log2_sum(mass) - previous
            parts[:, i] = np.where(said, np.log2(self.shares["match"][i])[levels[:, i]] - by_chance, 0.0)
            if self.corrections:
                parts[:, i] += np.where(said, self.corrections[i][levels[:, i]], 0.0)
        if self.corrections:
            before = before + self.corrections[-1]
        return before, parts, before[0] + parts.sum(axis=1)


def _log2_sum(rows: Floats) -> Floats:
    top = rows.max(axis=0)
    total: Floats = top + np.log2(np.exp2(rows - top).sum(axis=0))
    return total


class _Patterns:
    """Distinct patterns of levels and how many pairs have each; level 0, which says nothing, counts for nothing."""

    def __init__(self, levels: Integers, counts: Floats, comparisons: Sequence[Comparison]) -> None:
        self.levels, self.counts = levels, counts
        self.sizes = [len(each.labels) for each in comparisons[: levels.shape[1]]]
        self.starts = np.concatenate(([0], np.cumsum(self.sizes)))
        self.places = self.starts[:-1] + levels

    def responsibilities(self, model: MatchModel) -> Floats:
        """Probability of each class (columns, in the order of the model's sizes) per pattern."""
        width = len(self.sizes)
        logs = np.column_stack([np.log(np.concatenate(each[:width])) for each in model.shares.values()])
        logs[self.starts[:-1]] = 0.0
        said = np.zeros((len(self.levels), logs.shape[1]))
        for column in self.places.T:
            said += logs.take(column, axis=0)
        total = said + np.log(np.array(list(model.sizes.values())))
        likelihood: Floats = np.exp(total - total.max(axis=1, keepdims=True))
        likelihood /= likelihood.sum(axis=1, keepdims=True)
        return likelihood

    def level_counts(self, weights: Floats) -> list[Floats]:
        """The weights summed by level (rows), per comparison; level 0, which says nothing, has none."""
        columns = weights.T if weights.ndim > 1 else weights[None]
        summed: list[Floats] = []
        for levels, size in zip(self.levels.T, self.sizes, strict=True):
            counts = np.column_stack([np.bincount(levels, each, size).astype(np.float64) for each in columns])
            counts[0] = 0.0
            summed.append(counts if weights.ndim > 1 else counts[:, 0])
        return summed


def learn(evidence: Evidence, rivals: Rivals | None) -> MatchModel:
    """Estimate the classes from the candidates and the random pairs.

    Args:
        evidence: patterns and counts.
        rivals: the candidates' competition; None for deduplication, where it says nothing.
    """
    known = know_beforehand(evidence, rivals)
    model = _hold(_start(evidence, known), known)
    patterns = _Patterns(evidence.levels, evidence.counts, model.comparisons)
    random = _Patterns(evidence.random_levels, evidence.random_counts, model.comparisons)
    model = _iterate(model, evidence, patterns, random, known, STEPS if rivals else LAST_STEPS)
    if rivals is None:
        return model
    for turn in range(ROUNDS):
        weights = _pattern_weights(model, evidence, with_rank=turn > 0)
        rivals.rank(weights)
        if turn == 0:
            model = _hold(_add_competition(model), known)
        ranked = _Patterns(*_with_rank(evidence, rivals), model.comparisons)
        model = _iterate(model, evidence, ranked, random, known, STEPS if turn < ROUNDS - 1 else LAST_STEPS)
    return model


def rank_with(model: MatchModel, evidence: Evidence, rivals: Rivals) -> None:
    """Rank the candidates by a model that is already there."""
    plain = replace(
        model,
        comparisons=model.comparisons[:-1],
        shares={name: each[:-1] for name, each in model.shares.items()},
        corrections=(*model.corrections[:-2], model.corrections[-1]) if model.corrections else (),
    )
    rivals.forget()
    rivals.rank(_pattern_weights(plain, evidence, with_rank=False))
    for _ in range(2):
        rivals.rank(_pattern_weights(model, evidence, with_rank=True))


def _pattern_weights(model: MatchModel, evidence: Evidence, *, with_rank: bool) -> Floats:
    """Weight per pattern, or per (pattern, rank) in the order of `Rivals.index`."""
    return model.weights(every_rank(evidence.levels) if with_rank else evidence.levels)[2]


def every_rank(levels: Integers) -> Integers:
    """Each pattern with each rank of the competition: row p * RIVAL_LEVELS + rank.

    A pair that says nothing competes with nobody: that it has no plausible rival is no evidence.
    """
    ranks = np.tile(np.arange(RIVAL_LEVELS), len(levels))
    ranks[np.repeat(~levels.any(axis=1), RIVAL_LEVELS)] = 0
    return np.column_stack([np.repeat(levels, RIVAL_LEVELS, axis=0), ranks])


def _with_rank(evidence: Evidence, rivals: Rivals) -> tuple[Integers, Floats]:
    counts = rivals.counts(len(evidence.levels) * RIVAL_LEVELS)
    seen = counts > 0
    return every_rank(evidence.levels)[seen], counts[seen]


def _add_competition(model: MatchModel) -> MatchModel:
    ladder = np.concatenate(([TINY], 4.0 ** np.arange(RIVAL_LEVELS - 1)))
    flat = np.concatenate(([TINY], np.ones(RIVAL_LEVELS - 1)))
    shares = {
        name: (*each, ladder / ladder.sum() if name == "match" else flat / flat.sum())
        for name, each in model.shares.items()
    }
    return MatchModel((*model.comparisons, COMPETITION), model.sizes, shares)


def _is_free(name: str, comparison: Comparison) -> bool:
    """Whether a class learns a comparison's levels for itself, or keeps what chance gives."""
    return name == "match" or (name != "random" and name not in comparison.apart_when)


def _classes(evidence: Evidence, known: Beforehand) -> tuple[str, ...]:
    """The classes that these comparisons can tell apart: something must define one and something must be left free."""
    said = [i for i in range(len(evidence.comparisons)) if (evidence.levels[:, i] > 0).any()]
    kept = ["match", "random"]
    if evidence.all_pairs < FEW_PAIRS:
        return tuple(kept)
    if known.namesake_pairs:
        kept.append("elsewhere")
        if known.ranks is not None:
            return tuple(sorted(kept))
    for name in ("related",) if known.namesake_pairs else ("related", "elsewhere"):
        fixed = [i for i in said if name in evidence.comparisons[i].apart_when]
        if any(is_telling(evidence, i) for i in fixed) and len(fixed) < len(said):
            kept.append(name)
    return tuple(sorted(kept))  # the order in which a stored model is read: sums must come out the same


def _start(evidence: Evidence, beforehand: Beforehand) -> MatchModel:
    """Matches agree in what does not often agree by chance: half of the smaller side has a partner."""
    chance = tuple(
        _normalised(np.bincount(evidence.random_levels[:, i], evidence.random_counts, len(each.labels)).astype(float))
        for i, each in enumerate(evidence.comparisons)
    )
    if min(evidence.left_records, evidence.right_records) < FEW_RECORDS:
        chance = tuple(_told(each, np.fmin(each, usual)) for each, usual in zip(chance, beforehand.usual, strict=True))
    ladder = tuple(
        chance[i] if agrees_often(evidence, i) else _ladder(each) for i, each in enumerate(evidence.comparisons)
    )
    matches = max(0.5 * min(evidence.left_records, evidence.right_records), 1.0)
    sizes, shares = {}, {}
    for name in _classes(evidence, beforehand):
        sizes[name] = {"match": matches, "random": evidence.all_pairs}.get(name, 0.1 * matches)
        shares[name] = tuple(
            ladder[i] if _is_free(name, each) else _capped(chance[i], name, each)
            for i, each in enumerate(evidence.comparisons)
        )
    return MatchModel(evidence.comparisons, sizes, shares)


def _ladder(comparison: Comparison) -> Floats:
    steps = np.concatenate(([0.0], 2.0 ** np.arange(len(comparison.labels) - 1)))
    ladder: Floats = np.maximum(steps / steps.sum(), TINY)
    return ladder


def _capped(shares: Floats, name: str, comparison: Comparison) -> Floats:
    if name != "related" or comparison.related_top is None:
        return shares
    kept = np.where(np.arange(len(shares)) > comparison.related_top, 0.0, shares)
    capped: Floats = np.maximum(kept / kept.sum(), TINY)
    return capped


def _normalised(counts: Floats, extra: Floats | None = None) -> Floats:
    """Counts per level as shares; level 0 has none."""
    raised = counts + SMOOTHING + (0.0 if extra is None else extra)
    raised[0] = 0.0
    shares: Floats = np.maximum(raised / raised.sum(), TINY)
    return shares


def _iterate(  # noqa: PLR0917 - one call, by position
    model: MatchModel,
    evidence: Evidence,
    patterns: _Patterns,
    random: _Patterns,
    known: Beforehand,
    steps: int,
) -> MatchModel:
    for step in range(steps):
        before = model.sizes["match"]
        model = _maximise(model, evidence, patterns)
        model = _hold(_update_chance(model, evidence, patterns, random, known), known)
        if step > 3 and abs(model.sizes["match"] - before) < 1e-4 * before:
            break
    return model


def _maximise(model: MatchModel, evidence: Evidence, patterns: _Patterns) -> MatchModel:
    weights = patterns.responsibilities(model) * patterns.counts[:, None]
    expected = dict(zip(model.sizes, weights.sum(axis=0).tolist(), strict=True))
    sizes = {n: size if n == "random" else max(expected[n], 1e-3) for n, size in model.sizes.items()}
    counts = patterns.level_counts(weights)
    shares = {
        name: tuple(
            _level_shares(name, each, counts[i][:, k], model.shares[name][i], model.shares["match"][i], sizes, evidence)
            for i, each in enumerate(model.comparisons)
        )
        for k, name in enumerate(model.sizes)
    }
    return MatchModel(model.comparisons, sizes, shares)


def _level_shares(  # noqa: PLR0917 - one call, by position
    name: str,
    each: Comparison,
    counts: Floats,
    present: Floats,
    matched: Floats,
    sizes: Mapping[str, float],
    evidence: Evidence,
) -> Floats:
    """The shares of a comparison's levels in a class, from the expected number of its pairs at each level.

    Args:
        name: of the class.
        each: the comparison.
        counts: the expected numbers.
        present: the shares until now.
        matched: those among matches until now.
        sizes: of the classes.
        evidence: what there is to learn from.
    """
    if each.role == COMPETITION.role:
        shares = _normalised(counts)
        return shares if name == "match" else _tied(shares, matched, sizes["match"], evidence)
    if name == "match":
        return _normalised(counts, _prior_counts(each, counts, sizes["match"]))
    if _is_free(name, each):
        return _normalised(counts)
    if name == "related" and each.related_top is not None:
        return _capped(_normalised(np.where(np.arange(len(counts)) <= each.related_top, counts, 0.0)), name, each)
    return present


def _tied(shares: Floats, matched: Floats, matches: float, evidence: Evidence) -> Floats:
    """How pairs that are no matches stand in the competition, as far as matches tell.

    One is without a plausible rival, or better than all, only when neither record has its true partner on the other
    side. And that another candidate is as good never speaks for a match: of two that are alike one is none.
    """
    lonely_left = 1.0 - min(matches / max(evidence.left_records, 1), 0.97)
    lonely_right = 1.0 - min(matches / max(evidence.right_records, 1), 0.97)
    alone = max(lonely_left * lonely_right, 0.003)
    floors = matched * np.where(np.arange(len(shares)) == AS_GOOD, 1.0, alone)
    tied: Floats = np.maximum(shares, floors)
    tied[-1] = alone
    rest = np.arange(len(shares)) < AS_GOOD
    tied[rest] = shares[rest] * max(1.0 - tied[~rest].sum(), TINY) / max(shares[rest].sum(), TINY)
    return tied


def _prior_counts(each: Comparison, counts: Floats, matches: float) -> Floats | None:
    """What is known of true matches before looking: how rarely their names conflict. Worth as much as the data."""
    if not each.expected:
        return None
    found = _normalised(counts)
    expected = np.zeros(len(found))
    expected[list(each.expected)] = list(each.expected.values())
    rest = np.arange(len(found)) > max(each.expected)
    expected[rest] = (1.0 - expected.sum()) * found[rest] / found[rest].sum()
    pseudo_counts: Floats = expected * matches
    return pseudo_counts


def _update_chance(
    model: MatchModel, evidence: Evidence, patterns: _Patterns, random: _Patterns, known: Beforehand
) -> MatchModel:
    """What chance gives: from random pairs less the matches among them; for levels too rare for those, from candidates.

    A level too rare to be seen in the sample is nearly always one that blocking asks for, so the candidates hold nearly
    all of its pairs, and its number among all pairs is known. A level that is seen a few times is not: a rough share
    from there is nearer than one from the candidates, which can be a thousand times too small.
    """
    names = list(model.sizes)
    matched = random.responsibilities(model)[:, names.index("match")]
    unmatched = random.level_counts(evidence.random_counts * (1.0 - matched))
    draws = random.level_counts(np.column_stack([evidence.random_draws * (1.0 - matched), evidence.random_counts]))
    by_chance = patterns.responsibilities(model)[:, names.index("random")] * patterns.counts
    candidates = patterns.level_counts(by_chance)
    pairs_per_drawn = evidence.all_pairs / max(float(evidence.random_counts.sum()), 1.0)
    chance = []
    for seen, drawn, found, rarest in zip(unmatched, draws, candidates, known.usual, strict=False):
        total = max(float(seen.sum()), 1.0)
        comparable = pairs_per_drawn * total
        floor = np.fmin(0.05 / comparable, rarest)  # what is not known is NaN
        rare = np.clip(found / comparable, floor, (drawn[:, 1] + 1.0) / total)
        shares = np.where(drawn[:, 0] >= SEEN_ENOUGH, np.maximum(seen / total, found / comparable), rare)
        shares[0] = 0.0
        chance.append(np.maximum(shares / shares.sum(), TINY))
    return replace(
        model, shares={name: _with_chance(name, each, chance, model.comparisons) for name, each in model.shares.items()}
    )


def _hold(model: MatchModel, known: Beforehand) -> MatchModel:
    """The model with what is known beforehand in place of what the last step made of it."""
    count = len(known.random)
    random = tuple(_told(*each) for each in zip(model.shares["random"], known.random, strict=False))
    shares, sizes = dict(model.shares), dict(model.sizes)
    shares["random"] = (*random, *model.shares["random"][count:])
    if known.namesake_pairs:
        namesakes = tuple(_told(*each) for each in zip(random, known.namesakes, strict=True))
        shares["elsewhere"] = (*namesakes, *model.shares["elsewhere"][count:])
        sizes["elsewhere"] = known.namesake_pairs
    if known.ranks is not None and len(model.comparisons) > count:
        shares = {name: (*each[:count], known.ranks[name != "match"]) for name, each in shares.items()}
    sizes["match"] = min(sizes["match"], known.most_matches)
    return replace(model, sizes=sizes, shares=shares)


def _told(shares: Floats, known: Floats) -> Floats:
    """The shares with those that are known in place; the others keep their proportions."""
    is_open = np.isnan(known)
    rest = max(1.0 - float(np.nansum(known)), TINY)
    told = np.where(is_open, shares * rest / max(float(shares[is_open].sum()), TINY), known)
    normalised: Floats = np.maximum(told / told.sum(), TINY)
    return normalised


def _with_chance(
    name: str, present: tuple[Floats, ...], chance: list[Floats], comparisons: tuple[Comparison, ...]
) -> tuple[Floats, ...]:
    updated = list(present)
    for i, shares in enumerate(chance):
        is_capped = name == "related" and comparisons[i].related_top is not None
        if not _is_free(name, comparisons[i]) and not is_capped:
            updated[i] = shares
    return tuple(updated)
