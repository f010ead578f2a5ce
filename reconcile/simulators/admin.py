"""What the practice orgs' keeper can do over HTTP: faults, the write log, touches, deletions, a refreshed sandbox.

Served on both ports, to loopback addresses only, without sign-in.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconcile.simulators.chargebee import records
from reconcile.simulators.chargebee.errors import ChargebeeError
from reconcile.simulators.chargebee.site import Site
from reconcile.simulators.faults import Injector
from reconcile.simulators.salesforce import writing
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Org
from reconcile.simulators.writes import WriteLog

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_SETTINGS = {
    "salesforce": ("daily_limit", "used_calls", "job_delay_s", "duplicate_rules"),
    "chargebee": ("per_minute", "concurrent"),
}


@dataclass(frozen=True, slots=True)
class Keeper:
    """Everything the admin routes act on."""

    org: Org
    site: Site
    faults: Injector
    log: WriteLog

    def routes(self) -> list[Route]:
        """The admin routes."""
        return [
            Route("/admin/faults", _local(self.list_faults), methods=["GET"]),
            Route("/admin/faults", _local(self.add_faults), methods=["POST"]),
            Route("/admin/faults", _local(self.clear_faults), methods=["DELETE"]),
            Route("/admin/writes", _local(self.list_writes), methods=["GET"]),
            Route("/admin/touch", _local(self.touch), methods=["POST"]),
            Route("/admin/delete", _local(self.delete), methods=["POST"]),
            Route("/admin/fingerprint", _local(self.refresh), methods=["POST"]),
            Route("/admin/sessions", _local(self.end_sessions), methods=["DELETE"]),
            Route("/admin/settings", _local(self.settings), methods=["GET", "POST"]),
            Route("/admin/record", _local(self.record), methods=["GET"]),
        ]

    async def list_faults(self, _request: Request) -> Any:
        """Faults that are switched on, with how often they fitted and fired."""
        return {"faults": [fault.shown() for fault in self.faults.faults]}

    async def add_faults(self, request: Request) -> Any:
        """Switch on one fault, or a list of them."""
        body = await request.json()
        return {"faults": [self.faults.add(spec).shown() for spec in (body if isinstance(body, list) else [body])]}

    async def clear_faults(self, request: Request) -> Any:
        """Switch off all faults, or the one of `?id=`."""
        wanted = request.query_params.get("id")
        self.faults.clear(int(wanted) if wanted else None)
        return {"faults": [fault.shown() for fault in self.faults.faults]}

    async def list_writes(self, request: Request) -> Any:
        """Writes that took effect, after `?since=`."""
        return {"writes": self.log.since(int(request.query_params.get("since", "0")))}

    async def touch(self, request: Request) -> Any:
        """Change records as a background automation would: `{system, object, ids, values}`."""
        body = await request.json()
        ids = [str(record_id) for record_id in body["ids"]]
        if body["system"] == "salesforce":
            origin = writing.Origin(kind="automation")
            sobject = SOBJECTS[str(body["object"]).lower()]
            for record_id in ids:
                writing.update(self.org, sobject, record_id, body.get("values") or {}, origin)
        else:
            for record_id in ids:
                records.set_values(
                    self.site, body["object"], record_id, body.get("values") or {}, records.Origin(kind="automation")
                )
        return {"touched": ids}

    async def delete(self, request: Request) -> Any:
        """Delete records: `{system, object, ids}`."""
        body = await request.json()
        for record_id in (str(each) for each in body["ids"]):
            if body["system"] == "salesforce":
                sobject = SOBJECTS[str(body["object"]).lower()]
                writing.delete(self.org, sobject, record_id, writing.Origin(kind="automation"))
            else:
                records.delete_record(self.site, body["object"], record_id, records.Origin(kind="automation"))
        return {"deleted": body["ids"]}

    async def refresh(self, request: Request) -> Any:
        """Refresh the sandbox: another organisation id, or site name, behind the same address; `{system}`."""
        body = json.loads(await request.body() or b"{}")
        name = self.site.refresh() if body.get("system") == "chargebee" else self.org.refresh()
        return {"fingerprint": name}

    async def end_sessions(self, _request: Request) -> Any:
        """End every Salesforce session, as an administrator or the idle limit would."""
        ended = len(self.org.sessions)
        self.org.sessions.clear()
        return {"ended": ended}

    async def settings(self, request: Request) -> Any:
        """Show or change limits and rules: `{salesforce: {...}, chargebee: {...}}`."""
        body = json.loads(await request.body() or b"{}")
        owners: dict[str, Any] = {"salesforce": self.org, "chargebee": self.site}
        for system, values in body.items():
            for name, value in values.items():
                if name not in _SETTINGS[system]:
                    raise ValueError(f"{system} has no setting {name}; known: {', '.join(_SETTINGS[system])}")
                setattr(owners[system], name, value)
        return {system: {name: getattr(owners[system], name) for name in names} for system, names in _SETTINGS.items()}

    async def record(self, request: Request) -> Any:
        """One record as stored: `?system=&object=&id=`; deleted ones too."""
        params = request.query_params
        if params["system"] == "salesforce":
            return {"record": self.org.store.get(SOBJECTS[params["object"].lower()], params["id"])}
        return {"record": self.site.store.get(params["object"], params["id"])}


def _local(handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Serve loopback only; bad input is a 400 with its reason."""

    async def local(request: Request) -> Response:
        if request.client is None or request.client.host not in _LOOPBACK:
            return JSONResponse({"error": "admin routes are for loopback only"}, 403)
        try:
            return JSONResponse(await handler(request))
        except (ValueError, KeyError, TypeError, SalesforceError, ChargebeeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return local
