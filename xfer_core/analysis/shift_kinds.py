"""Which kind of shift lies between two domains, as sentences: covariate, label, concept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xfer_core.analysis.domain_comparison import DomainComparison
from xfer_core.measures.concept_shift import LEAST_OVERLAP

Kind = Literal["covariate", "label", "concept"]
Verdict = Literal["clear", "none", "unknown"]
Translate = Callable[[str], str]


@dataclass(frozen=True)
class ShiftSentence:
    """What is known of one kind of shift.

    Attributes:
        kind: of shift.
        verdict: whether it was found; ``unknown`` if the samples cannot tell.
        number: the measured number as text; empty for none.
        text: in words, Markdown.
    """

    kind: Kind
    verdict: Verdict
    number: str
    text: str


def shift_sentences(compared: DomainComparison, first: str, second: str, _: Translate = str) -> list[ShiftSentence]:
    """One sentence on each kind of shift from the first domain to the second.

    Args:
        compared: the domains.
        first: title of the first, escaped for Markdown.
        second: title of the second, escaped for Markdown.
        _: translates one English text.
    """
    return [_covariate(compared, _), _label(compared, _), _concept(compared, first, second, _)]


def _covariate(compared: DomainComparison, _: Translate) -> ShiftSentence:
    found = compared.covariate
    right = f"{100 * (0.5 + found.distance / 4):.0f} %"
    if found.is_linear:
        text = _(
            "A linear classifier tells from the input alone which domain a sample is from, and is right in {right} of "
            "cases: proxy A-distance {distance}, where random halves of both together reach {chance}."
        ).format(right=right, distance=f"{found.distance:.2f}", chance=f"{max(found.by_chance, 0):.2f}")
    elif found.is_clear:
        text = _(
            "No line separates the inputs, but their distributions differ: squared MMD {kernel}, where random halves "
            "reach {chance}. The linear classifier is right in {right} of cases, as often as by chance."
        ).format(kernel=f"{found.kernel:.3f}", chance=f"{max(found.kernel_by_chance, 0):.3f}", right=right)
    else:
        text = _(
            "The inputs differ no more than random halves of both domains together do: proxy A-distance {distance}, "
            "by chance up to {chance}."
        ).format(distance=f"{found.distance:.2f}", chance=f"{max(found.by_chance, 0):.2f}")
    if found.is_clear and compared.label and compared.label.is_clear:
        if compared.balanced is not None:
            text += " " + _("With the same frequency of every class in both it is {balanced}.").format(
                balanced=f"{compared.balanced:.2f}"
            )
        else:
            text += " " + _("Other classes alone move the inputs, too: no class is in both.")
    shown = found.distance if found.is_linear or not found.is_clear else found.kernel
    symbol = "d_A" if found.is_linear or not found.is_clear else "MMD²"
    number = f"{symbol} = {shown:.2f}" if symbol == "d_A" else f"{symbol} = {shown:.3f}"
    return ShiftSentence("covariate", "clear" if found.is_clear else "none", number, text)


def _label(compared: DomainComparison, _: Translate) -> ShiftSentence:
    found = compared.label
    if found is None:
        return ShiftSentence("label", "unknown", "", _("The domains have no task in common, so labels cannot differ."))
    numbers = {"distance": f"{100 * found.distance:.0f}", "chance": f"{100 * found.by_chance:.0f}"}
    if not found.is_clear:
        text = _(
            "Labels are as frequent here as there: of 100 samples {distance} would need another label, by chance up to "
            "{chance}."
        )
    elif found.distance > 0.999:
        text = _("No label occurs in both domains.")
    else:
        text = _(
            "Of 100 samples {distance} would need another label for the frequencies to be the same; by chance it is at "
            "most {chance}."
        )
    number = f"TV = {found.distance:.2f}"
    return ShiftSentence("label", "clear" if found.is_clear else "none", number, text.format(**numbers))


def _concept(compared: DomainComparison, first: str, second: str, _: Translate) -> ShiftSentence:
    found = compared.concept
    if found is None:
        if compared.concept_error is None:
            text = _("It is measured for a common task with classes, and there is none.")
        elif compared.concept_error.code in ("no_common_class", "one_class"):
            text = _("It needs two classes that both domains have.")
        else:
            text = _("There are too few samples to measure it.")
        return ShiftSentence("concept", "unknown", "", text)
    names = {"first": first, "second": second, "own": f"{100 * found.own:.0f} %", "other": f"{100 * found.other:.0f} %"}
    both = _(
        "On **{second}** a classifier of its own is right in {own} of cases, one of **{first}** in {other}."
    ).format(**names)
    if not found.is_measurable:
        text = _(
            "Whether labels mean the same cannot be told: inputs of the two domains hardly overlap (an effective "
            "{overlap} of {samples} test samples, {least} are needed), so the loss may be all of unfamiliar inputs."
        ).format(overlap=f"{found.overlap:.0f}", samples=found.samples, least=f"{LEAST_OVERLAP:.0f}")
        return ShiftSentence("concept", "unknown", "", f"{both} {text}")
    numbers = {
        "gap": f"{100 * found.gap:.0f}".replace("-", "−"),
        "error": f"{100 * found.error:.0f}",
        "overlap": f"{found.overlap:.0f}",
    }
    if found.is_clear:
        text = _(
            "Where both have inputs it still loses {gap} ± {error} points (an effective {overlap} samples): like "
            "inputs get other labels, as far as these simple features show what the label depends on."
        )
    else:
        text = _(
            "Where both have inputs the difference is {gap} ± {error} points (an effective {overlap} samples): no sign "
            "that like inputs get other labels."
        )
    number = _("{gap} ± {error} points lost").format(**numbers)
    return ShiftSentence("concept", "clear" if found.is_clear else "none", number, f"{both} {text.format(**numbers)}")
