"""Middleware that checks ``Host`` and ``Origin`` before every route, and adds security headers to every response.

docs/SECURITY.md says which attacks that prevents.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xfer_core.errors import XferError
from xfer_core.settings import settings

ALWAYS = ("localhost", "127.0.0.1", "[::1]")
EVERY_ADDRESS = ("0.0.0.0", "::", "")  # to listen on; nobody's name
AGENT_ROUTES = "/_stcore/agent/"
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/\[\]@]+?)\.?(?::\d+)?")
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def named_hosts() -> tuple[str, ...]:
    """The host names in ``XFER_HOSTS``, in lower case; IPv6 addresses in brackets, as a browser writes them."""
    names = (name.strip().lower().rstrip(".") for name in settings().hosts.split(","))
    return tuple(f"[{name.strip('[]')}]" if ":" in name else name for name in names if name)


def own_hosts() -> tuple[str, ...]:
    """The host names that need no setting: localhost, and the address that the server listens on."""
    address = (st.get_option("server.address") or "").lower()
    if address in EVERY_ADDRESS or address.startswith("unix:"):
        return ALWAYS
    return (*ALWAYS, f"[{address}]" if ":" in address else address)


class SecurityMiddleware:
    """Refuses foreign hosts and origins, blocks Streamlit's agent routes, and adds the security headers.

    A foreign page can make a browser send requests to this server in two ways. Across origins: then the browser says
    whose page it is (``Origin``). Or by DNS rebinding, where its own name points to this machine: then the browser
    takes both for one origin, but the foreign name is in ``Host``.

    Args:
        app: the wrapped application.
        own: names that ``Host`` may hold.
        named: further ones, whose pages may also send requests across origins and show the app in a frame; ``*.name``
            stands for every name below it, ``*`` for every name.
    """

    def __init__(self, app: ASGIApp, own: Sequence[str] = ALWAYS, named: Sequence[str] = ()) -> None:
        self.app, self.own, self.named = app, tuple(own), tuple(named)
        self.headers = security_headers(self.named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the server answers 403
        else:
            status, sentence = refusal
            await PlainTextResponse(f"{sentence}\n", status)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence for a request that is refused; None for one that passes."""
        headers = Headers(scope=scope)
        hosts, origin = headers.getlist("host"), headers.get("origin")
        found = HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if found is None or not _is_among(found.group(1), (*self.own, *self.named)):
            return 421, str(XferError("unknown_host", "Host", hosts))
        if origin is not None:
            asking = urlsplit(origin).netloc.lower()
            page = HOST.fullmatch(asking)
            if asking != hosts[0].lower() and not (page and _is_among(page.group(1), self.named)):
                return 403, str(XferError("unknown_origin", "Origin", origin))
        if AGENT_ROUTES in scope["path"]:
            return 404, "Not Found"
        return None


def _is_among(host: str, names: Sequence[str]) -> bool:
    return any(name in ("*", host) or (name.startswith("*.") and host.endswith(name[1:])) for name in names)


def security_headers(named: Sequence[str]) -> dict[str, str]:
    """The headers of every response.

    Args:
        named: hosts whose pages may show the app in a frame, beside its own.
    """
    frames = " ".join(["'self'", *("*" if name == "*" else f"{name}:*" for name in named if "[" not in name)])
    policy = {
        "default-src": "'self'",
        # Components bring their script in the page's own data: the browser loads it from a blob.
        "script-src": " ".join(["'self'", "blob:", *_inline_scripts()]),
        "style-src": "'self' 'unsafe-inline'",  # Streamlit and plotly.js write their styles while they run
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": frames,
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # a link to a paper does not say which run was shown
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return headers if named else {**headers, "X-Frame-Options": "SAMEORIGIN"}  # it cannot name others


def _inline_scripts() -> list[str]:
    """Hashes of the inline scripts of Streamlit's own page: no other inline script may run."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
