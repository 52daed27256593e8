"""Inspect a finished run, or two side by side: one view per question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.i18n import _, error_text, plain
from pages.run.inspect_columns import columns_view
from pages.run.inspect_features import feature_space_view
from pages.run.inspect_network import first_layer_filters_view, grad_cam_view, layer_drift_view
from pages.run.inspect_predictions import calibration_view, confusion_matrix_view, prediction_changes_view
from pages.run.inspect_tokens import tokens_view
from pages.run.inspected_run import InspectedRun
from pages.theme import is_dark
from pages.widgets import address
from pages.widgets.domains import domain_title, task_title
from pages.widgets.sample_weights import sample_weights
from xfer_core.errors import XferError
from xfer_core.problems.problem import Role
from xfer_core.runs.artifacts import SAMPLE_WEIGHTS
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run
from xfer_core.workspace import current_workspace

READ = "inside.read"

# The title takes the width that the controls leave; on a phone they are below it.
STYLE = """<style>
.st-key-inside-head {gap: .4rem 1rem}
.st-key-inside-head > [data-testid=stElementContainer]:first-child {flex: 1 1 22rem}
.st-key-inside-head h4 {padding: .2rem 0}
.st-key-inside-head [data-testid=stMarkdownContainer] {margin-bottom: 0}
</style>"""


@dataclass(frozen=True)
class InspectView:
    """One view.

    Attributes:
        word: the field's term: on its button, and first in its title.
        text: the question that it answers.
        draw: draws it for one run; also gets all runs side by side, and whether the page is dark.
        of_samples: whether it depends on the chosen samples.
    """

    word: str
    text: str
    draw: Callable[[InspectedRun, list[InspectedRun], bool], None]
    of_samples: bool = True


def inspect_panel(run: Run, beside: Run | None = None, weights: bool = False) -> None:
    """Show the views, one at a time: only the chosen one is computed.

    Args:
        run: an ended run; for others one sentence says what is missing.
        beside: another run, for comparison.
        weights: whether sample weights are a view here; False where the page shows them already.
    """
    read_question(run)
    st.fragment(_inside)(run, beside, weights)


def _inside(run: Run, beside: Run | None, weights: bool) -> None:
    runs = [run] if beside is None or beside.id == run.id else [run, beside]
    for each in runs:
        try:
            load_trained_network(each)
        except XferError as error:
            st.info(error_text(error), icon=":material/hourglass_top:")
            return
    specs = [each.typed_spec for each in runs]
    domains, tasks = _shared(specs)
    if not domains or not tasks:
        st.info(_("These two runs share no domain or no task: open each of them by itself."), icon=":material/info:")
        return
    st.html(STYLE)
    task = _kept(f"inside.task.{'+'.join(tasks)}", tasks)
    problem, has_weights = specs[0].problem, weights and any(_has_weights(each) for each in runs)
    questions = _questions(bool(problem.classes()[task]), problem.input_spec().attribution, has_weights)
    question = _ask(run, questions)
    with st.container(horizontal=True, vertical_alignment="center", key="inside-head"):
        st.markdown(f"#### {question.word} — {question.text}", width="content")
        domain = _choose_domain(domains, specs[0].problem.roles()) if question.of_samples else domains[0]
        task = _choose_task(tasks)
        controls = st.container(horizontal=True, width="content", key="inside-controls")
    subjects = [InspectedRun(each, domain, task, controls if len(runs) == 1 else None, controls) for each in runs]
    dark = is_dark()
    for place, subject in zip(st.columns(len(runs)) if len(runs) > 1 else [st.container()], subjects, strict=True):
        with place:
            if len(runs) > 1:
                st.markdown(f"**{plain(subject.run.name)}** ({subject.run.id})")
            try:
                with st.spinner(_("Computing…")):
                    question.draw(subject, subjects, dark)
            except XferError as error:
                st.error(error_text(error), icon=":material/error:")


# ---------------------------------------------------------------------- which question


def read_question(run: Run) -> None:
    """Read ``question=…`` of a link, once per arrival of the visitor."""
    if st.session_state.get(READ) == address.arrivals():
        return
    st.session_state[READ] = address.arrivals()
    if asked := address.given_on_arrival().get("question", ""):
        st.session_state[_key(run)] = asked


def question_in_address(run: Run) -> dict[str, str]:
    """The query parameter of the question shown; empty before one was."""
    asked = st.session_state.get(_key(run), "")
    return {"question": asked} if asked else {}


def _key(run: Run) -> str:
    return f"inside.question.{run.id}"


def _ask(run: Run, questions: dict[str, InspectView]) -> InspectView:
    """The buttons; the chosen view, which is written into the address too."""
    _kept(_key(run), list(questions))
    st.pills(
        _("What do you want to see?"),
        list(questions),
        format_func=lambda name: questions[name].word,
        required=True,
        key=_key(run),
        label_visibility="collapsed",
        wrap=True,
    )
    asked = st.session_state[_key(run)]
    address.write_address({**address.written(), "question": asked})
    return questions[asked]


def _kept(key: str, options: list[str]) -> str:
    """The choice under this key, if it is one of the options; else the first option, which is stored then."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    return st.session_state[key]


def _questions(classes: bool, attribution: str, weights: bool) -> dict[str, InspectView]:
    """The views of a classification or a regression task; and that of sample weights."""
    questions = {
        "confusion": InspectView(_("Confusion matrix"), _("which classes are mixed up?"), confusion_matrix_view)
        if classes
        else InspectView(_("Predictions"), _("how close are they to the true values?"), confusion_matrix_view),
        "changes": InspectView(
            _("Prediction changes"),
            _("which samples did the transfer correct, which did it break?"),
            prediction_changes_view,
        ),
        "features": InspectView(_("Feature space"), _("do source and target lie together?"), feature_space_view),
        "drift": InspectView(_("Layer drift"), _("what was transferred?"), layer_drift_view),
        **_attribution(attribution),
        "calibration": InspectView(_("Calibration"), _("does it know when it is unsure?"), calibration_view),
    }
    if weights:
        questions["weights"] = InspectView(_("Sample weights λ"), _("how much did each sample count?"), _weights, False)
    return questions


def _attribution(kind: str) -> dict[str, InspectView]:
    """What in an input spoke for a class: the views that exist for this kind of input."""
    if kind == "grad_cam":
        filters = _("First-layer filters"), _("which did training change?"), first_layer_filters_view, False
        gradcam = _("Grad-CAM"), _("where did it look?"), grad_cam_view
        return {"filters": InspectView(*filters), "gradcam": InspectView(*gradcam)}
    if kind == "integrated_gradients":
        return {"columns": InspectView(_("Columns"), _("which of them decided?"), columns_view)}
    if kind == "token_gradients":
        return {"tokens": InspectView(_("Words and letters"), _("which of them spoke for a class?"), tokens_view)}
    return {}


# ---------------------------------------------------------------------- of which samples


def _shared(specs: list[RunSpec]) -> tuple[list[str], list[str]]:
    """The domains and the tasks that all runs have."""
    problem = specs[0].problem
    order = (*problem.unseen, *problem.target, *problem.source)
    domains = [key for key in order if all(key in spec.problem.roles() for spec in specs)]
    return domains, [task for task in problem.tasks if all(task in spec.problem.tasks for spec in specs)]


def _choose_domain(domains: list[str], roles: dict[str, Role]) -> str:
    words = {"source": _("source"), "target": _("target"), "unseen": _("unseen")}
    return st.selectbox(
        _("Test samples of"),
        domains,
        format_func=lambda key: f"{domain_title(key)} ({words[roles[key]]})",
        key="inside.domain." + "+".join(domains),
        width=300,
    )


def _choose_task(tasks: list[str]) -> str:
    if len(tasks) == 1:
        return tasks[0]
    return st.selectbox(_("Task"), tasks, format_func=task_title, key="inside.task." + "+".join(tasks), width=200)


def _has_weights(run: Run) -> bool:
    return (current_workspace().artifacts(run.id) / SAMPLE_WEIGHTS).exists()


def _weights(subject: InspectedRun, _together: list[InspectedRun], _dark: bool) -> None:
    if not _has_weights(subject.run):
        st.info(_("This run weighs every sample of a domain the same."), icon=":material/info:")
    sample_weights(subject.run.id)
