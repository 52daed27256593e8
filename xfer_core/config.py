"""Base class of all configurations: problems, networks, strategies, training."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Name = Annotated[str, Field(max_length=200)]
"""The name of a domain, a task, a stage, a parameter."""


def _distinct(values: Any) -> Any:
    twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
    if twice is not None:
        raise PydanticCustomError("not_distinct", "twice", {"twice": twice})
    return values


Distinct = AfterValidator(_distinct)
"""Annotates a tuple whose entries must be distinct."""


BOUNDS: dict[str, tuple[str, str]] = {
    "greater_than_equal": ("too_small", "ge"),
    "greater_than": ("not_above", "gt"),
    "less_than_equal": ("too_large", "le"),
    "less_than": ("not_below", "lt"),
}
"""pydantic's error type → the code of our error, and pydantic's name for the limit."""


class Config(BaseModel):
    """A frozen record of typed, bounded fields.

    Its fields are the single source of the page's controls, the JSON schema, ``--set`` and the help text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def kind_name(cls) -> str:
        """The name by which recipes and links know this class: the default of its field ``kind``."""
        return cls.model_fields["kind"].default
