"""The few SOAP calls that clients still make: login, logout, getUserInfo, merge, undelete."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from reconcile.simulators.salesforce.auth import PASSWORD, SECURITY_TOKEN, identity, username
from reconcile.simulators.salesforce.org import Org, Session

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
            f"<soapenv:Fault><faultcode>sf:{fault.code}</faultcode><faultstring>{fault.code}: {escape(fault.message)}</faultstring>"
            f"<detail><sf:{_fault_kind(fault)} xsi:type='sf:{_fault_kind(fault)}'><sf:exceptionCode>{fault.code}</sf:exceptionCode>"
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


def _read(body: bytes) -> tuple[ElementTree.Element, str]:
    """The call element, and the session id of the header."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise SoapFault("UNKNOWN_EXCEPTION", "document types are not allowed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # document types, and so entities, are refused above
    except ElementTree.ParseError as error:
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


def _local(element: ElementTree.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def child_text(element: ElementTree.Element, name: str) -> str:
    """The text of a child."""
    return next(((child.text or "").strip() for child in element if _local(child) == name), "")


def _login(org: Org, call: ElementTree.Element, rest: str) -> str:
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


def _get_user_info(org: Org, session: Session, _call: ElementTree.Element) -> str:
    return f"<getUserInfoResponse><result>{_user_info(org, session)}</result></getUserInfoResponse>"


def _logout(org: Org, session: Session, _call: ElementTree.Element) -> str:
    org.sessions.pop(session.token, None)
    return "<logoutResponse/>"


def _fault_kind(fault: SoapFault) -> str:
    """The fault's element name."""
    return "LoginFault" if fault.code == "INVALID_LOGIN" else "UnexpectedErrorFault"


_CALLS: dict[str, Callable[[Org, Session, ElementTree.Element], str]] = {
    "getUserInfo": _get_user_info,
    "logout": _logout,
}
