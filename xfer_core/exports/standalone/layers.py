"""A network as Python code that builds it."""

from __future__ import annotations

from inspect import signature

from torch import nn

from xfer_core.errors import XferError
from xfer_core.networks.base import Network

INDENT = "    "

_NETWORK = '''
class Network(nn.Module):
    """Stages in order, then one linear head per task: images (B, {shape}) in 0…1 to outputs by task."""

    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleDict({{
{stages}
        }})
        self.heads = nn.ModuleDict({{task: nn.Linear({width}, outputs) for task, outputs in TASKS.items()}})

    def features(self, images):
        """Input of the heads: (B, {width})."""
        for stage in self.stages.values():
            images = stage(images)
        return images.flatten(1)

    def forward(self, images):
        features = self.features(images)
        return {{task: head(features) for task, head in self.heads.items()}}
'''


def network_code(network: Network, image_shape: tuple[int, int, int]) -> str:
    """A class with the same layers under the same names, so that it can load the run's weights.

    Raises:
        XferError: ``not_plain`` for a layer that is not torch's own.
    """
    stages = [f"{INDENT * 3}{name!r}: {_code(stage, INDENT * 3)}," for name, stage in network.stages.items()]
    width = next(iter(network.heads.values())).in_features
    return _NETWORK.format(shape=", ".join(map(str, image_shape)), stages="\n".join(stages), width=width)


def _code(module: nn.Module, indent: str) -> str:
    children = dict(module.named_children())
    if not children and type(module).__module__.startswith("torch.nn."):
        return _layer(module)
    if type(module) is not nn.Sequential:
        raise XferError("not_plain", "script.py", type(module).__name__)
    parts = {name: _code(child, indent + INDENT) for name, child in children.items()}
    if all(name.isdigit() for name in parts):
        lines = "\n".join(f"{indent}{INDENT}{code}," for code in parts.values())
        return f"nn.Sequential(\n{lines}\n{indent})"
    lines = "\n".join(f"{indent}{INDENT}{name}={code}," for name, code in parts.items())
    return f"nn.Sequential(OrderedDict(\n{lines}\n{indent}))"


def _layer(layer: nn.Module) -> str:
    """The call that builds one of torch's own layers, without default arguments."""
    given = []
    for name, parameter in signature(type(layer)).parameters.items():
        value = getattr(layer, name, parameter.default)
        if name == "bias":
            value = value is not None
        if parameter.default is parameter.empty:
            given.append(repr(_plain(value)))
        elif _plain(value) != _plain(parameter.default):
            given.append(f"{name}={_plain(value)!r}")
    return f"nn.{type(layer).__name__}({', '.join(given)})"


def _plain(value: object) -> object:
    """(3, 3) as 3: torch accepts one number for all sides."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
