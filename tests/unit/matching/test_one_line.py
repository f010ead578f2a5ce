"""Addresses in one column: what they say of postcode and city is compared with the columns of the other side."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from reconcile.matching import MatchRules, link
from reconcile.matching.clean.one_line import split_addresses


@pytest.mark.parametrize(
    ("line", "street", "city", "postcode"),
    [
        ("3270 Stark Circles, Lake Allison, ME 85730, USA", "3270 Stark Circles", "Lake Allison", "85730"),
        ("123 Main St, Springfield IL 62704-1234, US", "123 Main St", "Springfield", "62704-1234"),
        ("123 Main St\nSpringfield, Illinois 62704", "123 Main St", "Springfield", "62704"),
        ("Fritschallee 2292, 86596 Wolgast, Deutschland", "Fritschallee 2292", "Wolgast", "86596"),
        ("Müllerstr. 5; D-10115 Berlin", "mullerstr. 5", "berlin", "d-10115"),
        ("Rosewood House, 12 High St, London, SW1A 1AA", "Rosewood House, 12 High St", "London", "SW1A 1AA"),
        ("Flat 5 Birch Rd, M25 6JH Hopeview, United Kingdom", "Flat 5 Birch Rd", "Hopeview", "M25 6JH"),
        ("Keizersgracht 12, 1015 CN Amsterdam", "Keizersgracht 12", "Amsterdam", "1015 CN"),
        ("1 King St W, Toronto, ON M5H 1A1, Canada", "1 King St W", "Toronto", "M5H 1A1"),
        ("1877 Nostrand Avenue, Brooklyn, NY, NY", "1877 Nostrand Avenue", "Brooklyn", ""),
        ("123 Main St, Suite 4", "123 Main St, Suite 4", None, None),
        ("12 Main St", "12 Main St", None, None),
        (None, None, None, None),
    ],
)
def test_an_address_is_split_where_it_has_a_form(
    line: str | None, street: str | None, city: str | None, postcode: str | None
) -> None:
    raw = pl.DataFrame({"street": [line], "city": [None], "postcode": [None]}, schema=dict.fromkeys(
        ("street", "city", "postcode"), pl.String))  # fmt: skip
    assert split_addresses(raw).row(0) == (street, city, postcode)


def test_what_columns_say_is_kept() -> None:
    raw = pl.DataFrame({"street": ["1 High St, Leeds LS1 4AB"], "city": ["York"], "postcode": [None]},
                       schema_overrides={"postcode": pl.String})  # fmt: skip
    assert split_addresses(raw).equals(raw)


def test_one_column_is_linked_with_several() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE l AS SELECT 'l' || i AS record_id, md5((i % 500)::VARCHAR)[:7] || ' Foods' AS name,
        (i % 90 + 1) || ' ' || md5((i * 3)::VARCHAR)[:5] || ' Street' AS street,
        ['Dover', 'Salem', 'Clinton', 'Bristol', 'Auburn'][i // 7 % 5 + 1] AS city,
        (10001 + i // 7 % 43)::VARCHAR AS postcode
        FROM range(1500) t(i)""")
    con.execute("""CREATE TABLE r AS SELECT 'r' || record_id[2:] AS record_id, name || ' LLC' AS name,
        street || ', ' || city || ', NY ' || postcode || ', USA' AS street FROM l WHERE hash(record_id) % 3 > 0""")
    result = link(con, "l", "r", MatchRules(accept=0.5))
    right, shown, total = con.execute("""SELECT count(*) FILTER (left_id[2:] = right_id[2:]), count(*),
        (SELECT count(*) FROM r) FROM candidates WHERE probability >= 0.5""").fetchall()[0]
    assert right == shown
    assert right == total
    assert result.summary.expected_matches == pytest.approx(total, rel=0.02)


def test_addresses_without_a_house_number_are_compared() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE l AS SELECT 'l' || i AS record_id,
        translate(md5(i::VARCHAR)[:8], '0123456789', 'ghijklmnop') || ' Cottage, Church Lane' AS street,
        'EH' || (i // 60) || ' ' || (i % 7) || 'NT' AS postcode FROM range(1500) t(i)""")
    con.execute("CREATE TABLE r AS SELECT 'r' || record_id[2:] AS record_id, street, postcode FROM l")
    link(con, "l", "r", MatchRules(accept=0.5))
    right, shown = con.execute("""SELECT count(*) FILTER (left_id[2:] = right_id[2:]), count(*)
        FROM candidates WHERE probability >= 0.5""").fetchall()[0]
    assert right == shown
    assert right > 1400
