"""Field values between text and JSON, and when two texts are one value."""

from __future__ import annotations

import pytest

from reconcile.systems.salesforce.reader import as_text
from reconcile.systems.salesforce.values import Json, fits, is_same, to_json


@pytest.mark.parametrize(
    ("text", "field_type", "expected"),
    [
        ("true", "boolean", True),
        ("FALSE", "boolean", False),
        ("", "boolean", False),
        ("maybe", "boolean", "maybe"),
        (None, "string", None),
        ("", "string", None),
        ("007", "string", "007"),
        ("12", "int", 12),
        ("-3", "int", -3),
        ("12.50", "currency", 12.5),
        ("12,50", "currency", "12,50"),
        ("1e3", "double", 1000.0),
        ("1e400", "double", "1e400"),
        ("nan", "currency", "nan"),
        ("1_000", "currency", "1_000"),
        ("١٢", "percent", "١٢"),
        ("12.0", "int", 12),
        ("12.5", "int", "12.5"),
        ("--5", "int", "--5"),
        ("²", "int", "²"),
        ("2026-01-31", "date", "2026-01-31"),
    ],
)
def test_text_to_json(text: str | None, field_type: str, expected: Json) -> None:
    found = to_json(text, field_type)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "field_type", "expected"),
    [
        (None, "currency", True),
        ("", "date", True),
        ("1,5", "currency", False),
        ("²", "int", False),
        ("TRUE", "boolean", True),
        ("yes", "boolean", False),
        ("2026-01-31", "date", True),
        ("31.01.2026", "date", False),
        ("2026-02-30", "date", False),
        ("20260131", "date", False),
        ("2026-01-31T10:00:00.000+0000", "datetime", True),
        ("yesterday", "datetime", False),
        ("anything", "string", True),
    ],
)
def test_what_a_field_can_take(text: str | None, field_type: str, expected: bool) -> None:
    assert fits(text, field_type) is expected


@pytest.mark.parametrize(
    ("one", "other", "field_type", "expected"),
    [
        (None, "", "string", True),
        ("a", "A", "string", False),
        ("a", None, "string", False),
        (None, "false", "boolean", True),
        (None, "true", "boolean", False),
        ("001M000000qfPyS", "001M000000qfPySIAU", "reference", True),
        ("001M000000qfPyS", "001M000000qfPys", "reference", False),
        ("12.0", "12", "double", True),
        ("12.0", "13", "double", False),
        ("x", "y", "double", False),
        ("2026-01-01T00:00:00.000+0000", "2026-01-01T01:00:00.000+01:00", "datetime", True),
        ("2026-01-01T00:00:00.000+0000", "2026-01-01T00:00:00.000Z", "datetime", True),
        ("2026-01-01T00:00:00.000+0000", "2026-01-01T00:00:01.000+0000", "datetime", False),
        ("x", "y", "datetime", False),
        ("007", "7", "string", False),
    ],
)
def test_when_two_texts_are_one_value(one: str | None, other: str | None, field_type: str, expected: bool) -> None:
    assert is_same(one, other, field_type) is expected
    assert is_same(other, one, field_type) is expected


def test_json_to_text() -> None:
    assert [as_text(v) for v in (None, "", True, False, 0, "0", "1.50")] == [
        None,
        None,
        "true",
        "false",
        "0",
        "0",
        "1.50",
    ]
