"""Batch sampler on the device: draws a whole batch at once."""

from __future__ import annotations

import torch
from torch import Tensor


class BatchSampler:
    """An endless, reshuffled sequence of batches of one domain.

    Args:
        size: number of samples.
        labels: task → int64 or float32 (size,).
        generator: the only source of randomness, on ``device``.
        device: where the samples are stored.
    """

    def __init__(self, size: int, labels: dict[str, Tensor], generator: torch.Generator, device: torch.device) -> None:
        self.size, self.generator, self.device = size, generator, device
        self.labels = {task: label.to(device) for task, label in labels.items()}
        self.order = torch.empty(0, dtype=torch.int64, device=device)

    def next_batch(self, size: int) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """The next ``size`` samples: inputs float (size, …), labels by task, and their indices in the domain.

        Every sample comes once before any comes again; a domain smaller than ``size`` repeats within the batch.
        """
        while len(self.order) < size:
            shuffled = torch.randperm(self.size, generator=self.generator, device=self.device)
            self.order = torch.cat([self.order, shuffled])
        chosen, self.order = self.order[:size], self.order[size:]
        return self.inputs_at(chosen), {task: label[chosen] for task, label in self.labels.items()}, chosen

    def inputs_at(self, chosen: Tensor) -> Tensor:
        """The samples at these indices, int64 (B,), augmented, as the input of a network: float (B, …)."""
        raise NotImplementedError


class RowSampler(BatchSampler):
    """A sampler of samples that a network takes as they are.

    Args:
        inputs: float (N, …).
        labels, generator, device: as of :class:`BatchSampler`.
    """

    def __init__(
        self, inputs: Tensor, labels: dict[str, Tensor], generator: torch.Generator, device: torch.device
    ) -> None:
        super().__init__(len(inputs), labels, generator, device)
        self.inputs = inputs.to(device)

    def inputs_at(self, chosen: Tensor) -> Tensor:
        return self.inputs[chosen]
