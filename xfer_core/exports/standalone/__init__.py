"""A run as one plain PyTorch script.

``script.py.jinja`` is its text. It imports the network, the strategy and what they use from this project, and
:mod:`inline` puts their source in the place of these imports. Where that is not possible, because the code of a step
needs more of the project, ``library.py.jinja`` is the text: a script that trains with ``xfer_core``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from pprint import pformat
from textwrap import wrap

import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from xfer_core.exports.live_changes import LiveChanges, spec_with
from xfer_core.exports.outputs import output_sentences
from xfer_core.exports.standalone.code import WIDTH, assignment, comments, literal, module_code, own_layers, phase_calls
from xfer_core.exports.standalone.inline import NotStandaloneError, inline, names_of, packages_of
from xfer_core.networks.base import Network
from xfer_core.problems.problem import ProblemData
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies.base import Strategy, SubStep
from xfer_core.training.phases import phase_ends

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.globals["assignment"] = assignment
TEMPLATES.filters["repr"] = repr


def script_of(
    spec: RunSpec,
    data: ProblemData,
    turned: LiveChanges = {},  # noqa: B006 - never mutated
    stop: int | None = None,
    facts: Iterable[str] = (),
    departs: str = "",
) -> str:
    """The script of a run: plain if its method and network allow it, else one that trains with ``xfer_core``.

    Args:
        spec: of the run.
        data: its problem with its data.
        turned: live changes.
        stop: the step at which a person stopped the run; None if it finished.
        facts: sentences about the run, for comments; safe for names typed by people.
        departs: how the result of the plain script may differ.
    """
    common = {
        "spec": spec,
        "method": type(spec.strategy),
        "lesson": (spec.strategy.__doc__ or "").strip().splitlines()[0].replace("\\", "\\\\"),
        "departs": "".join(f"{line}\n" for line in wrap(departs, WIDTH)),
        "facts": comments([*facts, data.input_spec.sentence(), *output_sentences(spec.problem)]),
        "stop": stop,
        "word": "error" if spec.problem.tasks[0] in spec.problem.regressions() else "accuracy",
    }
    try:
        text = TEMPLATES.get_template("script.py.jinja").render(**common, **_plain(spec, data, stop), turned=turned)
        text = inline(text, [(spec.strategy, _step_methods(spec.strategy)), (data.input_spec, ("to_float", "sampler"))])
        return text.replace("{needs}", ", ".join(packages_of(text)), 1)
    except NotStandaloneError as error:
        recipe = pformat(spec_with(spec, turned).model_dump(mode="json"), width=WIDTH, sort_dicts=False)
        return TEMPLATES.get_template("library.py.jinja").render(**common, reason=error, recipe=recipe)


def _step_methods(strategy: Strategy) -> list[str]:
    """The methods of the strategy that the script calls."""
    names = ("modules", "on_phase_start", "terms", "loss_weights")
    own = [name for name in names if getattr(type(strategy), name) is not getattr(Strategy, name)]
    return [name for name in own if name not in (strategy.standalone or {})]


def _plain(spec: RunSpec, data: ProblemData, stop: int | None) -> dict[str, object]:
    """What the plain script contains of this run, as code."""
    strategy, given = spec.strategy, spec.strategy.standalone
    if given is None:
        raise NotStandaloneError("the method")
    if spec.network.is_filled:
        raise NotStandaloneError("what the network starts with")
    training_data = data.training_data()
    with torch.random.fork_rng(devices=[]):
        network = spec.network.build(data.input_spec, spec.problem.outputs())
        modules = torch.nn.ModuleDict(strategy.modules(training_data, network))
    if type(network) is not Network:
        raise NotStandaloneError(f"the network {type(network).__name__}")
    phases = strategy.phases(training_data, network)
    ends = phase_ends(phases, spec.training.steps)
    begins = [begin for begin in [0, *ends][: len(phases)] if stop is None or begin <= stop]
    phases, lengths = phases[: len(begins)], [end - begin for begin, end in zip(begins, ends, strict=False)]
    return {
        "stages": module_code(network.stages),
        "layers": own_layers(network.stages),
        "width": next(iter(network.heads.values())).in_features,
        "inputs": data.input_spec,
        "imports": [n for code in given.values() for n in names_of(type(strategy).__module__, code)],
        "state": given.get("state") or literal(strategy.state(training_data)),
        "modules": (given.get("modules") or "method.modules(None, net)") if modules else "",
        "labelled": list(dict.fromkeys(key for phase in phases for key in phase.domains)),
        "unlabelled": list(dict.fromkeys(key for phase in phases for key in phase.unlabelled)),
        "prepares": type(strategy).on_phase_start is not Strategy.on_phase_start,
        "frozen": any(phase.frozen for phase in phases),
        "rates": any(phase.lr_factors for phase in phases),
        "reset": any(phase.reset != "nothing" for phase in phases),
        "substeps": any(phase.substeps != (SubStep(),) for phase in phases),
        "untrained": not all(phase.trainable for phase in phases),
        "calls": phase_calls(phases, lengths, network, modules),
    }
