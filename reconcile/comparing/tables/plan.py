"""A recipe with everything found out that it left open: what a comparison really does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from reconcile.comparing.tables.keys import KeyProposal, suggest_keys
from reconcile.comparing.tables.kinds import ColumnKind, find_kinds
from reconcile.comparing.tables.mapping import ColumnProposal, propose_columns
from reconcile.comparing.tables.recipe import ColumnPair, ColumnRule, KeyColumn, Recipe
from reconcile.comparing.tables.side import Side
from reconcile.errors import DefinitionError, UnknownNameError

_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class ComparedColumn:
    """A pair of columns that is compared.

    Attributes:
        position: place among the compared columns, from 0.
        is_raw_safe: equal text means equal values, so that only unequal text needs a closer look.
        has_empties: a side holds empty texts, which the rule takes for no value.
    """

    position: int
    pair: ColumnPair
    kind: ColumnKind
    is_raw_safe: bool
    has_empties: bool

    @property
    def rule(self) -> ColumnRule:
        """Its rule."""
        return self.pair.rule


@dataclass(frozen=True, slots=True)
class Plan:
    """A comparison ready to run.

    Attributes:
        notes: doubts about what was taken unasked.
        is_key_found: the recipe named no key, and `keys` are those that were suggested.
    """

    left: Side
    right: Side
    keys: tuple[KeyColumn, ...]
    columns: tuple[ComparedColumn, ...]
    recipe: Recipe
    notes: tuple[str, ...] = ()
    is_key_found: bool = False


def make_plan(con: duckdb.DuckDBPyConnection, left: Side, right: Side, recipe: Recipe) -> Plan:
    """Complete the recipe: columns proposed by name and values, the key suggested, the kinds of values found.

    Raises:
        UnknownNameError: the recipe names a column that is not there.
        DefinitionError: no columns to compare, or no key good enough to be taken unasked.
    """
    _check_names(left, right, recipe)
    pairs = _masked(recipe.columns or _proposed(con, left, right), recipe)
    keys: tuple[KeyColumn, ...] = recipe.keys
    notes: tuple[str, ...] = ()
    if not keys and not recipe.no_key:
        best = _best_key(suggest_keys(con, left, right, _may_be_key(con, left, right, recipe, pairs), is_quick=True))
        keys, notes = best.keys, _doubts(best)
    key_names = {(key.left, key.right) for key in keys}
    compared = [pair for pair in pairs if (pair.left, pair.right) not in key_names and not pair.is_ignored]
    kinds = find_kinds(con, left, right, compared)
    columns = tuple(
        _compared(left, right, place, pair, kind)
        for place, (pair, kind) in enumerate(zip(compared, kinds, strict=True))
    )
    if not columns and not keys:
        raise DefinitionError("Comparison", "the tables have no column in common", remedy="Map the columns by hand.")
    settled = replace(recipe, keys=keys, columns=tuple(pairs))
    return Plan(left, right, keys, columns, settled, notes, is_key_found=bool(keys) and not recipe.keys)


def _proposed(con: duckdb.DuckDBPyConnection, left: Side, right: Side) -> tuple[ColumnPair, ...]:
    return pairs_of(propose_columns(con, left, right, with_overlap=False))


def _masked(pairs: Sequence[ColumnPair], recipe: Recipe) -> tuple[ColumnPair, ...]:
    """The pairs, sensitive where the recipe masks one of their columns."""
    return tuple(
        replace(pair, rule=replace(pair.rule, is_sensitive=True))
        if pair.left in recipe.masked_left or pair.right in recipe.masked_right
        else pair
        for pair in pairs
    )


def _may_be_key(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, recipe: Recipe, pairs: Sequence[ColumnPair]
) -> list[ColumnPair]:
    """The pairs that nobody ignores, and those that a recipe need not list because a key may be elsewhere."""
    lefts, rights = {pair.left for pair in pairs}, {pair.right for pair in pairs}
    others = _proposed(con, left, right) if recipe.columns else ()
    unlisted = [pair for pair in others if pair.left not in lefts and pair.right not in rights]
    return [*(pair for pair in pairs if not pair.is_ignored), *unlisted]


def pairs_of(proposals: Sequence[ColumnProposal]) -> tuple[ColumnPair, ...]:
    """The proposals that found a partner, as pairs with no rule but the unit."""
    return tuple(
        ColumnPair(item.left, item.right, ColumnRule(left_factor=item.factor))
        for item in proposals
        if item.right is not None
    )


def _best_key(proposals: Sequence[KeyProposal]) -> KeyProposal:
    if proposals and proposals[0].score >= _ENOUGH:
        return proposals[0]
    nearest = f"; nearest comes {proposals[0].sentence}" if proposals else ""
    raise DefinitionError(
        "Comparison",
        f"no column or pair of columns names the rows of both tables well enough to be taken unasked{nearest}",
        remedy="Name the key, or match the rows by their content (no key).",
    )


def _doubts(best: KeyProposal) -> tuple[str, ...]:
    if best.agreement is None or best.agreement >= _ENOUGH:
        return ()
    return (f"The key was found, not given, and little speaks for it: {best.sentence}.",)


def _check_names(left: Side, right: Side, recipe: Recipe) -> None:
    for name in recipe.masked_left:
        if name not in left.columns:
            raise UnknownNameError("column in the left table", name, left.columns)
    for name in recipe.masked_right:
        if name not in right.columns:
            raise UnknownNameError("column in the right table", name, right.columns)
    wanted = [(pair.left, pair.right) for pair in recipe.columns] + [(key.left, key.right) for key in recipe.keys]
    for one, two in wanted:
        if one not in left.columns:
            raise UnknownNameError("column in the left table", one, left.columns)
        if two not in right.columns:
            raise UnknownNameError("column in the right table", two, right.columns)
    for places in ([pair.left for pair in recipe.columns], [pair.right for pair in recipe.columns]):
        repeated = next((name for name in places if places.count(name) > 1), None)
        if repeated is not None:
            raise DefinitionError("Columns", f"{repeated!r} is mapped twice", remedy="Map each column once.")


def _compared(left: Side, right: Side, place: int, pair: ColumnPair, kind: ColumnKind) -> ComparedColumn:
    reads_alike = kind.left_format == kind.right_format
    if kind.kind == "number" or pair.rule.is_numeric:
        reads_alike = left.read.decimal == right.read.decimal
    is_raw_safe = reads_alike and pair.rule.left_factor is None
    has_empties = pair.left in left.read.empties or pair.right in right.read.empties
    return ComparedColumn(place, pair, kind, is_raw_safe, has_empties and pair.rule.null_equals_empty)
