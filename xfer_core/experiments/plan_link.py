"""Links to a prepared experiment: a plan as query parameters, and reading it back with the refused parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from xfer_core.errors import XferError
from xfer_core.experiments.plan import SHARED, Plan, plan_for
from xfer_core.experiments.presets import ALL_PRESETS, PRESETS
from xfer_core.runs.link import read_link
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import TITLES

MOST_SEEDS = 20
WORDS = ("question", "methods", "labels", "seeds", "term")  # beside shared settings and those of single methods

RATE = "training.optimizer.lr"  # the one training setting that a method may have of its own

Refused = list[tuple[str, XferError]]


def is_plan(given: Mapping[str, str]) -> bool:
    """Whether a link holds any part of a plan."""
    return any(is_part_of_plan(path) for path in given)


def read_plan(given: Mapping[str, str], presets: Collection[str] = PRESETS) -> tuple[Plan, Refused]:
    """The plan of a link, as far as the form can show it.

    Args:
        given: the parameters of a link, in any order. Foreign ones (fbclid, utm_source, …) are ignored.
        presets: that it may name.

    Returns:
        The plan; and each refused part, as it stood in the link, with the rule that it breaks.
    """
    refused: Refused = []
    question = given.get("question", "")
    if question and question not in presets:
        allowed = ", ".join(presets)
        refused.append((f"question={question}", XferError("unknown_choice", "question", question, allowed=allowed)))
    plan = plan_for(question if question in presets else "compare" if "methods" in given else "help")
    for read in (_read_shared, _read_words, _read_settings, _read_term):
        plan, left_out = read(plan, given)
        refused += left_out
    return plan, refused


def is_part_of_plan(path: str) -> bool:
    """Whether a parameter of a link belongs to a plan."""
    head = path.partition(".")[0]
    return path in WORDS or ("." in path and (head in RunSpec.model_fields or head in TITLES))


def _read_shared(plan: Plan, given: Mapping[str, str]) -> tuple[Plan, Refused]:
    """Problem, network and training; what the link leaves out comes from the preset."""
    settings = ALL_PRESETS[plan.preset].starting_settings(_source(given))
    parts = [setting.partition("=") for setting in settings]
    preset = {path: value for path, _, value in parts}
    shared = {path: value for path, value in given.items() if path.partition(".")[0] in SHARED and "." in path}
    for path in list(preset):  # an optimizer of another kind has other fields
        kind = f"{path.rpartition('.')[0]}.kind"
        if kind in shared and shared[kind] != preset.get(kind):
            del preset[path]
    spec, refused = read_link({**preset, **shared})
    for path, value in given.items():
        if path.startswith("strategy."):  # which method? Their settings begin with its kind
            refused.append((f"{path}={value}", XferError("unknown_field", path, value, allowed=(*SHARED, *TITLES))))
    budgets = (spec.problem.labels_per_class,) if "problem.labels_per_class" in shared else plan.budgets
    return replace(plan, base=spec, budgets=budgets), refused


def _source(given: Mapping[str, str]) -> str:
    """The first source that the link names; empty if it names none."""
    try:
        match json.loads(given.get("problem.source", "")):
            case [str(first), *_rest]:
                return first
            case _:
                return ""
    except ValueError:
        return ""


def _read_words(plan: Plan, given: Mapping[str, str]) -> tuple[Plan, Refused]:
    choices = ALL_PRESETS[plan.preset].choices
    methods, refused = _read_list("methods", given, lambda kind: _one_of(kind, choices))
    budgets, more = _read_list("labels", given, lambda text: read_budget(plan.base, text))
    plan = replace(plan, methods=tuple(methods or plan.methods), budgets=tuple(budgets or plan.budgets))
    refused += more
    if seeds := given.get("seeds"):
        try:
            plan = replace(plan, seeds=read_seeds(seeds, MOST_SEEDS))
        except XferError as error:
            refused.append((f"seeds={seeds}", error))
    return plan, refused


def _read_list(name: str, given: Mapping[str, str], read: Callable[[str], Any]) -> tuple[list[Any], Refused]:
    found, refused = [], []
    for part in filter(None, (part.strip() for part in given.get(name, "").split(","))):
        try:
            found.append(read(part))
        except XferError as error:
            refused.append((f"{name}={part}", error))
    return list(dict.fromkeys(found)), refused


def _one_of(kind: str, choices: tuple[str, ...]) -> str:
    if kind not in choices:
        raise XferError("unknown_choice", "methods", kind, allowed=choices)
    return kind


def read_budget(base: RunSpec, text: str) -> Any:
    """A label budget from text.

    Raises:
        XferError: ``wrong_type``, ``too_small``.
    """
    spec = parse_spec(base.model_dump(mode="json"), [f"problem.labels_per_class={text}"])
    return spec.problem.labels_per_class


def read_seeds(text: str, most: int) -> int:
    """The number of seeds from text.

    Raises:
        XferError: ``wrong_type``, ``too_small``, ``too_large``.
    """
    if not text.isdecimal():
        raise XferError("wrong_type", "seeds", text, expected="a whole number")
    if not 1 <= int(text) <= most:
        code, limit = ("too_small", 1) if int(text) < 1 else ("too_large", most)
        raise XferError(code, "seeds", text, limit=limit)
    return int(text)


def _read_settings(plan: Plan, given: Mapping[str, str]) -> tuple[Plan, Refused]:
    """Settings of single methods: ``dann.hidden=32``, or ``dann.training.optimizer.lr=0.001``."""
    refused: Refused = []
    settings: dict[str, dict[str, str]] = {}
    for path, value in sorted(given.items()):
        kind, _, rest = path.partition(".")
        if kind not in TITLES or not rest:
            continue
        full = rest if rest == RATE else f"strategy.{rest}"
        own = {**settings.get(kind, {}), full: value}
        try:
            spec = replace(plan, settings={kind: own}).spec_of(kind)
            spec.strategy.lambdas(spec.problem)
            settings[kind] = own
        except XferError as error:
            refused.append((f"{path}={value}", error))
    return replace(plan, settings=settings), refused


def _read_term(plan: Plan, given: Mapping[str, str]) -> tuple[Plan, Refused]:
    term = given.get("term", "")
    sweeps = ALL_PRESETS[plan.preset].sweeps
    if not term or not sweeps:
        return plan, []
    terms = sweeps(plan.base)
    if term not in terms:
        return plan, [(f"term={term}", XferError("unknown_term", "term", term, allowed=terms))]
    return replace(plan, term=term), []
