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
    "long_numbers",
]

_SENTENCES: dict[WarningKind, str] = {
    "scientific_notation": "{count} values are in scientific notation: ids that a spreadsheet has cut",
    "lost_zeros": "{count} values are shorter than the rest: leading zeros may be lost",
    "salesforce_15": "{count} Salesforce ids have 15 characters, whose case matters; 18 are safe",
    "mixed_dates": "{count} dates have the day first where others have the month first",
    "ragged_rows": "{count} rows do not have as many values as the header; they are listed as unreadable",
    "duplicate_headers": "{count} column names occur twice and were numbered",
    "blank_headers": "{count} columns have no name and were named by position",
    "mixed_encodings": "{count} lines are not in the encoding of the rest and were read as Windows-1252",
    "nul_characters": "{count} values contain NUL characters",
    "lines_before_header": "{count} lines in front of the header were skipped",
    "workbook_errors": "{count} cells hold a spreadsheet error such as #N/A and are read as empty",
    "long_numbers": "{count} numbers have more than 15 digits, which a spreadsheet cannot hold exactly",
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
        text = _SENTENCES[self.kind].format(count=f"{self.count:,}")
        shown = ", ".join(example[:60] for example in self.examples)
        where = f"Column {self.column}: " if self.column is not None else ""
        return f"{where}{text}{f' (e.g. {shown})' if shown else ''}."
