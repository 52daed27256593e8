"""Compare: experiments, which answer a question with pictures; and all runs, to be laid side by side."""

from __future__ import annotations

import streamlit as st

from pages.parts.experiment_form import experiment_form
from pages.parts.experiment_panel import experiment_panel
from pages.parts.run_list import run_list
from pages.parts.store import store
from pages.parts.text import _, moment
from xfer_core.runs.experiment import PREFIX, question_of
from xfer_core.runs.questions import QUESTIONS

EXPERIMENTS, RUNS = "experiments", "runs"


def _question_title(batch: str) -> str:
    question = QUESTIONS.get(question_of(batch))
    return _(question.title) if question else batch


def _experiments() -> None:
    batches = dict(store().batches(PREFIX))
    asked = st.query_params.get("experiment") or st.session_state.get("experiment.shown", "")
    if asked and asked not in batches:
        st.info(_("The experiment of this link is not in this installation. Ask its question anew."))
    # Folded, it is not worked out: people come for the pictures.
    form = st.expander(_("New experiment"), icon=":material/science:", expanded=not batches, on_change="rerun")
    if form.open:
        with form:
            experiment_form()
    if batches:
        _shown(batches, asked)
    else:
        st.query_params.pop("experiment", None)


def _shown(batches: dict[str, float], asked: str) -> None:
    """One experiment: the one that the link names, else the newest; others can be chosen."""
    shown = asked if asked in batches else next(iter(batches))
    if len(batches) > 1:
        names = list(batches)
        shown = st.selectbox(
            _("Experiment"),
            names,
            names.index(shown),
            format_func=lambda batch: f"{_question_title(batch)} · {moment(batches[batch])}",
            key=f"experiment.choice.{hash(tuple(names))}",  # others to choose from: another box, which starts anew
        )
    st.session_state["experiment.shown"] = st.query_params["experiment"] = shown
    experiment_panel(shown, _question_title(shown))


def main() -> None:
    """The page."""
    st.subheader(_("Compare"))
    titles = {EXPERIMENTS: _("Experiments"), RUNS: _("All runs")}
    view = st.segmented_control(
        _("What to compare"),
        list(titles),
        default=RUNS if st.query_params.get("view") == RUNS else EXPERIMENTS,
        required=True,
        format_func=titles.__getitem__,
        label_visibility="collapsed",
        key="compare.view",
    )
    if view == RUNS:
        st.query_params["view"] = RUNS
        run_list()
    else:
        st.query_params.pop("view", None)
        _experiments()


main()
