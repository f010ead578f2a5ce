"""The result of a comparison as files for people and programs: XLSX, HTML, JSON, CSV, and a patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reconcile.comparing.tables import ComparisonFile
from reconcile.comparing.tables.document import report_document, write_json
from reconcile.comparing.tables.wording import DIFFERENCE_TITLES, ROW_TITLES, figure, percent, tie, verdict
from reconcile.errors import InputError
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
    """
    if path.name.casefold().endswith(".patch.csv"):
        write_patch(file, path)
        return
    write = FORMATS.get(path.suffix.casefold())
    if write is None:
        raise InputError(f"{path.name} has no known ending.", remedy=f"Use {', '.join(FORMATS)} or .patch.csv.")
    write(file, path)
