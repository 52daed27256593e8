"""Reads recipes and settings from the arguments of a command."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.errors import XferError


def read_recipe_file(options: argparse.Namespace) -> Any:
    """The JSON of the recipe; without one, an empty object."""
    from xfer_core.runs.recipe import recipe_data

    if options.recipe is None:
        return {}
    try:
        content = options.recipe.read_bytes()
    except OSError as error:
        raise XferError("no_file", "recipe", options.recipe, reason=error.strerror or error) from None
    return recipe_data(content, options.recipe)


def split_setting(text: str) -> tuple[str, str]:
    """Path and value of an argument of ``--set``.

    Raises:
        XferError: ``not_a_setting``.
    """
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise XferError("not_a_setting", "--set", text)
    return path, value


def read_spec(options: argparse.Namespace) -> Any:
    """The spec of the recipe and the settings, checked."""
    from xfer_core.runs.spec import parse_spec

    spec = parse_spec(read_recipe_file(options), options.set)
    spec.check()
    return spec
