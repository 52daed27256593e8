"""Base class of all configurations: problems, networks, strategies, training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from xfer_core.errors import XferError

Name = Annotated[str, Field(max_length=200)]
"""The name of a domain, a task, a stage, a parameter."""

Reference = Annotated[str, Field(max_length=1900)]
"""A domain with its parameters, one of which may be a drawing; it still fits into a link."""


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


AnyConfig = TypeVar("AnyConfig", bound=Config)


def read_fields(form: type[AnyConfig], values: Mapping[str, object], place: str = "") -> AnyConfig:
    """A flat record with these values, which may be texts.

    Args:
        form: its class.
        values: by field.
        place: before the name of the field in an error, with a dot.

    Raises:
        XferError: ``unknown_field``, ``too_small``, ``too_large``, ``not_above``, ``not_below``, ``not_finite``,
            ``wrong_type`` or that of a validator, naming the field.
    """
    try:
        return form.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name, kind, found = f"{place}{first['loc'][0]}", first["type"], first["input"]
        context = first.get("ctx", {})
        if isinstance(cause := context.get("error"), XferError):  # of a validator of ours
            cause.field = name
            raise cause from None
        if kind == "extra_forbidden":
            raise XferError("unknown_field", name, found, allowed=tuple(form.model_fields)) from None
        if kind in BOUNDS:
            code, limit = BOUNDS[kind]
            raise XferError(code, name, found, limit=context[limit]) from None
        if kind == "finite_number":
            raise XferError("not_finite", name, found) from None
        simple = {"int": "a whole number", "float": "a number"}.get(kind.partition("_")[0], "of another kind")
        expected = str(context.get("expected", simple)).replace("'", "")
        raise XferError("wrong_type", name, found, expected=expected) from None
