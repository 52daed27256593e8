"""What a strategy's docstring teaches, cut for a page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pages.parts.text import _
from xfer_core.forms import Form
from xfer_core.strategies import Strategy


@dataclass(frozen=True)
class Lesson:
    """A docstring in two parts, and the paper that it names.

    Attributes:
        idea: the first sentence or two.
        rest: how it works, where it fails, where it is from.
        paper: the first address in it; nothing where there is none.
    """

    idea: str
    rest: str
    paper: str


def lesson_of(form: type[Form]) -> Lesson:
    """The lesson of one strategy or selection rule, in the viewer's language."""
    idea, _line, rest = (form.__doc__ or "").strip().partition("\n\n")
    found = re.search(r"https?://[^\s;)]*[^\s;).,]", rest)
    return Lesson(_(" ".join(idea.split())), _(" ".join(rest.split())), found.group() if found else "")


def family_title(form: type[Strategy]) -> str:
    """What a page calls the strategy's family; adaptation without target labels is a group of its own in it."""
    if form.adapts:
        return _("Transfer: adaptation without target labels")
    return {
        "transfer": _("Transfer"),
        "joint": _("Joint"),
        "generalised": _("Generalised"),
        "baseline": _("Baseline"),
    }[form.family]
