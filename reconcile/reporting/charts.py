"""The charts of the HTML report, as SVG that needs nothing else: colours are classes of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH = 540
_LABEL = 110
_BAR = 22
_STEP = 34


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar: its name in the tooltip, its value, and the CSS class that colours it."""

    name: str
    value: int
    style: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label and its pieces from left to right."""

    label: str
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """Length of the whole bar."""
        return sum(part.value for part in self.parts)


def bars(bars_of: Sequence[Bar], title: str, *, is_share: bool = False) -> Markup:
    """Horizontal stacked bars, one below the other, each with its total at the end.

    Args:
        bars_of: the bars; an empty sequence gives an empty picture with its title.
        title: what a screen reader says.
        is_share: every bar as long as the others, so that shares are compared; else lengths are values.
    """
    longest = max((bar.total for bar in bars_of), default=0) or 1
    room = _WIDTH - _LABEL - 80
    height = _STEP * len(bars_of) + 6
    drawn = Markup("").join(
        _bar(bar, place * _STEP + 6, room / ((bar.total or 1) if is_share else longest))
        for place, bar in enumerate(bars_of)
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">'
        "<title>{title}</title>{drawn}</svg>"
    ).format(width=_WIDTH, height=height, title=title, drawn=drawn)


def _bar(bar: Bar, top: int, scale: float) -> Markup:
    middle = top + _BAR / 2 + 4
    label = Markup('<text x="{x}" y="{y}" class="label" text-anchor="end">{text}</text>').format(
        x=_LABEL - 10, y=middle, text=bar.label
    )
    drawn, left = Markup(""), float(_LABEL)
    for part in bar.parts:
        if part.value <= 0:
            continue
        # A piece that is there is seen, however small its share.
        width = max(part.value * scale, 1.5)
        drawn += Markup(
            '<rect x="{x:.1f}" y="{y}" width="{w:.1f}" height="{h}" class="{style}">'
            "<title>{name}: {value:,}</title></rect>"
        ).format(x=left, y=top, w=width, h=_BAR, style=part.style, name=part.name, value=part.value)
        left += width
    total = Markup('<text x="{x:.1f}" y="{y}" class="value">{total:,}</text>').format(
        x=left + 8, y=middle, total=bar.total
    )
    return label + drawn + total


def legend(parts: Sequence[tuple[str, str]]) -> Markup:
    """Names and colours, as (name, CSS class) pairs."""
    items = (
        Markup(
            '<span class="key"><svg width="12" height="12"><rect width="12" height="12" class="{}"/></svg>{}</span>'
        ).format(style, escape(name))
        for name, style in parts
    )
    return Markup('<div class="legend">{}</div>').format(Markup("").join(items))
