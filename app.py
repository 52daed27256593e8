"""Entry point: ``streamlit run app.py``."""

import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

from pages.memory import give_memory_back
from pages.security import SecurityMiddleware, named_hosts, own_hosts
from pages.streaming.frames import ROUTES as FRAMES
from pages.streaming.routes import ROUTES
from pages.streaming.tiles import ROUTES as TILES
from xfer_core.domains import builtin_domains, load_domain
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import ensure_dispatcher, wait_for_dispatcher
from xfer_core.problems.problem import Problem
from xfer_core.settings import settings


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Start the dispatcher and load domains in the background as the server starts."""
    threading.Thread(target=_get_ready, daemon=True).start()
    yield


def _get_ready() -> None:
    """Start the dispatcher and build the domains: first those of the page Start; the others once the workers are warm,
    because until then the first visitor's race needs the processor."""
    with suppress(XferError, OSError):  # an unusable home or database: every page says so
        ensure_dispatcher()
    first = tuple(Problem().roles())
    _make(first)
    with suppress(XferError, OSError):
        wait_for_dispatcher()
    _make(key for key in builtin_domains() if key not in first)


def _make(keys: Iterable[str]) -> None:
    for key in keys:
        with suppress(XferError):  # a font package that this machine lacks
            load_domain(key)


give_memory_back()
config.set_option("server.maxUploadSize", settings().largest_upload)
security = Middleware(SecurityMiddleware, own=own_hosts(), named=named_hosts())
app = st.App("pages/shell.py", routes=[*ROUTES, *TILES, *FRAMES], lifespan=lifespan, middleware=[security])
