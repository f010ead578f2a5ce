"""What a delimited text file looks like, found from its first records."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconcile.systems.files.limits import LIMITS

# Python's reader has one limit for the whole process. Ours is the larger, and lines are bounded before it sees them.
csv.field_size_limit(max(csv.field_size_limit(), LIMITS.line_bytes))

DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f")
QUOTES = ('"', "'")
MAX_TITLE_LINES = 20
DIALECT_CHARACTERS = 48 * 1024
"""So much of a file tells its dialect; every delimiter is tried on it."""
_NUMBER = re.compile(r"[-+]?[\d.,\s]*\d[\d.,]*\s*[%€$£]?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_TOLD = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # the line in which a file tells a spreadsheet its delimiter
_YEAR = re.compile(r"(19|20)\d\d")  # a pivot's columns may be named by year
_CURRENCY = re.compile(r"[\s€$£¥%]|EUR|USD|GBP|CHF")
_COMMA_DECIMAL = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}|[-+]?\d{1,3}(\.\d{3})+,\d+|[-+]?0,\d+")
_POINT_DECIMAL = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)\.\d{1,2}|[-+]?\d{1,3}(,\d{3})+\.\d+|[-+]?0\.\d+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of a table is written.

    Attributes:
        encoding: Python's name of the character encoding, e.g. "utf-8", "cp1252", "utf-16-le"; "mixed" where lines
            differ (UTF-8 where valid, else cp1252).
        has_bom: whether a byte order mark stands in front.
        delimiter: one character.
        quote: one character, empty for none. A quote inside a quoted value is doubled, or follows `escape`.
        escape: one character; the same as `quote` where quotes are doubled.
        has_header: whether the first record names the columns.
        decimal: "." or ",". It tells a comparison how to read numbers; the text itself is not changed.
        skip_lines: lines in front of the header or of the first record (titles of report exports).
    """

    encoding: str = "utf-8"
    has_bom: bool = False
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    has_header: bool = True
    decimal: str = "."
    skip_lines: int = 0

    def describe(self) -> str:
        """One line for people: `comma, quote ", utf-8, header, decimal point`."""
        names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "\x1f": "unit separator"}
        parts = [
            names.get(self.delimiter, repr(self.delimiter)),
            f"quote {self.quote}" if self.quote else "no quotes",
            self.encoding + (" with byte order mark" if self.has_bom else ""),
            "header" if self.has_header else "no header",
            "decimal comma" if self.decimal == "," else "decimal point",
        ]
        lines = "1 line" if self.skip_lines == 1 else f"{self.skip_lines} lines"
        return ", ".join(parts + ([f"{lines} skipped"] if self.skip_lines else []))


def python_reader(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """Python's own strict reader over `lines`, set to the dialect."""
    is_doubled = not dialect.quote or dialect.escape == dialect.quote
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        doublequote=is_doubled,
        escapechar=None if is_doubled else dialect.escape,
        strict=True,
    )


def _records(text: str, dialect: Dialect) -> Iterator[list[str]]:
    """The records of `text` that are not blank; a broken record ends the iteration."""
    reader = python_reader(io.StringIO(text, newline=""), dialect)
    try:
        yield from (row for row in reader if row)
    except csv.Error:
        return


def detect_dialect(
    sample: str, base: Dialect, *, is_whole: bool, delimiter: str | None = None, skip_lines: int | None = None
) -> Dialect:
    """The dialect of `sample`, the decoded beginning of a file.

    Args:
        sample: text, ending anywhere.
        base: carries what is known already (encoding, byte order mark).
        is_whole: the sample is the whole file, so its last line counts too.
        delimiter: fixed by a person or by the file's ending; None to find it.
        skip_lines: lines in front of the header, as a person says; None to find them. Blank ones behind them count too.
    """
    text = sample if is_whole else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    lines = io.StringIO(text, newline="").readlines()
    front = _first_filled(lines, skip_lines or 0)
    told = _TOLD.fullmatch(lines[front].rstrip("\r\n")) if skip_lines is None and front < len(lines) else None
    if told:
        delimiter, front = delimiter or told[1], _first_filled(lines, front + 1)
    text = "".join(lines[front:])
    choices = [delimiter] if delimiter else list(DELIMITERS)
    best = max(
        (replace(base, delimiter=d, quote=q, escape=e) for d in choices for q, e in _quotings(text)),
        key=lambda dialect: _score(text, dialect),
    )
    rows = list(_records(text, best))
    titles = title_rows(rows) if skip_lines is None else 0
    for row in rows[:titles]:
        if len(row) > 1 or row[0].strip(" "):  # blank lines are passed over with the title above
            front = _first_filled(lines, front + 1)
    body = rows[titles:]
    return replace(best, skip_lines=front, has_header=has_header(body), decimal=decimal_mark(body[1:] or body))


def _first_filled(lines: Sequence[str], start: int) -> int:
    """The first line from `start` on that is not blank."""
    return next((place for place in range(start, len(lines)) if lines[place].strip(" \r\n")), len(lines))


def _quotings(text: str) -> list[tuple[str, str]]:
    found = [('"', '"')]
    if '\\"' in text:
        found.append(('"', "\\"))
    if '"' not in text and text.count("'") > 1:
        found.append(("'", "'"))
    return found


def _score(text: str, dialect: Dialect) -> tuple[float, int, bool, float, int]:
    """How well the dialect fits.

    Share of records with the usual width; that width; whether the first record has it too; how few values hold another
    delimiter, as `50;1` does where `1;2,50;3,50` is cut at commas; and how early the dialect is tried.
    """
    rows = list(_records(text, dialect))
    widths = Counter(len(row) for row in rows)
    if not widths:
        return (0.0, 0, False, 0.0, 0)
    width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    is_usual = len(rows[0]) == width
    is_one_column = width == 1 or (width < 3 and not is_usual)  # a title line stands above wider tables only
    consistency = 0.05 if is_one_column else count / widths.total()
    others = set(DELIMITERS) - {dialect.delimiter, ","}  # a comma is in amounts and texts of any table
    strange = sum(1 for row in rows for cell in row if not others.isdisjoint(cell))
    order = DELIMITERS.index(dialect.delimiter) if dialect.delimiter in DELIMITERS else 0
    return (
        round(consistency, 1),
        min(width, 3),
        is_usual,
        -round(strange / max(1, sum(map(len, rows))), 1),
        count - order,
    )


def title_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many leading records are titles, as report exports have them; 0 where that is not clear.

    Titles are narrower than the table, or padded to its width with blanks, and each is one line.
    """
    widths = Counter(len(row) for row in rows)
    usual = widths.most_common(1)[0][0] if widths else 0
    first = next((i for i, row in enumerate(rows) if len(row) == usual), 0)
    is_title = all(_filled(row) <= max(1, usual // 2) for row in rows[:first])
    first = first if first and is_title else _padded_titles(rows)
    if usual < 3 or first > MAX_TITLE_LINES or len(rows) - first < 3:
        return 0
    is_plain = not any("\n" in cell or "\r" in cell for row in rows[:first] for cell in row)
    return first if is_plain else 0


def _padded_titles(rows: Sequence[Sequence[str]]) -> int:
    """Records above the first without a blank, where each ends in one, the first is a title alone, and names follow."""
    first = next((i for i, row in enumerate(rows[: MAX_TITLE_LINES + 1]) if _filled(row) == len(row)), 0)
    above = rows[:first]
    is_padded = all(not row[-1].strip() for row in above)
    if first and is_padded and _filled(above[0]) == 1 and above[0][0].strip() and has_header(rows[first:]):
        return first
    return 0


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first record looks like names: distinct text, not numbers or dates, where the records below differ.

    An empty table and a single record of text have a header.
    """
    if not rows:
        return True
    first = [cell.strip() for cell in rows[0]]
    values = [cell for cell in first if is_value(cell)]
    if any(not _YEAR.fullmatch(cell) for cell in values) or len(values) == len(first):
        return False
    filled = [cell.casefold() for cell in first if cell]
    if not filled or len(filled) < len(first) / 2:
        return False
    below = [row for row in rows[1:200] if row != rows[0]] or rows[1:200]  # exports put together repeat their header
    return not any(_is_repeated(cell, index, below) for index, cell in enumerate(rows[0]) if cell)


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date, which a column name never is."""
    return bool(cell) and bool(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell) or "@" in cell)


def _is_repeated(cell: str, index: int, rows: Sequence[Sequence[str]]) -> bool:
    return sum(1 for row in rows if index < len(row) and row[index] == cell) > 1


def decimal_mark(rows: Sequence[Sequence[str]]) -> str:
    """A comma where more cells read as numbers with a decimal comma than with a decimal point, else a point."""
    commas, points = _decimals(rows)
    return "," if commas > points else "."


def has_decimal_commas_only(rows: Sequence[Sequence[str]]) -> bool:
    """Whether there are numbers with a decimal comma and none with a point, as a spreadsheet's own numbers have it."""
    commas, points = _decimals(rows)
    return commas > 0 and not points


def _decimals(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many cells read as numbers with a decimal comma, and with a decimal point; currencies aside."""
    cells = [_CURRENCY.sub("", cell) for row in rows for cell in row]
    return sum(1 for cell in cells if _COMMA_DECIMAL.fullmatch(cell)), sum(
        1 for cell in cells if _POINT_DECIMAL.fullmatch(cell)
    )
