"""What an experiment found, in sentences and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.problem import budget_label
from pages.parts.text import _, plain
from xfer_core.analysis.accuracy import Spread
from xfer_core.analysis.comparison import Row
from xfer_core.analysis.findings import Finding, worths
from xfer_core.analysis.intervals import LEAST, Difference
from xfer_core.analysis.worth import Worth


def budget_word(budget: Any) -> str:
    """A label budget in words."""
    if budget == "all":
        return _("all labels")
    if budget == 0:
        return _("no labels")
    return _("1 label") if budget == 1 else _("{count} labels").format(count=f"{budget:g}")


def sentences(
    table: Sequence[Row], found: Sequence[Finding], reference: str, titles: dict[str, str], numbers: bool
) -> list[str]:
    """The plain sentences: what labels are worth, and the clear differences at each budget."""
    said, titles = [], {arm: plain(title) for arm, title in titles.items()}
    if not numbers:
        for arm, seen in worths(table, found, reference).items():
            if seen.many is None or _tenths(seen.many) > seen.few:
                text = _worth_sentence(seen).format(way=titles[arm], other=titles[reference])
                said.append(":material/emoji_objects: " + text)
    for budget in dict.fromkeys(one.budget for one in found):
        here = [one for one in found if one.budget == budget and one.difference is not None]
        if here:
            said.append(_difference_sentence(here, titles[reference], titles, budget, numbers))
    return said


def _worth_sentence(seen: Worth) -> str:
    """What labels are worth, with ``{way}`` and ``{other}`` left open. Never rounded up: a budget that was measured and
    was better is not named as being as good."""
    words = {
        "way": "{way}",
        "other": "{other}",
        "few": budget_word(seen.few),
        "many": budget_word(_tenths(seen.many or 0)),
        "low": budget_word(_tenths(seen.low or 0)),
        "most": budget_word(seen.most),
        "seeds": seen.seeds,
    }
    beyond = _("more than {most}").format(**words)
    words["high"] = beyond if seen.high is None else budget_word(_tenths(seen.high, up=True))
    if seen.many is not None:
        text = _(
            "**{way}** with {few} of each class does about as well as **{other}** with {many}, by interpolation "
            "(95 % interval {low} to {high}, {seeds} seeds)."
        )
    elif seen.low is not None:
        text = _(
            "**{way}** with {few} of each class does about as well as **{other}** with {low} or more, by interpolation "
            "({seeds} seeds; more than {most} were not tried)."
        )
    else:
        text = _("**{way}** with {few} of each class does better than **{other}** with {most} ({seeds} seeds).")
    return text.format(**words)


def _tenths(labels: float, up: bool = False) -> float:
    """Rounded down (or up) to a tenth; what is whole but for rounding errors stays whole."""
    nearest = round(10 * labels)
    if math.isclose(10 * labels, nearest):
        return nearest / 10
    return (math.ceil if up else math.floor)(10 * labels) / 10


def _difference_sentence(
    here: Sequence[Finding], reference: str, titles: dict[str, str], budget: Any, numbers: bool
) -> str:
    words = {"reference": reference, "budget": budget_word(budget)}
    clear = [(one.arm, one.difference) for one in here if one.difference and one.difference.clear]
    if not clear:
        seeds = max(one.difference.seeds for one in here if one.difference)
        if seeds < LEAST:
            text = _("With {budget}: {seeds} shared seeds are too few to call any difference to {reference} clear.")
            return text.format(**words, seeds=seeds)
        return _("With {budget} no way differs clearly from {reference}.").format(**words)
    better = [(arm, found) for arm, found in clear if found.mean > 0]
    worse = [(arm, found) for arm, found in clear if found.mean < 0]
    said = []
    for ways, text in (
        (better, _("With {budget} **better** than {reference}: {ways}.")),
        (worse, _("With {budget} **worse** than {reference}: {ways}.")),
    ):
        ordered = sorted(ways, key=lambda way: -abs(way[1].mean))
        parts = [f"**{titles[arm]}** {_by(found, numbers)}" for arm, found in ordered]
        if parts:
            said.append(text.format(**words, ways="; ".join(parts)))
    return " ".join(said)


def _by(difference: Difference, numbers: bool) -> str:
    """By how much, with the interval."""
    scale, unit = (1, "°") if numbers else (100, "")
    ends = [_minus(f"{scale * end:+.1f}{unit}") for end in (difference.low, difference.high) if end is not None]
    amount = (
        f"{abs(difference.mean):.1f}°"
        if numbers
        else _("{points} points").format(points=f"{100 * abs(difference.mean):.1f}")
    )
    text = _("by {amount} (95 % interval {low} to {high}, {seeds} seeds)")
    return text.format(amount=amount, low=ends[0], high=ends[1], seeds=difference.seeds)


def findings_table(found: Sequence[Finding], reference: str, titles: dict[str, str], numbers: bool) -> None:
    """One row for each way and budget: the mean, the difference to the reference, its interval, its p and a verdict;
    and for how many comparisons the verdicts hold."""
    st.dataframe(
        pd.DataFrame([_cells(one, reference, titles, numbers) for one in found]),
        hide_index=True,
        height="content" if len(found) <= 16 else 560,
        alt=_("For each way and label budget the mean over seeds and the difference to {reference}").format(
            reference=titles[reference]
        ),
    )
    tested = sum(one.difference is not None and one.difference.seeds >= LEAST for one in found)
    st.caption(
        _(
            "Each number is the mean ± standard deviation over seeds, on test samples that no training saw. The 95 % "
            "interval is Student's, of the mean difference seed by seed, each by itself; it assumes that the "
            "differences are about normally distributed. Better or worse is said from {least} shared seeds on, where p "
            "is below 5 %: p of the paired t-test, adjusted for the number of comparisons (Holm; comparisons here: "
            "{tested}), so that chance alone brings even one such verdict in at most 5 % of experiments like this. "
            "That holds for a number of seeds chosen beforehand, not where seeds are added until something is clear."
        ).format(least=LEAST, tested=tested)
    )


def _cells(one: Finding, reference: str, titles: dict[str, str], numbers: bool) -> dict[str, Any]:
    difference = one.difference
    verdict = _("compared with this") if one.arm == reference else ""
    if difference is not None:
        better = difference.mean > 0
        verdict = (_("better") if better else _("worse")) if difference.clear else _("not clear")
        if difference.seeds < LEAST:
            verdict = _("too few seeds")
    return {
        _("Labels a class"): budget_label(one.budget),
        _("Way"): titles[one.arm],
        _("Mean error, degrees") if numbers else _("Right answers, %"): _over(one.over, numbers),
        _("Difference"): "" if difference is None else _signed(difference.mean, numbers),
        _("95 % interval"): "" if difference is None else _ends(difference, numbers),
        _("p, adjusted"): "" if difference is None else _chance(difference),
        _("Verdict"): verdict,
        _("Seeds"): one.over.seeds,
    }


def _over(over: Spread, numbers: bool) -> str:
    if not math.isfinite(over.mean):
        return "–"
    scale = 1 if numbers else 100
    spread = "" if over.deviation is None else f" ± {scale * over.deviation:.1f}"
    return f"{scale * over.mean:.1f}{spread}"


def _chance(difference: Difference) -> str:
    if difference.p is None or difference.seeds < LEAST:
        return "–"
    return "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"


def _signed(value: float, numbers: bool) -> str:
    if not math.isfinite(value):
        return "–"
    return _minus(f"{value:+.2f}" if numbers else f"{100 * value:+.1f}")


def _minus(text: str) -> str:
    """With a minus sign in place of a hyphen."""
    return text.replace("-", "−")


def _ends(difference: Difference, numbers: bool) -> str:
    if difference.low is None or difference.high is None:
        return "–"
    return f"{_signed(difference.low, numbers)} … {_signed(difference.high, numbers)}"
