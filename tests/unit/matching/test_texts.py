"""Texts in DuckDB go with whoever asked for them, and with their connection."""

from __future__ import annotations

import gc

import duckdb
import polars as pl
import pytest

from reconcile.matching.texts import StoredTexts


def stored(con: duckdb.DuckDBPyConnection) -> StoredTexts:
    texts = StoredTexts(con)
    texts.append(pl.DataFrame({"record_id": ["a", "b"], "name": ["Alpha", "Beta"]}))
    return texts


def test_texts_are_forgotten_with_whoever_asked_for_them() -> None:
    con = duckdb.connect()
    texts = stored(con)
    assert texts.column("name").to_list() == ["Alpha", "Beta"]
    before = con.execute("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchall()
    del texts
    gc.collect()
    after = con.execute("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert (before, after) == ([(2,)], [(1,)])


@pytest.mark.filterwarnings("error")
def test_a_connection_may_be_closed_before_its_texts_go() -> None:
    texts = stored(duckdb.connect())
    texts._con.close()
    del texts
    gc.collect()
