"""The report as one HTML file that needs nothing else: no network, no script, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reconcile.reporting.charts import Bar, Part, bars, legend
from reconcile.reporting.rows import difference_rows, exception_rows
from reconcile.reporting.tree import AGES, KindReport, RunReport
from reconcile.reporting.wording import AMOUNTS_NOTE, KINDS, STATUSES, moment, money, share

MOST_ROWS = 100
"""Rows of a kind that the page shows; the workbook has all of them."""
_CLASSES = (
    ("real", "Real"),
    ("missing", "Missing"),
    ("timing", "Timing"),
    ("rounding", "Rounding"),
    ("format", "Format"),
)


def write_html(report: RunReport, path: Path) -> None:
    """Write the page to `path`. Memory does not grow with the number of exceptions.

    Raises:
        StorageError: the run file is gone or damaged.
    """
    environment = Environment(
        loader=PackageLoader("reconcile.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"moment": moment, "money": money, "share": share, "count": lambda value: f"{value:,}"})
    stream = environment.get_template("report.html").stream(
        report=report,
        charts={"totals": _totals_chart(report), "kinds": _kinds_chart(report)},
        listings=[
            (kind, list(islice(exception_rows(report, kind.kind), MOST_ROWS))) for kind in report.kinds if kind.count
        ],
        differences=list(islice(difference_rows(report, with_format=False), MOST_ROWS)),
        difference_classes=_CLASSES,
        statuses=STATUSES,
        ages=AGES,
        age_sums={age: sum(kind.ages.get(age, 0) for kind in report.kinds) for age in AGES},
        most_rows=MOST_ROWS,
        amounts_note=AMOUNTS_NOTE,
        figures=_figures(report),
    )
    with path.open("w", encoding="utf-8") as file:
        stream.enable_buffering(50)
        file.writelines(stream)


def _figures(report: RunReport) -> list[Mapping[str, Any]]:
    """The tiles at the top: label, value, and a remark below it."""
    decided = sum(kind.decided for kind in report.kinds)
    sent = sum(each.sent for each in report.change_sets)
    verified = sum(each.verified for each in report.change_sets)
    tiles: list[Mapping[str, Any]] = [
        {
            "label": f"{side.side.capitalize()} records",
            "value": f"{side.population:,}",
            "remark": f"{share(side.linked / side.population if side.population else 0.0)} linked and in order",
        }
        for side in report.totals
    ]
    return [
        *tiles,
        {"label": "Exceptions", "value": f"{report.exceptions:,}", "remark": f"{decided:,} decided"},
        {"label": "Amount at stake", "value": money(report.amount_cents), "remark": "in the customers' currencies"},
        {"label": "Pushed", "value": f"{sent:,}", "remark": f"{verified:,} read back and verified"},
    ]


def _totals_chart(report: RunReport) -> Markup:
    """Linked, excepted and set aside, side against side."""
    drawn = bars(
        [
            Bar(side.side.capitalize(), tuple(Part(c.title, c.records, f"fill-{c.category}") for c in side.categories))
            for side in report.totals
        ],
        "Records of each side by category",
        is_share=True,
    )
    present = {category.category for side in report.totals for category in side.categories}
    names = [("Linked, in order", "linked"), *((title, kind) for kind, (title, _) in KINDS.items()), ("Test", "test")]
    return drawn + legend([(name, f"fill-{key}") for name, key in names if key in present])


def _kinds_chart(report: RunReport) -> Markup:
    """Exceptions by kind, the bars parted by age."""
    drawn = bars([_kind_bar(kind) for kind in report.kinds if kind.count], "Exceptions by kind and age")
    return drawn + legend([(age, f"fill-age-{place}") for place, age in enumerate(AGES)])


def _kind_bar(kind: KindReport) -> Bar:
    parts = tuple(Part(age, kind.ages.get(age, 0), f"fill-age-{place}") for place, age in enumerate(AGES))
    return Bar(kind.title, parts)
