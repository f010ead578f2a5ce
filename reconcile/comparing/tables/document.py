"""A comparison as one JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reconcile.comparing.tables.pages import ComparisonFile, ResultRow
from reconcile.comparing.tables.publishing import published
from reconcile.comparing.tables.result import Comparison, RowClass

JSON_FORMAT = 1
"""Version of the document; raised when a reader of the former version would misread it."""
_LISTED: tuple[RowClass, ...] = ("changed", "only_left", "only_right", "duplicate_key")


def write_json(file: ComparisonFile, path: Path, *, rows: int = 1000) -> None:
    """Write `format`, `report` (the whole tree) and the first `rows` rows of each class that is not the same.

    Numbers that must be exact (sums) and ids are text; `is_complete` tells per class whether all its rows are listed.
    """
    made = file.comparison
    titles = {column.position: column.title for column in made.columns}
    listed = {name: [_row(row, titles) for row in file.each(name, most=rows)] for name in _LISTED}
    document = {
        "format": JSON_FORMAT,
        "report": report_document(made),
        "rows": listed,
        "unreadable": [
            {"side": side, "line": line, "problem": problem, "text": text}
            for side, line, problem, text in file.unreadable(limit=rows)
        ],
        "is_complete": {name: made.total(name).pairs <= rows for name in _LISTED},
    }
    # Without indent, for which Python has no fast encoder: it took longer than comparing a million rows.
    with published(path) as part:
        part.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def report_document(made: Comparison) -> dict[str, Any]:
    """The report tree in plain JSON values, without where its file lies on this machine."""
    document = asdict(made)
    document.pop("path")
    document["made_at"] = made.made_at.isoformat()
    for column, plain in zip(made.columns, document["columns"], strict=True):
        plain |= {"mismatches": column.mismatches, "share": column.share}
    return document | {"is_equal": made.is_equal, "is_tied": made.is_tied}


def _row(row: ResultRow, titles: dict[int, str]) -> dict[str, Any]:
    cells = [
        {
            "column": titles[position],
            "left": cell.left,
            "right": cell.right,
            "class": cell.difference,
            "difference": cell.delta,
        }
        for position, cell in row.cells.items()
    ]
    evidence = [{"role": item.role, "level": item.level, "weight_bits": item.weight} for item in row.evidence]
    reasons = {"weight_bits": row.weight, "evidence": evidence} if evidence else {}
    return {
        "row": row.row,
        "key": row.key,
        "how": row.how,
        "probability": row.probability,
        **reasons,
        "left": row.left,
        "right": row.right,
        "cells": cells,
    }
