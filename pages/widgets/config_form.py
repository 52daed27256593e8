"""Controls generated from the typed fields of a config: type, bounds, default, title and help come from the class."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pages.i18n import _


def controls(
    form: BaseModel,
    prefix: str,
    without: tuple[str, ...] = (),
    on_change: Callable[[str, str], None] | None = None,
    offered: Mapping[str, Collection[str]] | None = None,
) -> dict[str, Any]:
    """One control a field, in the order of the class.

    Args:
        form: the config, with its present values.
        prefix: starts the keys of the controls.
        without: fields that are shown elsewhere, or not at all.
        on_change: is called with the field and the key of its control when a person has changed it.
        offered: field of several choices → those that are possible here.

    Returns:
        field → value as chosen; to be validated again.
    """
    return {
        name: _control(f"{prefix}.{name}", field, getattr(form, name), on_change, (offered or {}).get(name))
        for name, field in type(form).model_fields.items()
        if name not in ("kind", *without)
    }


def _control(
    key: str,
    field: FieldInfo,
    value: Any,
    on_change: Callable[[str, str], None] | None,
    offered: Collection[str] | None = None,
) -> Any:
    kind, name = field.annotation, key.rpartition(".")[2]
    shown: dict[str, Any] = {
        "label": _(field.title or name),
        "help": _help(field),
        "key": key,
        "on_change": on_change,
        "args": (name, key),
    }
    bounds = _bounds(field)
    if kind is bool:
        return st.toggle(value=value, **shown)
    if kind is int:
        whole: dict[str, Any] = {name: int(limit) for name, limit in bounds.items()}
        return st.number_input(value=value, step=1, **shown, **whole)
    if kind is float or kind == float | None:
        step = 10.0 ** (len(f"{value:.0e}".partition("e")[0]) - 1) * abs(value) / 10 if value else 0.001
        return st.number_input(value=value, step=step, format="%g", placeholder=_("as before"), **shown, **bounds)
    if get_origin(kind) is Literal:
        options = get_args(kind)
        return st.selectbox(options=options, index=options.index(value), format_func=_word, **shown)
    if get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal:
        options = [option for option in get_args(get_args(kind)[0]) if offered is None or option in offered]
        default = [option for option in value if option in options]
        return tuple(st.multiselect(options=options, default=default, format_func=_word, **shown))
    return st.text_input(value=str(value), **shown)


def sliders(form: BaseModel, prefix: str) -> dict[str, Any]:
    """One slider per field that is a number with both bounds; whole numbers, such as a copy's, and texts have none.

    Args:
        form: the config, with its present values.
        prefix: starts the keys of the controls.

    Returns:
        field → value as chosen.
    """
    found = {}
    for name, field in type(form).model_fields.items():
        if field.annotation is not float:
            continue
        bounds, key = _bounds(field), f"{prefix}.{name}"
        st.session_state.setdefault(key, float(getattr(form, name)))
        span = bounds["max_value"] - bounds["min_value"]
        found[name] = st.slider(
            _(field.title or name),
            step=10.0 ** round(math.log10(span / 200)),
            help=_help(field),
            key=key,
            **bounds,
        )
    return found


def _help(field: FieldInfo) -> str | None:
    """The docstring of a field on one line."""
    return _(" ".join(field.description.split())) if field.description else None


def _word(option: Any) -> str:
    """A choice in words."""
    return _(str(option).replace("_", " "))


def _bounds(field: FieldInfo) -> dict[str, Any]:
    """Bounds for a number input; exclusive bounds are checked by the config itself."""
    bounds: dict[str, Any] = {}
    for rule in field.metadata:
        for name, bound in (("ge", "min_value"), ("gt", "min_value"), ("le", "max_value"), ("lt", "max_value")):
            if (limit := getattr(rule, name, None)) is not None:
                bounds[bound] = float(limit)
    return bounds


def choose_kind(label: str, classes: Sequence[Any], now: Any, key: str) -> Any:
    """A choice among config classes: ``now`` if it is of the chosen class, else the defaults of that class."""
    kinds = [form.kind_name() for form in classes]
    st.selectbox(label, kinds, index=kinds.index(now.kind) if now.kind in kinds else 0, key=key)
    return present_kind(classes, now, key)


def present_kind(classes: Sequence[Any], now: Any, key: str) -> Any:
    """What :func:`choose_kind` returns, also before it is drawn."""
    kinds = {form.kind_name(): form for form in classes}
    kind = st.session_state.get(key, now.kind)
    return now if kind == now.kind and kind in kinds else kinds.get(kind, classes[0])()


def present_config(form: Any, prefix: str) -> Any:
    """The config as its controls say, also before they are drawn; not validated."""
    values = {name: st.session_state.get(f"{prefix}.{name}", value) for name, value in form}
    return type(form).model_construct(**values)
