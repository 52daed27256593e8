"""Who the web server answers, and the headers that it sends."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
from dataclasses import dataclass

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from benchmarks.serving import ROOT, AppServer
from pages import security
from pages.security import SecurityMiddleware, named_hosts, own_hosts, security_headers
from pages.streaming.feed import RunFeed
from pages.streaming.routes import live_routes
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED
from xfer_core.settings import Settings

OURS = "http://127.0.0.1:8501"
FOREIGN_HOSTS = [
    "rebound.example",
    "rebound.example:8501",
    "127.0.0.1.example",
    "localhost@evil.example",
    "",
    "a b",
    "*",
]


@dataclass(frozen=True)
class Answer:
    """What came back: of a websocket 101 or 403."""

    status: int
    text: str
    headers: dict[str, str]


def request(app, path: str, kind: str = "http", method: str = "GET", **headers: str | list[str]) -> Answer:
    """One request, as a server hands it to the app."""
    given = {"Host": "127.0.0.1:8501", **headers}
    pairs = [(k.lower().encode(), v.encode()) for k, vs in given.items() for v in ([vs] if isinstance(vs, str) else vs)]
    path, _mark, query = path.partition("?")
    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": pairs}
    scope |= {"raw_path": path.encode(), "root_path": "", "scheme": "http", "http_version": "1.1", "subprotocols": []}
    sent: list[dict] = []

    async def run() -> None:
        asked = [{"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": b""}]

        async def receive():
            if asked:
                return asked.pop()
            await asyncio.sleep(3600)

        async def send(message):
            sent.append(message)

        await app({**scope, "asgi": {"version": "3.0"}}, receive, send)

    asyncio.run(run())
    if kind == "websocket":
        return Answer(101 if sent[0]["type"] == "websocket.accept" else 403, "", {})
    names = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]).decode("utf-8", "replace"), names)


@pytest.fixture
def stream(store):
    """The address of the stream of a run that has ended."""
    run = store.create(RunSpec())
    store.update(run, status=FINISHED)
    return f"/live/stream?runs={run}"


@pytest.fixture
def app(store):
    """The app's own routes, and some that stand for Streamlit's, behind the check."""

    async def page(_request):
        return PlainTextResponse("page")

    async def socket(websocket):
        await websocket.accept()
        await websocket.close()

    def made(*named: str) -> Starlette:
        routes = [*live_routes(RunFeed(lambda: store, interval=0.01)), WebSocketRoute("/_stcore/stream", socket)]
        routes += [Route(path, page, methods=["GET", "POST"]) for path in ("/", "/_stcore/agent/interact")]
        return Starlette(routes=routes, middleware=[Middleware(SecurityMiddleware, named=named)])

    return made


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "localhost.", "[::1]:8501"])
def test_this_machine_s_own_names_are_answered(app, stream, host):
    for path in ("/", stream, "/live/plotly.js"):
        assert request(app(), path, Host=host).status == 200
    assert request(app(), "/_stcore/stream", "websocket", Host=host).status == 101


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_was_made_to_point_here_is_refused_on_every_route(app, stream, host):
    for path in ("/", stream, "/live/plotly.js", "/nowhere"):
        answer = request(app(), path, Host=host)
        assert answer.status == 421
        assert answer.text.startswith("Host must be a name of this server; XFER_HOSTS adds names; found ")
        assert answer.headers["content-type"].startswith("text/plain")
    assert request(app(), "/_stcore/stream", "websocket", Host=host).status == 403


def test_none_or_two_names_in_one_request_are_refused(app):
    assert request(app(), "/", Host=["127.0.0.1", "rebound.example"]).status == 421
    assert request(app(), "/", Host=[]).status == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1.example", "null", "http://localhost:3000"]
)
def test_the_page_of_a_stranger_cannot_read_the_stream(app, stream, origin):
    asked = {"Host": "localhost:8501", "Origin": origin}
    for answer in (request(app(), stream, **asked), request(app(), "/", method="POST", **asked)):
        assert answer.status == 403
        assert answer.text == f"Origin must be this server or a host that XFER_HOSTS names; found {origin}.\n"
    assert request(app(), "/_stcore/stream", "websocket", **asked).status == 403


def test_the_app_s_own_pages_may_ask(app, stream):
    own = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
    answer = request(app(), stream, **own)
    assert answer.status == 200
    assert "event: end" in answer.text
    assert request(app(), "/_stcore/stream", "websocket", **own).status == 101


def test_names_of_the_setting_are_answered_and_may_ask(app):
    opened = app("xfer.school.example", "*.lab.example")
    for host in ("xfer.school.example", "pc7.lab.example:8501"):
        assert request(opened, "/", Host=host, Origin=f"https://{host}").status == 200
        assert request(opened, "/", Host="localhost", Origin=f"https://{host}").status == 200
    for host in ("lab.example", "evil-lab.example", "school.example"):
        assert request(opened, "/", Host=host).status == 421
    assert request(app("*"), "/", Host="anything.example").status == 200


@pytest.mark.parametrize("path", ["/_stcore/agent/interact", "/_stcore/agent/mcp", "/base/_stcore/agent/openapi.json"])
def test_programs_cannot_drive_the_app_through_streamlit_s_agent_routes(app, path):
    for method in ("GET", "POST"):
        answer = request(app(), path, method=method)
        assert (answer.status, answer.text) == (404, "Not Found\n")


def test_every_answer_carries_the_headers(app, stream):
    asked = [("/", {}), (stream, {}), ("/nowhere", {}), ("/", {"Host": "rebound.example"})]
    for path, more in asked:
        headers = request(app(), path, **more).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["img-src"] == "'self' data: blob:"
        assert policy["connect-src"] == policy["default-src"] == policy["frame-ancestors"] == "'self'"
        assert "unsafe" not in policy["script-src"]


def test_a_course_page_may_show_the_app_in_a_frame_if_the_setting_names_it():
    headers = security_headers(("course.school.example", "[fe80::1]"))
    assert "frame-ancestors 'self' course.school.example:*" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers


def test_the_setting_holds_names_separated_by_commas(monkeypatch):
    monkeypatch.setenv("XFER_HOSTS", " Xfer.School.example. , 192.168.1.5,fe80::1, [fe80::2],*.lab.example ")
    assert named_hosts() == ("xfer.school.example", "192.168.1.5", "[fe80::1]", "[fe80::2]", "*.lab.example")
    monkeypatch.setenv("XFER_HOSTS", "")
    assert named_hosts() == ()


@pytest.mark.parametrize("value", ["http://a.example", "a.example:8501", "a b", "a,,b", "*a", "a/b", "<b>"])
def test_what_is_no_name_is_refused_by_the_setting(monkeypatch, value):
    monkeypatch.setenv("XFER_HOSTS", value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("address", "more"),
    [
        (None, []),
        ("0.0.0.0", []),
        ("::", []),
        ("unix:///x", []),
        ("10.0.0.7", ["10.0.0.7"]),
        ("fe80::1", ["[fe80::1]"]),
    ],
)
def test_the_address_that_the_server_listens_on_is_a_name_of_it(monkeypatch, address, more):
    monkeypatch.setattr(security.st, "get_option", {"server.address": address}.get)
    assert own_hosts() == (*security.ALWAYS, *more)


def test_the_server_listens_on_this_machine_only_unless_told_otherwise():
    code = "import streamlit as st; print(st.get_option('server.address'), st.get_option('server.enableAgentApi'))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.split() == ["127.0.0.1", "False"]


def test_a_real_server_answers_its_own_name_only(tmp_path):
    server = AppServer(tmp_path / "home", XFER_HOSTS="xfer.school.example")

    def status(path: str, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "img-src 'self' data: blob:" in answer.headers["Content-Security-Policy"]
        connection.close()
        return answer.status

    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    upgrade["Sec_WebSocket_Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    try:
        for path in ("/", "/train", "/_stcore/health", "/live/plotly.js"):
            assert status(path) == 200
            assert status(path, Host="xfer.school.example") == 200
            assert status(path, Host="rebound.example") == 421
            assert status(path, Origin="http://evil.example") == 403
        assert status("/_stcore/agent/openapi.json") == 404
        for headers in ({"Host": "rebound.example"}, {"Origin": "http://evil.example"}):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            asked = {name.replace("_", "-"): value for name, value in {**upgrade, **headers}.items()}
            connection.request("GET", "/_stcore/stream", headers=asked)
            assert connection.getresponse().status == 403
            connection.close()
    finally:
        server.close()
