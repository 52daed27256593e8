"""RunSpec: the complete configuration of a run, convertible to JSON, a URL and ``--set``."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from xfer_core.config import BOUNDS, Config
from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.modalities import InputSpec
from xfer_core.names import ACCURACY, AUC, ERROR, MetricName, lambda_name
from xfer_core.networks import NETWORKS, AnyNetwork, SmallCNN
from xfer_core.problems.problem import MAX_ENTRIES, ROLES, Problem, ProblemData
from xfer_core.selections import RULES
from xfer_core.strategies import WITHOUT_TARGET_LABELS, AnyStrategy
from xfer_core.strategies.base import ChoosesFrozen
from xfer_core.strategies.transfer.base import ResetsHead
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training.config import OPTIMIZERS, ROTATING, TrainingConfig
from xfer_core.training.device import select_device, select_precision

TASK = Problem().tasks[0]


class RunSpec(Config):
    """The configuration of a run. A file with one is called a recipe."""

    version: Literal[1] = 1
    problem: Problem = Problem()
    network: Annotated[AnyNetwork, Field(discriminator="kind")] = SmallCNN()
    strategy: Annotated[AnyStrategy, Field(discriminator="kind")] = FineTune()
    training: TrainingConfig = TrainingConfig()
    seed: int = Field(default=0, ge=0, lt=2**31, title="Seed")
    """Of initial weights, batches and the split of the data: the same seed gives the same run."""

    @model_validator(mode="before")
    @classmethod
    def _follow_domains(cls, data: Any) -> Any:
        """Where none are named: a task that the domains have, a network and augmentations for their inputs."""
        if not isinstance(data, Mapping) or not isinstance(problem := data.get("problem", {}), (Mapping, Problem)):
            return data
        filled = dict(data)
        named = problem.model_dump(exclude_unset=True) if isinstance(problem, Problem) else problem
        tasks, spec = _offered(named)
        if "tasks" not in named and tasks and TASK not in tasks:
            filled["problem"] = {**named, "tasks": tasks[:1]}
        if spec is None or SmallCNN.accepts(spec):
            return filled
        kind = next(form.kind_name() for form in NETWORKS if form.accepts(spec))
        filled.setdefault("network", {"kind": kind})
        training = filled.get("training", {})
        if isinstance(training, Mapping) and "augment" not in training:
            filled["training"] = {**training, "augment": spec.default_augmentations}
        elif isinstance(training, TrainingConfig) and "augment" not in training.model_fields_set:
            filled["training"] = training.model_copy(update={"augment": spec.default_augmentations})
        return filled

    def check(self) -> ProblemData:
        """Reject, before anything starts, a spec that cannot be trained. Returns the split data, without inputs.

        Raises:
            XferError: naming the field, the rule and the value; with advice if a change is known to be valid.
        """
        try:
            return self._check()
        except XferError as error:
            error.advice = next((change for change in _with_methods(error.candidates) if self._accepts(change)), None)
            raise

    def _accepts(self, change: Mapping[str, Any]) -> bool:
        """Whether the spec with these settings is valid as a whole."""
        try:
            self.changed(change)._check()
        except XferError:
            return False
        return True

    def changed(self, change: Mapping[str, Any]) -> RunSpec:
        """The spec with these values at these paths.

        Raises:
            XferError: for the first field that breaks a rule.
        """
        return parse_spec(
            self.model_dump(mode="json"), [f"{path}={canonical(value)}" for path, value in change.items()]
        )

    def _check(self) -> ProblemData:
        data = self.problem.check(self.seed)
        self.strategy.check_knowledge(self.problem, self.network.is_filled)
        self.strategy.check(self.problem)
        RULES[self.training.selection].check(self.problem)
        select_precision(self.training.precision, select_device(self.training.device))
        data.input_spec.check_augmentations(self.training.augment, "training.augment")
        self._check_tasks()
        for change in self.training.live_changes:
            self.check_live(change.name, change.value, "training.live_changes")
        self.strategy.check_data(data.training_data())
        if not self.network.accepts(data.input_spec):
            allowed = tuple(form.kind_name() for form in NETWORKS if form.accepts(data.input_spec))
            candidates = [{"network.kind": kind} for kind in allowed]
            modality = data.input_spec.modality
            raise XferError(
                "network_inputs", "network.kind", self.network.kind, candidates, modality=modality, allowed=allowed
            )
        self.network.check(data.input_spec)
        network = self.network.build(data.input_spec, self.problem.outputs())
        self.strategy.check_network(network)
        phases = self.strategy.phases(data.training_data(), network)
        if self.training.steps < len(phases):
            raise XferError("too_small", "training.steps", self.training.steps, limit=len(phases))
        for phase in phases:
            if phase.trainable and all(name in phase.frozen for name, _ in network.named_parameters()):
                chosen = self.strategy.frozen if isinstance(self.strategy, ChoosesFrozen) else ()
                raise XferError("all_fixed", "strategy.frozen", chosen, phase=phase.name)
        if self.strategy.keeps_head() and self.problem.source:
            self._check_shared_classes(data)
        return data

    def check_live(self, name: str, value: float, field: str = "set") -> None:
        """Reject a live change of a setting that a run of this spec does not have, or to an invalid value.

        Args:
            name: ``lr``, or ``lambda/TERM``.
            value: the new value.
            field: named in the error for an unknown name.

        Raises:
            XferError: ``unknown_choice``, ``not_finite``, ``negative`` or ``not_above``.
        """
        known = ("lr", *(lambda_name(term) for term in self.strategy.lambdas(self.problem)))
        if name not in known:
            raise XferError("unknown_choice", field, name, ({"training.live_changes": []},), allowed=known)
        if not math.isfinite(value):
            raise XferError("not_finite", name, value)
        if value < 0:
            raise XferError("negative", name, value)
        if name == "lr" and value == 0:
            raise XferError("not_above", name, value, limit=0)

    def _check_tasks(self) -> None:
        """Reject a regression where inputs are rotated."""
        numbers = self.problem.regressions()
        rotating = [name for name in self.training.augment if name in ROTATING]
        if numbers and rotating:
            upright = [name for name in self.training.augment if name not in ROTATING]
            raise XferError(
                "turned", "training.augment", rotating[0], ({"training.augment": upright},), task=numbers[0]
            )

    def _check_shared_classes(self, data: ProblemData) -> None:
        for task in set(self.problem.tasks) - set(self.problem.regressions()):
            taught = {name for source in self.problem.source for name in data.domain_classes[source, task]}
            for target in self.problem.target:
                if not taught & set(data.domain_classes[target, task]):
                    candidates: list[Mapping[str, object]] = [
                        *([{"strategy.new_head": True}] if isinstance(self.strategy, ResetsHead) else []),
                        {"strategy.kind": FineTune.kind_name(), "strategy.new_head": True},
                        {"problem.source": ["digits.handwritten"]},
                        {"problem.source": ["digits.printed"]},
                    ]
                    raise XferError(
                        "no_shared_class",
                        "problem.source",
                        self.problem.source,
                        candidates,
                        target=target,
                        kind=self.strategy.kind,
                    )

    def digest(self) -> str:
        """A hash that is the same for two specs exactly if they describe the same run."""
        return hashlib.sha256(canonical(self.model_dump(mode="json")).encode()).hexdigest()[:16]

    def target_metric(self, auc: bool = False) -> str:
        """Name of the run's main scalar: the first task on the first target; ``auc`` as :func:`metric_name`."""
        return metric_name(self.problem, self.problem.target[0], self.problem.tasks[0], "test", auc)


def _with_methods(changes: Sequence[Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
    """The changes; then those that take all target labels away, with a method that needs none."""
    yield from changes
    unlabelled = [change for change in changes if change.get("problem.labels_per_class") == 0]
    for change, form in product(unlabelled, WITHOUT_TARGET_LABELS):
        yield {**change, "strategy.kind": form.kind_name()}


def _offered(problem: Mapping[str, Any]) -> tuple[list[str], InputSpec | None]:
    """The tasks that all domains of a problem have, and what its first target holds; nothing where a name is wrong.

    Args:
        problem: fields of a :class:`Problem`, not validated.
    """
    try:
        named = {role: problem.get(role, getattr(Problem(), role)) for role in reversed(ROLES)}
        references = dict.fromkeys(reference for several in named.values() for reference in several[:MAX_ENTRIES])
        infos = [domain_info(reference) for reference in references]
    except (XferError, TypeError, AttributeError):
        return [], None
    tasks = [task for task in (infos[0].tasks if infos else ()) if all(task in info.tasks for info in infos)]
    return tasks, infos[0].spec if infos else None


def unchanged(spec: RunSpec) -> RunSpec:
    """The spec without live changes: those of one method do not suit another."""
    return spec.model_copy(update={"training": spec.training.model_copy(update={"live_changes": ()})})


def metric_name(problem: Problem, domain: str, task: str, split: str, auc: bool = False) -> str:
    """Name of the scalar that says how well a task goes on a domain: its accuracy, or its error; ``auc``: its AUC if
    the task has two classes."""
    if auc and task in problem.two_class_tasks():
        return str(MetricName(AUC, domain, task, split))
    return str(MetricName(ERROR if task in problem.regressions() else ACCURACY, domain, task, split))


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def parse_spec(data: Any, settings: Iterable[str] = ()) -> RunSpec:
    """A RunSpec from JSON data and ``PATH=VALUE`` settings, in order, but each ``kind`` before the fields beside it.

    Args:
        data: an object with any of RunSpec's fields; missing fields have their defaults.
        settings: such as ``strategy.kind=joint`` or ``problem.target=["digits.noisy"]``. Values are JSON, or words
            without quotes. Setting a ``kind`` starts from that kind's defaults.

    Raises:
        XferError: for the first field that breaks a rule.
    """
    if not isinstance(data, Mapping):
        raise XferError("not_an_object", "recipe", data)
    try:
        tree = json.loads(json.dumps(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise XferError("not_json", "recipe", "something else", reason=error) from None
    settings = list(settings)
    for setting in settings:
        path, equals, _ = _part(setting)
        if not equals or not path:
            raise XferError("not_a_setting", "--set", setting)
    for setting in sorted(settings, key=lambda setting: not _part(setting)[0].endswith("kind")):
        path, _, text = _part(setting)
        _set(tree, path, _value(text))
    _require_shallow(tree)
    _name_default_kinds(tree, _start(tree.get("problem")))
    try:
        return RunSpec.model_validate(tree)
    except ValidationError as error:
        raise translate_error(error) from None


def _start(problem: Any) -> RunSpec:
    """The spec that somebody who chose these domains starts from."""
    given = problem if isinstance(problem, Mapping) else {}
    roles = {role: given[role] for role in ROLES if role in given}
    try:
        return RunSpec.model_validate({"problem": roles})
    except ValidationError:
        return RunSpec()


DEEPEST = 8  # nested objects and lists; a spec has four levels


def _require_shallow(tree: Any) -> None:
    """Reject data nested deeper than any spec, before recursive functions read it."""
    level, depth = [tree], 0
    while level:
        if depth > DEEPEST:
            raise XferError("too_deep", "recipe", "more", limit=DEEPEST)
        parts = [list(part.values()) if isinstance(part, dict) else part for part in level]
        level = [child for part in parts for child in part if isinstance(child, (dict, list))]
        depth += 1


def _name_default_kinds(tree: dict[str, Any], default: BaseModel) -> None:
    """Fill in the default kind where none is given."""
    for name, value in tree.items():
        part = getattr(default, name, None)
        if isinstance(value, dict) and isinstance(part, BaseModel):
            if hasattr(part, "kind"):
                value.setdefault("kind", part.kind)  # pyright: ignore[reportAttributeAccessIssue]
            _name_default_kinds(value, part)


def _part(setting: str) -> tuple[str, str, str]:
    """Path, ``=`` and value of a setting. Below ``weights`` the path may name a domain with parameters, so the last
    ``=`` counts there: the value is a number."""
    return setting.rpartition("=") if ".weights." in setting.partition("=")[0] else setting.partition("=")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _set(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = _split(path)
    if len(parents) > DEEPEST:
        raise XferError("too_deep", "--set", path, limit=DEEPEST)
    for name in parents:
        child = tree.setdefault(name, {})
        if not isinstance(child, dict):
            raise XferError("not_an_object", path, child)
        tree = child
    if last == "kind":
        tree.clear()
    tree[last] = value


def _split(path: str) -> list[str]:
    """Dotted path to names; below ``weights`` the rest is one name, because domain keys contain dots."""
    head, weights, term = path.partition(".weights.")
    return [*head.split("."), "weights", term] if weights else path.split(".")


def spec_settings(spec: RunSpec) -> dict[str, str]:
    """The spec as PATH → VALUE, only where it differs from the defaults: the inverse of ``parse_spec({}, …)``."""
    settings: dict[str, str] = {}

    def walk(value: dict[str, Any], default: dict[str, Any], prefix: str) -> None:
        if "kind" in value and value["kind"] != default.get("kind"):
            settings[f"{prefix}kind"] = value["kind"]
            default = _defaults_of(spec, prefix.rstrip("."))
        for key, item in value.items():
            if key == "kind" or item == default.get(key):
                continue
            if isinstance(item, dict) and isinstance(default.get(key), dict) and key != "weights":
                walk(item, default[key], f"{prefix}{key}.")
            else:
                bare = isinstance(item, str) and _value(item) == item  # "12" without quotes would be read as a number
                settings[prefix + key] = str(item) if bare else canonical(item)

    written = spec.model_dump(mode="json")
    start = _start(written["problem"]).model_dump(mode="json")
    start["problem"] |= {role: getattr(Problem(), role) for role in ROLES}
    walk(written, json.loads(json.dumps(start)), "")
    return settings


def _defaults_of(spec: RunSpec, path: str) -> dict[str, Any]:
    """The defaults of the spec's kind at ``path``."""
    part: Any = spec
    for name in path.split("."):
        part = getattr(part, name)
    assert isinstance(part, BaseModel)
    return type(part)().model_dump(mode="json")


def translate_error(error: ValidationError) -> XferError:
    """The first error that pydantic found, as an XferError."""
    # An unknown field is named before a wrong value: it is usually the cause, not the consequence.
    problems = sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    first = problems[0]
    kinds = {kind for union in (AnyNetwork, AnyStrategy) for kind in _kinds(union)} | {"sgd", "adam"}
    at = [str(part) for part in first["loc"]]
    # A discriminated union puts the chosen kind into the path, and a plain union the tried type: of no use to a reader.
    tried = kinds | {"int", "constrained-int", "literal['all']"}
    place = ".".join(at[:1] + [part for part in at[1:] if part not in tried])
    context, kind, found = first.get("ctx", {}), first["type"], first["input"]
    if kind == "extra_forbidden":
        return XferError("unknown_field", place, found, allowed=_siblings(at, kinds))
    if kind in ("missing", "too_short"):
        return XferError("missing", place, None)
    if kind == "not_distinct":
        return XferError("twice", place, context["twice"])
    if kind in ("too_long", "string_too_long"):
        what = "characters" if kind == "string_too_long" else "entries"
        return XferError("too_long", place, found, limit=context["max_length"], what=what)
    if kind == "union_tag_invalid":
        tags = context["expected_tags"].replace("'", "")
        return XferError("unknown_choice", f"{place}.kind", context["tag"], allowed=tags)
    if kind == "literal_error":
        return XferError("unknown_choice", place, found, allowed=context["expected"].replace("'", ""))
    if kind in BOUNDS:
        code, limit = BOUNDS[kind]
        return XferError(code, place, found, limit=context[limit])
    if kind == "finite_number":
        return XferError("not_finite", place, found)
    if kind == "string_pattern_mismatch" and place == "training.device":
        return XferError("unknown_choice", place, found, allowed="auto, cpu, mps, cuda, cuda:0, cuda:1, …")
    if place == "problem.labels_per_class":
        return XferError("wrong_type", place, found, expected='a whole number or "all"')
    return XferError("wrong_type", place, found, expected=_EXPECTED.get(kind, "a value of another kind"))


_EXPECTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text of whole characters",
    "string_pattern_mismatch": "names of hosts, separated by commas",  # XFER_HOSTS, the only other pattern
    "tuple_type": "a list",
    "dict_type": "an object of names and numbers",
    "union_tag_not_found": "an object with the field kind",
    "model_type": "an object of fields and values",
    "model_attributes_type": "an object of fields and values",
}


def _kinds(union: Any) -> tuple[str, ...]:
    return tuple(member.kind_name() for member in union.__args__)


def _siblings(at: list[str], kinds: set[str]) -> tuple[str, ...]:
    """The valid fields at the place of an unknown one."""
    model: Any = RunSpec
    for name in at[:-1]:
        if name in kinds:
            choices = (*AnyNetwork.__args__, *AnyStrategy.__args__, *OPTIMIZERS)
            model = next(choice for choice in choices if choice.kind_name() == name)
        elif not (isinstance(model, type) and issubclass(model, BaseModel)):
            break
        else:
            model = model.model_fields[name].annotation
    fields = getattr(model, "model_fields", {})
    return tuple(fields)
