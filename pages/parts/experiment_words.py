"""What an experiment found, in sentences and as a table."""

from __future__ import annotations

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


def budget_word(budget: Any) -> str:
    """A label budget in words."""
    if budget == "all":
        return _("all labels")
    if budget == 0:
        return _("no labels")
    return _("1 label") if budget == 1 else _("{count} labels").format(count=budget)


def sentences(
    table: Sequence[Row], found: Sequence[Finding], reference: str, titles: dict[str, str], numbers: bool
) -> list[str]:
    """The plain sentences: what labels are worth, and the clear differences at each budget."""
    said, titles = [], {arm: plain(title) for arm, title in titles.items()}
    if not numbers:
        for arm, seen in worths(table, reference).items():
            words = {
                "way": titles[arm],
                "few": budget_word(seen.few),
                "other": titles[reference],
                "many": budget_word(round(seen.many)) if seen.many is not None else "",
                "most": budget_word(seen.most),
            }
            if seen.many is not None:
                text = _("**{way}** with {few} of each class does as well as **{other}** with {many}.")
            else:
                text = _("**{way}** with {few} of each class does better than **{other}** with {most}.")
            said.append(":material/emoji_objects: " + text.format(**words))
    for budget in dict.fromkeys(one.budget for one in found):
        here = [one for one in found if one.budget == budget and one.difference is not None]
        if here:
            said.append(_difference_sentence(here, titles[reference], titles, budget, numbers))
    return said


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
    """One row for each way and budget: the mean, the difference to the reference, its interval, and a verdict."""
    st.dataframe(
        pd.DataFrame([_cells(one, reference, titles, numbers) for one in found]),
        hide_index=True,
        height="content" if len(found) <= 16 else 560,
        alt=_("For each way and label budget the mean over seeds and the difference to {reference}").format(
            reference=titles[reference]
        ),
    )


def _cells(one: Finding, reference: str, titles: dict[str, str], numbers: bool) -> dict[str, Any]:
    difference = one.difference
    verdict = _("compared with this") if one.arm == reference else ""
    if difference is not None:
        better = difference.mean > 0
        verdict = (_("better") if better else _("worse")) if difference.clear else _("not clear")
    return {
        _("Labels a class"): budget_label(one.budget),
        _("Way"): titles[one.arm],
        _("Mean error, degrees") if numbers else _("Right answers, %"): _over(one.over, numbers),
        _("Difference"): "" if difference is None else _signed(difference.mean, numbers),
        _("95 % interval"): "" if difference is None else _ends(difference, numbers),
        _("Verdict"): verdict,
        _("Seeds"): one.over.seeds,
    }


def _over(over: Spread, numbers: bool) -> str:
    scale = 1 if numbers else 100
    spread = "" if over.deviation is None else f" ± {scale * over.deviation:.1f}"
    return f"{scale * over.mean:.1f}{spread}"


def _signed(value: float, numbers: bool) -> str:
    return _minus(f"{value:+.2f}" if numbers else f"{100 * value:+.1f}")


def _minus(text: str) -> str:
    """With a minus sign in place of a hyphen."""
    return text.replace("-", "−")


def _ends(difference: Difference, numbers: bool) -> str:
    if difference.low is None or difference.high is None:
        return "–"
    return f"{_signed(difference.low, numbers)} … {_signed(difference.high, numbers)}"
