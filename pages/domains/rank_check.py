"""Was the ranking right? Fine-tuning from every source, and the rank correlation with what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.i18n import _, error_text
from pages.widgets.store import begin, store, validated
from xfer_core.analysis.comparison import run_records
from xfer_core.analysis.source_ranking import MEASURES, SourceScore, agreement, measured_gains
from xfer_core.errors import XferError
from xfer_core.experiments.experiment import Experiment, finished_unique
from xfer_core.experiments.source_ranking import source_experiment
from xfer_core.runs.spec import canonical
from xfer_core.runs.store import LIVE

SEEDS, LOOK_SECONDS = "domains.rank.seeds", 2
SEARCHED = 50  # newest experiments among which an equal one is looked for
PREDICTED = 0.05  # p below which a rank correlation is called more than chance


def ranking_check(
    ranked: Sequence[SourceScore], target: str, task: str, budget: Any, titles: Mapping[str, str]
) -> dict[str, float]:
    """The button that measures, and what was measured so far: source → gain; empty before the first results.

    Args:
        ranked: the sources with their scores.
        target: a reference.
        task: of both.
        budget: labels per class in the target.
        titles: measure → title.
    """
    sources = [one.source for one in ranked]
    st.markdown(f"#### {_('Was the ranking right?')}")
    seeds = st.session_state.setdefault(SEEDS, 1)
    try:
        asked = source_experiment(target, task, sources, budget, seeds)
        found = _found(asked)
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
        return {}
    runs = store().find(experiment=found) if found else []
    live = any(run.status in LIVE for run in runs)
    if not live:
        _offer(asked, bool(runs))
    if not runs:
        return {}
    done = finished_unique(runs)
    if live:
        st.fragment(_watch, run_every=LOOK_SECONDS)(found, len(done))
    gains = measured_gains([row for row in run_records(done) if row.finite])
    _say(ranked, gains, titles)
    st.page_link(
        "compare/page.py",
        label=_("Open it in Compare"),
        icon=":material/stacked_line_chart:",
        query_params={"view": "experiments", "experiment": found},
    )
    return gains


def _offer(asked: Experiment, again: bool) -> None:
    """The number of seeds, and the button that starts the experiment."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(_("Seeds"), 1, 5, key=SEEDS, width=120)
        label = _("Measure again") if again else _("Train from every source ({count} runs)")
        pressed = st.button(
            label.format(count=len(asked)), icon=":material/play_arrow:", type="secondary" if again else "primary"
        )
    if pressed:
        try:
            for spec, _condition in asked.specs()[: len(asked.conditions)]:
                validated(spec)
            begin(asked)
        except XferError as error:
            st.error(error_text(error), icon=":material/error:")
            return
        st.rerun()
    if not again:
        st.caption(
            _(
                "Fine-tuned from each source, and from scratch, with as many labels: what each source was worth, and "
                "which measure had the right order."
            )
        )


def _watch(experiment: str, known: int) -> None:
    """The progress of the runs; the page runs anew when one of them ends."""
    runs = store().find(experiment=experiment)
    done = len(finished_unique(runs))
    if done != known or not any(run.status in LIVE for run in runs):
        st.rerun()
    sentence = _("{done} of {count} runs are done").format(done=done, count=len(runs))
    st.progress(done / max(1, len(runs)), sentence)


def _say(ranked: Sequence[SourceScore], gains: Mapping[str, float], titles: Mapping[str, str]) -> None:
    """Kendall's τ of each measure, as a number each, and in words."""
    known = {name: one for name in MEASURES if (one := agreement(ranked, gains, name))}
    if not known:
        st.caption(_("The rank correlation appears when three sources and the run from scratch are measured."))
        return
    for column, (name, one) in zip(st.columns(len(known)), known.items(), strict=True):
        chance = _("p = {p}").format(p=f"{one.p_value:.2f}")
        column.metric(f"τ {titles[name]}", f"{one.tau:+.2f}".replace("-", "−"), chance, delta_color="off", border=True)
    best = max(known, key=lambda name: known[name].tau)
    sources = next(iter(known.values())).sources
    text = _(
        "Kendall's τ between each measure and the measured gain of {sources} sources: 1 if every pair is in the right "
        "order, 0 for an order by chance, −1 if every pair is in the wrong one. Here **{best}** was closest."
    ).format(sources=sources, best=titles[best])
    if min(one.p_value for one in known.values()) > PREDICTED:
        text += " " + _("No measure did better than an order by chance might have.")
    st.markdown(text)


def _found(asked: Experiment) -> str:
    """The newest experiment that asks for the same, with any number of seeds; empty if there is none."""
    wanted = _without_seeds(asked.asked())
    alike = [one.id for one in store().experiments().values() if one.preset == asked.preset]
    for experiment in alike[:SEARCHED]:
        if _without_seeds(store().asked(experiment)) == wanted:
            return experiment
    return ""


def _without_seeds(asked: Mapping[str, Any]) -> str:
    return canonical({name: value for name, value in asked.items() if name != "seeds"})
