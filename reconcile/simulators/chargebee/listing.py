"""Lists: filters, order, and pages by opaque offset."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from reconcile.simulators.chargebee.errors import wrong_value
from reconcile.simulators.chargebee.store import SiteStore

DEFAULT_LIMIT, MAX_LIMIT = 10, 100
_TIME_FIELDS = {"customer": "created_at", "subscription": "created_at", "invoice": "date"}
_TEXT_FILTERS = {
    "customer": (
        "id",
        "first_name",
        "last_name",
        "email",
        "company",
        "phone",
        "auto_collection",
        "taxability",
        "channel",
    ),
    "subscription": ("id", "customer_id", "plan_id", "status", "channel"),
    "invoice": ("id", "subscription_id", "customer_id", "status", "price_type", "channel"),
}
_NUMBER_FILTERS = {"customer": (), "subscription": ("mrr",), "invoice": ("total", "amount_paid", "amount_due")}
_INDEXED = frozenset({"id", "customer_id", "created_at", "updated_at", "date"})
_PARAM = re.compile(r"(\w+)(?:\[(\w+)\])?\Z")
_TIME_OPERATORS = {"after": ">", "before": "<", "on": "=", "gt": ">", "lt": "<", "gte": ">=", "lte": "<="}


# A subscription comes with its customer.
_BESIDE = {"subscription": "(SELECT c.body FROM customer c WHERE c.id = subscription.customer_id)"}


def list_page(store: SiteStore, resource: str, params: Mapping[str, str]) -> str:
    """One page as JSON text: `{"list": [{"customer": {...}}, ...], "next_offset": "..."}`.

    Raises:
        ChargebeeError: a filter, limit, order or offset that cannot be used.
    """
    limit = _limit(params.get("limit"))
    column, is_descending = _order(resource, params)
    conditions, values = _filters(resource, params)
    if str(params.get("include_deleted", "false")).lower() != "true":
        conditions.append("deleted = 0")
    if params.get("offset"):
        at, last_id = _read_offset(params["offset"], column)
        conditions.append(f"({column}, id) {'<' if is_descending else '>'} (?, ?)")
        values += [at, last_id]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    way = "DESC" if is_descending else "ASC"
    beside = _BESIDE.get(resource, "NULL")
    sql = f"SELECT body, {column}, id, {beside} FROM {resource}{where} ORDER BY {column} {way}, id {way} LIMIT ?"
    rows = store.select(sql, [*values, limit + 1])
    items = ",".join(f'{{"{resource}":{body}{_with_customer(customer)}}}' for body, _, _, customer in rows[:limit])
    tail = (
        f',"next_offset":{json.dumps(_write_offset(column, rows[limit - 1][1], rows[limit - 1][2]))}'
        if len(rows) > limit
        else ""
    )
    return f'{{"list":[{items}]{tail}}}'


def _with_customer(body: str | None) -> str:
    return f',"customer":{body}' if body else ""


def _limit(text: str | None) -> int:
    """The page size: 1 to 100, 10 where none is given."""
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"\d+", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise wrong_value("limit", f"should be between 1 and {MAX_LIMIT}")
    return int(text)


def _order(resource: str, params: Mapping[str, str]) -> tuple[str, bool]:
    """The column to sort by and whether downwards; by creation where nothing is said."""
    for way in ("asc", "desc"):
        wanted = params.get(f"sort_by[{way}]")
        if wanted is None:
            continue
        if wanted not in {_TIME_FIELDS[resource], "created_at", "updated_at"}:
            raise wrong_value("sort_by", f"{wanted} is not one of {_TIME_FIELDS[resource]}, updated_at")
        return ("updated_at" if wanted == "updated_at" else "created_at"), way == "desc"
    return "created_at", False


def _filters(resource: str, params: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    """SQL conditions of all filters."""
    conditions: list[str] = []
    values: list[Any] = []
    for name, text in params.items():
        match = _PARAM.match(name)
        if match is None:
            raise wrong_value(name, "is not a valid parameter")
        field, operator = match[1], match[2] or "is"
        if field in {"limit", "offset", "include_deleted", "sort_by"}:
            continue
        sql, given = _filter(resource, field, operator, text)
        conditions.append(sql)
        values += given
    return conditions, values


def _filter(resource: str, field: str, operator: str, text: str) -> tuple[str, list[Any]]:
    """One filter as SQL."""
    if field in {"updated_at", _TIME_FIELDS[resource], "created_at"}:
        return _time_filter("updated_at" if field == "updated_at" else "created_at", field, operator, text)
    if field in _NUMBER_FILTERS[resource] and operator in _TIME_OPERATORS | {"is": ""}:
        sign = _TIME_OPERATORS.get(operator, "=")
        return f"json_extract(body, '$.{field}') {sign} ?", [_whole(field, text)]
    if field not in _TEXT_FILTERS[resource]:
        raise wrong_value(field, "cannot be filtered by")
    column = field if field in _INDEXED else f"json_extract(body, '$.{field}')"
    return _text_filter(column, field, operator, text)


def _text_filter(column: str, field: str, operator: str, text: str) -> tuple[str, list[Any]]:
    """is, is_not, starts_with, is_present, in, not_in."""
    if operator == "is":
        return f"{column} = ?", [text]
    if operator == "is_not":
        return f"{column} <> ?", [text]
    if operator == "starts_with":
        return f"substr({column}, 1, ?) = ?", [len(text), text]
    if operator == "is_present":
        return f"{column} IS {'NOT ' if text.lower() == 'true' else ''}NULL", []
    if operator in {"in", "not_in"}:
        try:
            choices = [str(choice) for choice in json.loads(text)]
        except (ValueError, TypeError) as error:
            raise wrong_value(f"{field}[{operator}]", "should be a JSON array of strings") from error
        marks = ", ".join("?" * len(choices))
        return f"{column} {'NOT ' if operator == 'not_in' else ''}IN ({marks})", choices
    raise wrong_value(f"{field}[{operator}]", "operator is not supported")


def _time_filter(column: str, field: str, operator: str, text: str) -> tuple[str, list[Any]]:
    """after, before, on, between; epoch seconds."""
    if operator == "between":
        try:
            low, high = (_whole(field, str(part)) for part in json.loads(text))
        except (ValueError, TypeError) as error:
            raise wrong_value(f"{field}[between]", "should be a JSON array of two timestamps") from error
        return f"{column} BETWEEN ? AND ?", [low, high]
    if operator not in _TIME_OPERATORS:
        raise wrong_value(f"{field}[{operator}]", "operator is not supported")
    moment = _whole(field, text)
    if operator == "on":
        start = moment - moment % 86400
        return f"{column} BETWEEN ? AND ?", [start, start + 86399]
    return f"{column} {_TIME_OPERATORS[operator]} ?", [moment]


def _whole(field: str, text: str) -> int:
    """A whole number, of 18 digits at most."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise wrong_value(field, f"{text} is not a number")
    return int(text)


def _write_offset(column: str, at: int, last_id: str) -> str:
    """An opaque text for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps([column, at, last_id]).encode()).decode()


def _read_offset(text: str, column: str) -> tuple[int, str]:
    """The place that an offset stands for; it belongs to the order it was given in."""
    try:
        order, at, last_id = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError) as error:
        raise wrong_value("offset", "is not a valid offset") from error
    if order != column:
        raise wrong_value("offset", "was made for another order")
    return int(at), str(last_id)
