"""Translation and formatting for the viewer's locale. Every text on a page goes through ``_``."""

from __future__ import annotations

import gettext
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from pages.widgets.page_words import page_word
from xfer_core.errors import XferError, format_error

LOCALES = Path(__file__).parents[1] / "locales"

JOINER = "\u2060"  # has no width and breaks no line
# What Streamlit looks for once backslashes are gone: :emoji:, icons, colours, addresses, mail, arrows.
SIGNS = re.compile(r"(?<=:)(?=[\w+/-])|(?<=www)(?=\.|$)|(?=@)|(?<=(?<!\S)[<>~-])(?=(->|[->=])(?!\S))", re.IGNORECASE)
MARKUP = re.compile(r"[\\`*\[\]<$~|&]|(?<![^\W_])_|_(?![^\W_])|^[-+#>=:]")  # an underscore within a word is none
NUMBERED = re.compile(r"^(\d+)([.)])")  # a list begins


@cache
def _translations(locale: str) -> gettext.NullTranslations:
    return gettext.translation("xfer", LOCALES, [locale, locale.split("-")[0]], fallback=True)


def locale() -> str:
    """The browser's language, such as ``en-GB``."""
    return st.context.locale or "en"


def _(text: str) -> str:
    """The text in the viewer's language; English where nobody has translated it."""
    return _translations(locale()).gettext(text)


def plain(text: object) -> str:
    """A text from outside, escaped so that Markdown shows it literally.

    Names, failure reasons, parts of links, names of files and classes go through this wherever Streamlit reads
    Markdown: everywhere except dataframes, code, the options of select boxes and the content of text inputs.

    Args:
        text: on one line or several; the result is one line, as a browser would show it.
    """
    parted = SIGNS.sub(JOINER, " ".join(str(text).split()))
    return NUMBERED.sub(r"\1\\\2", MARKUP.sub(r"\\\g<0>", parted))


def error_text(error: XferError) -> str:
    """A broken rule as a sentence in the viewer's language and in the page's words, escaped for Markdown."""
    return plain(error_words(error))


def error_words(error: XferError) -> str:
    """The same sentence, unescaped, for places that do not read Markdown."""
    return format_error(error, _, lambda value: page_word(value, _))


def counted(count: int, one: str, many: str) -> str:
    """The words for so many, such as ``1 run`` or ``12 runs``.

    Args:
        count: so many.
        one: the words for 1.
        many: those for any other number, with ``{count}``.
    """
    return one if count == 1 else many.format(count=count)


def percent(fraction: float) -> str:
    """0.7314 as ``73.1 %``."""
    return f"{100 * fraction:.1f} %"


def format_time(seconds: float) -> str:
    """A time since 1970 as the viewer's clock shows it, such as ``2026-11-21 17:05``."""
    return local_time(seconds).strftime("%Y-%m-%d %H:%M")


def local_time(seconds: float) -> datetime:
    """A time since 1970 in the viewer's time zone."""
    return datetime.fromtimestamp(seconds, ZoneInfo(st.context.timezone or "UTC"))


def duration(seconds: float) -> str:
    """A rounded duration, in the unit that a person would use."""
    if seconds < 90:
        return _("{count} s").format(count=max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count} h").format(count=f"{seconds / 3600:.1f}")


def time_range(low: float, high: float) -> str:
    """A range of durations, such as "2 to 4 min": both ends in the unit of the longer one."""
    size, unit = next((size, unit) for size, unit, most in _units() if high < most)
    ends = [_rounded(end / size) for end in (low, high)]
    amount = ends[1] if ends[0] == ends[1] else _("{low} to {high}").format(low=ends[0], high=ends[1])
    return unit.format(count=amount)


def _units() -> tuple[tuple[float, str, float], ...]:
    """For each unit: its seconds, its words, and the number of seconds from which the next unit is used."""
    return (1, _("{count} s"), 90), (60, _("{count} min"), 90 * 60), (3600, _("{count} h"), float("inf"))


def _rounded(value: float) -> str:
    """Rounded to a whole number, or from 20 on to tens: an estimate is no more exact than that."""
    return str(max(1, round(value) if value < 20 else 10 * round(value / 10)))
