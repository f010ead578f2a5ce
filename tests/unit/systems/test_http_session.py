"""The HTTP session against a server that answers, refuses and breaks off: what it repeats, tells and logs."""

from __future__ import annotations

import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import RateLimitedError, UnreachableError
from reconcile.model import Connection
from reconcile.systems.http import REPEATABLE, HttpSession, RetryPolicy, retry_after_s, shown_path
from reconcile.systems.throttle import TokenBucket, bucket_for
from tests.unit.systems.answers import Scripted, answering

QUICK = RetryPolicy(attempts=3, backoff_s=0.01, limit_backoff_s=0.01, longest_wait_s=2)
CONNECTION = Connection("practice", "Practice", "chargebee", "practice")


def session(url: str, policy: RetryPolicy = QUICK) -> HttpSession:
    return HttpSession(CONNECTION, url, policy=policy)


BUSY, LIMITED, LOST, OK = (
    Scripted(503),
    Scripted(429, headers={"Retry-After": "0"}),
    Scripted(drop="before"),
    Scripted(),
)
PAGE = Scripted(body=b"<html>Maintenance</html>", headers={"Content-Type": "text/html; charset=utf-8"})
HALF = Scripted(body=b'{"a": "long enough to be cut"}', drop="during")


@pytest.mark.parametrize(
    ("method", "is_marked", "first", "expected_requests", "expected"),
    [
        ("GET", False, LIMITED, 2, 200),
        ("GET", False, BUSY, 2, 200),
        ("GET", False, LOST, 2, 200),
        ("GET", False, HALF, 2, 200),
        ("GET", False, PAGE, 2, 200),
        ("GET", False, Scripted(500), 1, 500),
        ("GET", False, Scripted(400), 1, 400),
        ("POST", False, LIMITED, 2, 200),
        ("POST", False, BUSY, 1, 503),
        ("POST", False, LOST, 1, "may have applied"),
        ("POST", False, HALF, 1, "may have applied"),
        ("POST", False, PAGE, 1, "may have applied"),
        ("PATCH", False, LOST, 1, "may have applied"),
        ("POST", True, BUSY, 2, 200),
        ("POST", True, LOST, 2, 200),
        ("POST", True, PAGE, 2, 200),
    ],
)
def test_what_is_repeated(
    method: str, is_marked: bool, first: Scripted, expected_requests: int, expected: int | str
) -> None:
    with answering(first, OK) as server:
        headers = {REPEATABLE: "1"} if is_marked else {}
        try:
            found: int | str = (
                session(server.url).request(method, f"{server.url}/x", headers=headers, data=b"b").status_code
            )
        except UnreachableError as error:
            found = "may have applied" if error.may_have_applied else "nothing applied"
        assert found == expected
        assert len(server.got) == expected_requests
        assert all(REPEATABLE not in got.headers for got in server.got)


def test_a_read_that_never_gets_an_answer_says_that_nothing_was_applied() -> None:
    with answering(LOST) as server:
        with pytest.raises(UnreachableError) as caught:
            session(server.url).get(f"{server.url}/x?token=sesame")
        assert len(server.got) == QUICK.attempts
    assert not caught.value.may_have_applied
    assert "sesame" not in str(caught.value)


def test_a_write_to_nobody_was_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError) as caught:
        session(f"http://127.0.0.1:{port}").post(f"http://127.0.0.1:{port}/x")
    assert not caught.value.may_have_applied


def test_retry_after_is_waited_for() -> None:
    with answering(Scripted(429, headers={"Retry-After": "1"}), OK) as server:
        started = time.monotonic()
        assert session(server.url).post(f"{server.url}/x").status_code == 200
        assert time.monotonic() - started >= 1.0


def test_a_limit_that_stays_ends_as_an_error_with_its_time() -> None:
    with answering(Scripted(429, headers={"Retry-After": "0"})) as server:
        with pytest.raises(RateLimitedError):
            session(server.url).get(f"{server.url}/x")
        assert len(server.got) == QUICK.attempts
    with answering(Scripted(429, headers={"Retry-After": "3600"})) as server:
        with pytest.raises(RateLimitedError) as caught:
            session(server.url).get(f"{server.url}/x")
        assert caught.value.retry_after_s == 3600
        assert len(server.got) == 1


def test_a_read_that_takes_too_long_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connection = Connection("slow", "Slow", "chargebee", "practice", options={"read_timeout_s": "0.2"})
        with pytest.raises(UnreachableError, match="no answer in time"):
            HttpSession(connection, url, policy=RetryPolicy(attempts=1)).get(f"{url}/x")


def test_the_log_holds_what_happened_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with answering(BUSY, OK) as server, caplog.at_level(logging.DEBUG, logger="reconcile.http"):
        http = session(server.url)
        http.get(f"{server.url}/a/b?limit=1&access_token=sesame", headers={"Authorization": "Bearer sesame"})
        assert [(r.method, r.path, r.status, r.attempt) for r in http.requests_made] == [
            ("GET", "/a/b?limit=1&access_token=...", 503, 1),
            ("GET", "/a/b?limit=1&access_token=...", 200, 2),
        ]
    assert "sesame" not in caplog.text
    assert "/a/b" in caplog.text


def test_what_is_spelt_https_reaches_a_practice_org_and_nothing_else_does() -> None:
    with answering(OK) as server:
        http = session(server.url)
        http.send_to("https://practice.salesforce.com", server.url)
        assert http.get("https://practice.salesforce.com/services?x=1").status_code == 200
        assert server.got[0].path == "/services?x=1"
        with pytest.raises(ValueError, match="not on this machine"):
            http.send_to("https://practice.salesforce.com", "https://evil.example")


def test_nothing_leaves_this_machine_in_clear() -> None:
    http = HttpSession(CONNECTION, "https://acme.chargebee.com")
    with pytest.raises(requests.exceptions.InvalidSchema):
        http.get("http://acme.chargebee.com/api/v2/customers")


def test_netrc_does_not_replace_the_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with answering(OK) as server:
        session(server.url).get(f"{server.url}/x", headers={"Authorization": "Bearer mine"})
        assert server.got[0].headers["Authorization"] == "Bearer mine"


def test_retry_after_as_seconds_and_as_a_date() -> None:
    assert retry_after_s({"Retry-After": "7"}) == 7
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 27 < (retry_after_s({"Retry-After": later}) or 0) <= 30
    assert retry_after_s({"Retry-After": "soon"}) is None
    assert retry_after_s({}) is None


@given(
    name=st.sampled_from(["token", "Access_Token", "client_secret", "sid", "apikey", "assertion"]),
    value=st.text(min_size=1),
)
def test_no_secret_parameter_is_ever_shown(name: str, value: str) -> None:
    url = requests.Request("GET", "https://x.example/p", params={name: f"<{value}>", "limit": "5"}).prepare().url or ""
    shown = shown_path(url)
    assert f"{name}=..." in shown
    assert "limit=5" in shown


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(per_minute=st.integers(1, 600), burst=st.integers(1, 20), requests_made=st.integers(1, 100))
def test_no_more_than_the_burst_and_the_rate_get_through(per_minute: int, burst: int, requests_made: int) -> None:
    clock = Clock()
    bucket = TokenBucket(per_minute, burst, clock=clock, sleep=clock.sleep)
    for _ in range(requests_made):
        bucket.take()
    assert clock.now == pytest.approx(max(0, requests_made - burst) * 60 / per_minute, abs=1e-6)


def test_a_held_bucket_lets_nothing_through_until_then() -> None:
    clock = Clock()
    bucket = TokenBucket(60, 5, clock=clock, sleep=clock.sleep)
    bucket.hold(30)
    bucket.take()
    assert clock.now >= 30


def test_one_connection_has_one_limiter() -> None:
    assert bucket_for(CONNECTION, 150) is bucket_for(CONNECTION, 150)
    assert bucket_for(CONNECTION, None) is None
