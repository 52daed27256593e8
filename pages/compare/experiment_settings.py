"""Settings of a new experiment: those that all runs share, and those of each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.chart_runs import term_titles
from pages.widgets.config_form import choose_kind, controls
from pages.widgets.download import offer_weights
from pages.widgets.field_errors import FieldErrors
from pages.widgets.lesson import lesson_of
from pages.widgets.problem import tasks_control, unseen_control
from xfer_core.errors import XferError
from xfer_core.experiments.plan import Plan, method_settings
from xfer_core.experiments.plan_link import RATE
from xfer_core.modalities import InputSpec
from xfer_core.networks import HEAD, NETWORKS
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, canonical, parse_spec
from xfer_core.selections import RULES
from xfer_core.strategies import CLASSES, TITLES
from xfer_core.strategies.base import ChoosesFrozen, ChoosesWeights
from xfer_core.training import OPTIMIZERS

SWEPT = {"freeze": "frozen", "lambda": "weights"}  # preset → the field that its conditions vary
KEPT = ("device", "precision")  # training fields without a control, as in the link or by default
APART = ("frozen", "weights", "table")  # fields that have no control of the common kind


def choose_rest_of_problem(first: Problem, keys: Sequence[str], prefix: str, slots: FieldErrors) -> dict[str, Any]:
    """Tasks and test-only domains.

    Args:
        first: the initial values.
        keys: the chosen domains.
        prefix: starts the keys of the controls.
        slots: places for the errors of each field.
    """
    left, right = st.columns(2)
    with left:
        chosen = tasks_control(first, keys, prefix, slots)
    with right:
        unseen = unseen_control(first, prefix, slots)
    return {"tasks": chosen, "unseen": unseen}


def choose_training(first: RunSpec, inputs: InputSpec, prefix: str, slots: FieldErrors) -> dict[str, Any]:
    """Network and training of all runs on these inputs; the chosen fields of both."""
    training, names = first.training, tuple(type(first.training).model_fields)
    st.markdown(f"**{_('All methods')}**")
    network_column, optimizer_column, left, right = st.columns(4)
    with network_column:
        fitting = [form for form in NETWORKS if form.accepts(inputs)]
        network = choose_kind(_("Network"), fitting, first.network, f"{prefix}.network.{inputs.modality}")
        fields = {"kind": network.kind, **controls(network, f"{prefix}.{network.kind}")}
        slots.here("network")
        offer_weights(fields)
    with optimizer_column:
        optimizer = choose_kind(_("Optimiser"), OPTIMIZERS, training.optimizer, f"{prefix}.optimizer")
        of_optimizer = {"kind": optimizer.kind, **controls(optimizer, f"{prefix}.{optimizer.kind}")}
    with left:
        rule = st.selectbox(
            _("Model selection: which step counts"),
            list(RULES),
            index=list(RULES).index(training.selection),
            format_func=lambda kind: _(RULES[kind].title),
            help=lesson_of(type(RULES[training.selection])).idea,
            key=f"{prefix}.rule",
        )
        here = ("steps", "batch_size")
        rest = controls(training, f"{prefix}.training", without=tuple(name for name in names if name not in here))
    with right:
        apart = (*here, *KEPT, "optimizer", "selection", "live_changes")
        offered = {"augment": inputs.augmentations}
        rest |= controls(training, f"{prefix}.training.{inputs.modality}", without=apart, offered=offered)
    slots.here("training")
    kept = {name: getattr(training, name) for name in KEPT}
    return {"network": fields, "training": {**rest, **kept, "optimizer": of_optimizer, "selection": rule}}


def choose_method_settings(
    plan: Plan, kinds: Sequence[str], first: Plan, prefix: str, slots: FieldErrors
) -> dict[str, dict[str, str]]:
    """A tab for each method with its own fields.

    Args:
        plan: as chosen so far.
        kinds: its methods.
        first: the initial plan.
        prefix: starts the keys of the controls.
        slots: places for the errors of each field.

    Returns:
        kind → path → value in the syntax of ``--set``, for the settings that are not at their defaults.
    """
    chosen: dict[str, dict[str, str]] = {}
    st.markdown(f"**{_('Each method')}**")
    slots.here("strategy")
    for kind, tab in zip(kinds, st.tabs([_(TITLES[kind]) for kind in kinds]), strict=True):
        with tab:
            try:
                own = _choose_own(plan, kind, first.settings.get(kind, {}), prefix)
            except XferError as error:
                slots.show(error)
                own = {}
        if own:
            chosen[kind] = own
    return chosen


def _choose_own(plan: Plan, kind: str, first: Mapping[str, str], prefix: str) -> dict[str, str]:
    form, prefix = CLASSES[kind], f"{prefix}.{kind}"
    fields, swept = form.model_fields, SWEPT.get(plan.preset)
    at_first = parse_spec({}, [f"strategy.kind={kind}", *(f"{path}={value}" for path, value in first.items())])
    now = at_first.strategy
    values = {name: getattr(now, name) for name in APART if name in fields}
    left, middle, right = st.columns(3)
    with left:
        rate = st.number_input(
            _("Learning rate of this method"),
            0.0,
            10.0,
            at_first.training.optimizer.lr if RATE in first else None,
            step=0.001,
            format="%g",
            placeholder=_("as for all methods"),
            key=f"{prefix}.own-rate",
        )
    with middle:
        values |= controls(now, prefix, without=APART)
        if len(fields) == 1:
            st.caption(_("This method has no other settings."))
    with right:
        if isinstance(now, ChoosesFrozen) and swept != "frozen":
            values["frozen"] = _choose_frozen(plan.base, now, prefix)
        if isinstance(now, ChoosesWeights) and swept != "weights":
            values["weights"] = _choose_weights(plan.base.problem, now, prefix)
    own = method_settings(kind, values)
    return own if rate is None else {**own, RATE: canonical(rate)}


def _choose_frozen(base: RunSpec, now: ChoosesFrozen, prefix: str) -> list[str]:
    """Choice of frozen stages; names that are no stages stay in the result."""
    stages = base.network.summary(base.problem.input_spec(), base.problem.outputs())
    names = [stage["name"] for stage in stages if stage["name"] != HEAD]
    others = [name for name in now.frozen if name not in names]
    found = st.multiselect(
        _("Freeze layers"),
        [*names, *others],
        default=list(now.frozen),
        format_func=lambda name: name,
        placeholder=_("none: all are updatable"),
        key=f"{prefix}.frozen.{base.network.kind}",
        wrap=True,
    )
    return list(found)


def _choose_weights(problem: Problem, now: ChoosesWeights, prefix: str) -> dict[str, float]:
    """λ of each term; empty where all are at the method's defaults."""
    try:
        lambdas = now.lambdas(problem)
    except XferError:  # weights of other domains than the present ones
        now = type(now)(**{**now.model_dump(), "weights": {}})
        lambdas = now.lambdas(problem)
    usual = type(now)(**{**now.model_dump(), "weights": {}}).lambdas(problem)
    shown = {term: value for term, value in lambdas.items() if term not in now.term_titles}
    titles = term_titles(now, list(shown))
    chosen = {
        term: float(
            st.number_input(
                plain(f"λ · {titles[term]}"), 0.0, None, float(value), step=0.05, format="%g", key=f"{prefix}.λ.{term}"
            )
        )
        for term, value in shown.items()
    }
    if chosen == shown:  # unchanged: as given
        return dict(now.weights)
    return {} if chosen == {term: usual[term] for term in chosen} else chosen
