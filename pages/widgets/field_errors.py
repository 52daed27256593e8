"""Places beside the controls where a broken rule is said."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.i18n import error_text
from xfer_core.errors import XferError


class FieldErrors:
    """Places beside the controls where a broken rule is said."""

    def __init__(self) -> None:
        self.places: dict[str, Any] = {}

    def here(self, *fields: str) -> None:
        """The place for errors of these fields."""
        place = st.empty()
        self.places.update(dict.fromkeys(fields, place))

    def show(self, error: XferError) -> None:
        """Say it beside the control of the nearest field."""
        fitting = [field for field in self.places if error.field.startswith(field)]
        place = self.places[max(fitting, key=len)] if fitting else self.places[""]
        place.error(error_text(error), icon=":material/error:")
