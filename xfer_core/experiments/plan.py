"""The plan of an experiment: its settings before it starts, and their encoding in a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xfer_core.experiments.experiment import Budget, Condition, Experiment
from xfer_core.experiments.presets import ALL_PRESETS, PRESETS, lambda_conditions, strategy_conditions
from xfer_core.runs.spec import RunSpec, canonical, parse_spec, spec_settings, unchanged
from xfer_core.strategies import BASELINES, CLASSES
from xfer_core.strategies.joint.joint import Joint

SHARED = ("problem", "network", "training")  # what all runs of an experiment share, as far as no method says otherwise


@dataclass(frozen=True)
class Plan:
    """Settings of an experiment before it starts.

    Attributes:
        preset: a key of ``ALL_PRESETS``.
        base: problem, network and training of every run; its strategy, seed and label budget are not used.
        methods: kinds of the compared strategies, in addition to the preset's own conditions.
        settings: kind → path → value in the syntax of ``--set``, where a method differs from its defaults, such as
            ``{"dann": {"strategy.hidden": "32", "training.optimizer.lr": "0.001"}}``.
        budgets: labels per class in the target.
        seeds: how many, starting at 0.
        term: what the preset sweeps: the term whose λ goes from 0 to 1 (empty: all terms of the targets), or the
            parameter of the target (empty: its first).
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
        preset, own = ALL_PRESETS[self.preset], ()
        if preset.conditions is lambda_conditions:
            own = lambda_conditions(self.spec_of(Joint.kind_name()), self.term)
        elif preset.conditions:
            own = preset.conditions(self.base)
        found = (*own, *strategy_conditions(self.methods))
        if preset.multiplies:
            found = preset.multiplies(self.base, found, self.term)
        # A condition's own settings come last, so that they override its method's settings.
        return tuple(replace(one, settings=(*self._settings_of(strategy_of(one)), *one.settings)) for one in found)

    def kinds(self) -> list[str]:
        """Every strategy that it trains, in the order of the conditions."""
        return list(dict.fromkeys(strategy_of(condition) for condition in self.conditions()))

    def spec_of(self, kind: str) -> RunSpec:
        """A run of this method with its settings, at the base's label budget.

        Raises:
            XferError: what ``parse_spec`` raises.
        """
        return parse_spec(self.base.model_dump(mode="json"), [f"strategy.kind={kind}", *self._settings_of(kind)])

    def experiment(self) -> Experiment:
        """The experiment with its runs."""
        return Experiment(self.preset, self.base, self.conditions(), self.budgets, tuple(range(self.seeds)))

    def query(self) -> dict[str, str]:
        """The plan as query parameters of a link, in the syntax of ``--set``; methods' settings begin with a kind."""
        query = {"question": self.preset, "labels": ",".join(str(budget) for budget in self.budgets)}
        query["seeds"] = str(self.seeds)
        if PRESETS[self.preset].choices:
            query["methods"] = ",".join(self.methods)
        if self.term:
            query["term"] = self.term
        shared = {
            path: value
            for path, value in spec_settings(self.base).items()
            if path.partition(".")[0] in SHARED and path != "problem.labels_per_class"
        }
        base = self.base.model_dump(mode="json")
        for setting in PRESETS[self.preset].starting_settings():  # of which the base has the default again
            path = setting.partition("=")[0]
            found: Any = base
            for part in path.split("."):
                found = found.get(part)
            if found is not None:  # another optimizer has other fields
                shared.setdefault(path, canonical(found))
        own = {
            f"{kind}.{path.removeprefix('strategy.')}": value
            for kind, settings in self.settings.items()
            for path, value in settings.items()
        }
        return {**query, **shared, **own}

    def _settings_of(self, kind: str) -> list[str]:
        return [f"{path}={value}" for path, value in self.settings.get(kind, {}).items()]


def strategy_of(arm: Condition) -> str:
    """The strategy of a condition."""
    begins = "strategy.kind="
    return next(setting.removeprefix(begins) for setting in arm.settings if setting.startswith(begins))


def plan_for(question: str, seeds: int = 1) -> Plan:
    """The default plan of a preset."""
    preset = ALL_PRESETS[question]
    return Plan(question, parse_spec({}, preset.starting_settings()), preset.kinds, preset.budgets, seeds)


def plan_to_compare(spec: RunSpec) -> Plan:
    """The method of this spec, with its settings, against the baselines, on the same problem, network and training.
    A baseline is left out if the spec lacks what it needs: target labels, or a source."""
    kind, budget = spec.strategy.kind, spec.problem.labels_per_class
    fitting = [
        form.kind_name()
        for form in BASELINES
        if (budget != 0 or not form.needs.target_labels) and (spec.problem.source or not form.needs.source)
    ]
    others = [other for other in fitting if other != kind]
    settings = method_settings(kind, spec.strategy.model_dump(mode="json"))
    return Plan("compare", unchanged(spec), (*others, kind), (budget,), 1, {kind: settings} if settings else {})


def plan_to_sweep(spec: RunSpec, term: str = "") -> Plan:
    """A λ sweep on the problem, network and training of this spec; the other terms keep their proportions."""
    kind, strategy = Joint.kind_name(), spec.strategy
    settings = method_settings(kind, strategy.model_dump(mode="json")) if type(strategy) is Joint else {}
    own = {kind: settings} if settings else {}
    return Plan("lambda", unchanged(spec), PRESETS["lambda"].kinds, (spec.problem.labels_per_class,), 1, own, term)


def method_settings(kind: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """Path → value in the syntax of ``--set``, of those fields that differ from the method's defaults.

    Raises:
        XferError: for the first field that breaks a rule.
    """
    settings = spec_settings(parse_spec({"strategy": {**fields, "kind": kind}}))
    return {path: value for path, value in settings.items() if path != "strategy.kind"}


def untuned(specs: Sequence[RunSpec]) -> list[str]:
    """The kinds among these specs that only have default values: they were not tuned for this problem."""
    kinds = dict.fromkeys(spec.strategy.kind for spec in specs)
    own = {kind: {canonical(s.strategy.model_dump(mode="json")) for s in specs if s.strategy.kind == kind}
           for kind in kinds}  # fmt: skip
    return [kind for kind in kinds if own[kind] == {canonical(CLASSES[kind](kind=kind).model_dump(mode="json"))}]
