"""Names that people found worth a test case: our levels of agreement against every scorer of rapidfuzz on its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from rapidfuzz import distance, fuzz, utils

from reconcile.matching import MatchRules
from reconcile.matching.compare_names import name_level
from reconcile.matching.pairs import Pairs, TextSimilarity
from reconcile.matching.prepare import prepare

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "nomenklatura_name_cases.parquet"
Scores = npt.NDArray[np.float64]
SCORERS: dict[str, Callable[[str, str], float]] = {
    "ratio": fuzz.ratio,
    "partial_ratio": fuzz.partial_ratio,
    "token_sort_ratio": fuzz.token_sort_ratio,
    "token_set_ratio": fuzz.token_set_ratio,
    "token_ratio": fuzz.token_ratio,
    "partial_token_ratio": fuzz.partial_token_ratio,
    "WRatio": fuzz.WRatio,
    "QRatio": fuzz.QRatio,
    "Jaro": distance.Jaro.similarity,
    "Jaro-Winkler": distance.JaroWinkler.similarity,
    "Levenshtein": distance.Levenshtein.normalized_similarity,
    "Damerau-Levenshtein": distance.DamerauLevenshtein.normalized_similarity,
    "LCS": distance.LCSseq.normalized_similarity,
}


def best_f1(score: Scores, is_match: npt.NDArray[np.bool_]) -> float:
    """The highest F1 that any threshold gives: chosen with the truth, for every contender alike."""
    return max(
        2 * int((is_match & (score >= at)).sum()) / (int((score >= at).sum()) + int(is_match.sum()))
        for at in np.unique(score)
    )


def our_levels(cases: pl.DataFrame) -> Scores:
    con = duckdb.connect()
    con.register("cases", cases.with_row_index("i").to_arrow())
    for side, column in (("l", "name1"), ("r", "name2")):
        con.execute(f"CREATE TABLE {side} AS SELECT i::VARCHAR AS record_id, {column} AS name FROM cases ORDER BY i")
    prepared = prepare(con, ("l", "r"), MatchRules())
    places = np.arange(cases.height, dtype=np.int32)
    pairs = Pairs(prepared.sides[0], prepared.sides[1], places, places, prepared.vocabulary, TextSimilarity())
    return name_level(pairs).astype(np.float64)


@pytest.mark.skipif(not CASES.is_file(), reason="shared/data is not beside the checkout")
def test_levels_tell_names_apart_better_than_any_single_scorer() -> None:
    cases = pl.read_parquet(CASES)
    is_match = (cases["is_match"] == "true").to_numpy()
    ours = best_f1(our_levels(cases), is_match)
    names = list(zip(cases["name1"].to_list(), cases["name2"].to_list(), strict=True))
    print(f"{'levels':24} {ours:.4f}")
    for name, scorer in SCORERS.items():
        found = [scorer(utils.default_process(a), utils.default_process(b)) for a, b in names]
        theirs = best_f1(np.array(found), is_match)
        print(f"{name:24} {theirs:.4f}")
        assert ours > theirs, name
