"""A comparison as one HTML file that needs nothing else: no network, no script, light and dark, fit to print."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconcile.comparing.tables import DIFFERENCE_CLASSES, ComparisonFile, highlight
from reconcile.comparing.tables.publishing import published
from reconcile.comparing.tables.wording import (
    DIFFERENCE_MEANINGS,
    DIFFERENCE_TITLES,
    ROW_TITLES,
    figure,
    percent,
    tie,
    verdict,
)

MOST_ROWS = 200
"""Rows of a class that the page shows; the workbook has all of them."""


def write_html(file: ComparisonFile, path: Path) -> None:
    """Write the page. Values are escaped; the changed characters of each cell are marked."""
    environment = Environment(
        loader=PackageLoader("reconcile.reporting.comparison"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"percent": percent, "figure": figure, "count": lambda value: f"{value:,}"})
    made = file.comparison
    text = environment.get_template("comparison.html").render(
        made=made,
        verdict=verdict(made),
        tie=tie(made),
        row_titles=ROW_TITLES,
        classes=DIFFERENCE_CLASSES,
        class_titles=DIFFERENCE_TITLES,
        class_meanings=DIFFERENCE_MEANINGS,
        changed=list(islice(file.each("changed"), MOST_ROWS)),
        only_left=list(islice(file.each("only_left"), MOST_ROWS)),
        only_right=list(islice(file.each("only_right"), MOST_ROWS)),
        duplicates=list(islice(file.each("duplicate_key"), MOST_ROWS)),
        unreadable=file.unreadable(limit=MOST_ROWS),
        titles={column.position: column.title for column in made.columns},
        highlight=highlight,
        most_rows=MOST_ROWS,
    )
    with published(path) as part:
        part.write_text(text, encoding="utf-8")
