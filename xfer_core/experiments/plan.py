"""The plan of an experiment: all that a person sets before it starts, and how a link spells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xfer_core.experiments.experiment import Budget, Condition, Experiment
from xfer_core.experiments.presets import PRESETS, lambda_conditions, strategy_conditions
from xfer_core.runs.spec import RunSpec, canonical, parse_spec, spec_settings, unchanged
from xfer_core.strategies import STRATEGIES

SHARED = ("problem", "network", "training")  # what all runs of an experiment share, as far as no method says otherwise
REFERENCE = ("target_only", "source_only")  # what a transfer must beat
STRATEGY_CLASSES: dict[str, Any] = {form.kind_name(): form for form in STRATEGIES}  # kind → class


@dataclass(frozen=True)
class Plan:
    """What is asked, before it starts.

    Attributes:
        question: a key of ``QUESTIONS``.
        base: problem, network and training of every run; its strategy, seed and label budget are not used.
        methods: kinds of the strategies that are compared; where the question has arms of its own, beside those.
        settings: kind → path → value in the words of ``--set``, where that method leaves its defaults, such as
            ``{"dann": {"strategy.hidden": "32", "training.optimizer.lr": "0.001"}}``.
        budgets: labels per class in the target.
        seeds: how many, from 0 on.
        term: whose λ runs from 0 to 1, where the question asks for that; empty: of all terms of the targets.
    """

    preset: str
    base: RunSpec
    methods: tuple[str, ...]
    budgets: tuple[Budget, ...]
    seeds: int = 1
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    term: str = ""

    def conditions(self) -> tuple[Condition, ...]:
        """What is compared, each with the settings of its method.

        Raises:
            XferError: what ``parse_spec`` raises.
        """
        question, own = PRESETS[self.preset], ()
        if question.sweeps_term:
            own = lambda_conditions(self.spec_of("joint"), self.term)
        elif question.conditions:
            own = question.conditions(self.base)
        arms = (*own, *strategy_conditions(self.methods))
        # What sets an arm apart stands last, so that it wins over its method's settings.
        return tuple(replace(arm, settings=(*self._settings_of(strategy_of(arm)), *arm.settings)) for arm in arms)

    def kinds(self) -> list[str]:
        """Every strategy that it trains, in the order of the arms."""
        return list(dict.fromkeys(strategy_of(arm) for arm in self.conditions()))

    def spec_of(self, kind: str) -> RunSpec:
        """A run of this method with its settings, at the base's label budget.

        Raises:
            XferError: what ``parse_spec`` raises.
        """
        return parse_spec(self.base.model_dump(mode="json"), [f"strategy.kind={kind}", *self._settings_of(kind)])

    def experiment(self) -> Experiment:
        """The runs that it asks for."""
        return Experiment(self.preset, self.base, self.conditions(), self.budgets, tuple(range(self.seeds)))

    def query(self) -> dict[str, str]:
        """The plan as the parameters of a link, in the words of ``--set``; the methods' settings begin with a kind."""
        asked = {"question": self.preset, "labels": ",".join(str(budget) for budget in self.budgets)}
        asked["seeds"] = str(self.seeds)
        if PRESETS[self.preset].choices:
            asked["methods"] = ",".join(self.methods)
        if self.term:
            asked["term"] = self.term
        shared = {
            path: value
            for path, value in spec_settings(self.base).items()
            if path.partition(".")[0] in SHARED and path != "problem.labels_per_class"
        }
        own = {
            f"{kind}.{path.removeprefix('strategy.')}": value
            for kind, settings in self.settings.items()
            for path, value in settings.items()
        }
        return {**asked, **shared, **own}

    def _settings_of(self, kind: str) -> list[str]:
        return [f"{path}={value}" for path, value in self.settings.get(kind, {}).items()]


def strategy_of(arm: Condition) -> str:
    """The strategy of an arm."""
    begins = "strategy.kind="
    return next(setting.removeprefix(begins) for setting in arm.settings if setting.startswith(begins))


def plan_for(question: str, seeds: int = 1) -> Plan:
    """The plan that a question begins with."""
    preset = PRESETS[question]
    return Plan(question, parse_spec({}, preset.settings), preset.kinds, preset.budgets, seeds)


def plan_to_compare(spec: RunSpec) -> Plan:
    """The method of this spec, with its settings, against what a transfer must beat, on the same problem, network and
    training. From scratch stays out where the spec has no target labels to learn from."""
    kind, budget = spec.strategy.kind, spec.problem.labels_per_class
    others = [other for other in REFERENCE if other != kind and (other != "target_only" or budget != 0)]
    settings = method_settings(kind, spec.strategy.model_dump(mode="json"))
    return Plan("compare", unchanged(spec), (*others, kind), (budget,), 1, {kind: settings} if settings else {})


def plan_to_sweep(spec: RunSpec, term: str = "") -> Plan:
    """How λ changes the result, on the problem, network and training of this spec; the other terms share as in it."""
    settings = method_settings("joint", spec.strategy.model_dump(mode="json")) if spec.strategy.kind == "joint" else {}
    own = {"joint": settings} if settings else {}
    return Plan("lambda", unchanged(spec), PRESETS["lambda"].kinds, (spec.problem.labels_per_class,), 1, own, term)


def method_settings(kind: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """Path → value in the words of ``--set``, of those fields that differ from the method's defaults.

    Raises:
        XferError: for the first field that breaks a rule.
    """
    settings = spec_settings(parse_spec({"strategy": {**fields, "kind": kind}}))
    return {path: value for path, value in settings.items() if path != "strategy.kind"}


def untuned(specs: Sequence[RunSpec]) -> list[str]:
    """The kinds among these specs whose every field is the method's default: nobody has set them for this problem."""
    kinds = dict.fromkeys(spec.strategy.kind for spec in specs)
    own = {kind: {canonical(s.strategy.model_dump(mode="json")) for s in specs if s.strategy.kind == kind}
           for kind in kinds}  # fmt: skip
    return [kind for kind in kinds if own[kind] == {canonical(STRATEGY_CLASSES[kind]().model_dump(mode="json"))}]
