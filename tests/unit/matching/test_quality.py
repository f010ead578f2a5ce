"""Estimated precision and recall: the 95 % intervals must hold the truth about 95 times in a hundred."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from reconcile.matching.quality import Tally, estimate, estimate_quality

TRIALS = 100
BANDS = (0.01, 0.1, 0.5, 0.9, 0.99)


def world(dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Weights in bits of 4,000 candidates, and which are matches: the model is off, in each band a little otherwise."""
    bits = np.concatenate([dice.normal(12, 5, 2000), dice.normal(-6, 4, 1500), dice.uniform(-6, 6, 500)])
    chance = 1 / (1 + np.exp2(-bits))
    band = np.searchsorted(np.array(BANDS), chance, side="right")
    off = dice.normal(0, 1.5) + dice.normal(0, 1.5, len(BANDS) + 1)
    return bits, dice.random(len(bits)) < 1 / (1 + np.exp(-(bits * np.log(2) + off[band])))


def counted(bits: np.ndarray, is_match: np.ndarray, judged: np.ndarray, threshold: float) -> Tally:
    is_judged = np.zeros(len(bits), dtype=bool)
    is_judged[judged] = True
    step = np.floor(bits * 4) * 2 + (1 / (1 + np.exp2(-bits)) >= threshold)
    _, place = np.unique(step, return_inverse=True)
    pairs = np.bincount(place)
    return Tally(
        np.bincount(place, bits) / pairs,
        pairs,
        np.bincount(place, is_judged & is_match).astype(np.int64),
        np.bincount(place, is_judged & ~is_match).astype(np.int64),
    )


def choose(how: str, bits: np.ndarray, number: int, dice: np.random.Generator) -> np.ndarray:
    if how == "at random":
        return dice.choice(len(bits), number, replace=False)
    worth = np.abs(bits) + dice.random(len(bits))
    return np.argsort(worth)[:number]


@pytest.mark.parametrize("how", ["at random", "the undecided first"])
@pytest.mark.parametrize("number", [20, 300])
def test_intervals_cover_the_truth(how: str, number: int) -> None:
    dice = np.random.default_rng(number)
    covered = {"precision": 0, "recall": 0}
    widths = []
    for _ in range(TRIALS):
        bits, is_match = world(dice)
        found = estimate(counted(bits, is_match, choose(how, bits, number, dice), 0.5), 0.5, draws=400)
        accepted = bits >= 0
        truth = {
            "precision": is_match[accepted].mean(),
            "recall": is_match[accepted].sum() / is_match.sum(),
        }
        widths.append(found.precision_high - found.precision_low)
        covered["precision"] += found.precision_low <= truth["precision"] <= found.precision_high
        covered["recall"] += found.recall_low <= truth["recall"] <= found.recall_high
    shares = {name: hits / TRIALS for name, hits in covered.items()}
    print(how, number, shares, np.mean(widths))
    assert all(share >= 0.88 for share in shares.values()), "95 in the long run"
    assert (how, number) != ("at random", 300) or np.mean(widths) < 0.06, (
        "an interval that says nothing covers everything"
    )


def too_sure(dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Candidates as real lists give them: of those that the model holds for certain seven in a hundred are wrong."""
    bits = np.concatenate([dice.normal(15, 4, 4000), dice.uniform(-1, 7, 1300), dice.normal(-7, 3, 4000)])
    certain, likely, doubtful = bits >= 7, bits >= 3.2, bits >= -3.3
    chance = np.select([certain, likely, bits >= 0, doubtful], [0.93, 0.84, 0.58, 0.4], 0.03)
    return bits, dice.random(len(bits)) < chance


def test_a_model_that_is_too_sure_is_not_believed() -> None:
    dice = np.random.default_rng(5)
    covered, biases = 0, []
    for _ in range(2 * TRIALS):
        bits, is_match = too_sure(dice)
        found = estimate(counted(bits, is_match, choose("at random", bits, 300, dice), 0.5), 0.5, draws=400)
        truth = is_match[bits >= 0].mean()
        covered += found.precision_low <= truth <= found.precision_high
        biases.append(found.precision - truth)
    print(covered / (2 * TRIALS), np.mean(biases))
    assert covered / (2 * TRIALS) >= 0.915, "95 in the long run"
    assert abs(np.mean(biases)) < 0.005


def test_judgements_narrow_the_interval_and_all_of_them_close_it() -> None:
    dice = np.random.default_rng(4)
    bits, is_match = world(dice)
    widths = []
    for number in (0, 30, 300, len(bits)):
        found = estimate(counted(bits, is_match, dice.permutation(len(bits))[:number], 0.5), 0.5)
        widths.append(found.precision_high - found.precision_low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.02, "nobody judged anything: that much is not known"
    assert widths[-1] == 0.0
    assert found.precision == pytest.approx(is_match[bits >= 0].mean())


def test_candidates_of_a_table() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE candidates AS SELECT 'l' || range AS left_id, 'r' || range AS right_id,
        range / 10.0 - 50 AS weight, 1 / (1 + 2 ** -(range / 10.0 - 50)) AS probability FROM range(1000)""")
    con.execute("CREATE TABLE said AS SELECT left_id, right_id, 'same' AS verdict FROM candidates WHERE weight > 3")
    found = estimate_quality(con, "said", 0.5)
    assert found == estimate_quality(con, "said", 0.5), "the same twice"
    assert found.judged == 469
    assert found.precision_low > 0.93
    empty = estimate_quality(con, "(SELECT * FROM said WHERE false)", 0.5, "(SELECT * FROM candidates WHERE false)")
    assert (empty.judged, empty.precision, empty.recall) == (0, 1.0, 1.0)
