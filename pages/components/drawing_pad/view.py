"""Drawing pad for mouse, pen or finger. The browser sends the drawing while the pen still moves."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import torch
from streamlit.components.v2 import component
from torch import Tensor

from xfer_core.errors import XferError

HERE = Path(__file__).parent
SIDE = 64  # pixels of the drawing that arrives

# Registered once, at import.
_component = component(
    "xfer.draw",
    js=(HERE / "draw.js").read_text("utf-8"),
    css=(HERE / "draw.css").read_text("utf-8"),
    isolate_styles=False,
)


def pad_texts(_: Callable[[str], str]) -> dict[str, str]:
    """Every text of the pad, in the viewer's language."""
    return {
        "label": _("Square to draw in"),
        "hint": _("Draw a digit here"),
        "undo": _("Undo last stroke"),
        "clear": _("Clear"),
    }


def drawing_of(key: str) -> Tensor | None:
    """The drawing in the pad of this key when the page runs: white strokes on black, uint8 (1, 64, 64); None if empty.

    It can be called before the pad itself is laid out.

    Raises:
        XferError: ``wrong_type`` if the browser sent something else.
    """
    state = _state(key)
    return decode_pixels(state["pixels"]) if state.get("pixels") else None


def drawing_pad(key: str, texts: dict[str, str]) -> None:
    """The pad, with buttons to undo and to clear. To be laid out last: its update tells the browser that the
    predictions for the last drawing are there, and the browser then sends the strokes drawn since.

    Args:
        key: of the component; the same key keeps the drawing over reruns.
        texts: from :func:`pad_texts`.
    """
    data = {"texts": texts, "side": SIDE, "heard": _state(key).get("turn", 0)}
    _component(key=key, data=data, default={"drawing": {}}, on_drawing_change=_nothing)


def _state(key: str) -> dict[str, Any]:
    """The browser's last message: ``pixels``, and ``turn``, which counts its messages."""
    sent = st.session_state.get(key)
    drawing = sent.get("drawing") if isinstance(sent, dict) else None
    return drawing if isinstance(drawing, dict) else {}


def decode_pixels(sent: object) -> Tensor:
    """Base64 of 64×64 bytes as uint8 (1, 64, 64).

    Raises:
        XferError: ``wrong_type``.
    """
    try:
        grey = base64.b64decode(sent, validate=True) if isinstance(sent, str) else b""
    except (binascii.Error, ValueError):
        grey = b""
    if len(grey) != SIDE * SIDE:
        raise XferError("wrong_type", "drawing", sent, expected=f"{SIDE}×{SIDE} grey pixels in base64")
    return torch.from_numpy(np.frombuffer(grey, np.uint8).reshape(1, SIDE, SIDE).copy())


def _nothing() -> None:
    """Streamlit requires a callback for a state; only the rerun is needed."""
