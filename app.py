"""The door: ``streamlit run app.py``."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from pages.live.routes import ROUTES
from pages.memory import give_memory_back
from pages.security import SecurityMiddleware, named_hosts, own_hosts
from pages.tiles import ROUTES as TILES
from xfer_core.domains import always_there, load_domain


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Make the domains while the first visitor's browser still loads the page."""
    threading.Thread(target=lambda: [load_domain(key) for key in always_there()], daemon=True).start()
    yield


give_memory_back()
security = Middleware(SecurityMiddleware, own=own_hosts(), named=named_hosts())
app = st.App("pages/shell.py", routes=[*ROUTES, *TILES], lifespan=lifespan, middleware=[security])
