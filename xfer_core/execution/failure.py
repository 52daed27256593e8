"""Why a run failed, as the store keeps it. Imports no torch, because the dispatcher needs none."""

from __future__ import annotations

from typing import Any

from xfer_core.errors import XferError, format_error


def failure_reason(code: str, run: str, **params: Any) -> dict[str, Any]:
    """A failure reason for the store, from a message that concerns no field."""
    error = XferError(code, "run", run, **params)
    return {"code": code, "field": "run", "value": run, "params": params, "text": format_error(error)}
