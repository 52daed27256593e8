"""The base of everything that a person can fill in: problems, networks, strategies, settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Form(BaseModel):
    """A frozen record of typed, bounded fields.

    Its fields are the single source of the page's controls, the JSON schema, ``--set`` and the help text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
