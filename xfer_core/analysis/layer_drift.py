"""Layer drift: how far each stage's weights changed, and how similar its outputs stayed (CKA)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.measures import linear_cka
from xfer_core.networks.base import HEAD, Network
from xfer_core.training.device import CPU
from xfer_core.training.evaluation import CHUNK


@dataclass(frozen=True)
class LayerDrift:
    """The drift of one stage between two snapshots.

    Attributes:
        stage: its name; ``head`` for the head of the task.
        relative_l2: ‖w_after − w_before‖ / ‖w_before‖ over its parameters; None if it has none, or only zeros.
        cka: debiased linear CKA between its outputs before and after: 1 for the same, about 0 for unrelated (by chance
            also slightly below 0); None if it cannot be computed, as for a stage with the same output for all samples.
        width: number of compared values per sample.
    """

    stage: str
    relative_l2: float | None
    cka: float | None
    width: int


def layer_drift(before: Network, after: Network, inputs: Tensor, task: str) -> list[LayerDrift]:
    """Every stage in order, then the head of the task.

    For a stage with feature maps, each channel's mean over positions is compared.

    Args:
        before, after: the same network at two snapshots.
        inputs: prepared samples (N, *shape); for fewer than 4 no CKA is computed.
        task: of the head.
    """
    outputs = stage_outputs(before, inputs, task), stage_outputs(after, inputs, task)
    parts = [{**dict(network.stages.items()), HEAD: network.heads[task]} for network in (before, after)]
    return [
        LayerDrift(name, relative_distance(parts[0][name], parts[1][name]), _cka(x, outputs[1][name]), x.shape[1])
        for name, x in outputs[0].items()
    ]


def relative_distance(before: nn.Module, after: nn.Module) -> float | None:
    """‖w_after − w_before‖ / ‖w_before‖, all parameters of the module as one vector; without batch-norm statistics."""
    pairs = list(zip(before.parameters(), after.parameters(), strict=True))
    if not pairs:
        return None
    one, other = (torch.cat([p.detach().double().flatten() for p in side]) for side in zip(*pairs, strict=True))
    return float((other - one).norm() / one.norm()) if one.any() else None


def stage_outputs(network: Network, inputs: Tensor, task: str) -> dict[str, Tensor]:
    """Outputs of each stage and of the task's head: name → float32 (N, channels), maps averaged over positions."""
    found: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for chunk in network.spec.to_float(inputs, CPU).split(CHUNK):
            x = chunk
            for name, stage in network.stages.items():
                x = stage(x)
                found.setdefault(name, []).append(x.flatten(2).mean(2) if x.ndim > 2 else x)
            found.setdefault(HEAD, []).append(network.heads[task](x.flatten(1)))
    return {name: torch.cat(parts) for name, parts in found.items()}


def _cka(x: Tensor, y: Tensor) -> float | None:
    try:
        return linear_cka(x, y)
    except XferError:  # a dead stage with the same output for every sample; or too few samples
        return None
