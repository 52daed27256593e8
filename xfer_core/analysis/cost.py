"""What a run costs: images that it learns from, images that it only looks at, and parameters that it updates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from xfer_core.networks.base import Network
from xfer_core.problems.problem import ProblemData
from xfer_core.runs.spec import RunSpec, canonical
from xfer_core.training.phases import phase_ends

FORWARD_SHARE = 1 / 3  # of an image's cost, where it is only looked at: a forward pass without the two of the way back


@dataclass(frozen=True)
class ComputeCost:
    """What a spec asks for.

    Attributes:
        learned: images that pass forward and back, over all steps and sub-steps.
        looked: images that pass forward only, in validation and test.
        updatable: parameters of the network that the last phase which learns updates.
    """

    train_samples: int
    eval_samples: int
    updatable: int

    @property
    def work(self) -> float:
        """Images that would take as long, each forward and back."""
        return self.train_samples + FORWARD_SHARE * self.eval_samples


def cost(spec: RunSpec) -> ComputeCost:
    """What a run of this spec passes through its network.

    Raises:
        XferError: what ``RunSpec.check`` raises.
    """
    # The seed changes which samples, not how many.
    return _cost(canonical(spec.model_copy(update={"seed": 0}).model_dump(mode="json")))


@lru_cache(maxsize=1000)
def _cost(text: str) -> ComputeCost:
    spec = RunSpec.model_validate_json(text)
    data: ProblemData = spec.check()
    with torch.random.fork_rng(devices=[]):
        network: Network = spec.network.build(spec.problem.input_shape(), spec.problem.outputs())
    phases = spec.strategy.phases(data.training_data(), network)
    learned, begun = 0, 0
    for phase, end in zip(phases, phase_ends(phases, spec.training.steps), strict=True):
        images = spec.training.batch_size * (len(phase.domains) + len(phase.unlabelled))
        learned += (end - begun) * images * (len(phase.substeps) if phase.trainable else 1)
        begun = end
    held = {split: sum(len(s) for (_, part), s in data.held_out.items() if part == split)
            for split in ("validation", "test")}  # fmt: skip
    fixed = next(phase.frozen for phase in reversed(phases) if phase.trainable)
    updatable = sum(p.numel() for name, p in network.named_parameters() if name not in fixed)
    return ComputeCost(learned, spec.training.evaluations * held["validation"] + held["test"], updatable)
