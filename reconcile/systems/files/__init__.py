"""Files as a system: any honest table file read as text, and a Reader for a file or folder of files."""

from reconcile.systems.files.dialect import Dialect
from reconcile.systems.files.findings import ReadWarning, WarningKind
from reconcile.systems.files.limits import LIMITS, Limits
from reconcile.systems.files.options import ReadOptions
from reconcile.systems.files.reader import FilesReader
from reconcile.systems.files.reading import ReadTable, read_file

__all__ = [
    "LIMITS",
    "Dialect",
    "FilesReader",
    "Limits",
    "ReadOptions",
    "ReadTable",
    "ReadWarning",
    "WarningKind",
    "read_file",
]
