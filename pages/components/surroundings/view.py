"""Browser side of every page: shared styles, the menu on a phone, and the message for a lost connection."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from pages.i18n import _
from pages.theme import is_dark

# Registered once, at import.
_component = component("xfer.surroundings", js=(Path(__file__).parent / "surroundings.js").read_text("utf-8"))

# In order: less empty space below the top navigation; long names wrap; a ring on what has the keyboard's focus; the
# counter of a text field below its text; no toolbars on touch screens, where nothing can hover; the menu icon.
STYLE = """<style>
.stMainBlockContainer {padding-top: 4.5rem; padding-bottom: 3rem}
[data-testid=stMarkdownContainer], [data-testid=stHeading] {overflow-wrap: anywhere}
:is(a, button, summary, [role=button], [role=tab], [role=radio]):focus-visible {
  outline: 3px solid var(--st-primary-color, #0B6E99) !important; outline-offset: 2px; border-radius: .4rem}
[data-testid=stHeaderActionElements] {display: none}
[data-testid=stTextInput] [data-testid=InputInstructions] {top: 100%; bottom: auto}
@media (pointer: coarse) {
  .js-plotly-plot .modebar, [data-testid=stElementToolbar] {display: none !important}
}
[data-testid=stExpandSidebarButton] [data-testid=stIconMaterial] {font-size: 0 !important}
[data-testid=stExpandSidebarButton] [data-testid=stIconMaterial]::before {content: "menu"; font-size: 1.6rem}
.st-key-surroundings {display: none}
.xfer-banner {position: fixed; left: 50%; top: 4rem; transform: translateX(-50%); z-index: 1000000; max-width: 90vw;
  padding: .7rem 1.2rem; border-radius: .6rem; background: #5A3A00; color: #fff; font: 1rem system-ui, sans-serif;
  cursor: pointer}
</style>"""


# A primary colour that carries white text is too dark to be text on a dark page.
ON_DARK = """<style>
[data-testid=stButtonGroup] button[data-selected] p, [data-testid=stSlider] [data-testid=stSliderThumbValue] p,
[data-testid=stSlider] output p {color: #8CC8EA}
</style>"""


def surround() -> None:
    """Add styles and script to the page."""
    st.html(STYLE + ON_DARK if is_dark() else STYLE)
    _component(
        key="surroundings",
        data={
            "gone": _("The server does not answer. What trains goes on; this page comes back by itself."),
            "unknown": _("This address is not known here, so you see the start page."),
        },
    )
