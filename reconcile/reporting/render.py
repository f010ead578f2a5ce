"""Writing a report in the format that is asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from reconcile.errors import StorageError, UnknownNameError
from reconcile.reporting.html import write_html
from reconcile.reporting.text_formats import write_csv, write_json
from reconcile.reporting.tree import RunReport
from reconcile.reporting.xlsx import write_xlsx

_WRITERS: dict[str, Callable[[RunReport, Path], None]] = {
    "xlsx": write_xlsx,
    "html": write_html,
    "json": write_json,
    "csv": write_csv,
}
FORMATS: tuple[str, ...] = tuple(_WRITERS)
"""Names of the formats."""
FILE_ENDINGS: Mapping[str, str] = {"xlsx": "xlsx", "html": "html", "json": "json", "csv": "zip"}
"""Ending of a file by format; CSV is a zip of one file per listing."""
MIME_TYPES: Mapping[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "json": "application/json",
    "csv": "application/zip",
}


def write_report(report: RunReport, report_format: str, path: Path) -> None:
    """Write the report to `path`, all of it or nothing: beside its name first, then renamed.

    Raises:
        UnknownNameError: no such format.
        StorageError: the run file is gone or damaged, or `path` cannot be written.
    """
    writer = _WRITERS.get(report_format)
    if writer is None:
        raise UnknownNameError("report format", report_format, FORMATS)
    temporary = path.with_name(f".{path.name}.partial")
    try:
        writer(report, temporary)
        temporary.replace(path)
    except OSError as error:
        raise StorageError(str(path), f"cannot be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def render(report: RunReport, report_format: str) -> bytes:
    """The whole report in memory; for a download of ordinary size. `write_report` needs no memory for the rows.

    Raises:
        UnknownNameError, StorageError: as `write_report`.
    """
    with tempfile.TemporaryDirectory(prefix="reconcile-report-") as folder:
        path = Path(folder) / f"report.{FILE_ENDINGS.get(report_format, 'bin')}"
        write_report(report, report_format, path)
        return path.read_bytes()
