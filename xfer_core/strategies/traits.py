"""Traits of each method, computed from its class, to filter lists of methods."""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

from xfer_core.errors import XferError
from xfer_core.networks import Network, SmallCNN
from xfer_core.problems.problem import Problem, ProblemData
from xfer_core.strategies.base import Strategy, task_loss_terms

Trait = Literal["no_target_labels", "freezes", "weighs", "balances"]
TRAITS: tuple[Trait, ...] = get_args(Trait)
SOURCES = ("digits.handwritten", "digits.printed")  # two: methods for several domains need them


def traits_of(form: type[Strategy]) -> frozenset[Trait]:
    """The traits of a method.

    Returns:
        ``no_target_labels``: it accepts a problem whose target has no labels. ``freezes``: some layers can be frozen
        or always are. ``weighs``: several losses are added, each with a λ that a person can set. ``balances``: it sets
        λ by itself.
    """
    return _traits(form)


@cache
def _setting() -> tuple[Problem, ProblemData, Network]:
    """A problem with several sources, its data, and a network for it."""
    problem = Problem(source=SOURCES)
    data = problem.check(0)
    return problem, data.training_data(), SmallCNN().build(data.input_spec, problem.outputs())


@cache
def _traits(form: type[Strategy]) -> frozenset[Trait]:
    method, (problem, data, network) = form(kind=form.kind_name()), _setting()
    held: set[Trait] = set()
    try:
        method.check(problem.model_copy(update={"labels_per_class": 0}))
        held.add("no_target_labels")
    except XferError:
        pass
    phases = [phase for phase in method.phases(data, network) if phase.trainable]
    if "frozen" in form.model_fields or any(phase.frozen for phase in phases):
        held.add("freezes")
    own = set(method.lambdas(problem)) - set(task_loss_terms(problem, "source", "target")) - set(problem.roles())
    together = any({*problem.source, *problem.target} <= set(phase.domains) for phase in phases)
    if form.sets_loss_weights() and "weight" not in form.model_fields:  # IRM and V-REx only scale a λ set by hand
        held.add("balances")
    elif together or own:
        held.add("weighs")
    return frozenset(held)
