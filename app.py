"""The door: ``streamlit run app.py``."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st
from starlette.middleware import Middleware

from pages.live.routes import ROUTES
from pages.memory import give_memory_back
from pages.security import SecurityMiddleware, named_hosts, own_hosts
from pages.tiles import ROUTES as TILES
from xfer_core.domains import always_there, load_domain
from xfer_core.errors import XferError
from xfer_core.runs.dispatcher import ensure_dispatcher


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """While the first visitor still reads the page: start the process that trains, and make the domains."""
    threading.Thread(target=_prepare, name="xfer-prepare", daemon=True).start()
    yield


def _prepare() -> None:
    with suppress(XferError, OSError):  # a database that cannot be opened is the page's to explain
        ensure_dispatcher()
    for key in always_there():
        with suppress(XferError):  # a font package that this machine lacks
            load_domain(key)


give_memory_back()
security = Middleware(SecurityMiddleware, own=own_hosts(), named=named_hosts())
app = st.App("pages/shell.py", routes=[*ROUTES, *TILES], lifespan=lifespan, middleware=[security])
