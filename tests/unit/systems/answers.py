"""A real HTTP server that gives the answers a test scripts, and keeps the requests it got."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer. `drop` breaks the connection instead: before anything, or in the middle of the body."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: Literal["", "before", "during"] = ""


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answers:
    """The server: `script` is given in order, its last answer for ever."""

    url: str
    script: list[Scripted]
    got: list[Got] = field(default_factory=list)

    def next(self) -> Scripted:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def answering(*script: Scripted) -> Iterator[Answers]:
    """Serve the script on a free port of the loopback address."""
    answers = Answers("", list(script) or [Scripted()])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answers.got.append(Got(self.command, self.path, dict(self.headers), body))
            answer = answers.next()
            if answer.drop == "before":
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.drop == "during" else answer.body)
            self.close_connection = answer.drop == "during"

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815  # names that the server calls

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
