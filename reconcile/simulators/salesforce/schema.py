"""What the practice org's objects look like: fields with their types, and who refers to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal[
    "id",
    "string",
    "textarea",
    "email",
    "phone",
    "url",
    "picklist",
    "reference",
    "boolean",
    "double",
    "currency",
    "int",
    "percent",
    "date",
    "datetime",
    "address",
]
TEXT_TYPES = frozenset(
    {"id", "string", "textarea", "email", "phone", "url", "picklist", "reference", "date", "datetime"}
)


ADDRESS_KEYS = {
    "city": "City",
    "country": "Country",
    "postalCode": "PostalCode",
    "state": "State",
    "street": "Street",
}
NEVER_KNOWN = ("geocodeAccuracy", "latitude", "longitude")  # keys of an address: the org knows no places on the map


@dataclass(frozen=True, slots=True)
class Field:
    """One field, by its API name.

    Attributes:
        relationship: the name under which the parent is reached in SOQL, e.g. `Owner` of `OwnerId`.
        choices: values of a picklist; `is_restricted` refuses any other.
        is_external_id: can be the key of an upsert. `is_unique`: two rows may not share a value.
    """

    name: str
    label: str
    type: FieldType = "string"
    length: int = 0
    is_createable: bool = True
    is_updateable: bool = True
    is_required: bool = False
    references: str | None = None
    relationship: str | None = None
    choices: tuple[str, ...] = ()
    is_restricted: bool = False
    is_external_id: bool = False
    is_unique: bool = False

    @property
    def is_custom(self) -> bool:
        """Whether the org, not Salesforce, made it."""
        return self.name.endswith("__c")


@dataclass(frozen=True, slots=True)
class SObject:
    """One object. `by_name` finds a stored field whatever the case it is written in.

    Attributes:
        compounds: addresses as a whole, by name in lower case: they are read, but neither stored, nor written, nor
            selected in bulk.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[Field, ...]
    is_updateable: bool = True
    is_createable: bool = True
    has_deletes: bool = True
    by_name: dict[str, Field] = field(default_factory=dict)
    by_relationship: dict[str, Field] = field(default_factory=dict)
    compounds: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update({f.name.lower(): f for f in self.fields})
        self.by_relationship.update({f.relationship.lower(): f for f in self.fields if f.relationship})
        self.compounds.update({f.name.lower(): f for f in map(_compound, self.fields) if f is not None})

    @property
    def is_custom(self) -> bool:
        """Whether the org, not Salesforce, made it."""
        return self.name.endswith("__c")


def compound_name(part: Field) -> str | None:
    """The address that a field is a part of; None for other fields."""
    names = (part.name.removesuffix(end) for end in ADDRESS_KEYS.values() if part.name.endswith(end))
    prefix = next(names, None)
    return f"{prefix}Address" if prefix is not None else None


def _compound(part: Field) -> Field | None:
    """The whole address, made of its street; None for other fields."""
    name = compound_name(part)
    if name is None or not part.name.endswith("Street"):
        return None
    label = part.label.removesuffix("Street") + "Address"
    return Field(name, label, "address", is_createable=False, is_updateable=False)


def text(name: str, label: str, length: int = 255, **more: object) -> Field:
    """A line of text."""
    return Field(name, label, "string", length, **more)  # type: ignore[arg-type]  # keyword names are checked by Field


def lookup(name: str, label: str, to: str, relationship: str, **more: object) -> Field:
    """A reference to another object."""
    return Field(name, label, "reference", 18, references=to, relationship=relationship, **more)  # type: ignore[arg-type]


def read_only(name: str, label: str, kind: FieldType, **more: object) -> Field:
    """A field that only Salesforce sets."""
    length = 18 if kind in {"id", "reference"} else 0
    return Field(name, label, kind, length, is_createable=False, is_updateable=False, **more)  # type: ignore[arg-type]


def system_fields(*, has_deletes: bool = True) -> tuple[Field, ...]:
    """Id and the fields in which Salesforce keeps who made and changed a row, and when."""
    made = (
        read_only("CreatedDate", "Created Date", "datetime"),
        read_only("CreatedById", "Created By ID", "reference", references="User", relationship="CreatedBy"),
        read_only("LastModifiedDate", "Last Modified Date", "datetime"),
        read_only(
            "LastModifiedById", "Last Modified By ID", "reference", references="User", relationship="LastModifiedBy"
        ),
        read_only("SystemModstamp", "System Modstamp", "datetime"),
    )
    deleted = (read_only("IsDeleted", "Deleted", "boolean"),) if has_deletes else ()
    return (*deleted, *made)


def record_id(label: str) -> Field:
    """The Id field of an object."""
    return read_only("Id", label, "id")


def address(prefix: str, label: str) -> tuple[Field, ...]:
    """The five parts of an address."""
    return (
        Field(f"{prefix}Street", f"{label} Street", "textarea", 255),
        text(f"{prefix}City", f"{label} City", 40),
        text(f"{prefix}State", f"{label} State/Province", 80),
        text(f"{prefix}PostalCode", f"{label} Zip/Postal Code", 20),
        text(f"{prefix}Country", f"{label} Country", 80),
    )


def owner() -> Field:
    """The user who owns the row."""
    return lookup("OwnerId", "Owner ID", "User", "Owner")


def custom_object(
    name: str, label: str, plural: str, prefix: str, fields: tuple[Field, ...], *, name_label: str = "Name"
) -> SObject:
    """An object of the Chargebee package: Id, owner, Name, system fields and its own."""
    head = (record_id("Record ID"), owner(), text("Name", name_label, 80))
    return SObject(name, label, plural, prefix, (*head, *system_fields(), *fields))
