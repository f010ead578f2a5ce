"""Colours with a meaning, chosen to read on both the light and the dark background."""

import altair as alt

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart

AGREES = "#2f9e6e"
DISAGREES = "#d9605b"
NEUTRAL = "#8795a1"
TOTAL = "#3b7dd8"
ROW_HEIGHT = 24

CATEGORIES: dict[str, str] = {
    "linked": "#4a9d8f",
    "dangling": "#c94f4f",
    "one_sided": "#e0913f",
    "conflicting": "#a63d7f",
    "shared": "#cfae3a",
    "contradicted": "#7d63c9",
    "ambiguous": "#9aa33a",
    "unlinked": "#3b7dd8",
    "unmatched": "#8795a1",
    "duplicate": "#5d6fb0",
    "test": "#b9c3cb",
}
"""A colour of its own for each category of the totals, the same in every chart."""
