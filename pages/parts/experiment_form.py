"""The short form of an experiment: a question, a problem, how many labels and seeds; what that costs; and a button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.parts.domains import domain_title
from pages.parts.problem import BUDGETS, budget_label
from pages.parts.slots import Slots
from pages.parts.store import require_here, start
from pages.parts.text import _, duration
from xfer_core.analysis.cost import estimate
from xfer_core.domains import domain_keys
from xfer_core.errors import XferError
from xfer_core.runs.experiment import Arm, Experiment, new_batch
from xfer_core.runs.questions import QUESTIONS, Question, strategy_arms
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import TITLES

SEEDS, MOST_SEEDS = 5, 20


def experiment_form() -> None:
    """Choose and start an experiment; what cannot run is said beside the control."""
    slots = Slots()
    name = st.pills(
        _("Question"),
        list(QUESTIONS),
        default="help",
        required=True,
        format_func=lambda name: _(QUESTIONS[name].title),
        key="experiment.question",
        wrap=True,
    )
    question = QUESTIONS[name]
    st.caption(_(question.idea))
    base = _with_settings_of_train()
    fields, budgets = _problem(name, parse_spec(base.model_dump(mode="json"), question.settings), question, slots)
    kinds = _methods(name, question)
    seeds = int(st.slider(_("Seeds"), 1, MOST_SEEDS, SEEDS, key="experiment.seeds", help=_(
        "Each seed deals the data anew and starts from other weights. From five on, differences can be called clear."
    )))  # fmt: skip
    slots.here("experiment", "")
    wanted: list[tuple[RunSpec, Arm]] = []
    try:
        spec = parse_spec({**base.model_dump(mode="json"), "problem": fields})
        spec.problem.check_names()
        arms = question.arms(spec) if question.arms else strategy_arms(kinds)
        asked = Experiment(name, spec, arms, tuple(budgets), tuple(range(seeds)))
        specs = asked.specs()
        st.markdown(_price(asked, [spec for spec, _arm in specs[: len(specs) // seeds]]))
        wanted = specs
    except XferError as error:
        slots.show(error)
    begin = st.button(
        _("Start the experiment"),
        type="primary",
        icon=":material/play_arrow:",
        disabled=not wanted,
        key="experiment.start",
    )
    if begin:
        batch = new_batch(name)
        start([(one, _(arm.title).format(**arm.params)) for one, arm in wanted], batch)
        st.session_state["experiment.shown"] = st.query_params["experiment"] = batch
        st.rerun()


def _price(asked: Experiment, once: Sequence[RunSpec]) -> str:
    """How many runs that is, and about how long they take here.

    Args:
        asked: the experiment.
        once: its specs of one seed.

    Raises:
        XferError: for what could not run.
    """
    for spec in once:
        require_here(spec.problem)
    ways = _("{arms} ways × {budgets} label budgets × {seeds} seeds").format(
        arms=len(asked.arms), budgets=len(asked.budgets), seeds=len(asked.seeds)
    )
    once_seconds = estimate(once)
    if once_seconds is None:
        return _("**{runs} runs**: {ways}. The first of them show how long it takes.").format(
            runs=len(asked), ways=ways
        )
    time = duration(len(asked.seeds) * once_seconds)
    return _("**{runs} runs**, about {time} on this machine: {ways}.").format(runs=len(asked), time=time, ways=ways)


def _with_settings_of_train() -> RunSpec:
    """What every run of the experiment shares: the defaults, or what is set in Train."""
    of_train: RunSpec | None = st.session_state.get("train.spec")
    if of_train is None or of_train == RunSpec():
        return RunSpec()
    taken = st.toggle(
        _("With problem, network and training as set in Train"), value=False, key="experiment.as_in_train"
    )
    return of_train if taken else RunSpec()


def _problem(name: str, base: RunSpec, question: Question, slots: Slots) -> tuple[dict[str, Any], list[Any]]:
    """Source, targets and budgets; the fields of the problem and the budgets as chosen."""
    problem, keys = base.problem, list(domain_keys())
    left, right = st.columns(2)
    chosen = {}
    for column, role, label in ((left, "source", _("Source")), (right, "target", _("Target"))):
        with column:
            chosen[role] = st.multiselect(
                label,
                keys,
                default=list(getattr(problem, role)),
                format_func=domain_title,
                key=f"experiment.{name}.{role}.{hash(getattr(problem, role))}",
                wrap=True,
            )
            slots.here(f"problem.{role}")
    usual = list(question.budgets) if len(question.budgets) > 1 else [problem.labels_per_class]
    budgets = st.multiselect(
        _("Labels of each class in the target"),
        [*BUDGETS[:-1], *(budget for budget in usual if budget not in BUDGETS), BUDGETS[-1]],
        default=usual,
        format_func=budget_label,
        key=f"experiment.{name}.budgets.{problem.labels_per_class}",
        wrap=True,
    )
    slots.here("problem.labels_per_class", "experiment.budgets")
    slots.here("problem")
    return {**problem.model_dump(mode="json"), **chosen}, budgets


def _methods(name: str, question: Question) -> list[str]:
    if not question.kinds:
        return []
    return st.multiselect(
        _("Methods"),
        list(TITLES),
        default=list(question.kinds),
        format_func=lambda kind: _(TITLES[kind]),
        key=f"experiment.{name}.methods",
        wrap=True,
    )
