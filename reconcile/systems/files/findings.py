"""Warnings about a file: what looks damaged or ambiguous, how often, and examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WarningKind = Literal[
    "scientific_notation",
    "lost_zeros",
    "salesforce_15",
    "mixed_dates",
    "ragged_rows",
    "duplicate_headers",
    "blank_headers",
    "mixed_encodings",
    "nul_characters",
    "lines_before_header",
    "workbook_errors",
    "formulas_without_value",
    "json_around_rows",
    "other_sheets",
    "total_rows",
    "repeated_header",
]

_SENTENCES: dict[WarningKind, str] = {
    "scientific_notation": "{count} value{s} in scientific notation: ids that a spreadsheet has cut",
    "lost_zeros": "{count} value{s} shorter than the rest: leading zeros may be lost",
    "salesforce_15": "{count} Salesforce id{s} of 15 characters, where upper and lower case differ; 18 are safe",
    "mixed_dates": "{count} date{s} in another order of day and month than the rest",
    "ragged_rows": "{count} record{s} that cannot be read as rows of the table, listed as unreadable",
    "duplicate_headers": "{count} column name{s} that occurred before, numbered",
    "blank_headers": "{count} column{s} without a name, named by position",
    "mixed_encodings": "{count} line{s} in another encoding than the rest, read as Windows-1252",
    "nul_characters": "{count} value{s} with NUL characters",
    "lines_before_header": "{count} line{s} in front of the header, skipped",
    "workbook_errors": "{count} cell{s} with a spreadsheet error such as #N/A, read as empty",
    "formulas_without_value": "{count} formula{s} without a stored value, read as empty: open the workbook in a "
    "spreadsheet and save it",
    "json_around_rows": "it is a list of {count} row{s} within one object, of which the rest was not read",
    "other_sheets": "{count} other sheet{s} of the workbook, not read",
    "total_rows": "{count} row{s} at the end called a total, which counts as a row and in the sums",
    "repeated_header": "{count} row{s} in the middle with the names of the columns, counted as rows",
}


@dataclass(frozen=True, slots=True)
class ReadWarning:
    """One thing about a file that a person should know before trusting it.

    Attributes:
        column: the column concerned; None where it concerns the file.
        count: how many values, rows, lines or columns.
        examples: up to five, as they stand in the file.
    """

    kind: WarningKind
    count: int
    column: str | None = None
    examples: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The warning as a sentence for people."""
        text = _SENTENCES[self.kind].format(count=f"{self.count:,}", s="" if self.count == 1 else "s")
        shown = ", ".join(example[:60] for example in self.examples)
        where = f"Column {self.column}: " if self.column is not None else ""
        return f"{where}{text}{f' (e.g. {shown})' if shown else ''}."
