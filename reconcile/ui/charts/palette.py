"""Colours with a meaning, chosen to read on both the light and the dark background."""

import altair as alt

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart

AGREES = "#2f9e6e"
DISAGREES = "#d9605b"
NEUTRAL = "#8795a1"
TOTAL = "#3b7dd8"
ROW_HEIGHT = 24
