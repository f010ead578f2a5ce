"""Salesforce ids: known pairs, and the three spellings of one rule (Python, DuckDB, polars) agree on any text."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.systems.salesforce.ids import is_valid, is_valid_sql, to_18, to_18_expr, to_18_sql

KNOWN = [
    ("a01M00000062mPg", "IAI"),
    ("001M000000qfPyS", "IAU"),
    ("a0FE000000D6r3F", "MAR"),
    ("0F9E000000092w2", "KAA"),
    ("AbCdEfGhIjKlMnO", "VKV"),
    ("aBcDEfgHIJKLMNO", "025"),
    ("a0D30000001n7Pi", "EAI"),
    ("a0RE000000IJmcN", "MAT"),
    ("0015500001QdQWa", "AAN"),
    ("0035500001H9cam", "AAB"),
]
ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SHORT = st.text(ALPHANUMERIC, min_size=15, max_size=15)
ANYTHING = st.one_of(st.none(), SHORT, SHORT.map(to_18), st.text(max_size=20), st.text(ALPHANUMERIC, max_size=19))


@pytest.mark.parametrize(("short", "check"), KNOWN)
def test_known_pairs(short: str, check: str) -> None:
    assert to_18(short) == short + check
    assert is_valid(short)
    assert is_valid(short + check)
    assert not is_valid(short.swapcase() + check)


@pytest.mark.parametrize("text", [None, "", "001", "001M000000qfPyS\n", "001M000000qfPy!", "001M000000qfPySIAUx"])
def test_what_is_no_id_stays_as_it_is(text: str | None) -> None:
    assert to_18(text) == text
    assert not is_valid(text)


@settings(max_examples=25, deadline=None)  # each example compiles two long expressions
@given(st.lists(ANYTHING, min_size=1, max_size=60))
def test_three_spellings_of_one_rule(texts: list[str | None]) -> None:
    texts = [t if t is None else t.replace("\x00", "") for t in texts]
    expected = [(to_18(t), is_valid(t)) for t in texts]
    frame = pl.DataFrame({"i": range(len(texts)), "x": pl.Series(texts, dtype=pl.String)})
    with duckdb.connect() as con:
        con.register("t", frame.to_arrow())
        sql = f"SELECT {to_18_sql('x')}, {is_valid_sql('x')} FROM t ORDER BY i"
        assert con.execute(sql).fetchall() == expected
    assert frame.select(to_18_expr(pl.col("x"))).to_series().to_list() == [e[0] for e in expected]


@given(SHORT, SHORT)
def test_ids_that_differ_by_case_only_stay_apart_in_any_case(one: str, other: str) -> None:
    if one != other:
        assert (to_18(one) or "").lower() != (to_18(other) or "").lower()
