"""Modalities: what one input is. To add one: add a file or package with a subclass of ``InputSpec``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xfer_core.modalities.base import Encoder, InputSpec
from xfer_core.modalities.image import ImageInput
from xfer_core.modalities.table import Column, TableInput
from xfer_core.modalities.text import TextInput

MODALITIES: tuple[type[InputSpec], ...] = (ImageInput, TableInput, TextInput)


def read_input_spec(data: Mapping[str, Any]) -> InputSpec:
    """The spec that ``dataclasses.asdict``, with the name of its modality, wrote."""
    fields = {name: value for name, value in data.items() if name != "modality"}
    if data["modality"] == TableInput.modality:
        fields["columns"] = tuple(
            Column(column["name"], tuple(column["categories"]), column["unit"]) for column in fields["columns"]
        )
    return next(kind for kind in MODALITIES if kind.modality == data["modality"])(**fields)


__all__ = ["MODALITIES", "Column", "Encoder", "ImageInput", "InputSpec", "TableInput", "TextInput", "read_input_spec"]
