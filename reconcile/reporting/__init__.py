"""Reports: what a run found, what people decided, what was pushed and verified, as a workbook, a page, JSON or CSV.

report = report_for_run(database, run, made_by=person.name)
write_report(report, "xlsx", path)
"""

from reconcile.reporting.build import report_for_run
from reconcile.reporting.render import FILE_ENDINGS, FORMATS, MIME_TYPES, render, write_report
from reconcile.reporting.tree import RunReport

__all__ = ["FILE_ENDINGS", "FORMATS", "MIME_TYPES", "RunReport", "render", "report_for_run", "write_report"]
