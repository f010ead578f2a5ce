"""What a person says about a file instead of having it found out."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.errors import InputError
from reconcile.systems.files.encoding import known_encoding


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Overrides of what reading a file finds out; None leaves it to be found out.

    Attributes:
        delimiter: one character.
        quote: one character, or "" for no quotes at all.
        decimal: "." or ",".
        sheet: sheet of a workbook, or table of a DuckDB file such as a snapshot.

    Raises:
        InputError: an option that cannot be.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    has_header: bool | None = None
    decimal: str | None = None
    skip_lines: int | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in "\r\n"):
            raise InputError(f"The delimiter is {self.delimiter!r}.", remedy="Give one character.")
        if self.quote is not None and len(self.quote) > 1:
            raise InputError(f"The quote is {self.quote!r}.", remedy="Give one character, or nothing for no quotes.")
        if self.quote is not None and self.quote == self.delimiter:
            raise InputError("The quote and the delimiter are the same.", remedy="Give two different characters.")
        if self.decimal not in {None, ".", ","}:
            raise InputError(f"The decimal mark is {self.decimal!r}.", remedy="Give a point or a comma.")
        if self.skip_lines is not None and self.skip_lines < 0:
            raise InputError(f"{self.skip_lines} lines cannot be skipped.", remedy="Give 0 or more.")
        if self.encoding is not None:
            known_encoding(self.encoding)
