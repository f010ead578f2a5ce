"""The few SOAP calls that clients still make: login, logout, getUserInfo, merge, undelete."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce import recycling
from reconcile.simulators.salesforce.auth import PASSWORD, SECURITY_TOKEN, identity, username
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Org, Session
from reconcile.simulators.salesforce.schema import SObject
from reconcile.simulators.salesforce.writing import Origin

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
LAST_LOGIN_VERSION = 64.0


class SoapFault(Exception):  # noqa: N818  # SOAP's own word
    """A refused SOAP call: HTTP 500 with a fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


async def serve(request: Request) -> Response:
    """`POST /services/Soap/u/NN.N`: one call."""
    org: Org = request.app.state.org
    body = await request.body()
    try:
        inner = _answer(org, body, request.path_params["rest"])
    except SoapFault as fault:
        text = (
            f"<soapenv:Fault><faultcode>sf:{fault.code}</faultcode>"
            f"<faultstring>{fault.code}: {escape(fault.message)}</faultstring>"
            f"<detail><sf:{_fault_kind(fault)} xsi:type='sf:{_fault_kind(fault)}'>"
            f"<sf:exceptionCode>{fault.code}</sf:exceptionCode>"
            f"<sf:exceptionMessage>{escape(fault.message)}</sf:exceptionMessage></sf:{_fault_kind(fault)}></detail></soapenv:Fault>"
        )
        return Response(_ENVELOPE.format(text), 500, media_type="text/xml")
    return Response(_ENVELOPE.format(inner), media_type="text/xml")


def _answer(org: Org, body: bytes, rest: str) -> str:
    """Find the call in the envelope and run it."""
    call, session_id = _read(body)
    name = _local(call)
    if name == "login":
        return _login(org, call, rest)
    session = org.session(session_id)
    if session is None:
        raise SoapFault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    handler = _CALLS.get(name)
    if handler is None:
        raise SoapFault("UNKNOWN_EXCEPTION", f"The practice org does not know the call {name}")
    return handler(org, session, call)


def _read(body: bytes) -> tuple[ET.Element, str]:
    """The call element, and the session id of the header."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise SoapFault("UNKNOWN_EXCEPTION", "document types are not allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314  # document types, and so entities, are refused above
    except ET.ParseError as error:
        raise SoapFault("UNKNOWN_EXCEPTION", f"Could not parse the request: {error}") from error
    session_id, call = "", None
    for element in root.iter():
        if _local(element) == "sessionId":
            session_id = (element.text or "").strip()
        if _local(element) == "Body":
            call = next(iter(element), None)
    if call is None:
        raise SoapFault("UNKNOWN_EXCEPTION", "The request has no body")
    return call, session_id


def _local(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def child_text(element: ET.Element, name: str) -> str:
    """The text of a child."""
    return next(((child.text or "").strip() for child in element if _local(child) == name), "")


def _login(org: Org, call: ET.Element, rest: str) -> str:
    """Sign in with name and password plus security token."""
    version = re.match(r"(\d+\.\d)", rest)
    if version is None or float(version[1]) > LAST_LOGIN_VERSION:
        raise SoapFault("UNSUPPORTED_API_VERSION", "SOAP login() is not available in this API version")
    name, password = child_text(call, "username"), child_text(call, "password")
    if name != username(org) or password != PASSWORD + SECURITY_TOKEN:
        raise SoapFault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    session = org.open_session()
    server = f"{org.address}/services/Soap/u/{version[1]}/{org.org_id[:15]}"
    return (
        f"<loginResponse><result><metadataServerUrl>{server.replace('/u/', '/m/')}</metadataServerUrl>"
        f"<passwordExpired>false</passwordExpired><sandbox>true</sandbox><serverUrl>{server}</serverUrl>"
        f"<sessionId>{escape(session.token)}</sessionId><userId>{session.user_id}</userId>"
        f"<userInfo>{_user_info(org, session)}</userInfo></result></loginResponse>"
    )


def _user_info(org: Org, session: Session) -> str:
    """The userInfo element's content."""
    who = identity(org, session.user_id)
    pairs = {
        "organizationId": org.org_id,
        "organizationMultiCurrency": "false",
        "organizationName": "Acme Practice",
        "sessionSecondsValid": "7200",
        "userEmail": who["email"],
        "userFullName": who["name"],
        "userId": session.user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": who["username"],
        "userTimeZone": "Etc/UTC",
        "userType": "Standard",
    }
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in pairs.items())


def _get_user_info(org: Org, session: Session, _call: ET.Element) -> str:
    return f"<getUserInfoResponse><result>{_user_info(org, session)}</result></getUserInfoResponse>"


def _logout(org: Org, session: Session, _call: ET.Element) -> str:
    org.sessions.pop(session.token, None)
    return "<logoutResponse/>"


def _merge(org: Org, session: Session, call: ET.Element) -> str:
    """Each request of a merge call is a transaction of its own."""
    results = []
    for request in (child for child in call if _local(child) in {"mergeRequests", "request"}):
        master = next((child for child in request if _local(child) == "masterRecord"), request)
        victims = [(child.text or "").strip() for child in request if _local(child) == "recordToMergeIds"]
        master_id = child_text(master, "Id")
        try:
            sobject = _object_of(child_text(master, "type"))
            moved = recycling.merge(org, sobject, master_id, _values(master), victims, origin=_origin(session))
            parts = [f"<id>{normalise_id(master_id)}</id>"]
            parts += [f"<mergedRecordIds>{normalise_id(victim)}</mergedRecordIds>" for victim in victims]
            parts += ["<success>true</success>", *(f"<updatedRelatedIds>{each}</updatedRelatedIds>" for each in moved)]
        except SalesforceError as error:
            parts = [_errors(error), f"<id>{escape(master_id)}</id>", "<success>false</success>"]
        results.append(f"<result>{''.join(parts)}</result>")
    return f"<mergeResponse>{''.join(results)}</mergeResponse>"


def _undelete(org: Org, session: Session, call: ET.Element) -> str:
    """Bring rows back from the recycle bin, each for itself."""
    results = []
    for record_id in ((child.text or "").strip() for child in call if _local(child) == "ids"):
        try:
            sobject = _object_of_id(record_id)
            done = recycling.undelete(org, sobject, record_id, _origin(session))
            results.append(f"<result><id>{done}</id><success>true</success></result>")
        except SalesforceError as error:
            results.append(f"<result>{_errors(error)}<id>{escape(record_id)}</id><success>false</success></result>")
    return f"<undeleteResponse>{''.join(results)}</undeleteResponse>"


def _object_of(name: str) -> SObject:
    """The object of a `type` element."""
    sobject = SOBJECTS.get(name.lower())
    if sobject is None:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def _object_of_id(record_id: str) -> SObject:
    """The object whose ids begin as this one does."""
    for sobject in SOBJECTS.values():
        if sobject.prefix == record_id[:3]:
            return sobject
    raise SalesforceError("MALFORMED_ID", f"malformed id {record_id}")


def _values(record: ET.Element) -> dict[str, str | None]:
    """Field values of an sObject element; `fieldsToNull` clears."""
    values: dict[str, str | None] = {}
    for child in record:
        name = _local(child)
        if name == "fieldsToNull":
            values[(child.text or "").strip()] = None
        elif name not in {"type", "Id"}:
            values[name] = child.text
    return values


def _errors(error: SalesforceError) -> str:
    """A row's error."""
    fields = "".join(f"<fields>{escape(name)}</fields>" for name in error.fields)
    return f"<errors>{fields}<message>{escape(error.message)}</message><statusCode>{error.code}</statusCode></errors>"


def _origin(session: Session) -> Origin:
    """Who writes over SOAP."""
    return Origin(request_id=uuid.uuid4().hex, method="POST", path="/services/Soap/u", user_id=session.user_id)


def _fault_kind(fault: SoapFault) -> str:
    """The fault's element name."""
    return "LoginFault" if fault.code == "INVALID_LOGIN" else "UnexpectedErrorFault"


_CALLS: dict[str, Callable[[Org, Session, ET.Element], str]] = {
    "getUserInfo": _get_user_info,
    "logout": _logout,
    "merge": _merge,
    "undelete": _undelete,
}
