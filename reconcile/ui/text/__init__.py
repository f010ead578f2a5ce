"""The words on the screen, in one place: what things are called, how figures are written, how data is kept plain."""

from reconcile.ui.text.formats import age, chance, count, counted, days_old, money, plain, share, short_id, when

__all__ = ["age", "chance", "count", "counted", "days_old", "money", "plain", "share", "short_id", "when"]
