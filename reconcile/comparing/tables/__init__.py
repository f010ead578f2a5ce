"""Comparison of two tables: read as files, keyed, compared, and kept as a DuckDB file of what differs."""

from reconcile.comparing.tables.highlight import Span, highlight
from reconcile.comparing.tables.keys import KeyCheck, KeyProposal
from reconcile.comparing.tables.mapping import ColumnProposal
from reconcile.comparing.tables.matching_rows import CONTENT_LINKS
from reconcile.comparing.tables.pages import Cell, ComparisonFile, Evidence, ResultRow, RowFilter, open_comparison
from reconcile.comparing.tables.partners import Partner, nearest_partners
from reconcile.comparing.tables.plan import ComparedColumn, Plan, pairs_of
from reconcile.comparing.tables.recipe import DUPLICATES, ColumnPair, ColumnRule, Duplicates, KeyColumn, Recipe
from reconcile.comparing.tables.recipe_file import dump_recipe, load_recipe, parse_recipe, parse_recipe_text
from reconcile.comparing.tables.repeated import RepeatedKeyError
from reconcile.comparing.tables.result import (
    DIFFERENCE_CLASSES,
    MASK,
    ROW_CLASSES,
    ClassTotal,
    ColumnResult,
    Comparison,
    RowClass,
    SourceInfo,
)
from reconcile.comparing.tables.workspace import Workspace, compare_files
from reconcile.comparing.tables.writing import RowLinker

__all__ = [
    "CONTENT_LINKS",
    "DIFFERENCE_CLASSES",
    "DUPLICATES",
    "MASK",
    "ROW_CLASSES",
    "Cell",
    "ClassTotal",
    "ColumnPair",
    "ColumnProposal",
    "ColumnResult",
    "ColumnRule",
    "ComparedColumn",
    "Comparison",
    "ComparisonFile",
    "Duplicates",
    "Evidence",
    "KeyCheck",
    "KeyColumn",
    "KeyProposal",
    "Partner",
    "Plan",
    "Recipe",
    "RepeatedKeyError",
    "ResultRow",
    "RowClass",
    "RowFilter",
    "RowLinker",
    "SourceInfo",
    "Span",
    "Workspace",
    "compare_files",
    "dump_recipe",
    "highlight",
    "load_recipe",
    "nearest_partners",
    "open_comparison",
    "pairs_of",
    "parse_recipe",
    "parse_recipe_text",
]
