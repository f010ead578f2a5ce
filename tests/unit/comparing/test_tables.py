"""Comparing two tables: keys, repeated keys, rules, classes, masks, recipes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from reconcile.comparing.tables import (
    MASK,
    ColumnPair,
    ColumnRule,
    Comparison,
    ComparisonFile,
    Evidence,
    KeyColumn,
    Plan,
    Recipe,
    RepeatedKeyError,
    RowFilter,
    Workspace,
    compare_files,
    dump_recipe,
    highlight,
    nearest_partners,
    open_comparison,
    parse_recipe_text,
)
from reconcile.errors import DefinitionError, StorageError, UnknownNameError

LINES_LEFT = "inv,item,amount\nA,1,10.00\nA,2,20.00\nB,1,5.00\nC,1,7.00\n"
LINES_RIGHT = "inv,item,amount\nA,2,20.00\nA,1,11.00\nB,1,2.00\nB,1,3.00\nD,1,9.00\n"
BY_INVOICE = (KeyColumn("inv", "inv"),)


class Desk:
    """Two texts compared in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def compare(self, left: str, right: str, recipe: Recipe | None = None, **how: object) -> Comparison:
        for name, text in (("left", left), ("right", right)):
            (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return compare_files(
            self.folder / "left.csv", self.folder / "right.csv", self.folder / "result.duckdb", recipe, **how  # type: ignore[arg-type]  # passed through
        )  # fmt: skip

    def open(self) -> ComparisonFile:
        return ComparisonFile(self.folder / "result.duckdb")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def totals(made: Comparison) -> dict[str, tuple[int, int, int]]:
    filled = (item for item in made.totals if item.left_rows or item.right_rows)
    return {item.name: (item.pairs, item.left_rows, item.right_rows) for item in filled}


@pytest.mark.parametrize(
    ("left", "right", "rule", "expected"),
    [
        ("1.5", "1.50", ColumnRule(), "format"),
        ("1.5", "1.50", ColumnRule(absolute=Decimal(0)), None),
        ("10.00", "10.01", ColumnRule(), "rounding"),
        ("10.00", "10.01", ColumnRule(absolute=Decimal("0.01")), None),
        ("0.01", "0.02", ColumnRule(), "real"),
        ("100", "101", ColumnRule(), "real"),
        ("100", "101", ColumnRule(relative=Decimal("0.01")), None),
        ("12.345", "12.35", ColumnRule(), "rounding"),
        ("0.30000000000000004", "0.30", ColumnRule(), "rounding"),
        ("0.30000000000000004", "0.30", ColumnRule(absolute=Decimal(0)), None),
        ("0.30000000000000000", "0.3", ColumnRule(), "format"),
        ("1.5e-1", "0.15", ColumnRule(kind="number"), "format"),
        ("1e-12", "0", ColumnRule(kind="number"), "rounding"),
        ("0.30000000000000004", "0.4", ColumnRule(kind="number"), "real"),
        ("12.345", "12.35", ColumnRule(decimals=2), None),
        ("(5.00)", "-5", ColumnRule(absolute=Decimal(0)), None),
        ("$1,234.50", "1234.5", ColumnRule(absolute=Decimal(0)), None),
        ("−5.20", "-5.2", ColumnRule(absolute=Decimal(0)), None),
        ("US$ 1,234.50", "1234.5", ColumnRule(absolute=Decimal(0)), None),
        ("kr 1,000.-", "1000", ColumnRule(absolute=Decimal(0)), None),
        ("5-6", "-56", ColumnRule(kind="number"), "real"),
        ("150", "1.50", ColumnRule(left_factor=Decimal("0.01")), None),
        ("150", "150", ColumnRule(left_factor=Decimal("0.01")), "real"),
        ("2026-03-04", "04/03/2026", ColumnRule(kind="date", right_format="%d/%m/%Y"), None),
        ("2026-03-04", "03/04/2026", ColumnRule(kind="date", right_format="%d/%m/%Y"), "real"),
        ("2026-03-04", "2026-03-06", ColumnRule(kind="date"), "timing"),
        ("2026-03-04", "2026-03-06", ColumnRule(days=Decimal(2)), None),
        ("2026-03-04T10:00:00Z", "2026-03-04 11:00:00+01:00", ColumnRule(kind="date"), "format"),
        ("Acme", "ACME ", ColumnRule(), "format"),
        ("Acme", "ACME", ColumnRule(ignore_case=True), None),
        ("Acme  Ltd", " Acme Ltd", ColumnRule(ignore_space=True), None),
        ("1-11", "11-1", ColumnRule(), "real"),
        ("A-1", "A1", ColumnRule(), "format"),
        ("yes", "TRUE", ColumnRule(), "format"),
        ("x", "", ColumnRule(), "missing"),
        ("NULL", "", ColumnRule(), "format"),
        (" ", "n/a ", ColumnRule(), "format"),
        ("NA", "", ColumnRule(), "missing"),  # Namibia
        ("NULL", "", ColumnRule(null_equals_empty=False), "format"),  # neither of them is no value
        ("None", "Net 30", ColumnRule(), "real"),
        ("007", "7", ColumnRule(kind="text"), "format"),
        ("=1+1", "@x", ColumnRule(), "real"),
    ],
)
def test_a_rule_decides_whether_and_how_values_differ(
    desk: Desk, left: str, right: str, rule: ColumnRule, expected: str | None
) -> None:
    recipe = Recipe(keys=(KeyColumn("k", "k"),), columns=(ColumnPair("v", "v", rule),))
    made = desk.compare(f'k,v,w\n1,"{left}",z\n', f'k,v,w\n1,"{right}",z\n', recipe)
    found = [name for name, count in made.columns[0].classes.items() if count]
    assert found == ([expected] if expected else [])
    assert made.is_equal == (expected is None)


@pytest.mark.parametrize(("opposite", "is_told"), [(40, True), (37, True), (20, False)])
def test_the_opposite_sign_of_all_amounts_is_told_and_can_be_compared_without(
    desk: Desk, opposite: int, is_told: bool
) -> None:
    left = "id,amount\n" + "".join(f"{n},{n * 1.37 + 5:.2f}\n" for n in range(40))
    right = "id,amount\n" + "".join(
        f"{n},-{n * 1.37 + 5:.2f}\n" if n < opposite else f"{n},{n + 900}.50\n" for n in range(40)
    )
    made = desk.compare(left, right)
    assert any("opposite sign" in note for note in made.notes) is is_told
    turned = ColumnPair("amount", "amount", ColumnRule(left_factor=Decimal(-1)))
    made = desk.compare(left, right, Recipe(keys=(KeyColumn("id", "id"),), columns=(turned,)))
    assert made.total("same").pairs == opposite


def test_a_repeated_key_that_nobody_named_says_so(desk: Desk) -> None:
    left = "Zip,Town\n" + "".join(f"{10000 + n // 2 * 2 if n < 4 else 20000 + n},T{n % 7}\n" for n in range(90))
    with pytest.raises(RepeatedKeyError) as caught:
        desk.compare(left, left)
    assert "Key Zip, found and not given: 2 keys occur more than once on both sides" in str(caught.value)
    assert "match the rows by their content" in caught.value.remedy


def test_a_many_to_many_key_is_refused_with_three_ways(desk: Desk) -> None:
    with pytest.raises(RepeatedKeyError, match=r"1 key occurs .* on both sides .*A: 2 left, 2 right") as caught:
        desk.compare(LINES_LEFT, LINES_RIGHT, Recipe(keys=BY_INVOICE))
    assert "Add a column to the key" in caught.value.remedy
    assert "nearest" in caught.value.remedy
    assert "groups" in caught.value.remedy
    assert not (desk.folder / "result.duckdb").exists()


def test_another_column_makes_the_key_unique(desk: Desk) -> None:
    both = (KeyColumn("inv", "inv"), KeyColumn("item", "item"))
    made = desk.compare(LINES_LEFT, LINES_RIGHT, Recipe(keys=both))
    assert totals(made) == {
        "same": (1, 1, 1),
        "changed": (1, 1, 1),
        "only_left": (1, 1, 0),
        "only_right": (1, 0, 1),
        "duplicate_key": (3, 1, 2),
    }


def test_repeated_keys_can_be_listed(desk: Desk) -> None:
    made = desk.compare(LINES_LEFT, LINES_RIGHT, Recipe(keys=BY_INVOICE, duplicates="list"))
    assert totals(made) == {"only_left": (1, 1, 0), "only_right": (1, 0, 1), "duplicate_key": (7, 3, 4)}
    assert made.is_tied
    with desk.open() as file:
        keys = [row.key for row in file.page(RowFilter("duplicate_key"))]
    assert keys == ["A", "A", "B", "A", "A", "B", "B"]


def test_the_nearest_rows_of_a_key_can_be_paired(desk: Desk) -> None:
    made = desk.compare(LINES_LEFT, LINES_RIGHT, Recipe(keys=BY_INVOICE, duplicates="nearest"))
    assert totals(made) == {"same": (1, 1, 1), "changed": (2, 2, 2), "only_left": (1, 1, 0), "only_right": (2, 0, 2)}
    with desk.open() as file:
        pairs = {(row.left or {})["amount"]: (row.right or {})["amount"] for row in file.page(RowFilter("changed"))}
    assert pairs["10.00"] == "11.00"


def test_an_invoice_meets_its_payments_by_sum(desk: Desk) -> None:
    recipe = Recipe(
        keys=BY_INVOICE,
        columns=(ColumnPair("amount", "amount", ColumnRule(absolute=Decimal("0.5"))),),
        duplicates="groups",
    )
    made = desk.compare("inv,amount\nA,100\nB,50\nC,8\n", "inv,amount\nA,60.00\nA,40.25\nB,20\nB,20\nC,8\n", recipe)
    assert totals(made) == {"same": (2, 2, 3), "changed": (1, 1, 2)}
    assert made.is_tied
    with desk.open() as file:
        (row,) = file.page(RowFilter("changed"))
        members = file.members(row.row, "right")
    assert (row.key, row.left_count, row.right_count) == ("B", 1, 2)
    assert (row.cells[0].left, row.cells[0].right, row.cells[0].delta) == ("50", "40", 10.0)
    assert [member["amount"] for member in members] == ["20", "20"]


def test_sums_and_differences_are_exact(desk: Desk) -> None:
    made = desk.compare("id,amount\n1,0.10\n2,0.20\n3,1.00\n", "id,amount\n1,0.10\n2,0.40\n4,2.00\n")
    column = made.columns[0]
    assert (column.left_sum, column.right_sum, column.difference) == ("1.3", "2.5", "-1.2")
    assert (column.compared, column.mismatches, column.largest, column.mean) == (2, 1, 0.2, 0.2)


def test_a_key_of_other_spelling_is_found_with_its_normalisation(desk: Desk) -> None:
    left = "account,v\n" + "".join(f"{n:06d},x\n" for n in range(1, 60))
    right = "acct,v\n" + "".join(f"{n},x\n" for n in range(1, 60))
    made = desk.compare(left, right)
    assert made.is_equal
    assert parse_recipe_text(made.recipe).keys == (KeyColumn("account", "acct", ("zeros",)),)


def test_salesforce_ids_of_both_lengths_meet(desk: Desk) -> None:
    ids = ["001B0000003DHPv", "001B0000003DHPw", "001A0000006Vm9r"]
    left = "Id,v\n" + "".join(f"{one},x\n" for one in ids)
    right = "Id,v\n" + "".join(f"{one}IAO,x\n" for one in ids)
    recipe = Recipe(keys=(KeyColumn("Id", "Id", ("salesforce",)),))
    assert desk.compare(left, right, recipe).is_equal


def test_columns_are_proposed_by_name_and_by_values(tmp_path: Path) -> None:
    rows = [(f"INV-{n}", f"Customer {n}", f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}") for n in range(200)]
    (tmp_path / "a.csv").write_text("Invoice No,Debtor,Due date\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    other = "".join(f"{b};{a};{c[8:]}.{c[5:7]}.{c[:4]};x\n" for a, b, c in rows)
    (tmp_path / "b.csv").write_text("name;invoice_number;due;extra\n" + other)
    with Workspace(tmp_path) as work:
        for side, name in (("left", "a.csv"), ("right", "b.csv")):
            work.load(side, tmp_path / name, Recipe().left)
        found = {item.left: (item.right, item.confidence) for item in work.propose_columns()}
        keys = work.suggest_keys((ColumnPair("Invoice No", "invoice_number"), ColumnPair("Debtor", "name")))
    assert {left: right for left, (right, _) in found.items()} == {
        "Invoice No": "invoice_number",
        "Debtor": "name",
        "Due date": "due",
    }
    assert all(0.5 <= confidence <= 1 for _, confidence in found.values())
    assert keys[0].keys == (KeyColumn("Invoice No", "invoice_number"),)
    assert (keys[0].left_unique, keys[0].right_unique, keys[0].overlap) == (1, 1, 1)


def test_a_pair_of_columns_is_suggested_where_no_single_one_will_do(tmp_path: Path) -> None:
    text = "order,line,v\n" + "".join(f"{n // 3},{n % 3},x{n % 2}\n" for n in range(90))
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(text)
    made = compare_files(tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "r.duckdb")
    assert made.key == "order + line"
    assert made.is_equal


def test_no_good_key_is_an_error_that_says_so(desk: Desk) -> None:
    with pytest.raises(DefinitionError, match=r"names the rows of both tables well enough.*no key"):
        desk.compare("a,b\nx,y\nx,y\n", "a,b\nx,y\nx,z\n")


def test_sensitive_values_are_masked_everywhere(desk: Desk) -> None:
    recipe = Recipe(
        keys=(KeyColumn("id", "id"),),
        columns=(ColumnPair("salary", "salary", ColumnRule(is_sensitive=True)), ColumnPair("v", "v")),
    )
    left = "id,salary,v\n1,71234,a\n2,82345,b\n3,93456,c\nragged 71234\n"
    made = desk.compare(left, "id,salary,v\n1,71299,a\n2,82345,x\n4,93400,c\n", recipe)
    assert made.columns[0].mismatches == 1
    assert (made.columns[0].largest, made.columns[0].left_sum) == (None, None)
    with desk.open() as file:
        (row, *_) = file.page(RowFilter("changed", position=0))
        assert (row.cells[0].left, row.cells[0].right) == (MASK, MASK)
        tables = [name for (name,) in file.con.sql("SELECT table_name FROM duckdb_tables()").fetchall()]
        everything = " ".join(str(file.con.sql(f'FROM "{name}"').fetchall()) for name in tables)
    for secret in ("71234", "71299", "82345", "93456", "93400"):
        assert secret not in everything


def test_a_recipe_comes_back_as_it_was_saved(desk: Desk) -> None:
    rule = ColumnRule(absolute=Decimal("0.010"), days=Decimal(2), kind="date", ignore_case=True)
    recipe = Recipe(
        keys=(KeyColumn("id", "Id", ("trim", "case")),),
        columns=(
            ColumnPair("a", "b", rule, name="Due"),
            ColumnPair("c", "d", ColumnRule(left_factor=Decimal("0.01"), is_sensitive=True), is_ignored=True),
        ),
        duplicates="groups",
        ignore_format=True,
        timing_days=Decimal(3),
        masked_left=("iban",),
        masked_right=("iban", "bic"),
    )
    assert parse_recipe_text(dump_recipe(recipe)) == recipe
    made = desk.compare("id,v\n1,a\n", "id,v\n1,b\n")
    again = parse_recipe_text(made.recipe)
    assert [key.left for key in again.keys] == ["id"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("keys = 1", "'keys' means nothing here"),
        ('[[column]]\nleft = "a"\ntolerance = 1', "'tolerance' means nothing here"),
        ('[[key]]\nleft = "a"\nnormalise = ["upper"]', "normalise is 'upper'"),
        ('duplicates = "maybe"', "duplicates is 'maybe'"),
        ('[[column]]\nleft = "a"\nabsolute = "much"', "which is no number"),
        ('[[column]]\nleft = "a"\nabsolute = -1', "absolute is -1"),
        ('no_key = "false"', r"no_key is 'false'. Give true or false"),
        ("ignore_format = 1", "ignore_format is 1"),
        ('[[column]]\nleft = "a"\nis_ignored = "false"', r"is_ignored is 'false'. Give true or false"),
        ('[[column]]\nleft = "a"\nignore_case = "no"', "ignore_case is 'no'"),
        ('[[column]]\nleft = "a"\ndecimals = 2.5', r"decimals is 2\.5\. Give a whole number"),
        ('[left]\nhas_header = "no"', "has_header is 'no'"),
        ('[left]\nskip_lines = "x"', r"skip_lines is 'x'. Give a whole number"),
        ("[left]\nsheet = 3", r"sheet is 3. Give a text"),
        ('key = "id"', r"key is 'id'. Give a list"),
        ('column = ["v"]', r"column is 'v'. Give a table"),
        ('[[key]]\nleft = "id"\nnormalise = "trim"', r"normalise is 'trim'. Give a list"),
        ('masked_left = "iban"', r"masked_left is 'iban'. Give a list"),
        ("timing_days = -1", "timing_days is -1"),
        ('[[column]]\nleft = "a"\nrelative = 10', "relative is 10"),
        ('no_key = true\n[[key]]\nleft = "a"', "names a key and says that there is none"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(text: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        parse_recipe_text(text)


def test_a_column_that_is_not_there_is_named(desk: Desk) -> None:
    with pytest.raises(UnknownNameError, match=r"no column in the right table named 'nope'"):
        desk.compare("id,v\n1,a\n", "id,v\n1,a\n", Recipe(keys=(KeyColumn("id", "nope"),)))


def test_lonely_rows_are_offered_their_nearest_partner(desk: Desk) -> None:
    left = "id,name,city,amount\n1,Acme,Leeds,10.00\nINV-7,Umbrella Corporation,Hull,77.70\n"
    right = "id,name,city,amount\n1,Acme,Leeds,10.00\nINV7,Umbrella Corporation,Hull,77.70\n9,Other,York,1.00\n"
    desk.compare(left, right, Recipe(keys=(KeyColumn("id", "id"),)))
    with desk.open() as file:
        (only,) = file.page(RowFilter("only_left"))
        partners = nearest_partners(file, [only.row], "left")
        (found,) = file.read([partners[only.row].row])
    assert found.key == "INV7"
    assert (partners[only.row].agreeing, partners[only.row].compared) == (3, 4)


def test_a_nearest_partner_agrees_however_its_file_writes_numbers_and_dates(desk: Desk) -> None:
    common = [
        (f"K{n}", f"Customer {n}", n * 1000.5, f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}", f"s{n}") for n in range(50)
    ]
    lines = [f"{key},{name},{amount:.2f},{day},{secret}" for key, name, amount, day, secret in common]
    others = [
        f"{'X' if n == 20 else ''}{key};{name};{f'{amount:,.2f}'.translate(str.maketrans(',.', '.,'))};"
        f"{day[8:]}.{day[5:7]}.{day[:4]};{secret}x"
        for n, (key, name, amount, day, secret) in enumerate(common)
    ]
    header = ["id", "name", "amount", "day", "secret"]
    pairs = tuple(ColumnPair(name, name, ColumnRule(is_sensitive=name == "secret")) for name in header)
    recipe = Recipe(keys=(KeyColumn("id", "id"),), columns=pairs)
    made = desk.compare("\n".join([",".join(header), *lines]), "\n".join([";".join(header), *others]), recipe)
    assert next(column.rule for column in made.columns if column.title == "day") == "dates YYYY-MM-DD and DD.MM.YYYY"
    with desk.open() as file:
        (only,) = file.page(RowFilter("only_left"))
        partner = nearest_partners(file, [only.row], "left")[only.row]
    assert (partner.agreeing, partner.compared) == (3, 4), "name, amount and day; not the key, and nothing masked"


def test_rows_are_filtered_by_column_class_and_text(desk: Desk) -> None:
    left = "id,a,b\n" + "".join(f"{n},x{n},{n}\n" for n in range(30))
    right = "id,a,b\n" + "".join(f"{n},{'X' if n % 3 else 'y'}{n},{n + (n == 5)}\n" for n in range(30))
    desk.compare(left, right)
    with desk.open() as file:
        assert file.count(RowFilter("changed")) == 30
        assert file.count(RowFilter("changed", position=0, difference="format")) == 20
        assert [row.key for row in file.page(RowFilter("changed", position=1))] == ["5"]
        assert [row.key for row in file.page(RowFilter("changed", search="y27"))] == ["27"]
        assert [row.key for row in file.page(RowFilter("changed"), offset=10, limit=3)] == ["10", "11", "12"]
        assert len(list(file.each("changed", batch=7))) == 30


def test_rows_can_be_matched_without_a_key(desk: Desk) -> None:
    def link(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        assert plan.keys == ()
        said = '[{"role": "name", "level": "alike", "weight": 7.5}]'
        links = "SELECT 0::BIGINT AS left_row, 1::BIGINT AS right_row, 0.9 AS probability, 7.5 AS weight"
        links = f"{links}, '{said}' AS evidence"
        con.execute(f"CREATE OR REPLACE TEMP TABLE content_links AS {links}")

    left, right = "name,city\nAcme,Leeds\nGone,Hull\n", "name,city\nNew,York\nAcme Ltd,Leeds\n"
    made = desk.compare(left, right, Recipe(no_key=True), link_rows=link)
    assert totals(made) == {"changed": (1, 1, 1), "only_left": (1, 1, 0), "only_right": (1, 0, 1)}
    with desk.open() as file:
        (row,) = file.page(RowFilter("changed"))
    assert (row.how, row.probability, row.cells[0].left, row.cells[0].right) == ("content", 0.9, "Acme", "Acme Ltd")
    assert (row.weight, row.evidence) == (7.5, (Evidence("name", "alike", 7.5),))


def test_a_result_is_whole_or_not_there(desk: Desk) -> None:
    desk.compare("id,v\n1,a\n", "id,v\n1,b\n")
    assert sorted(path.name for path in desk.folder.iterdir()) == ["left.csv", "result.duckdb", "right.csv"]
    assert open_comparison(desk.folder / "result.duckdb").total("changed").pairs == 1
    (desk.folder / "other.duckdb").write_bytes(b"nothing")
    with pytest.raises(StorageError, match="no readable comparison"):
        open_comparison(desk.folder / "other.duckdb")


@pytest.mark.parametrize(
    ("left", "right"),
    [("12.50", "12.75"), ("", "x"), (None, "x"), ("Acme Ltd", "Acme Limited"), ("abc", "xyz"), ("a" * 3000, "a")],
)
def test_highlighted_stretches_give_the_values_back(left: str | None, right: str | None) -> None:
    one, two = highlight(left, right)
    assert "".join(span.text for span in one) == (left or "")
    assert "".join(span.text for span in two) == (right or "")
    common = ["".join(span.text for span in spans if not span.is_changed) for spans in (one, two)]
    assert common[0] == common[1]
