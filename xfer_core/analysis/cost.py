"""Compute cost of a run: samples for training, samples for evaluation, and updatable parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from xfer_core.networks.base import Network
from xfer_core.problems.problem import ProblemData
from xfer_core.runs.spec import RunSpec, canonical
from xfer_core.training.phases import phase_ends

FORWARD_SHARE = 1 / 3  # cost of a forward pass, relative to forward and backward


@dataclass(frozen=True)
class ComputeCost:
    """The cost of a run of one spec.

    Attributes:
        train_samples: samples that pass forward and backward, over all steps and sub-steps.
        eval_samples: samples that pass forward only, in validation and test.
        updatable: parameters of the network that the last trainable phase updates.
    """

    train_samples: int
    eval_samples: int
    updatable: int

    @property
    def work(self) -> float:
        """The equivalent number of samples that pass forward and backward."""
        return self.train_samples + FORWARD_SHARE * self.eval_samples


def cost(spec: RunSpec) -> ComputeCost:
    """The compute cost of a run of this spec.

    Raises:
        XferError: what ``RunSpec.check`` raises.
    """
    # The seed changes only which samples, not how many.
    return _cost(canonical(spec.model_copy(update={"seed": 0}).model_dump(mode="json")))


@lru_cache(maxsize=1000)
def _cost(text: str) -> ComputeCost:
    spec = RunSpec.model_validate_json(text)
    data: ProblemData = spec.check()
    with torch.random.fork_rng(devices=[]):
        network: Network = spec.network.build(spec.problem.input_spec(), spec.problem.outputs())
    phases = spec.strategy.phases(data.training_data(), network)
    train_samples, begun = 0, 0
    for phase, end in zip(phases, phase_ends(phases, spec.training.steps), strict=True):
        per_step = spec.training.batch_size * (len(phase.domains) + len(phase.unlabelled))
        train_samples += (end - begun) * per_step * (len(phase.substeps) if phase.trainable else 1)
        begun = end
    held = {split: sum(len(s) for (_, part), s in data.held_out.items() if part == split)
            for split in ("validation", "test")}  # fmt: skip
    frozen = next(phase.frozen for phase in reversed(phases) if phase.trainable)
    updatable = sum(p.numel() for name, p in network.named_parameters() if name not in frozen)
    return ComputeCost(train_samples, spec.training.evaluations * held["validation"] + held["test"], updatable)
