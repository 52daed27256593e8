"""Form of a new experiment: preset, problem, label budgets, seeds and settings, with the estimated duration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.compare.experiment_settings import choose_method_settings, choose_rest_of_problem, choose_training
from pages.compare.plan_words import count_words, held_equal, run_words, untuned_words
from pages.i18n import _, plain, time_range
from pages.widgets.chart_runs import term_titles
from pages.widgets.domain_pictures import domain_pictures
from pages.widgets.domains import domain_title
from pages.widgets.field_errors import FieldErrors
from pages.widgets.notice import show_notices
from pages.widgets.problem import BUDGETS, budget_label
from pages.widgets.store import begin, require_available, store
from xfer_core.analysis.cost import cost
from xfer_core.analysis.duration import Pace, estimate, paces
from xfer_core.analysis.intervals import MIN_SEEDS
from xfer_core.domains import domain_info, domain_keys
from xfer_core.errors import XferError
from xfer_core.experiments.experiment import Condition, Experiment
from xfer_core.experiments.plan import Plan, plan_for, strategy_of
from xfer_core.experiments.plan_link import MOST_SEEDS
from xfer_core.experiments.presets import PRESETS
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, canonical, parse_spec
from xfer_core.runs.store import FINISHED, LIVE
from xfer_core.strategies import TITLES

SOME = Problem().target  # a domain to start with, where none is chosen
REMEMBERED = 100  # finished runs from which durations are estimated

Wanted = list[tuple[RunSpec, Condition]]
state = st.session_state


def experiment_form(first: Plan, prefix: str) -> tuple[Plan, str]:
    """The controls of a new experiment, its estimated duration, the button that starts it, and an expander with
    further settings.

    Args:
        first: the initial plan.
        prefix: starts the keys; a new one resets all controls.

    Returns:
        The plan as chosen, and the id of the experiment if it was just started.
    """
    form = _Form(first, prefix)
    wanted = form.show()
    digest = canonical([spec.digest() for spec, _condition in wanted])
    runs_already = _is_running(digest)
    with form.start_place:
        st.button(
            _("Start the experiment"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=not wanted or runs_already,
            on_click=state.update,
            kwargs={"experiment.start": True},
            key="experiment.start-button",
            width="stretch",
        )
        if runs_already:
            st.caption(_("This experiment is running; its results are below."))
    if not state.pop("experiment.start", False) or not wanted or runs_already:
        return form.plan, ""
    begun = begin(form.plan.experiment())
    state["experiment.begun"] = (digest, begun)
    return form.plan, begun


def _is_running(digest: str) -> bool:
    """Whether this visitor has started the same runs and they are live: a second press then starts nothing."""
    begun, experiment = state.get("experiment.begun", ("", ""))
    return begun == digest and bool(store().find(experiment=experiment, statuses=LIVE, limit=1))


class _Form:
    """The controls, and the plan that they make.

    Args:
        first: the initial plan.
        prefix: starts the keys.
    """

    def __init__(self, first: Plan, prefix: str) -> None:
        self.plan, self.prefix, self.slots = first, prefix, FieldErrors()
        self.start_place: Any = None

    def show(self) -> Wanted:
        """Draw all controls.

        Returns:
            The runs of the plan with their conditions; none where it is invalid: the error is shown beside its control.
        """
        first, prefix, slots = self.plan, self.prefix, self.slots
        name = _choose_question(first, prefix)
        if name != first.preset:  # problem and training stay, but the settings of the new preset replace theirs
            first = replace(plan_for(name, first.seeds), base=_base_for(name, first.base), settings=first.settings)
        place = "views" if PRESETS[name].view else "own" if PRESETS[name].settings else "all"
        domains = _choose_domains(first, f"{prefix}.{place}", slots)
        many, budgets_column, seeds_column = st.columns([4, 3, 2] if PRESETS[name].choices else [0.01, 3, 2])
        with many:
            methods = _choose_methods(first, f"{prefix}.{name}", slots)
        with budgets_column:
            budgets = _choose_budgets(first, f"{prefix}.{name}", slots)
        with seeds_column:
            seeds = _choose_seeds(first, prefix, slots)
        slots.here("experiment", "")
        cost_place, self.start_place = st.columns([5, 2])
        terms_place = st.container()
        self.plan = replace(first, methods=tuple(methods), budgets=tuple(budgets), seeds=seeds, settings={})
        try:
            with st.expander(_("Settings"), icon=":material/settings:"):
                self.plan = _choose_settings(self.plan, first, domains, prefix, slots)
            specs = self.plan.experiment().specs()
            once = [spec for spec, _condition in specs[: len(specs) // seeds]]
            with cost_place:
                _say_costs(self.plan.experiment(), once)
            terms_place.caption(f"{held_equal(once)} {untuned_words(once)}")
            with terms_place:
                show_notices(key for spec in once for key in spec.problem.roles())
            return specs
        except XferError as error:
            slots.show(error)
            return []


def _base_for(question: str, base: RunSpec) -> RunSpec:
    """The same problem and training, with the settings of the preset."""
    preset = PRESETS[question]
    try:
        base = parse_spec(base.model_dump(mode="json"), preset.starting_settings(next(iter(base.problem.source), "")))
        base.problem.check_names()
    except XferError:
        return parse_spec({}, preset.starting_settings())
    return base


def _choose_question(first: Plan, prefix: str) -> str:
    name = st.pills(
        _("Question"),
        list(PRESETS),
        default=first.preset,
        required=True,
        format_func=lambda name: _(PRESETS[name].title),
        key=f"{prefix}.question",
        wrap=True,
    )
    st.caption(_(PRESETS[name].idea))
    return name


def _choose_domains(first: Plan, prefix: str, slots: FieldErrors) -> dict[str, list[str]]:
    """Source and target, with samples."""
    keys, chosen = list(domain_keys()), {}
    columns = st.columns(2)
    for column, role, label in zip(columns, ("source", "target"), (_("Source"), _("Target")), strict=True):
        with column:
            given = getattr(first.base.problem, role)
            if role == "target" and (seen := _views(first, chosen["source"])):
                chosen[role] = seen
                st.markdown(f"{label}: **{plain(', '.join(map(domain_title, seen)))}**")
                slots.here(f"problem.{role}")
                domain_pictures(seen)
                continue
            chosen[role] = st.multiselect(
                label,
                list(dict.fromkeys((*keys, *given))),
                default=list(given),
                format_func=domain_title,
                key=f"{prefix}.{role}",
                wrap=True,
            )
            slots.here(f"problem.{role}")
            domain_pictures(chosen[role])
    slots.here("problem")
    return chosen


def _views(first: Plan, source: list[str]) -> list[str]:
    """The target of a preset that makes it from the source; none for another, or where the source has no such view."""
    preset, problem = PRESETS[first.preset], first.base.problem
    if not preset.view or not source:
        return []
    if source == list(problem.source):
        return list(problem.target)
    try:
        return [key for one in source if domain_info(key := preset.seen(one))]
    except XferError:
        return []


def _choose_methods(first: Plan, prefix: str, slots: FieldErrors) -> list[str]:
    question = PRESETS[first.preset]
    if not question.choices:
        return []
    found = st.multiselect(
        _("Methods") if not question.conditions else _("Beside them, methods that set λ by themselves"),
        list(question.choices),
        default=[kind for kind in first.methods if kind in question.choices],
        format_func=lambda kind: _(TITLES[kind]),
        key=f"{prefix}.methods",
        wrap=True,
    )
    slots.here("experiment.conditions")
    return found


def _choose_budgets(first: Plan, prefix: str, slots: FieldErrors) -> list[Any]:
    found = st.multiselect(
        _("Labels per class in the target"),
        [*BUDGETS[:-1], *(budget for budget in first.budgets if budget not in BUDGETS), BUDGETS[-1]],
        default=list(first.budgets),
        format_func=budget_label,
        key=f"{prefix}.budgets",
        wrap=True,
    )
    slots.here("problem.labels_per_class", "experiment.budgets")
    return found


def _choose_seeds(first: Plan, prefix: str, slots: FieldErrors) -> int:
    seeds = st.slider(
        _("Seeds"),
        1,
        MOST_SEEDS,
        first.seeds,
        key=f"{prefix}.seeds",
        help=_(
            "Each seed splits the data anew and starts from other weights. One is a quick look, and more can be added "
            "while its results are shown; from {least} on, a difference can be called clear."
        ).format(least=MIN_SEEDS),
    )
    slots.here("experiment.seeds")
    return int(seeds)


def _choose_settings(plan: Plan, first: Plan, domains: dict[str, list[str]], prefix: str, slots: FieldErrors) -> Plan:
    """Tasks, network, training, and the fields of each method.

    Raises:
        XferError: for the first field that breaks a rule.
    """
    keys = [key for chosen in domains.values() for key in chosen]
    rest = choose_rest_of_problem(first.base.problem, keys, prefix, slots)
    inputs = domain_info(next(iter((*domains["target"], *domains["source"], *SOME)))).spec
    shared = choose_training(first.base, inputs, prefix, slots)
    problem = {**first.base.problem.model_dump(mode="json"), **domains, **rest}
    base = parse_spec({"problem": problem, **shared})
    base.problem.check_names()
    plan = replace(plan, base=base, term="")
    if sweeps := PRESETS[plan.preset].sweeps:
        plan = replace(plan, term=_choose_swept(plan, first, sweeps(base), prefix))
    kinds = list(dict.fromkeys(strategy_of(condition) for condition in plan.conditions()))
    if kinds:
        plan = replace(plan, settings=choose_method_settings(plan, kinds, first, f"{prefix}.of", slots))
    return plan


def _choose_swept(plan: Plan, first: Plan, options: tuple[str, ...], prefix: str) -> str:
    """The term whose λ is swept from 0 to 1, or the parameter of the target that is."""
    if PRESETS[plan.preset].multiplies:
        parameters = domain_info(plan.base.problem.target[0]).parameters
        fields = type(parameters).model_fields if parameters else {}
        label, titles = _("What moves the target away"), {}
        for name in options:  # the first is swept where a plan names none
            titles[name if titles else ""] = _(fields[name].title or name)
    else:
        label, titles = _("Which λ is swept from 0 to 1"), {"": _("all of the target")}
        titles |= term_titles(plan.spec_of("joint").strategy, list(options))
    names = list(titles)
    if not names:
        return ""
    index = names.index(first.term) if first.term in names else 0
    return st.selectbox(label, names, index, format_func=titles.__getitem__, key=f"{prefix}.term.{options}")


def _say_costs(asked: Experiment, once: Sequence[RunSpec]) -> None:
    """Show the number of runs and their estimated duration on this machine.

    Args:
        asked: the experiment.
        once: its specs of one seed.

    Raises:
        XferError: for a spec that is invalid.
    """
    for spec in once:
        require_available(spec)
        cost(spec)  # checks the whole spec
    done = _finished_paces()
    text = f"**{run_words(len(asked))}**: {count_words(asked)}. "
    span = estimate(list(once) * len(asked.seeds), done)
    if span is None:
        text += _("The first of them show how long it takes.")
    else:
        text += _("About **{time}** on this machine.").format(time=time_range(span.low, span.high))
        if len(asked.seeds) < MIN_SEEDS:
            more = MIN_SEEDS - len(asked.seeds)
            later = estimate(list(once) * more, done) or span
            words = _("A quick look: to call a difference clear, add {more} more seeds later (about {time}).")
            text += " " + words.format(more=more, time=time_range(later.low, later.high))
    st.markdown(text)


@st.cache_data(ttl=30, show_spinner=False)
def _paces_of(newest: str) -> list[Pace]:
    return paces(store().find(statuses=(FINISHED,), limit=REMEMBERED))


def _finished_paces() -> list[Pace]:
    """Paces of the last finished runs, computed anew when another has finished."""
    newest = store().find(statuses=(FINISHED,), limit=1)
    return _paces_of(newest[0].id) if newest else []
