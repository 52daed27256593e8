"""Showcase and counterexample of a method: the problem, the measured difference, links to Train and Compare."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.domains import domain_title
from xfer_core.analysis.accuracy import format_mean_std, mean_std
from xfer_core.analysis.claims import Claim, baseline_of, claimed
from xfer_core.analysis.task_gain import task_gains
from xfer_core.experiments.plan import plan_to_compare
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.showcases.catalogue import COUNTEREXAMPLES, SHOWCASES, Showcase, examples_of
from xfer_core.showcases.measured import Known, known, recipes, values
from xfer_core.strategies import TITLES, Strategy

CLEAR = """Differences are taken seed by seed. With so many on one page some would look large by chance alone, so a
difference is called clear only if it holds at a level of 5 % for all of them together (Holm)."""
FEW_LABELS = 5  # per class, at most
GAIN = "$Δ_m$: the mean over the tasks of the gain over a network that learned the task alone."


# Cached as resources, not data: they are only read and need not be copied for each example.
@st.cache_resource(show_spinner=False, ttl=60)
def _read() -> tuple[dict[str, RunSpec], Known]:
    return recipes(), known()


@st.cache_resource(show_spinner=False, ttl=60)
def _claims() -> dict[tuple[str, str], Claim]:
    """(problem, kind) → the method's measured difference to its baseline there."""
    return {(one.example.problem, one.form.kind_name()): one for one in claimed(*_read())}


def examples(form: type[Strategy]) -> bool:
    """Show both examples of a method side by side; False if it has none."""
    if not examples_of(form.kind_name()):
        return False
    left, right = st.columns(2)
    with left:
        _example(SHOWCASES.get(form.kind_name()), form, _("Where it shines"))
    with right:
        _example(COUNTEREXAMPLES.get(form.kind_name()), form, _("Where it fails"))
    return True


def few_labels(form: type[Strategy]) -> bool:
    """Whether the problem of a method's showcase has few target labels, or none."""
    kind = form.kind_name()
    if kind not in SHOWCASES:
        return False
    spec = _read()[0].get(f"{SHOWCASES[kind].problem}.{SHOWCASES[kind].recipe(kind)}")
    budget = spec.problem.labels_per_class if spec else "all"
    return budget != "all" and budget <= FEW_LABELS


def baseline(form: type[Strategy]) -> str:
    """The baseline of a method in its showcase; without one, the usual baseline of its family."""
    return baseline_of(form, next(iter(examples_of(form.kind_name())), Showcase("", "")))


def problem_title(problem: Problem) -> str:
    """A problem in one line: source, target, label budget."""
    source, target = (" + ".join(map(domain_title, keys)) for keys in (problem.source, problem.target))
    labels = problem.labels_per_class
    if labels == 0:
        budget = _("no target labels")
    elif labels == "all":
        budget = _("all target labels")
    elif labels == 1:
        budget = _("1 label per class")
    else:
        budget = _("{count} labels per class").format(count=labels)
    return _("{source} → {target}, {budget}").format(source=source, target=target, budget=budget)


def _example(example: Showcase | None, form: type[Strategy], word: str) -> None:
    if example is None:
        st.markdown(f"**{word}**")
        st.caption(_("No such problem was found: no difference beyond chance where it was tried."))
        return
    kind, baseline = example.recipe(form.kind_name()), baseline_of(form, example)
    specs, found = _read()
    spec = specs.get(f"{example.problem}.{kind}")
    if spec is None:
        return
    st.markdown(f"**{word}**  \n{plain(problem_title(spec.problem))}")
    claim = _claims().get((example.problem, form.kind_name()))
    if claim is not None:
        st.markdown(_difference(claim, _(TITLES[baseline])))
    for name, title in ((kind, _(form.title)), (baseline, _(TITLES[baseline]))):
        runs = found.get(f"{example.problem}.{name}", {}).get("seeds")
        gains = task_gains(example.problem, name, specs, found) if runs else {}
        if gains:  # several tasks
            st.markdown(
                f"{title}: $Δ_m$ **{format_mean_std(mean_std(list(gains.values())), sign=True)} %**", help=_(GAIN)
            )
        elif runs:
            over = mean_std(values(found[f"{example.problem}.{name}"]))
            st.progress(over.mean, f"{title}: {format_mean_std(over)} %")
    if claim is not None:
        st.caption(_clear(claim), help=_(CLEAR))
    st.caption(_(example.why))
    # The seed is always written: without any parameter the link would not be read as one.
    query = {**spec_settings(spec), "seed": str(spec.seed)}
    with st.container(horizontal=True):
        st.page_link("train/page.py", label=_("Open this in Train"), icon=":material/tune:", query_params=query)
        st.page_link(
            "compare/page.py",
            label=_("Compare on this problem"),
            icon=":material/stacked_line_chart:",
            query_params={"view": "experiments", **plan_to_compare(spec).query()},
        )


def _difference(claim: Claim, baseline: str) -> str:
    """The paired difference to the baseline in words, with its interval and the number of seeds with that sign."""
    one = claim.difference
    better = one.mean >= 0
    alike = sum((difference > 0) == better and difference != 0 for difference in claim.differences)
    side = (
        _("**{points} points** against {baseline}{interval}, better in {alike} of {seeds} seeds.")
        if better
        else _("**{points} points** against {baseline}{interval}, worse in {alike} of {seeds} seeds.")
    )
    interval = ""
    if one.low is not None and one.high is not None:
        interval = _(" (95 % interval {low} to {high})").format(low=_points(one.low), high=_points(one.high))
    return side.format(points=_points(one.mean), baseline=baseline, interval=interval, alike=alike, seeds=one.seeds)


def _clear(claim: Claim) -> str:
    """Whether the difference is significant after adjustment for all differences of the page."""
    one = claim.difference
    verdict = _("Clear") if one.is_significant else _("Not clear")
    among = _("{verdict} among the {count} differences of this page, taken seed by seed.")
    bars = _("Mean ± standard deviation over the seeds.")
    if not claim.several:
        bars = _("Bars: accuracy on the target, mean ± standard deviation over the seeds.")
    return among.format(verdict=verdict, count=one.comparisons) + " " + bars


def _points(fraction: float) -> str:
    """A difference in points, with its sign."""
    return f"{100 * fraction:+.1f}".replace("-", "−")
