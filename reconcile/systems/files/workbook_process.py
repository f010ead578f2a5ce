"""The process that opens a workbook: run as a script with limited memory and time, it imports nothing of ours.

    workbook_process.py MEMORY_BYTES SECONDS names PATH
    workbook_process.py MEMORY_BYTES SECONDS load PATH SHEET TARGET

It prints one JSON object: `{"names": [...], "name": ..., "rows": ..., "columns": ..., "errors": ..., "unsaved": ...}`,
or `{"problem": ...}`. TARGET becomes a Parquet file with one text column per sheet column, header row included.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CHUNK = 1024 * 1024
_UNSAVED = re.compile(rb"<c ([^>]*)>\s*<f[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


def main(arguments: list[str]) -> int:
    """Answer one request; the exit code is 0 whenever an answer was printed."""
    memory, seconds, request, path, *rest = arguments
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(_answer(request, path, rest)))
    return 0


def _answer(request: str, path: str, rest: list[str]) -> dict[str, Any]:
    import fastexcel  # noqa: PLC0415 - after the limits are set

    try:
        book = fastexcel.read_excel(path)
        names = list(book.sheet_names)
        if request == "names" or not names:
            return {"names": names}
        name = rest[0] or names[0]
        if name not in names:
            return {"names": names, "problem": "no such sheet"}
        return {"names": names, "name": name, **_load(book, path, name, rest[1])}
    except (fastexcel.FastExcelError, ValueError, OSError) as error:
        return {"problem": str(error).splitlines()[0][:200]}


def _load(book: Any, path: str, name: str, target: str) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - after the limits are set
    from pyarrow import parquet  # noqa: PLC0415 - after the limits are set

    sheet = book.load_sheet(name, header_row=None, dtypes="string")
    batch = pa.record_batch(sheet) if sheet.width else pa.record_batch([], names=[])
    table = pa.table({f"c{i}": column.cast(pa.string()) for i, column in enumerate(batch.columns)})
    parquet.write_table(table, target, compression="lz4")
    return {"rows": table.num_rows, "columns": table.num_columns, **_count_odd(path, name)}


def _count_odd(path: str, name: str) -> dict[str, int]:
    """Cells of an XLSX sheet with an error (#N/A ...), and formulas without a stored value; 0 for other formats."""
    found = {"errors": 0, "unsaved": 0}
    if not zipfile.is_zipfile(path):
        return found
    with zipfile.ZipFile(path) as archive:
        part = _sheet_part(archive, name)
        if part is None:
            return found
        with archive.open(part) as file:
            tail = b""
            while chunk := file.read(_CHUNK):
                whole, cut, rest = (tail + chunk).rpartition(b"<c ")
                _add_odd(whole, found)
                tail = (cut + rest)[-_CHUNK:]  # the last cell may go on in the next piece
            _add_odd(tail, found)
    return found


def _add_odd(xml: bytes, found: dict[str, int]) -> None:
    found["errors"] += xml.count(b' t="e"')
    # A formula that gives an empty text is stored without a value too, and says that it is text.
    found["unsaved"] += sum(b't="str"' not in cell for cell in _UNSAVED.findall(xml))


def _sheet_part(archive: zipfile.ZipFile, name: str) -> str | None:
    """The archive member that holds the sheet."""
    members = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= members:
        return None
    book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - bounded, see above
    links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - bounded, see above
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in book.iter(f"{_MAIN}sheet"):
        if sheet.get("name") == name:
            target = targets.get(sheet.get(_REFERENCE), "").removeprefix("/").removeprefix("xl/")
            return f"xl/{target}" if f"xl/{target}" in members else None
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
