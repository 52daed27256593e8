"""Results of an experiment as text: sentences, and the rows of a table, the same for pages, reports and exports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xfer_core.analysis.comparison import RunRecord
from xfer_core.analysis.findings import ConditionSummary, label_efficiencies
from xfer_core.analysis.intervals import MIN_SEEDS, Difference
from xfer_core.analysis.label_efficiency import LabelEfficiency
from xfer_core.analysis.measure import Measure, Translate

NAMED = 4  # methods whose means are named while there are too few seeds for more


@dataclass(frozen=True)
class Sentence:
    """One sentence in Markdown; ``is_significant`` if it states a significant difference."""

    text: str
    is_significant: bool


def budget_word(budget: Any, _: Translate = str) -> str:
    """A label budget as text."""
    if budget == "all":
        return _("all labels")
    if budget == 0:
        return _("no labels")
    return _("1 label per class") if budget == 1 else _("{count} labels per class").format(count=f"{budget:g}")


def sentences(
    table: Sequence[RunRecord],
    found: Sequence[ConditionSummary],
    reference: str,
    titles: Mapping[str, str],
    measure: Measure,
    _: Translate = str,
) -> list[Sentence]:
    """Label efficiency, and the significant differences at each budget; the most important sentence first.

    Args:
        table: finished runs.
        found: their summaries against ``reference``, a condition.
        titles: condition → title, escaped for Markdown.
        measure: of the values.
        _: translates one English text.
    """
    efficiency: list[Sentence] = []
    if not measure.is_error:
        for condition, one in label_efficiencies(table, found, reference).items():
            if one.many is None or _tenths(one.many) > one.few:
                text = _worth_sentence(one, _).format(method=titles[condition], other=titles[reference])
                efficiency.append(Sentence(text, True))
    at_budgets: list[Sentence] = []
    for budget in dict.fromkeys(one.budget for one in found):
        here = [one for one in found if one.budget == budget]
        if any(one.difference is not None for one in here):
            at_budgets.append(_difference_sentence(here, reference, titles, budget, measure, _))
    return efficiency + sorted(at_budgets, key=lambda one: not one.is_significant)


def _worth_sentence(seen: LabelEfficiency, _: Translate) -> str:
    """The label efficiency, with ``{method}`` and ``{other}`` to fill in. Never rounded up, so that a measured budget
    that was better is not named as equally good."""
    words = {
        "method": "{method}",
        "other": "{other}",
        "few": budget_word(seen.few, _),
        "many": budget_word(_tenths(seen.many or 0), _),
        "low": budget_word(_tenths(seen.low or 0), _),
        "most": budget_word(seen.most, _),
        "seeds": seen.seeds,
    }
    beyond = _("more than {most}").format(**words)
    words["high"] = beyond if seen.high is None else budget_word(_tenths(seen.high, up=True), _)
    if seen.many is not None:
        text = _(
            "**{method}** with {few} does about as well as **{other}** with {many}, by interpolation "
            "(95 % interval {low} to {high}, {seeds} seeds)."
        )
    elif seen.low is not None:
        text = _(
            "**{method}** with {few} does about as well as **{other}** with {low} or more, by interpolation "
            "({seeds} seeds; more than {most} were not tried)."
        )
    else:
        text = _("**{method}** with {few} does better than **{other}** with {most} ({seeds} seeds).")
    return text.format(**words)


def _tenths(labels: float, up: bool = False) -> float:
    """Rounded down (or up) to a tenth; a value on a tenth, except for rounding errors, stays."""
    nearest = round(10 * labels)
    if math.isclose(10 * labels, nearest):
        return nearest / 10
    return (math.ceil if up else math.floor)(10 * labels) / 10


def _difference_sentence(
    here: Sequence[ConditionSummary],
    reference: str,
    titles: Mapping[str, str],
    budget: Any,
    measure: Measure,
    _: Translate,
) -> Sentence:
    words = {"reference": titles[reference], "budget": budget_word(budget, _)}
    differences = [(one.condition, one.difference) for one in here if one.difference is not None]
    clear = sorted(((a, d) for a, d in differences if d.is_significant), key=lambda one: -one[1].mean)
    if not clear:
        seeds = max(found.seeds for _arm, found in differences)
        if seeds >= MIN_SEEDS:
            text = _("With {budget} no method differs clearly from **{reference}** ({seeds} seeds).")
            return Sentence(text.format(**words, seeds=seeds), False)
        text = _("With {budget}, so far: {measured}. {few}: a difference is called clear from {least} on.")
        means = [one for one in ranked(here, measure) if math.isfinite(one.over.mean)]
        measured = [f"**{titles[one.condition]}** {measure.mean_text(one.over)}" for one in means[:NAMED]]
        if len(means) > NAMED:
            measured.append(_("{count} more").format(count=len(means) - NAMED))
        few = _("1 shared seed") if seeds == 1 else _("{seeds} shared seeds").format(seeds=seeds)
        return Sentence(text.format(**words, measured="; ".join(measured), few=few, least=MIN_SEEDS), False)
    first, more = clear[0], clear[1:]
    text = _("With {budget} **{method}** beat **{reference}** {by}.")
    if first[1].mean < 0:
        text = _("With {budget} **{method}** did worse than **{reference}** {by}.")
    texts = [text.format(**words, method=titles[first[0]], by=_by(first[1], measure, _))]
    for methods, text in (
        ([one for one in more if one[1].mean > 0], _("Better too: {methods}.")),
        ([one for one in more if one[1].mean < 0], _("Worse: {methods}.")),
    ):
        if methods:
            parts = [f"**{titles[name]}** ({measure.points(found.mean)})" for name, found in methods]
            texts.append(text.format(methods=", ".join(parts)))
    return Sentence(" ".join(texts), True)


def _by(difference: Difference, measure: Measure, _: Translate) -> str:
    """The amount of the difference, with the interval."""
    ends = [measure.points(end) for end in (difference.low, difference.high) if end is not None]
    text = _("by {amount} (95 % interval {low} to {high}, {seeds} seeds)")
    return text.format(amount=measure.amount(difference.mean, _), low=ends[0], high=ends[1], seeds=difference.seeds)


def ranked(found: Sequence[ConditionSummary], measure: Measure) -> list[ConditionSummary]:
    """Budget by budget, the best mean first; non-finite means last."""
    order = list(dict.fromkeys(one.budget for one in found))

    def place(one: ConditionSummary) -> tuple[int, float]:
        mean = one.over.mean
        return order.index(one.budget), (mean if measure.is_error else -mean) if math.isfinite(mean) else math.inf

    return sorted(found, key=place)


def table_rows(
    found: Sequence[ConditionSummary],
    reference: str,
    titles: Mapping[str, str],
    measure: Measure,
    _: Translate = str,
) -> list[dict[str, str]]:
    """One row for each budget and method, the best first: column → text."""
    return [_cells(one, reference, titles, measure, _) for one in ranked(found, measure)]


def _cells(
    one: ConditionSummary, reference: str, titles: Mapping[str, str], measure: Measure, _: Translate
) -> dict[str, str]:
    difference = one.difference
    verdict = _("compared with this") if one.condition == reference else ""
    if difference is not None:
        better = difference.mean > 0
        verdict = (_("better") if better else _("worse")) if difference.is_significant else _("not clear")
        if difference.seeds < MIN_SEEDS:
            verdict = _("too few seeds")
    return {
        _("Labels per class"): _("all") if one.budget == "all" else f"{one.budget:g}",
        _("Method"): titles[one.condition],
        _("Verdict"): verdict,
        measure.heading(_): measure.mean_text(one.over, with_unit=False),
        _("Difference"): "" if difference is None else measure.difference(difference.mean),
        _("95 % interval"): "" if difference is None else _ends(difference, measure),
        _("p, adjusted"): "" if difference is None else _chance(difference),
        _("Seeds in favour (sign test)"): "" if difference is None else _signs(difference, _),
        _("Seeds"): str(one.over.seeds),
    }


def _chance(difference: Difference) -> str:
    if difference.p is None or difference.seeds < MIN_SEEDS:
        return "–"
    return "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"


def _signs(difference: Difference, _: Translate) -> str:
    text = _("{above} of {seeds}").format(above=difference.above, seeds=difference.seeds)
    if difference.sign_p is None or difference.seeds < MIN_SEEDS:
        return text
    return f"{text} (p {difference.sign_p:.2g})"


def _ends(difference: Difference, measure: Measure) -> str:
    if difference.low is None or difference.high is None:
        return "–"
    return f"{measure.difference(difference.low)} … {measure.difference(difference.high)}"


def how_judged(found: Sequence[ConditionSummary], _: Translate = str) -> str:
    """How the table's verdicts are computed, and their limits."""
    tested = sum(one.difference is not None and one.difference.seeds >= MIN_SEEDS for one in found)
    return _(
        "Each number is the mean ± standard deviation over seeds, on test samples that no training saw. The 95 % "
        "interval is Student's, of the mean difference seed by seed, each by itself; it assumes that the "
        "differences are about normally distributed. Better or worse is said from {least} shared seeds on, where p "
        "is below 5 %: p of the paired t-test, adjusted for the number of comparisons (Holm; comparisons here: "
        "{tested}), so that chance alone brings even one such verdict in at most 5 % of experiments like this. "
        "The sign test needs no such assumption, and says less: with five seeds its p is never below 0.062, with six "
        "never below 0.031; it is not adjusted. "
        "All that holds for a number of seeds chosen beforehand, not where seeds are added until something is clear."
    ).format(least=MIN_SEEDS, tested=tested)
