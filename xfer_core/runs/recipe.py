"""Reads a recipe file as JSON, before it becomes a spec."""

from __future__ import annotations

import json
from typing import Any

from xfer_core.errors import XferError

LARGEST = 4_000_000  # bytes: a table of weights may have a megabyte, and JSON writes some characters with six


def recipe_data(content: bytes, name: object) -> Any:
    """The JSON of a recipe file, to be checked by ``parse_spec``.

    Args:
        content: text in UTF-8, 16 or 32, with or without a byte order mark.
        name: of the file, for the error.

    Raises:
        XferError: ``too_long``, ``no_file`` if it is not text, ``not_json``.
    """
    if len(content) > LARGEST:
        raise XferError("too_long", "recipe", name, limit=f"{LARGEST:,}", what="bytes")
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        raise XferError("no_file", "recipe", name, reason="it is no text") from None
    except (ValueError, RecursionError) as error:  # invalid JSON, a number of 5000 digits, or too deep
        raise XferError("not_json", "recipe", name, reason=error) from None
