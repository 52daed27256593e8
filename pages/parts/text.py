"""The viewer's language. Every text on a page goes through ``_``."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

import streamlit as st

LOCALES = Path(__file__).parents[2] / "locales"


@cache
def _translations(locale: str) -> gettext.NullTranslations:
    return gettext.translation("xfer", LOCALES, [locale, locale.split("-")[0]], fallback=True)


def locale() -> str:
    """The browser's language, such as ``en-GB``."""
    return st.context.locale or "en"


def _(text: str) -> str:
    """The text in the viewer's language; English where nobody has translated it."""
    return _translations(locale()).gettext(text)


def percent(fraction: float) -> str:
    """0.7314 as ``73.1 %``."""
    return f"{100 * fraction:.1f} %"
