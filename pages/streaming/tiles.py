"""Route of the sample images that identify a domain on its button."""

from __future__ import annotations

import asyncio
import io
from functools import lru_cache
from urllib.parse import quote

import numpy as np
import streamlit as st
from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from xfer_core.charts.samples import domain_overview
from xfer_core.domains import domain_keys, is_available, registry
from xfer_core.errors import XferError

PREFIX = f"/{(st.get_option('server.baseUrlPath') or '').strip('/')}".rstrip("/")
TILE_URL = f"{PREFIX}/tiles"
KEPT = 200  # tiles in memory
SIZES = {"small": (4, 2), "wide": (10, 5)}  # samples of a domain on its tile, and those in a row


def tile_url(key: str, size: str = "small") -> str:
    """Address of the picture of a domain; another one when an own domain is saved anew.

    Args:
        key: the domain.
        size: one of ``SIZES``.
    """
    version = registry().version(key)
    query = ([f"version={version}"] if version else []) + ([f"size={size}"] if size != "small" else [])
    return f"{TILE_URL}/{quote(key)}.png" + (f"?{'&'.join(query)}" if query else "")


def tile_picture(key: str, size: str = "small") -> bytes:
    """A PNG of a few samples of a domain, of different classes."""
    return _drawn(key, registry().version(key), size)


@lru_cache(KEPT)
def _drawn(key: str, version: int, size: str) -> bytes:
    picture = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(domain_overview(key, *SIZES[size]))).save(picture, "PNG")
    return picture.getvalue()


async def _tile(request: Request) -> Response:
    key = request.path_params["key"]
    if key not in domain_keys() or not is_available(key):
        return PlainTextResponse("There is no picture of this domain here.\n", status_code=404)
    try:
        size = request.query_params.get("size", "small")
        content = await asyncio.to_thread(tile_picture, key, size if size in SIZES else "small")
    except XferError as error:  # its files are damaged: the page says so beside the control
        return PlainTextResponse(f"{error}\n", status_code=404)
    return Response(content, media_type="image/png", headers={"Cache-Control": "public, max-age=3600"})


ROUTES = [Route(f"{TILE_URL}/{{key}}.png", _tile)]
