"""Open a recipe: an uploaded ``recipe.json`` becomes the settings of Train."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _, error_text
from pages.widgets import address
from xfer_core.errors import XferError
from xfer_core.runs.link import read_link
from xfer_core.runs.recipe import LARGEST, recipe_data
from xfer_core.runs.spec import RunSpec, parse_spec, spec_settings

HANDED_OVER = "train.handed_over"  # a RunSpec: Train begins with it when the visitor arrives
COUNT, REFUSED, WANTED = "recipe.count", "recipe.refused", "recipe.wanted"


def recipe_uploader() -> None:
    """Upload of a ``recipe.json``. A valid one opens Train with its settings, a table of weights included; for an
    invalid one an error names the field and the rule. On Train it replaces the settings there."""
    st.file_uploader(
        _("A recipe.json from an export, or one that you wrote"),
        ["json"],
        key=_key(),
        on_change=_take,
        max_upload_size=-(-LARGEST // 1_000_000),
    )
    refused: XferError | None = st.session_state.get(REFUSED)
    if refused is not None:
        st.error(error_text(refused), icon=":material/error:")
    if st.session_state.pop(WANTED, False):
        st.switch_page("train/page.py")


def open_in_train(spec: RunSpec) -> None:
    """Leave for Train, which begins with these settings."""
    st.session_state[HANDED_OVER] = spec
    st.session_state.pop("train.run", None)  # the curves of another run would stand beside it
    st.session_state[address.ARRIVED] = True
    st.switch_page("train/page.py")


def spec_of(content: bytes, name: str) -> RunSpec:
    """The spec in a recipe file.

    Raises:
        XferError: for the first setting that no control can show.
    """
    spec = parse_spec(recipe_data(content, name))
    _spec, refused = read_link(spec_settings(spec))
    if refused:
        raise refused[0][1]
    return spec


def _key() -> str:
    return f"recipe.file.{st.session_state.get(COUNT, 0)}"


def _take() -> None:
    """A file was uploaded or removed."""
    file = st.session_state[_key()]
    st.session_state[REFUSED] = None
    if file is None:
        return
    try:
        st.session_state[HANDED_OVER] = spec_of(file.getvalue(), file.name)
    except XferError as error:
        st.session_state[REFUSED] = error
        return
    st.session_state[COUNT] = st.session_state.get(COUNT, 0) + 1  # a new key: the uploader is empty for the next file
    st.session_state[WANTED] = True
    st.session_state[address.ARRIVED] = True  # also where the visitor is on Train already
