"""Recipes as TOML, which people keep beside their files and the command line takes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import tomli_w

from reconcile.comparing.tables.recipe import (
    KEY_NORMALISATIONS,
    ColumnPair,
    ColumnRule,
    KeyColumn,
    Recipe,
)
from reconcile.errors import DefinitionError, InputError
from reconcile.systems.files import ReadOptions

_DECIMALS = frozenset({"absolute", "relative", "left_factor", "days"})
_MASKED = frozenset({"masked_left", "masked_right"})
_PAIR = frozenset({"left", "right", "name", "is_ignored"})


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as TOML; what is left to be found out is left out."""
    document: dict[str, Any] = {
        "duplicates": recipe.duplicates,
        "no_key": recipe.no_key,
        "ignore_format": recipe.ignore_format,
        "timing_days": str(recipe.timing_days),
    }
    for name, columns in (("masked_left", recipe.masked_left), ("masked_right", recipe.masked_right)):
        document[name] = list(columns)
    for side, options in (("left", recipe.left), ("right", recipe.right)):
        given = {name: value for name, value in _values(options).items() if value is not None}
        if given:
            document[side] = given
    document["key"] = [
        {"left": key.left, "right": key.right} | ({"normalise": list(key.normalise)} if key.normalise else {})
        for key in recipe.keys
    ]
    document["column"] = [_dump_pair(pair) for pair in recipe.columns]
    return tomli_w.dumps({name: value for name, value in document.items() if value != []})


def _values(record: Any) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record)}


def _dump_pair(pair: ColumnPair) -> dict[str, Any]:
    default = _values(ColumnRule())
    rule = {name: value for name, value in _values(pair.rule).items() if value != default[name]}
    shown = {name: str(value) if isinstance(value, Decimal) else value for name, value in rule.items()}
    ignored = {"is_ignored": True} if pair.is_ignored else {}
    return {"left": pair.left, "right": pair.right} | ({"name": pair.name} if pair.name else {}) | ignored | shown


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        InputError: no such file, or no TOML.
        DefinitionError: an entry that is unknown or cannot be.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"There is no recipe {str(path)!r}.", remedy="Check the path.") from error
    return parse_recipe_text(text, path.name)


def parse_recipe_text(text: str, name: str = "Recipe") -> Recipe:
    """The recipe that a TOML text says.

    Raises:
        InputError: no TOML.
        DefinitionError: an entry that is unknown or cannot be.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not a recipe: {error}.", remedy="It is a TOML file; see the README.") from error
    return parse_recipe(document, name)


def parse_recipe(document: Mapping[str, Any], name: str = "Recipe") -> Recipe:
    """The recipe that a TOML document says.

    Raises:
        DefinitionError: an entry that is unknown or cannot be.
    """
    known = {"duplicates", "no_key", "ignore_format", "timing_days", "left", "right", "key", "column"} | _MASKED
    _refuse_unknown(document, known, name)
    _refuse_types(document, {"no_key": bool, "ignore_format": bool, "duplicates": str}, name)
    _refuse_types(document, dict.fromkeys(("key", "column", *_MASKED), list) | {"left": dict, "right": dict}, name)
    try:
        return Recipe(
            keys=tuple(_parse_key(entry, name) for entry in document.get("key", [])),
            columns=tuple(_parse_pair(entry, name) for entry in document.get("column", [])),
            duplicates=document.get("duplicates", "refuse"),
            no_key=bool(document.get("no_key", False)),
            ignore_format=bool(document.get("ignore_format", False)),
            timing_days=_decimal(document.get("timing_days", 5), name, "timing_days"),
            left=_parse_options(document.get("left", {}), name),
            right=_parse_options(document.get("right", {}), name),
            masked_left=tuple(str(column) for column in document.get("masked_left", ())),
            masked_right=tuple(str(column) for column in document.get("masked_right", ())),
        )
    except (TypeError, AttributeError, KeyError) as error:
        raise DefinitionError(name, f"an entry is missing or of the wrong type ({error})") from error


def _refuse_unknown(entry: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise DefinitionError(name, f"{unknown[0]!r} means nothing here", remedy=f"Known: {', '.join(sorted(known))}.")


_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


def _refuse_types(entry: Mapping[str, Any], types: Mapping[str, type], name: str) -> None:
    """Refuse entries of another type: "false" in quotes is a text, and would count as true."""
    for key, kind in types.items():
        if key in entry and type(entry[key]) is not kind:
            raise DefinitionError(name, f"{key} is {entry[key]!r}", remedy=f"Give {_WORDS[kind]}.")


def _types_of(record: type) -> dict[str, type]:
    """The types that the fields of a record have in TOML; numbers that are exact may also be texts."""
    plain: dict[str, type] = {"bool": bool, "int": int, "str": str, "Kind": str}
    found = {item.name: str(item.type).removesuffix(" | None") for item in fields(record)}
    return {name: plain[kind] for name, kind in found.items() if kind in plain}


def _parse_options(entry: Mapping[str, Any], name: str) -> ReadOptions:
    _refuse_unknown(entry, set(_values(ReadOptions())), name)
    _refuse_types(entry, _types_of(ReadOptions), name)
    return ReadOptions(**entry)


def _parse_key(entry: Mapping[str, Any], name: str) -> KeyColumn:
    _refuse_types({"key": entry}, {"key": dict}, name)
    _refuse_types(entry, {"left": str, "right": str, "normalise": list}, name)
    _refuse_unknown(entry, {"left", "right", "normalise"}, name)
    normalise = tuple(entry.get("normalise", ()))
    for step in normalise:
        if step not in KEY_NORMALISATIONS:
            raise DefinitionError(name, f"normalise is {step!r}", remedy=f"Known: {', '.join(KEY_NORMALISATIONS)}.")
    return KeyColumn(str(entry["left"]), str(entry.get("right", entry["left"])), normalise)


def _parse_pair(entry: Mapping[str, Any], name: str) -> ColumnPair:
    _refuse_types({"column": entry}, {"column": dict}, name)
    _refuse_types(entry, _types_of(ColumnRule) | _types_of(ColumnPair), name)
    rule_names = set(_values(ColumnRule()))
    _refuse_unknown(entry, rule_names | _PAIR, name)
    rule: dict[str, Any] = {
        key: _decimal(value, name, key) if key in _DECIMALS else value
        for key, value in entry.items()
        if key in rule_names
    }
    return ColumnPair(
        left=str(entry["left"]),
        right=str(entry.get("right", entry["left"])),
        rule=ColumnRule(**rule),
        name=str(entry.get("name", "")),
        is_ignored=bool(entry.get("is_ignored", False)),
    )


def _decimal(value: object, name: str, key: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise DefinitionError(name, f"{key} is {value!r}, which is no number") from error
    if not number.is_finite():
        raise DefinitionError(name, f"{key} is {value!r}, which is no number")
    return number
