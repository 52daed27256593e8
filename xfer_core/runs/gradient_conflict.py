"""The conflict between gradients: how far source and target pull the shared stages apart at one step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from xfer_core.names import TermName
from xfer_core.strategies.base import task_loss
from xfer_core.training.gradients import jacobian, shared_parameters, sum_losses
from xfer_core.training.trainer import Trainer

SAMPLES = 64  # labelled training samples of a domain


class GradientConflict:
    """Compares the gradients of the labelled losses of source and target, each weighted with its λ of the moment, in
    the shared stages.

    The losses are Σ λ_k · L_k over the terms ``domain`` or ``domain/task`` of a role, on the first 64 labelled training
    samples of each domain, all alike: weights of samples and factors that a method sets itself are left out. The
    network is as in validation, so neither its statistics, its ``.grad`` nor any random number is touched.

    Args:
        trainer: the run.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._batches: dict[str, tuple[Tensor, Mapping[str, Tensor]]] = {}

    def __call__(self) -> list[float] | None:
        """Cosine, norm of the source's gradient, norm of the target's; the cosine is 0 where one has none. None where
        the current phase learns only one of both, nothing that they share, or a number is not finite.

        The network must be in evaluation mode.
        """
        trainer = self.trainer
        phase = trainer.phases[trainer.phase_index]
        sides: dict[str, list[str]] = {"source": [], "target": []}
        lambdas = trainer.live_settings.lambdas
        for term in lambdas:
            if (domain := TermName.parse(term).domain) in phase.domains:
                sides[trainer.roles[domain]].append(term)
        shared = shared_parameters(trainer.network, "stages")
        if not all(sides.values()) or not shared or not phase.trainable:
            return None
        with torch.enable_grad():
            losses = [sum_losses(lambdas[term] * self._loss(term) for term in side) for side in sides.values()]
            rows = jacobian(losses, shared)
        source, target = rows.double()
        norms = source.norm(), target.norm()
        numbers = torch.stack([source @ target / (norms[0] * norms[1]).clamp_min(1e-30), *norms])
        return numbers.tolist() if numbers.isfinite().all() else None

    def _loss(self, term: str) -> Tensor:
        name = TermName.parse(term)
        inputs, labels = self._batch(name.domain)
        outputs = self.trainer.network(inputs)
        tasks = [name.task] if name.task else list(outputs)
        return torch.stack([task_loss(outputs[task], labels[task]).mean() for task in tasks]).sum()

    def _batch(self, domain: str) -> tuple[Tensor, Mapping[str, Tensor]]:
        if domain not in self._batches:
            data, device = self.trainer.data, self.trainer.device
            labelled = data.training[domain].labelled
            labels = {task: values[:SAMPLES].to(device) for task, values in labelled.labels.items()}
            self._batches[domain] = data.input_spec.to_float(labelled.inputs[:SAMPLES], device), labels
        return self._batches[domain]
