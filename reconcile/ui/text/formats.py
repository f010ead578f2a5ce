"""How figures, times and foreign text are written."""

from __future__ import annotations

import re
from datetime import datetime

from reconcile.model import utc_now

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
# Every ASCII punctuation mark may be escaped in Markdown; the colon is broken up because shortcodes such as :tada: and
# directives such as :red[...] are read from the text after escapes are resolved.
_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./;<=>?@\[\\\]^_`{|}~])")
# Streamlit draws -> <= -- and their like as arrows and signs; a joiner between the two marks keeps them as typed.
_TYPOGRAPHIC = re.compile(r"(?<=[<>~=-])(?=[<>=-])")
_WORD_JOINER = "\u2060"


def plain(value: object) -> str:
    """Text of a record, made safe for places that read Markdown: it shows as typed, whatever it holds."""
    text = "" if value is None else str(value)
    joined = _TYPOGRAPHIC.sub(_WORD_JOINER, " ".join(text.split()))
    escaped = _PUNCTUATION.sub(r"\\\1", joined)
    return escaped.replace(":", f"{_WORD_JOINER}\\:{_WORD_JOINER}")


def count(number: int | None) -> str:
    """12345 as "12,345"; an unknown number as a dash."""
    return "–" if number is None else f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 pair", "2 pairs"; `many` where the plural is not the singular with an s."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def money(cents: int | None) -> str:
    """Cents as whole units with separators: 1234567 as "12,346". The currency is the billing system's own."""
    return "–" if cents is None else f"{cents / 100:,.0f}"


def share(part: float, whole: float) -> str:
    """A share as per cent; a dash where there is no whole to speak of. Not quite all is never "100 %"."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.5 <= percent < 100:
        return f"{percent:.1f} %" if percent < 99.95 else "over 99.9 %"
    return f"{percent:.0f} %" if percent in (0, 100) or percent >= 10 else f"{percent:.1f} %"


def chance(probability: float) -> str:
    """A probability as per cent. What is not certain is never shown as 0 or 100: "over 99.9 %"."""
    if probability > 0.9995:
        return "over 99.9 %"
    if probability < 0.0005:
        return "under 0.1 %"
    return f"{100 * probability:.1f} %"


def when(moment: datetime | None) -> str:
    """A moment as "2026-11-22 09:30 UTC"; never as a dash or empty text."""
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago: "just now", "12 min ago", "3 h ago", "5 days ago", "never"."""
    if moment is None:
        return "never"
    seconds = ((now or utc_now()) - moment).total_seconds()
    if seconds < _MINUTE_S:
        return "just now"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min ago"
    if seconds < 2 * _DAY_S:
        return f"{seconds // _HOUR_S:.0f} h ago"
    return f"{seconds // _DAY_S:.0f} days ago"


def days_old(moment: datetime, now: datetime | None = None) -> float:
    """How many days ago, with a fraction."""
    return ((now or utc_now()) - moment).total_seconds() / _DAY_S


def short_id(identifier: str, keep: int = 8) -> str:
    """The telling end of a long id of ours: "run_20261122T093000_1f3c9a2b" as "1f3c9a2b"."""
    return identifier.rsplit("_", 1)[-1][-keep:]
