"""The frozen dataclasses of `reconcile.model` as JSON documents and back: the one place where that is done.

What comes back is checked against the type: a missing or unknown field, a word that is not one of its Literal, or a
value of another kind is refused with the place where it stands.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reconcile.errors import DefinitionError

Value = TypeVar("Value")


def to_document(value: Any) -> Any:
    """The JSON form of a dataclass of the model, or of anything inside one.

    Raises:
        TypeError: a value that has no JSON form here.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_document(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_document(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(to_document(item) for item in value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_document(kind: type[Value], document: Any, subject: str) -> Value:
    """The dataclass `kind` that `document` describes.

    Args:
        kind: a dataclass of the model.
        document: what `to_document` gave, or what a person wrote.
        subject: what to call it in an error.

    Raises:
        DefinitionError: the document does not describe one; says where.
    """
    return cast("Value", _read(kind, document, subject))


def _read(kind: Any, document: Any, where: str) -> Any:  # noqa: PLR0911 - one line for each kind of type
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(cast("type[Any]", kind), document, where)
    if origin in (Union, types.UnionType):
        return None if document is None else _read(_only(arguments), document, where)
    if origin is Literal:
        return _read_word(arguments, document, where)
    if origin is tuple:
        return _read_tuple(arguments, document, where)
    if origin is frozenset:
        return frozenset(_read(arguments[0], item, where) for item in _expect(list, document, where))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {
            _read(arguments[0], key, f"{where}.{key}"): _read(arguments[1], item, f"{where}.{key}")
            for key, item in _expect(dict, document, where).items()
        }
    if kind is datetime:
        return _read_time(document, where)
    if kind is float and isinstance(document, int) and not isinstance(document, bool):
        return float(document)
    return _expect(kind, document, where)


def _read_dataclass(kind: type[Any], document: Any, where: str) -> Any:
    given = _expect(dict, document, where)
    hints = _hints(kind)
    unknown = sorted(set(given) - set(hints))
    if unknown:
        raise DefinitionError(where, f"has no field {unknown[0]!r}", remedy=f"Known: {', '.join(sorted(hints))}.")
    values = {name: _read(hints[name], item, f"{where}.{name}") for name, item in given.items()}
    missing = [name for name in _required(kind) if name not in values]
    if missing:
        raise DefinitionError(where, f"lacks {', '.join(missing)}")
    return kind(**values)


def _read_word(words: tuple[Any, ...], document: Any, where: str) -> Any:
    # `in` alone would take True for 1.
    if not any(document == word and type(document) is type(word) for word in words):
        raise DefinitionError(where, f"{document!r} is none of {', '.join(map(str, words))}")
    return document


def _read_tuple(arguments: tuple[Any, ...], document: Any, where: str) -> tuple[Any, ...]:
    items = _expect(list, document, where)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_read(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(items))
    if len(items) != len(arguments):
        raise DefinitionError(where, f"has {len(items)} values where {len(arguments)} are meant")
    return tuple(_read(kind, item, where) for kind, item in zip(arguments, items, strict=True))


def _read_time(document: Any, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(_expect(str, document, where))
    except ValueError as error:
        raise DefinitionError(where, f"{document!r} is not a time") from error
    if at.tzinfo is None:
        raise DefinitionError(where, f"{document!r} has no time zone")
    return at


def _expect(kind: Any, document: Any, where: str) -> Any:
    is_boolean = isinstance(document, bool)
    if not isinstance(document, kind) or (is_boolean and kind is not bool):
        raise DefinitionError(where, f"{document!r} is not {_called(kind)}")
    return document


def _called(kind: Any) -> str:
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "a group of fields"}
    return names.get(kind, "a list")


def _only(arguments: tuple[Any, ...]) -> Any:
    (kind,) = [argument for argument in arguments if argument is not type(None)]
    return kind


def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _required(kind: type[Any]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
