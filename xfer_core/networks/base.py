"""Base class of the networks: an ordered list of named stages that can be frozen, and one head per task."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from xfer_core.config import Config
from xfer_core.domains.downloads import Download
from xfer_core.errors import XferError
from xfer_core.modalities import Encoder, InputSpec
from xfer_core.settings import settings

HEAD = "head"


class Network(nn.Module):
    """Stages in order, then one linear head per task.

    Args:
        stages: name → module, applied in this order.
        width: number of features after the last stage, flattened.
        outputs: task → number of classes, 1 for a regression.
        spec: what one input is.

    Shapes:
        input as ``InputSpec.to_float`` gives it; features (B, width); forward gives
        task → logits (B, classes).
    """

    def __init__(
        self, stages: OrderedDict[str, nn.Module], width: int, outputs: Mapping[str, int], spec: InputSpec
    ) -> None:
        super().__init__()
        self.spec = spec
        self.given = 0  # the first stages that are left out, because inputs are their outputs
        self.stages = nn.ModuleDict(stages)
        self.heads = nn.ModuleDict({task: nn.Linear(width, classes) for task, classes in outputs.items()})

    def features(self, x: Tensor) -> Tensor:
        """Input of the heads: (B, width)."""
        for stage in list(self.stages.values())[self.given :]:
            x = stage(x)
        return x.flatten(1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Task → logits (B, classes)."""
        features = self.features(x)
        return {task: head(features) for task, head in self.heads.items()}

    def reset_parameters(self, what: Literal["heads", "network"] = "network") -> None:
        """Give the heads, or every layer, new random values from torch's global generator."""
        for module in (self.heads if what == "heads" else self).modules():
            if module is not self and hasattr(module, "reset_parameters"):
                module.reset_parameters()  # pyright: ignore[reportCallIssue]

    def freezable_units(self) -> dict[str, nn.Module]:
        """The modules that can be frozen as one: each stage by its name, then all heads as ``head``."""
        return {**dict(self.stages.items()), HEAD: self.heads}

    def parameter_names(self, unit: str) -> tuple[str, ...]:
        """Parameter and buffer names of one stage, of ``head``, or of one head (``head.TASK``)."""
        if unit in self.stages:
            prefix = f"stages.{unit}."
        elif unit == HEAD:
            prefix = "heads."
        elif unit.startswith(f"{HEAD}.") and unit.removeprefix(f"{HEAD}.") in self.heads:
            prefix = f"heads.{unit.removeprefix(HEAD + '.')}."
        else:
            return (unit,) if unit in self.state_dict() else ()
        return tuple(name for name in self.state_dict() if name.startswith(prefix))

    def expand_names(self, frozen: Iterable[str], field: str = "strategy.frozen") -> frozenset[str]:
        """Parameter and buffer names of ``frozen``; a stage's name stands for all of its own.

        Raises:
            XferError: ``unknown_stage``, naming ``field``.
        """
        names: set[str] = set()
        for part in frozen:
            found = self.parameter_names(part)
            if not found:
                raise XferError(
                    "unknown_stage", field, part, network="this network", allowed=tuple(self.freezable_units())
                )
            names.update(found)
        return frozenset(names)


class NetworkConfig(Config):
    """Base class of the network configurations; ``kind`` is the network's name."""

    modalities: ClassVar[tuple[str, ...]]
    """Of the inputs that it is for."""

    caches_features: ClassVar[bool] = False
    """Whether a step through it is so slow that the outputs of frozen stages are computed once."""

    kind: str

    @classmethod
    def accepts(cls, spec: InputSpec) -> bool:
        """Whether it is for such inputs."""
        return spec.modality in cls.modalities

    def check(self, spec: InputSpec) -> None:
        """Reject what these inputs, or what is on this machine, do not allow; before a network is built.

        Raises:
            XferError: naming a field.
        """

    def fill(self, network: Network, encoder: Encoder) -> None:
        """Give a new network what it starts with in place of random values, such as pretrained weights. Called once,
        before training; a stored network has its weights.

        Raises:
            XferError: as :meth:`check`.
        """

    @property
    def is_filled(self) -> bool:
        """Whether :meth:`fill` does anything."""
        return False

    @property
    def unfilled(self) -> NetworkConfig:
        """A network that has learned nothing yet, for the baselines of this one: itself, unless it comes filled; a
        small one for the same inputs, where to train all of it would be slow."""
        return self

    @property
    def download(self) -> Download | None:
        """The files that :meth:`fill` downloads if they are not on this machine; None if it needs none."""
        return None

    @property
    def is_available(self) -> bool:
        """Whether :meth:`fill` needs no download."""
        return self.download is None or self.download.is_available(settings().data_folder)

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        """A network with random values from torch's global generator.

        Args:
            spec: what one input is; of a modality that the network is for.
            outputs: task → number of classes, 1 for a regression.

        Raises:
            XferError: if the inputs are too small.
        """
        raise TypeError(f"{type(self).__name__} must define build")

    def summary(self, spec: InputSpec, outputs: Mapping[str, int]) -> list[dict]:
        """For each stage and the head: name, output shape and parameter count."""
        with torch.random.fork_rng(devices=[]):
            network = self.build(spec, outputs).eval()
        rows, x = [], spec.to_float(torch.zeros(1, *spec.shape), torch.device("cpu"))
        with torch.inference_mode():
            for name, stage in network.stages.items():
                x = stage(x)
                rows.append({"name": name, "shape": tuple(x.shape[1:]), "parameters": _count(stage)})
        rows.append({"name": HEAD, "shape": (sum(outputs.values()),), "parameters": _count(network.heads)})
        return rows


def batch_norms(network: nn.Module) -> dict[str, nn.Module]:
    """The batch-norm layers by name."""
    return {
        name: layer for name, layer in network.named_modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)
    }


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
