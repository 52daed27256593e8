"""Error messages beside the controls of the fields that they concern."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.i18n import error_text
from xfer_core.errors import XferError


class FieldErrors:
    """Places beside the controls where validation errors are shown."""

    def __init__(self) -> None:
        self.places: dict[str, Any] = {}

    def here(self, *fields: str) -> None:
        """Reserve a place here for the errors of these fields."""
        place = st.empty()
        self.places.update(dict.fromkeys(fields, place))

    def show(self, error: XferError) -> None:
        """Show the error beside the control of the field with the longest matching path."""
        fitting = [field for field in self.places if error.field.startswith(field)]
        place = self.places[max(fitting, key=len)] if fitting else self.places[""]
        place.error(error_text(error), icon=":material/error:")
