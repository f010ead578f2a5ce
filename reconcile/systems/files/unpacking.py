"""What kind of file it is, told by its first bytes, and gzip undone in a stream that a bomb cannot burst."""

from __future__ import annotations

import codecs
import gzip
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Literal

from reconcile.errors import UnreadableFileError
from reconcile.systems.files.limits import LIMITS, MIB, Limits

Form = Literal["delimited", "workbook", "parquet", "json", "database"]

_TOO_LARGE = "it unpacks to far more than an honest file would"


def gunzip(source: Path, target: Path, limits: Limits = LIMITS) -> None:
    """Unpack `source` into `target`.

    Raises:
        UnreadableFileError: damaged, cut short, or a decompression bomb (then `target` is removed).
    """
    try:
        with gzip.open(source, "rb") as file, target.open("wb") as out:
            is_bomb = not _copy_bounded(file, out, source.stat().st_size, limits)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:  # a full disk is no damage of the file
        target.unlink(missing_ok=True)
        problem = f"the gzip data is damaged ({str(error).rstrip('.')})"
        raise UnreadableFileError(source.name, problem, remedy="Fetch the file again.") from error
    if is_bomb:
        target.unlink(missing_ok=True)
        raise UnreadableFileError(source.name, _TOO_LARGE, remedy="Unpack it yourself if you trust it.")


def _copy_bounded(file: gzip.GzipFile, out: IO[bytes], packed: int, limits: Limits) -> bool:
    """Copy while the size stays honest; False when it does not."""
    unpacked = 0
    while chunk := file.read(MIB):
        unpacked += len(chunk)
        if limits.is_bomb(packed, unpacked):
            return False
        out.write(chunk)
    return True


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def detect_form(path: Path, name: str) -> Form:
    """What `path` is, by content first and by the ending of `name` second.

    Raises:
        UnreadableFileError: empty, or of a kind that holds no table (PDF, picture, archive, ...).
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise UnreadableFileError(name, "the file is empty", remedy="Export it again.")
    known = _by_magic(head)
    if known == "workbook":
        _refuse_archive(path, name)
    if known:
        return known
    _refuse_binary(head, name)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    ending = Path(name.removesuffix(".gz")).suffix.casefold()
    if ending in {".json", ".jsonl", ".ndjson"} or (ending not in {".csv", ".tsv", ".txt"} and text.startswith(b"{")):
        return "json"
    return "delimited"


def _by_magic(head: bytes) -> Form | None:
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return "workbook"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head[8:12] == b"DUCK":
        return "database"
    return None


_BINARY = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"PK\x05\x06": "an empty ZIP archive",
}


_MARKUP = re.compile(rb"<(\?xml|!doctype|html|head|meta|table)\b", re.IGNORECASE)
_SHEETS = re.compile(r"xl/|content\.xml$")


def _refuse_archive(path: Path, name: str) -> None:
    """A workbook is a ZIP archive, but not every one is a workbook. One that cannot be looked into is told later."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
    if not any(_SHEETS.match(member) for member in members):
        held = f" with {members[0]}" if len(members) == 1 else ""
        raise UnreadableFileError(
            name, f"it is a ZIP archive{held}, not a table", remedy="Unpack it and give the file."
        )


# No text has many of these; NUL is left out, because UTF-16 and some mainframes' exports are full of it.
_CONTROLS = bytes({*range(1, 32)} - {*b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f"})
_FEW_CONTROLS, _SHARE_OF_CONTROLS, _WIDE = 40, 0.02, 0.25


def _refuse_binary(head: bytes, name: str) -> None:
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            raise UnreadableFileError(
                name, f"it is {what}, not a table", remedy="Give CSV, TSV, XLSX, Parquet or JSON lines."
            )
    controls = sum(head.count(byte) for byte in _CONTROLS)
    is_wide = head.count(0) > _WIDE * len(head) or head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    if not is_wide and controls > max(_FEW_CONTROLS, _SHARE_OF_CONTROLS * len(head)):
        raise UnreadableFileError(
            name, "it is not text, whatever its ending says", remedy="Give CSV, TSV, XLSX, Parquet or JSON lines."
        )
    if _MARKUP.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")):
        remedy = "Open it in a spreadsheet program and save it as XLSX or CSV."
        raise UnreadableFileError(name, "it is a web page or XML, whatever its ending says", remedy=remedy)
