"""The queue: filters, orders, pages, counts, the next exception, and keeping up with what others judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconcile.errors import StorageError, UnknownNameError
from reconcile.model import Person, Verdict
from reconcile.reviewing import (
    OpenRun,
    Queue,
    QueueFilter,
    QueueSort,
    claim_exception,
    facet_counts,
    judge,
    next_exception,
    open_queue,
    open_run,
    queue_page,
    undo_last,
)
from reconcile.state.database import Database
from tests.run_files import RunFile
from tests.unit.reviewing.people import ANA, BEN, add_people

# (kind, name, probability, amount in cents, owner, first seen in run)
ROWS = [
    ("contradicted", "Acme", 0.02, 5_000_000, "olga", 1),
    ("one_sided", "Beta", 0.99, 150_000, "olga", 10),
    ("unlinked", "Gamma", 0.97, 150_000, "", 10),
    ("unlinked", "delta", 0.50, None, "paul", 9),
    ("ambiguous", "Epsilon", 0.60, 9_999, "paul", 2),
    ("unmatched", "Zeta", None, 10_000, "paul", 10),
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenRun]:
    file = RunFile(tmp_path_factory.mktemp("run"), 10)
    for number, (kind, name, probability, amount, owner, first_seen) in enumerate(ROWS, 1):
        file.left(f"L{number}", name=name, owner=owner)
        if kind != "unmatched":
            file.right(f"R{number}", name=f"{name} Ltd")
        file.exception(
            kind,  # type: ignore[arg-type]  # the words above are kinds
            f"L{number}",
            None if kind == "unmatched" else f"R{number}",
            side="left" if kind == "unmatched" else None,
            probability=probability,
            amount_cents=amount,
            first_seen=first_seen,
        )
    opened = open_run(file.write())
    yield opened
    opened.close()


@pytest.fixture
def queue(database: Database, opened: OpenRun) -> Queue:
    add_people(database)
    with database.read() as tx:
        return open_queue(opened, tx)


def names(database: Database, queue: Queue, chosen: QueueFilter, sort: QueueSort = "rank") -> list[str | None]:
    with database.read() as tx:
        page = queue_page(tx, queue, chosen, sort=sort)
    assert page.total == len(page.rows)
    return [row.left_name for row in page.rows]


def say(database: Database, queue: Queue, name: str, verdict: Verdict, *, actor: Person = ANA, note: str = "") -> None:
    with database.begin() as tx:
        judge(tx, actor, queue.run, exception_id(database, queue, name), verdict, expected=None, note=note)


def exception_id(database: Database, queue: Queue, name: str) -> str:
    with database.read() as tx:
        return next(row.exception_id for row in queue_page(tx, queue).rows if row.left_name == name)


FILTERS = [
    (QueueFilter(), ["Acme", "Beta", "Gamma", "delta", "Epsilon", "Zeta"]),
    (QueueFilter(kinds=frozenset({"unlinked", "ambiguous"})), ["Gamma", "delta", "Epsilon"]),
    (QueueFilter(bands=frozenset({"accept"})), ["Beta", "Gamma"]),
    (QueueFilter(bands=frozenset({"review", "unscored"})), ["delta", "Epsilon", "Zeta"]),
    (QueueFilter(owners=frozenset({""})), ["Gamma"]),
    (QueueFilter(amounts=frozenset({"under 100"})), ["Epsilon"]),
    (QueueFilter(amounts=frozenset({"100 to 1,000", "unknown"})), ["delta", "Zeta"]),
    (QueueFilter(amounts=frozenset({"10,000 and over"})), ["Acme"]),
    (QueueFilter(ages=frozenset({"new"})), ["Beta", "Gamma", "Zeta"]),
    (QueueFilter(min_probability=0.5, max_probability=0.97), ["Gamma", "delta", "Epsilon"]),
    (QueueFilter(min_amount_cents=10_000, max_amount_cents=150_000), ["Beta", "Gamma", "Zeta"]),
    (QueueFilter(text="  DELT "), ["delta"]),
    (QueueFilter(text="r5"), ["Epsilon"]),
    (QueueFilter(text="100%_"), []),
    (QueueFilter(statuses=frozenset({"same"})), []),
    (QueueFilter(kinds=frozenset({"unlinked"}), owners=frozenset({"paul"})), ["delta"]),
]

ORDERS: list[tuple[QueueSort, list[str]]] = [
    ("rank", ["Acme", "Beta", "Gamma", "delta", "Epsilon", "Zeta"]),
    ("amount", ["Acme", "Beta", "Gamma", "Zeta", "Epsilon", "delta"]),
    ("most_certain", ["Beta", "Gamma", "Epsilon", "delta", "Acme", "Zeta"]),
    ("least_certain", ["delta", "Epsilon", "Gamma", "Acme", "Beta", "Zeta"]),
    ("oldest", ["Acme", "Epsilon", "delta", "Beta", "Gamma", "Zeta"]),
    ("name", ["Acme", "Beta", "delta", "Epsilon", "Gamma", "Zeta"]),
]


def test_filters(database: Database, queue: Queue) -> None:
    assert [(chosen, names(database, queue, chosen)) for chosen, _ in FILTERS] == FILTERS


def test_orders(database: Database, queue: Queue) -> None:
    assert [(sort, names(database, queue, QueueFilter(), sort)) for sort, _ in ORDERS] == ORDERS


def test_pages_hold_every_row_once(database: Database, queue: Queue) -> None:
    for limit in (1, 2, 4, 6, 7):
        seen: list[str | None] = []
        after: int | None = None
        has_more = True
        with database.read() as tx:
            while has_more:
                page = queue_page(tx, queue, sort="amount", after=after, limit=limit)
                assert queue_page(tx, queue, sort="amount", offset=len(seen), limit=limit).rows == page.rows
                assert page.total == 6
                seen += [row.left_name for row in page.rows]
                after, has_more = page.rows[-1].position, page.has_more
        assert seen == ["Acme", "Beta", "Gamma", "Zeta", "Epsilon", "delta"]


def test_the_queue_keeps_up_with_judgements_and_undo(database: Database, queue: Queue) -> None:
    undecided = QueueFilter(statuses=frozenset({"undecided"}))
    before = queue.version
    say(database, queue, "Beta", "same", note="sure")
    say(database, queue, "Gamma", "unsure", actor=BEN)
    assert names(database, queue, undecided) == ["Acme", "delta", "Epsilon", "Zeta"]
    assert names(database, queue, QueueFilter(notes=frozenset({"with note"}))) == ["Beta"]
    assert queue.version > before
    with database.read() as tx:
        row = queue_page(tx, queue, QueueFilter(statuses=frozenset({"same"}))).rows[0]
    assert (row.left_name, row.status, row.verdict, row.note, row.person_name) == (
        "Beta",
        "same",
        "same",
        "sure",
        "Ana",
    )
    assert row.made_at is not None
    version = queue.version
    with database.read() as tx:
        queue.refresh(tx)
    assert queue.version == version
    with database.begin() as tx:
        undo_last(tx, ANA, "accounts")
    assert names(database, queue, undecided) == ["Acme", "Beta", "delta", "Epsilon", "Zeta"]


def test_a_queue_opened_later_sees_the_same(database: Database, queue: Queue, opened: OpenRun) -> None:
    say(database, queue, "Beta", "same", note="sure")
    say(database, queue, "Zeta", "different")
    with database.read() as tx:
        other = open_queue(opened, tx)
        assert queue_page(tx, other).rows == queue_page(tx, queue).rows
        assert facet_counts(tx, other, QueueFilter()) == facet_counts(tx, queue, QueueFilter())


def test_facets_count_what_else_there_is(database: Database, queue: Queue) -> None:
    say(database, queue, "Beta", "same", note="sure")
    chosen = QueueFilter(kinds=frozenset({"unlinked"}), owners=frozenset({"olga"}))
    with database.read() as tx:
        everything = {f.name: {v.value: v.count for v in f.values} for f in facet_counts(tx, queue, QueueFilter())}
        narrowed = {
            f.name: {v.value: (v.count, v.is_selected) for v in f.values} for f in facet_counts(tx, queue, chosen)
        }
    assert everything == {
        "kinds": {"one_sided": 1, "contradicted": 1, "ambiguous": 1, "unlinked": 2, "unmatched": 1},
        "bands": {"accept": 2, "review": 2, "ignore": 1, "unscored": 1},
        "owners": {"paul": 3, "olga": 2, "": 1},
        "amounts": {"10,000 and over": 1, "1,000 to 10,000": 2, "100 to 1,000": 1, "under 100": 1, "unknown": 1},
        "ages": everything["ages"],
        "statuses": {"undecided": 5, "same": 1},
        "notes": {"with note": 1, "without note": 5},
        "changes": {"evidence as judged": 1, "never judged": 5},
    }
    assert everything["ages"]["new"] == 3
    assert narrowed["kinds"] == {"one_sided": (1, False), "contradicted": (1, False), "unlinked": (0, True)}
    assert narrowed["owners"] == {"": (1, False), "paul": (1, False), "olga": (0, True)}
    assert narrowed["statuses"] == {}


def test_next_goes_on_from_where_one_is(database: Database, queue: Queue) -> None:
    ids = {name: exception_id(database, queue, name) for _, name, *_ in ROWS}
    shown = {found: name for name, found in ids.items()}

    def following(after: str | None, actor: Person = ANA, **choice: object) -> str | None:
        with database.read() as tx:
            found = next_exception(tx, queue, actor, after=after and ids[after], **choice)  # type: ignore[arg-type]
        return shown[found] if found else None

    assert following(None) == "Acme"
    assert following("Acme") == "Beta"
    assert following("Acme", direction="previous") == "Zeta"
    say(database, queue, "Beta", "same")
    assert following("Beta") == "Gamma"
    assert following("Acme") == "Gamma"
    assert following("Gamma", direction="previous") == "Acme"
    with database.begin() as tx:
        claim_exception(tx, BEN, queue.run, ids["Gamma"])
    assert following("Beta") == "delta"
    assert following("Beta", BEN) == "Gamma"
    assert following("Zeta") == "Acme"
    assert following("Beta", chosen=QueueFilter(statuses=frozenset({"same"}))) is None
    assert following("Acme", chosen=QueueFilter(statuses=frozenset({"same"}))) == "Beta"
    assert following("Acme", sort="amount") == "Zeta"
    for name in ("Acme", "delta", "Epsilon", "Zeta"):
        say(database, queue, name, "different")
    assert following("Zeta") is None


def test_who_works_on_what_is_shown(database: Database, queue: Queue) -> None:
    with database.begin() as tx:
        claim_exception(tx, BEN, queue.run, exception_id(database, queue, "Gamma"))
        rows = queue_page(tx, queue).rows
    assert {row.left_name: row.claimed_by for row in rows if row.claimed_by} == {"Gamma": "Ben"}


def test_orders_that_nobody_uses_any_more_are_let_go(database: Database, queue: Queue) -> None:
    for number in range(40):
        names(database, queue, QueueFilter(text=f"nothing {number}"))
    count = queue.query(f"SELECT count(*) FROM duckdb_tables() WHERE schema_name = '{queue.schema}'")[0][0]
    assert count <= 26
    assert names(database, queue, QueueFilter(text="beta")) == ["Beta"]


def test_an_empty_run_has_an_empty_queue(database: Database, tmp_path: Path) -> None:
    opened = open_run(RunFile(tmp_path).write())
    with database.read() as tx:
        queue = open_queue(opened, tx)
        page = queue_page(tx, queue)
        assert (page.rows, page.total, page.has_more) == ((), 0, False)
        assert next_exception(tx, queue, ANA) is None
        assert all(facet.values == () for facet in facet_counts(tx, queue, QueueFilter()))
    with pytest.raises(UnknownNameError, match="no exception in run_1"):
        opened.exception("exc_nowhere")
    opened.close()


def test_a_run_file_that_is_missing_or_none_is_refused(tmp_path: Path) -> None:
    run = RunFile(tmp_path).write()
    with pytest.raises(StorageError, match="is not there"):
        open_run(replace(run, path=str(tmp_path / "gone.duckdb")))
    (tmp_path / "other.duckdb").write_text("nothing of the kind")
    with pytest.raises(StorageError, match="not a readable run file"):
        open_run(replace(run, path=str(tmp_path / "other.duckdb")))
