"""What the org says of itself: versions, resources, objects, fields, limits, counts."""

from __future__ import annotations

from typing import Any

from reconcile.simulators.salesforce.objects import SOBJECTS, children_of
from reconcile.simulators.salesforce.org import Answer, Call, object_named
from reconcile.simulators.salesforce.schema import TEXT_TYPES, Field, SObject, compound_name
from reconcile.simulators.salesforce.soql.compiler import LONG_TEXT
from reconcile.simulators.salesforce.values import INT_DIGITS

VERSIONS = tuple(range(31, 69))
_SEASONS = ("Spring", "Summer", "Winter")
_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
_LIMITS = {
    "DailyBulkApiBatches": 15000,
    "DailyBulkV2QueryJobs": 10000,
    "DailyBulkV2QueryFileStorageMB": 976562,
    "ConcurrentAsyncGetReportInstances": 200,
    "DataStorageMB": 5120,
    "FileStorageMB": 20480,
}


def season(version: int) -> str:
    """The release name of an API version: v66 is Spring '26, v67 Summer '26, v68 Winter '27, three a year."""
    turn, number = divmod(version - 66, 3)
    return f"{_SEASONS[number]} '{26 + turn + (number == 2):02d}"


def versions() -> list[dict[str, str]]:
    """`GET /services/data`: needs no session and is not counted."""
    return [{"label": season(v), "url": f"/services/data/v{v}.0", "version": f"{v}.0"} for v in VERSIONS]


def resources(call: Call) -> Answer:
    """`GET /services/data/vNN.N/`."""
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
    body = {name: f"{call.base}/{name}" for name in names}
    return Answer(body={**body, "identity": f"{call.org.address}/id/{call.org.org_id}/{call.user_id}"})


def describe_all(call: Call) -> Answer:
    """`GET sobjects`."""
    return Answer(
        body={
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [_summary(call, sobject) for sobject in SOBJECTS.values()],
        }
    )


def describe_basic(call: Call, object_name: str) -> Answer:
    """`GET sobjects/X`."""
    return Answer(body={"objectDescribe": _summary(call, object_named(object_name)), "recentItems": []})


def describe_object(call: Call, object_name: str) -> Answer:
    """`GET sobjects/X/describe`."""
    sobject = object_named(object_name)
    children: list[dict[str, Any]] = [
        {
            "cascadeDelete": False,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": reference.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": relationship,
            "restrictedDelete": False,
        }
        for relationship, child, reference in children_of(sobject.name)
    ]
    return Answer(
        body={
            **_summary(call, sobject),
            "fields": [_field(field, compound_name(field)) for field in (*sobject.fields, *sobject.compounds.values())],
            "childRelationships": children,
            "recordTypeInfos": [],
            "supportedScopes": [{"label": f"All {sobject.plural}", "name": "everything"}],
        }
    )


def limits(call: Call) -> Answer:
    """`GET limits`."""
    calls = {"Max": call.org.daily_limit, "Remaining": max(0, call.org.daily_limit - call.org.used_calls)}
    return Answer(
        body={"DailyApiRequests": calls, **{name: {"Max": size, "Remaining": size} for name, size in _LIMITS.items()}}
    )


def record_count(call: Call) -> Answer:
    """`GET limits/recordCount?sObjects=A,B`: live rows; unknown and empty objects are left out."""
    wanted = [name.strip().lower() for name in call.params.get("sObjects", "").split(",") if name.strip()]
    sobjects = [SOBJECTS[name] for name in wanted if name in SOBJECTS] if wanted else list(SOBJECTS.values())
    counts = [{"count": call.org.store.count(sobject), "name": sobject.name} for sobject in sobjects]
    return Answer(body={"sObjects": [item for item in counts if item["count"]]})


def _summary(call: Call, sobject: SObject) -> dict[str, Any]:
    """An object without its fields."""
    base = f"{call.base}/sobjects/{sobject.name}"
    can_merge = sobject.name in {"Account", "Contact"}
    return {
        "activateable": False,
        "createable": sobject.is_createable,
        "custom": sobject.is_custom,
        "customSetting": False,
        "deletable": sobject.has_deletes,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": True,
        "mergeable": can_merge,
        "mruEnabled": True,
        "name": sobject.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": True,
        "undeletable": sobject.has_deletes,
        "updateable": sobject.is_updateable,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def _field(field: Field, compound: str | None) -> dict[str, Any]:
    """One field as describe shows it; `compound`: what it is a part of."""
    is_text = field.type in TEXT_TYPES
    choices = [{"active": True, "defaultValue": False, "label": v, "validFor": None, "value": v} for v in field.choices]
    return {
        "aggregatable": True,
        "autoNumber": False,
        "byteLength": field.length * 3 if field.type not in {"id", "reference"} else 18,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": compound,
        "createable": field.is_createable,
        "custom": field.is_custom,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultedOnCreate": field.type in {"boolean", "id"} or field.name == "OwnerId",
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": INT_DIGITS if field.type == "int" else 0,
        "encrypted": False,
        "externalId": field.is_external_id,
        "filterable": field.length < LONG_TEXT,
        "groupable": is_text and field.type != "textarea",
        "idLookup": field.type == "id" or field.is_external_id,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == "Name",
        "namePointing": False,
        "nillable": not field.is_required and field.type != "boolean",
        "permissionable": field.is_updateable,
        "picklistValues": choices,
        "polymorphicForeignKey": False,
        "precision": 18 if field.type in {"double", "currency", "percent"} else 0,
        "referenceTo": [field.references] if field.references else [],
        "relationshipName": field.relationship,
        "restrictedPicklist": field.is_restricted,
        "scale": 2 if field.type in {"currency", "percent", "double"} else 0,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.length < LONG_TEXT and field.type != "address",
        "type": field.type,
        "unique": field.is_unique,
        "updateable": field.is_updateable,
        "writeRequiresMasterRead": False,
    }
