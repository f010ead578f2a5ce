"""Print set-up of the workbook's sheets."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet

from reconcile.reporting.tree import RunReport
from reconcile.reporting.wording import moment

_A4 = 9


def set_up_print(sheet: Worksheet, report: RunReport, *, repeat_rows: tuple[int, int] | None = None) -> None:
    """Landscape A4, as wide as the page, with the run and the page number on every sheet."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    title = report.title.replace("&", "&&")[:120]
    sheet.set_header(f"&L&8{title}&R&8{report.run_id}")
    sheet.set_footer(f"&L&8Made {moment(report.made_at)}&C&8&A&R&8Page &P of &N")
    if repeat_rows is not None:
        sheet.repeat_rows(*repeat_rows)
