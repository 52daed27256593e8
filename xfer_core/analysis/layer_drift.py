"""What was transferred? How far each stage moved, and whether it still sees the same."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.measures import linear_cka
from xfer_core.networks.base import HEAD, Network
from xfer_core.training.device import CPU
from xfer_core.training.evaluation import CHUNK, to_input


@dataclass(frozen=True)
class LayerDrift:
    """One stage between two moments.

    Attributes:
        stage: its name; ``head`` for the head of the task.
        distance: ‖w_after − w_before‖ / ‖w_before‖ over its parameters; None where it has none, or only zeros.
        alike: debiased linear CKA between what it gave before and after: 1 for the same, about 0 for unrelated, where
            chance takes it a little below 0 too; None where it cannot be computed, as of a stage that gives all samples
            the same.
        width: how many numbers a sample were compared.
    """

    stage: str
    relative_l2: float | None
    cka: float | None
    width: int


def layer_drift(before: Network, after: Network, images: Tensor, task: str) -> list[LayerDrift]:
    """Every stage in order, then the head of the task.

    Of a stage that gives maps, each channel's mean over the places is compared.

    Args:
        before, after: the same network at two moments.
        images: uint8 (N, C, H, W); of fewer than 4 no likeness is computed.
        task: whose head is looked at.
    """
    seen = stage_outputs(before, images, task), stage_outputs(after, images, task)
    parts = [{**dict(network.stages.items()), HEAD: network.heads[task]} for network in (before, after)]
    return [
        LayerDrift(name, relative_distance(parts[0][name], parts[1][name]), _cka(x, seen[1][name]), x.shape[1])
        for name, x in seen[0].items()
    ]


def relative_distance(before: nn.Module, after: nn.Module) -> float | None:
    """‖w_after − w_before‖ / ‖w_before‖, all parameters of the part as one vector; statistics do not count."""
    pairs = list(zip(before.parameters(), after.parameters(), strict=True))
    if not pairs:
        return None
    one, other = (torch.cat([p.detach().double().flatten() for p in side]) for side in zip(*pairs, strict=True))
    return float((other - one).norm() / one.norm()) if one.any() else None


def stage_outputs(network: Network, images: Tensor, task: str) -> dict[str, Tensor]:
    """What each stage and the task's head give: name → float32 (N, channels), maps averaged over their places."""
    kept: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for chunk in to_input(images, CPU).split(CHUNK):
            x = chunk
            for name, stage in network.stages.items():
                x = stage(x)
                kept.setdefault(name, []).append(x.flatten(2).mean(2) if x.ndim > 2 else x)
            kept.setdefault(HEAD, []).append(network.heads[task](x.flatten(1)))
    return {name: torch.cat(parts) for name, parts in kept.items()}


def _cka(x: Tensor, y: Tensor) -> float | None:
    try:
        return linear_cka(x, y)
    except XferError:  # a dead stage, to which every sample looks the same; or too few samples
        return None
