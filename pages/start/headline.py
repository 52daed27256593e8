"""Headline of a race: what happens now, and at the end the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _, percent, plain
from pages.widgets.chart_runs import reason_text
from pages.widgets.race import SCRATCH, is_racing, kind_of, labels_of, race_names, races
from pages.widgets.store import store, validated
from xfer_core.analysis.accuracy import mean_std
from xfer_core.analysis.race_verdict import RaceVerdict, race_verdict
from xfer_core.experiments.presets import RACERS
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING, Run

# Reserves the height of the longest verdict, so that nothing below moves when it appears.
ROOM = (
    "<style>.st-key-race-headline {min-height: 10rem}"
    ".st-key-race-headline [data-testid=stAlert] p {font-size: 1.2rem; line-height: 1.4}"
    "@media (min-width: 1700px) {.st-key-race-headline {min-height: 8.4rem}}"
    "@media (max-width: 1200px) {.st-key-race-headline {min-height: 14.6rem}}"
    "@media (max-width: 700px) {.st-key-race-headline {min-height: 21rem}"
    ".st-key-race-headline [data-testid=stAlert] p {font-size: 1.05rem}}</style>"
)


def headline(runs: list[Run]) -> None:
    """Show the state of this race, or its verdict."""
    with st.container(key="race-headline"):
        st.html(ROOM)
        if ended_well(runs):
            _say_verdict(runs)
        elif is_racing(runs):
            _say_now(runs)
        else:
            _say_who_is_missing(runs)


def ended_well(runs: Sequence[Run]) -> bool:
    """Whether all three networks have a valid result."""
    return {kind_of(run) for run in runs if run.status == FINISHED and not run.broke} == set(RACERS)


def places_taken(runs: Sequence[Run]) -> bool:
    """Whether a race waits for free slots: it has not begun, and other runs train."""
    return all(run.status == QUEUED for run in runs) and bool(store().find(statuses=(RUNNING,), limit=1))


def _say_now(runs: Sequence[Run]) -> None:
    labels = labels_of(runs[0])
    if places_taken(runs):
        now = _("All places are taken: these three begin as soon as other networks have learned.")
    elif labels == 1:
        now = _(
            "All three get the same labelled photographs, only one of each digit. Watch **Practised first**: it begins "
            "with handwritten digits alone, and moves on to photographs half-way."
        )
    else:
        now = _(
            "All three get the same labelled photographs, {labels} of each digit. Watch **Practised first**: it begins "
            "with handwritten digits alone, and moves on to photographs half-way."
        ).format(labels=labels)
    st.info(_("**Who reads digits on photographs best?**") + " " + now, icon=":material/timer:")
    st.caption(_("In the end, each is tested on photographs that no network has seen. Then you draw a digit for them."))


def _verdict(runs: Sequence[Run]) -> tuple[RaceVerdict, int]:
    """The verdict, and the number of test samples."""
    right = {kind_of(run): run.target_metric["value"] for run in runs if run.target_metric}
    spec = runs[0].typed_spec
    samples = len(validated(spec).held_out[spec.problem.target[0], "test"])
    scratch = right.pop(SCRATCH)
    return race_verdict(scratch, right, samples), samples


def _say_verdict(runs: Sequence[Run]) -> None:
    """The verdict, computed from the numbers of this race."""
    verdict, samples = _verdict(runs)
    show = st.success if verdict.helped else st.info
    show(verdict_text(verdict, labels_of(runs[0])), icon=":material/emoji_objects:")
    st.caption(
        _(
            "One run each, on the same {samples} photographed digits that no network had seen. Another race may differ."
        ).format(samples=samples)
    )


def verdict_text(verdict: RaceVerdict, labels: int) -> str:
    """The verdict as two or three sentences, Markdown.

    Args:
        verdict: of the strategies in ``RACERS``.
        labels: labels per class in the target.
    """
    names = race_names()
    kinds = list(verdict.gains)
    of100 = {kind: f"{round(100 * found.after)}" for kind, found in verdict.gains.items()}
    scratch = round(100 * verdict.gains[kinds[0]].before)
    budget = (
        _("the very same one labelled photograph of each digit")
        if labels == 1
        else _("the very same {labels} labelled photographs of each digit").format(labels=labels)
    )
    if len(verdict.helped) == len(kinds):
        text = _(
            "**Knowledge moved.** {best} reads **{first} of 100** photographs right, {other} **{second} of 100**, From "
            "scratch only **{scratch} of 100**, all from {budget}."
        )
        if verdict.tied:
            text += " " + _("Between the first two it is too close to call.")
    elif verdict.helped:
        text = _(
            "**Knowledge moved.** {best} reads **{first} of 100** photographs right, From scratch **{scratch} of "
            "100**: **{more} more**, from {budget}."
        )
        text += " " + (
            _("{other} reads **{second} of 100**: here the handwritten digits did harm.")
            if verdict.hurt
            else _("{other} reads **{second} of 100**, too close to From scratch to call.")
        )
    elif verdict.hurt:
        text = _(
            "**This time knowledge did not help.** From scratch reads **{scratch} of 100** photographs right, {best} "
            "**{first} of 100**, {other} **{second} of 100**. Where learning something else first makes a network "
            "worse, it is called *negative transfer*."
        )
    else:
        text = _(
            "**Too close to call.** From scratch reads **{scratch} of 100** photographs right, {best} **{first} of "
            "100**, {other} **{second} of 100**. A test of this size cannot tell them apart."
        )
    best, other = kinds
    return text.format(
        best=names[best],
        other=names[other],
        first=of100[best],
        second=of100[other],
        scratch=scratch,
        more=int(of100[best]) - scratch,
        budget=budget,
    )


def _say_who_is_missing(runs: Sequence[Run]) -> None:
    """Why there is no verdict."""
    st.warning(_("There is no verdict, because not all three networks finished."), icon=":material/info:")
    for run in runs:
        if run.status != FINISHED or run.broke:
            reason = f" — {text}" if (text := reason_text(run)) else ""
            status = _(run.outcome)
            label = plain(f"{run.name}: {status}{reason}")
            st.page_link("run/page.py", label=label, query_params={"run": run.id})


def exactly(runs: list[Run]) -> None:
    """The result in exact terms, on request."""
    verdict, samples = _verdict(runs)
    names = race_names()
    scratch = next(iter(verdict.gains.values())).before
    right = {SCRATCH: scratch, **{kind: found.after for kind, found in verdict.gains.items()}}
    spec = runs[0].typed_spec
    noise = max(found.noise for found in verdict.gains.values())
    st.markdown(
        _("Test accuracy on {samples} test samples, after the last step: ").format(samples=samples)
        + " · ".join(f"{names[kind]} **{percent(right[kind])}**" for kind in RACERS)
    )
    st.markdown(
        _(
            "- While a network learns, its card shows its accuracy on *validation* samples; the final test is on "
            "*test* samples. No training saw either.\n"
            "- Which samples are in the test moves a difference by about ± {noise} points (one standard error). A "
            "difference of more than twice that is called more or fewer here.\n"
            "- A round of practice is a *training step*. All three networks have the same number ({steps}), the same "
            "initial weights and the same random seed ({seed}). Another seed may move the "
            "difference further: below five seeds Xfer calls no method better than another."
        ).format(noise=f"{100 * noise:.1f}", steps=spec.training.steps, seed=spec.seed)
    )
    _say_how_often(labels_of(runs[0]))


def _say_how_often(labels: int) -> None:
    """Mean and spread over every finished race with this many labels, once there are two."""
    found: dict[str, list[float]] = {kind: [] for kind in RACERS}
    alike = set(races(labels))
    for run in store().find(statuses=(FINISHED,)):
        if run.experiment in alike and run.target_metric and not run.broke:
            found[kind_of(run)].append(run.target_metric["value"])
    if min(map(len, found.values())) < 2:
        return
    parts = []
    for kind in RACERS:
        over = mean_std(found[kind])
        parts.append(f"{race_names()[kind]} **{percent(over.mean)}** ± {100 * (over.deviation or 0):.1f}")
    st.markdown(
        _("Over {count} races with this many labels (mean ± standard deviation over seeds): ").format(
            count=len(found[SCRATCH])
        )
        + " · ".join(parts)
    )
