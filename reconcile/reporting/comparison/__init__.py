"""The result of a comparison as files for people and programs: XLSX, HTML, JSON, CSV, and a patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
from xlsxwriter.exceptions import XlsxWriterException

from reconcile.comparing.tables import ComparisonFile
from reconcile.comparing.tables.document import report_document, write_json
from reconcile.comparing.tables.wording import DIFFERENCE_TITLES, ROW_TITLES, figure, percent, tie, verdict
from reconcile.errors import InputError, StorageError
from reconcile.reporting.comparison.listings import write_csv, write_patch
from reconcile.reporting.comparison.page import write_html
from reconcile.reporting.comparison.workbook import write_xlsx

FORMATS: Mapping[str, Callable[[ComparisonFile, Path], None]] = {
    ".xlsx": write_xlsx,
    ".html": write_html,
    ".json": write_json,
    ".csv": write_csv,
}

__all__ = [
    "DIFFERENCE_TITLES",
    "FORMATS",
    "ROW_TITLES",
    "figure",
    "percent",
    "report_document",
    "tie",
    "verdict",
    "write_csv",
    "write_html",
    "write_json",
    "write_output",
    "write_patch",
    "write_xlsx",
]


def write_output(file: ComparisonFile, path: Path) -> None:
    """Write the comparison in the format that the ending of `path` names; `NAME.patch.csv` is the patch.

    Raises:
        InputError: an ending that is no format.
        StorageError: the disk is full, or does not let it be written.
    """
    is_patch = path.name.casefold().endswith(".patch.csv")
    write = write_patch if is_patch else FORMATS.get(path.suffix.casefold())
    if write is None:
        raise InputError(f"{path.name} has no known ending.", remedy=f"Use {', '.join(FORMATS)} or .patch.csv.")
    try:
        write(file, path)
    except (XlsxWriterException, duckdb.Error, OSError) as error:
        problem = str(error).splitlines()[0].rstrip(".")
        raise StorageError(
            str(path), f"it cannot be written ({problem})", remedy="Is there room on the disk?"
        ) from error
