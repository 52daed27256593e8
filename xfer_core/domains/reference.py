"""References to domains: a key, or a key with parameters, such as ``digits.rotated?degrees=60``."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from xfer_core.config import Config, read_fields
from xfer_core.domains.base import Parameters, non_defaults
from xfer_core.errors import XferError


def key_of(reference: str) -> str:
    """The key of a domain, without parameters."""
    return reference.partition("?")[0]


def split_reference(reference: str, field: str = "domain") -> tuple[str, dict[str, str]]:
    """The key of a reference, and its parameters as text.

    Raises:
        XferError: ``not_a_reference``, naming ``field``.
    """
    key, mark, query = reference.partition("?")
    if not mark:
        return key, {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise XferError("not_a_reference", field, reference) from None
    if len(dict(pairs)) < len(pairs):
        raise XferError("not_a_reference", field, reference)
    return key, dict(pairs)


def make_reference(key: str, parameters: Config) -> str:
    """The reference to a domain with these parameters; the bare key where all have their defaults."""
    given = [f"{name}={_text(value)}" for name, value in non_defaults(parameters).items()]
    return f"{key}?{'&'.join(given)}" if given else key


def _text(value: float | str) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_parameters(defaults: Parameters, texts: Mapping[str, str], field: str) -> Parameters:
    """Parameters of the type of ``defaults`` from text.

    Raises:
        XferError: ``unknown_field``, ``too_small``, ``too_large``, ``not_above``, ``not_below``, ``not_finite`` or
            ``wrong_type``, naming ``field`` and the parameter.
    """
    return read_fields(type(defaults), texts, f"{field}.")
