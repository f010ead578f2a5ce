"""Lists in which many customers look alike: few words, few towns, a shared website. A tie is no proof of a match."""

from __future__ import annotations

import random
from collections.abc import Sequence

import duckdb
import pytest

from reconcile.matching import MatchRules, dedupe, link

SURNAMES = (
    "Müller", "Schröder", "Köhler", "Bäcker", "Jäger", "Weiß", "Groß", "Schäfer", "König", "Böhm", "Krüger", "Schütz",
    "Löwe", "Götz", "Vögel", "Münch", "Hölzl", "Wörner", "Strauß", "Förster",
)  # fmt: skip
TRADES = ("Maschinenbau", "Bäckerei", "Küchenstudio", "Dachbau", "Möbelhaus", "Getränke", "Geräte", "Gärtnerei")
TOWNS = ("Köln", "München", "Nürnberg", "Düsseldorf", "Göttingen", "Würzburg", "Berlin", "Hamburg", "Lübeck", "Halle")
IN_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
Rows = list[tuple[str, str, str]]


def trades() -> tuple[Rows, Rows]:
    """Two lists of craftsmen; a row's number is the customer. Umlauts in one or two letters, half in upper case."""
    draw = random.Random(7)
    known: set[tuple[str, str]] = set()
    left: Rows = []
    right: Rows = []
    while len(known) < 700:
        middle = draw.choice(("& Söhne ", "", "", f"und {draw.choice(SURNAMES)} "))
        name, town = f"{draw.choice(SURNAMES)} {middle}{draw.choice(TRADES)}", draw.choice(TOWNS)
        if (name, town) in known:
            continue
        known.add((name, town))
        if draw.random() < 0.85:
            left.append((str(len(known)), f"{name} {draw.choice(('GmbH', 'GmbH & Co. KG', 'e.K.', 'AG'))}", town))
        if draw.random() < 0.85:
            written = name.translate(IN_TWO_LETTERS) if draw.random() < 0.5 else name.upper()
            right.append((str(len(known)), written, town.translate(IN_TWO_LETTERS)))
    return left, right


def franchises() -> tuple[Rows, Rows]:
    """Two lists of companies with their website; one in ten has branches named after their towns."""
    draw = random.Random(6)
    left: Rows = []
    right: Rows = []
    number = 0
    for _ in range(400):
        brand = "".join(
            draw.choice(("ba", "ko", "ri", "lem", "tus", "nor", "vi", "dan")) for _ in range(4)
        ).capitalize()
        for town in TOWNS if draw.random() < 0.1 else ("",):
            number += 1
            name, site = f"{brand} {town}".strip(), f"{brand.lower()}.com"
            if draw.random() < 0.85:
                left.append((str(number), name + draw.choice((" Inc", "")), site))
            if draw.random() < 0.85:
                right.append((str(number), draw.choice((name, name.upper())), site if draw.random() < 0.8 else ""))
    return left, right


def linked(sides: Sequence[Rows], roles: str) -> dict[str, float]:
    con = duckdb.connect()
    for side, rows in zip("lr", sides, strict=True):
        con.execute(f"CREATE TABLE {side} (record_id VARCHAR, {roles})")
        con.executemany(f"INSERT INTO {side} VALUES (?, ?, nullif(?, ''))", rows)
    link(con, "l", "r", MatchRules(accept=0.5))
    found, right, said = con.execute("""SELECT count(*), count(*) FILTER (left_id = right_id), sum(probability)
        FROM candidates WHERE probability >= 0.5""").fetchall()[0]
    total = con.execute("SELECT count(*) FROM l SEMI JOIN r USING (record_id)").fetchall()[0][0]
    return {"precision": right / found, "recall": right / total, "said": said / found}


@pytest.mark.parametrize(
    ("sides", "roles", "precision", "recall"),
    [(trades(), "name VARCHAR, city VARCHAR", 0.95, 0.85), (franchises(), "name VARCHAR, domain VARCHAR", 0.9, 0.8)],
    ids=["craftsmen by name and town", "branches by name and website"],
)
def test_customers_that_look_alike_are_kept_apart(
    sides: tuple[Rows, Rows], roles: str, precision: float, recall: float
) -> None:
    figures = linked(sides, roles)
    print(figures)
    assert figures["precision"] >= precision
    assert figures["recall"] >= recall
    assert figures["said"] == pytest.approx(figures["precision"], abs=0.06)


def test_a_dozen_towns_keep_duplicates_of_different_towns_apart() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE records (record_id VARCHAR, name VARCHAR, city VARCHAR)")
    for side, rows in zip("lr", trades(), strict=True):
        con.executemany(f"INSERT INTO records VALUES (? || '-{side}', ?, ?)", rows)
    dedupe(con, "records", MatchRules(accept=0.5))
    found, right = con.execute("""SELECT count(*), count(*) FILTER (split_part(id_a, '-', 1) = split_part(id_b, '-', 1))
        FROM pairs WHERE probability >= 0.5""").fetchall()[0]
    print(right / found, right)
    assert right / found >= 0.9
    assert right >= 250


def test_colleagues_are_told_apart_where_few_companies_have_many_persons() -> None:
    """Company, site and mail domain agree all at once for one pair in twelve: together they prove as little as one."""
    con = duckdb.connect()
    con.execute("""CREATE TABLE people AS SELECT i, md5((i % 12)::VARCHAR)[:6] AS company,
        ['Ada', 'Boris', 'Clara', 'Dmitri', 'Elena', 'Farid', 'Greta', 'Hugo', 'Irma', 'Jan'
        ][(hash(i) % 10)::INT + 1] AS given,
        'K' || translate(md5((hash(i, 1) % 3000)::VARCHAR)[:6], '0123456789', 'ghijklmnop') AS family,
        '+1 617 ' || 2000000 + i * 37 AS phone FROM range(2200) t(i)""")
    con.execute("""CREATE TABLE records AS
        SELECT i || 'a' AS record_id, company AS name, given AS given_name, family AS family_name, phone,
            lower(given || '.' || family || i % 3) || '@' || company || '.com' AS email FROM people
        UNION ALL SELECT i || 'b', company, CASE WHEN i % 2 = 0 THEN given[:1] ELSE given END, family,
            CASE WHEN i % 3 = 0 THEN phone END, lower(given[:1] || family || i % 5) || '@' || company || '.com'
        FROM people WHERE i % 5 = 0""")
    dedupe(con, "records", MatchRules(accept=0.5))
    shown, right, said = con.execute("""SELECT count(*), count(*) FILTER (id_a[:-2] = id_b[:-2]), avg(probability)
        FROM pairs WHERE probability >= 0.5""").fetchall()[0]
    assert right > 0.8 * 440
    assert right > 0.85 * shown
    assert said == pytest.approx(right / shown, abs=0.1)
