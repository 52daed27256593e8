"""Look inside a finished run, or two side by side: pictures of what it learned, each a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.parts.domains import domain_title, task_title
from pages.parts.inside_answers import certainty, fixed_and_broken, mix_ups
from pages.parts.inside_data import Subject
from pages.parts.inside_features import feature_space
from pages.parts.inside_network import attention, first_stage, transferred
from pages.parts.sample_weights import sample_weights
from pages.parts.text import _, error_text, plain
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run
from xfer_core.runs.trained import trained_network
from xfer_core.runs.worker import SAMPLE_WEIGHTS
from xfer_core.settings import settings


@dataclass(frozen=True)
class Question:
    """One picture.

    Attributes:
        word: on its button.
        text: the question that it answers, its title.
        draw: draws it for one subject; is told all that stand side by side, and whether the page is dark.
    """

    word: str
    text: str
    draw: Callable[[Subject, list[Subject], bool], None]


def inside(run: Run, beside: Run | None = None, weights: bool = False) -> None:
    """Show the pictures, one at a time: only the one that is asked for is computed.

    Args:
        run: should have ended; else one sentence says what is missing.
        beside: another run, for comparison.
        weights: whether λ of each sample is a question here; False where the page shows it already.
    """
    st.fragment(_inside)(run, beside, weights)


def _inside(run: Run, beside: Run | None, weights: bool) -> None:
    runs = [run] if beside is None or beside.id == run.id else [run, beside]
    for each in runs:
        try:
            trained_network(each)
        except XferError as error:
            st.info(error_text(error), icon=":material/hourglass_top:")
            return
    specs = [RunSpec.model_validate(each.spec) for each in runs]
    chosen = _choose(specs)
    if chosen is None:
        return
    subjects = [Subject(each, *chosen) for each in runs]
    questions = _questions(bool(subjects[0].classes), weights and any(_has_weights(each) for each in runs))
    asked = st.pills(
        _("What do you want to see?"),
        list(questions),
        default=next(iter(questions)),
        format_func=lambda key: questions[key].word,
        required=True,
        key=f"inside.question.{run.id}",
        label_visibility="collapsed",
    )
    question = questions[asked]
    st.markdown(f"#### {question.text}")
    dark = st.context.theme.type == "dark"
    for place, subject in zip(st.columns(len(runs)) if len(runs) > 1 else [st.container()], subjects, strict=True):
        with place:
            if len(runs) > 1:
                st.markdown(f"**{plain(subject.run.name)}** ({subject.run.id})")
            try:
                with st.spinner(_("Looking…")):
                    question.draw(subject, subjects, dark)
            except XferError as error:
                st.error(error_text(error), icon=":material/error:")


def _questions(classes: bool, weights: bool) -> dict[str, Question]:
    """What can be asked of a task with classes, or of one that asks for a number; and of samples with weights."""
    questions = {
        "mix_ups": Question(_("Mix-ups"), _("Which classes are mixed up?"), mix_ups)
        if classes
        else Question(_("Answers"), _("How close are the answers?"), mix_ups),
        "changed": Question(
            _("Fixed and broken"),
            _("Which test pictures did the transfer fix, and which did it break?"),
            fixed_and_broken,
        ),
        "features": Question(_("Feature space"), _("Do source and target lie together?"), feature_space),
        "moved": Question(_("What moved"), _("What was transferred?"), transferred),
        "filters": Question(_("First filters"), _("What does the first stage look for?"), first_stage),
        "looked": Question(_("Where it looked"), _("Where did it look?"), attention),
        "certainty": Question(_("Certainty"), _("Does it know when it is unsure?"), certainty),
    }
    if weights:
        questions["weights"] = Question(_("λ of samples"), _("How much did each sample count?"), _weights)
    return questions


def _choose(specs: list[RunSpec]) -> tuple[str, str] | None:
    """The domain and the task that are looked at, of those that all runs share; None where they share none."""
    problem = specs[0].problem
    roles = problem.roles()
    order = (*problem.unseen, *problem.target, *problem.source)
    domains = [key for key in order if all(key in spec.problem.roles() for spec in specs)]
    tasks = [task for task in problem.tasks if all(task in spec.problem.tasks for spec in specs)]
    if not domains or not tasks:
        st.info(_("These two runs share no domain or no task: open each of them by itself."), icon=":material/info:")
        return None
    words = {"source": _("source"), "target": _("target"), "unseen": _("unseen")}
    with st.container(horizontal=True):
        domain = st.selectbox(
            _("Test samples of"),
            domains,
            format_func=lambda key: f"{domain_title(key)} ({words[roles[key]]})",
            key="inside.domain." + "+".join(domains),
            width=320,
        )
        task = tasks[0]
        if len(tasks) > 1:
            task = st.selectbox(
                _("Task"), tasks, format_func=task_title, key="inside.task." + "+".join(tasks), width=260
            )
    return domain, task


def _has_weights(run: Run) -> bool:
    return (settings().artifacts(run.id) / SAMPLE_WEIGHTS).exists()


def _weights(subject: Subject, _together: list[Subject], _dark: bool) -> None:
    if not _has_weights(subject.run):
        st.info(_("This run weighs every sample of a domain the same."), icon=":material/info:")
    sample_weights(subject.run.id)
