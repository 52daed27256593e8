"""Values as Python code: settings, states, layers, the phases of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from inspect import signature
from textwrap import wrap

from torch import Tensor, nn

from xfer_core.exports.standalone.inline import NotStandaloneError
from xfer_core.strategies.base import Phase, SubStep

WIDTH = 115  # of the script's lines, where they can be wrapped
OWN = "xfer_core.networks."
INDENT = "    "


def assignment(name: str, value: object, words: str = "") -> str:
    """``NAME = value  # words``; a long dictionary or list has one line per item."""
    comment = f"  # {words}" if words else ""
    if isinstance(value, dict | list) and len(repr(value)) >= WIDTH - 30:
        rows = [f"{key!r}: {part!r}" for key, part in value.items()] if isinstance(value, dict) else map(repr, value)
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        return f"{name} = {opened}{comment}\n" + "".join(f"{INDENT}{row},\n" for row in rows) + closed
    return f"{name} = {value!r}{comment}"


def comments(facts: Iterable[str]) -> str:
    """Each fact as comment lines, so that no text in it can become code."""
    return "".join(f"# {line}\n" for fact in facts for line in wrap(" ".join(fact.split()), WIDTH))


def literal(value: object) -> str:
    """A state of numbers, texts, small tensors, lists and dictionaries.

    Raises:
        NotStandaloneError: for anything else.
    """
    match value:
        case dict():
            return f"{{{', '.join(f'{key!r}: {literal(part)}' for key, part in value.items())}}}"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case Tensor() if value.numel() <= 100:
            return f"torch.tensor({value.tolist()})"
        case None | bool() | int() | float() | str():
            return repr(value)
    raise NotStandaloneError(f"a {type(value).__name__} in the method's state")


def module_code(module: nn.Module, indent: str = "") -> str:
    """An expression that builds the same layers under the same names, with new random values; a ``ModuleDict`` as an
    ``OrderedDict``.

    Raises:
        NotStandaloneError: for a layer that is neither torch's own nor one of the networks here.
    """
    children = dict(module.named_children())
    holds = type(module) in (nn.Sequential, nn.ModuleDict)
    if type(module).__module__.startswith(OWN) or (not holds and not children and _is_torchs(module)):
        return _layer(module)
    if not holds:
        raise NotStandaloneError(f"the layer {type(module).__name__}")
    parts = {name: module_code(child, indent + INDENT) for name, child in children.items()}
    numbered = isinstance(module, nn.Sequential) and all(name.isdigit() for name in parts)
    rows = "".join(f"{indent}{INDENT}{code if numbered else f'{name}={code}'},\n" for name, code in parts.items())
    if numbered:
        return f"nn.Sequential(\n{rows}{indent})"
    named = f"OrderedDict(\n{rows}{indent})"
    return named if isinstance(module, nn.ModuleDict) else f"nn.Sequential({named})"


def _is_torchs(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.")


def own_layers(module: nn.Module) -> list[type[nn.Module]]:
    """The classes of layers that :func:`module_code` names and torch does not have."""
    return list(dict.fromkeys(type(part) for part in module.modules() if type(part).__module__.startswith(OWN)))


def _layer(layer: nn.Module) -> str:
    """The call that builds a layer, without default arguments; it has its arguments as attributes."""
    given = []
    for name, parameter in signature(type(layer)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue  # such as torch's Tanh, which takes no argument
        value = getattr(layer, name, parameter.default)
        if name == "bias":
            value = value is not None
        if parameter.default is parameter.empty:
            given.append(repr(_side(value)))
        elif _side(value) != _side(parameter.default):
            given.append(f"{name}={_side(value)!r}")
    prefix = "" if type(layer).__module__.startswith(OWN) else "nn."
    return f"{prefix}{type(layer).__name__}({', '.join(given)})"


def _side(value: object) -> object:
    """(3, 3) as 3: torch accepts one number for all sides."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def phase_calls(phases: Sequence[Phase], lengths: Sequence[int], network: nn.Module, modules: nn.Module) -> str:
    """The phases in order: the learning rate where it changes, and the call that trains the phase.

    Args:
        phases: of the run.
        lengths: steps of each.
        network: of the run.
        modules: the further modules of the strategy.
    """
    names = [*network.state_dict(), *modules.state_dict(prefix="modules.")]
    learned = [name for name, _ in (*network.named_parameters(), *modules.named_parameters("modules"))]
    lines, before = [], None
    for phase, steps in zip(phases, lengths, strict=True):
        lines += [f"learning_rate = {phase.lr!r}"] if phase.lr is not None and phase.lr != before else []
        before = phase.lr
        given = [repr(phase.name), str(steps), repr(list(phase.domains))]
        given += [f"unlabelled={list(phase.unlabelled)!r}"] if phase.unlabelled else []
        given += [_argument("frozen", beginnings(phase.frozen, names))] if phase.frozen else []
        given += [f"rates={_rates(phase.lr_factors, names)!r}"] if phase.lr_factors else []
        given += [f"reset={phase.reset!r}"] if phase.reset != "nothing" else []
        if phase.substeps != (SubStep(),):
            parts = [(step.name, tuple(beginnings(step.frozen, learned))) for step in phase.substeps]
            given.append(_argument("substeps", parts))
        given += [] if phase.trainable else ["trainable=False"]
        call = f"train({', '.join(given)})"
        lines.append(call if len(call) <= WIDTH else "train(\n" + "".join(f"{INDENT}{part},\n" for part in given) + ")")
    return "\n".join(lines)


def _argument(name: str, parts: list) -> str:
    """``name=[…]``, with one line per item if that is long."""
    rows = "".join(f"{INDENT * 2}{part!r},\n" for part in parts)
    return f"{name}={parts!r}" if len(repr(parts)) < WIDTH - 30 else f"{name}=[\n{rows}{INDENT}]"


def beginnings(wanted: Collection[str], names: Sequence[str], start: str = "") -> list[str]:
    """Beginnings that match exactly the wanted ones of these names.

    >>> beginnings({"a.x", "a.y", "b.x"}, ["a.x", "a.y", "b.x", "b.y"])
    ['a.', 'b.x']
    """
    found = []
    for part in dict.fromkeys(name.removeprefix(start).partition(".")[0] for name in names):
        own, below = start + part, f"{start}{part}."
        inside = [name for name in names if name == own or name.startswith(below)]
        if set(wanted).issuperset(inside):
            found.append(own if own in inside else below)
        elif not set(wanted).isdisjoint(inside):
            found += beginnings(wanted, inside, below)
    return found


def _rates(rates: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The same rates by the beginnings of names."""
    alike = {rate: [name for name in rates if rates[name] == rate] for rate in rates.values()}
    return {begin: rate for rate, some in alike.items() for begin in beginnings(some, names)}
