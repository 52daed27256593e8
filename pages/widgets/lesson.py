"""A strategy's docstring as a lesson: idea, explanation, paper, with its formulas typeset."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pages.i18n import _
from xfer_core.config import Config
from xfer_core.strategies import Strategy

FORMULA = re.compile(
    r"(?<![\w/:.*`])(?:[A-Za-z\u0370-\u03ff∇∂][\u0300-\u036f]?|min|max|mean|argmax|softmax|Var|MMD)[²⁰]?"
    r"(?:[_^](?:\{[^{}]*\}|[A-Za-z0-9\u0370-\u03ff]+))+²?"
)
SIGNS = str.maketrans({"−": "-", "²": "^2", "⁰": "^0", "·": r"\cdot "})


@dataclass(frozen=True)
class Lesson:
    """A docstring in two parts, and the paper that it names.

    Attributes:
        idea: the first sentence or two.
        rest: how it works, where it fails, its source.
        paper: the first address in it; empty where there is none.
    """

    idea: str
    rest: str
    paper: str


def lesson_of(form: type[Config]) -> Lesson:
    """The lesson of one strategy or selection rule, in the viewer's language."""
    idea, _line, rest = (form.__doc__ or "").strip().partition("\n\n")
    found = re.search(r"https?://[^\s;)]*[^\s;).,]", rest)
    text, more = (typeset(_(" ".join(part.split()))) for part in (idea, rest))
    return Lesson(text, more, found.group() if found else "")


def typeset(text: str) -> str:
    """Inline formulas of a docstring, such as ``L_source(θ)``, as Markdown mathematics."""
    return FORMULA.sub(lambda found: f"${_tex(found.group())}$", text)


def _tex(symbol: str) -> str:
    symbol = symbol.translate(SIGNS)
    symbol = re.sub(r"([_^])([A-Za-z0-9]{2,})", r"\1{\\text{\2}}", symbol)  # a word below the line
    return re.sub(r"^(min|max|mean|argmax|softmax|sign|Var|KL|MMD)", r"\\text{\1}", symbol)


def family_title(form: type[Strategy]) -> str:
    """Title of the strategy's family; adaptation without target labels is a group of its own."""
    if form.needs.unlabelled:
        return _("Transfer: adaptation without target labels")
    return {
        "transfer": _("Transfer"),
        "joint": _("Joint"),
        "generalised": _("Generalised"),
        "baseline": _("Baseline"),
    }[form.family]
