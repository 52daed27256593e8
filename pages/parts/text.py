"""The viewer's language. Every text on a page goes through ``_``."""

from __future__ import annotations

import gettext
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

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


def moment(seconds: float) -> str:
    """A time since 1970 as the viewer's clock shows it, such as ``2026-11-21 17:05``."""
    return local_time(seconds).strftime("%Y-%m-%d %H:%M")


def local_time(seconds: float) -> datetime:
    """A time since 1970 in the viewer's time zone."""
    return datetime.fromtimestamp(seconds, ZoneInfo(st.context.timezone or "UTC"))


def duration(seconds: float) -> str:
    """About how long, in the unit that a person would use."""
    if seconds < 90:
        return _("{count} s").format(count=max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count} h").format(count=f"{seconds / 3600:.1f}")
