"""Which characters of two differing values differ."""

from __future__ import annotations

from typing import NamedTuple

_MOST_CHARACTERS = 2000


class Span(NamedTuple):
    """A stretch of a value, and whether the other value lacks it."""

    text: str
    is_changed: bool


def highlight(left: str | None, right: str | None) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Both values as stretches that together give them back; very long or very different values are one stretch.

    >>> highlight("12.50", "12.75")
    ((Span(text='12.', is_changed=False), Span(text='50', is_changed=True)), \
(Span(text='12.', is_changed=False), Span(text='75', is_changed=True)))
    """
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - only what shows cells needs it, not the comparison

    one, two = left or "", right or ""
    if max(len(one), len(two)) > _MOST_CHARACTERS or Indel.normalized_similarity(one, two) < 0.3:
        return _whole(one), _whole(two)
    lefts: list[Span] = []
    rights: list[Span] = []
    for part in Indel.opcodes(one, two):
        _extend(lefts, one[part.src_start : part.src_end], is_changed=part.tag != "equal")
        _extend(rights, two[part.dest_start : part.dest_end], is_changed=part.tag != "equal")
    return tuple(lefts), tuple(rights)


def _whole(text: str) -> tuple[Span, ...]:
    return (Span(text, is_changed=True),) if text else ()


def _extend(spans: list[Span], text: str, *, is_changed: bool) -> None:
    if not text:
        return
    if spans and spans[-1].is_changed == is_changed:
        spans[-1] = Span(spans[-1].text + text, is_changed)
    else:
        spans.append(Span(text, is_changed))
