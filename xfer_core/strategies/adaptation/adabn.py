"""AdaBN: re-estimates the batch-norm statistics on the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.networks.base import Network, batch_norms
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.adaptation.base import Adaptation, labelled_domains
from xfer_core.strategies.base import Batch, Phase, StepContext, forward_task_losses


class AdaBN(Adaptation):
    """Train on the source, then re-estimate the means and variances of batch norm on target inputs; no weight changes.

    y = γ · (x − μ_t) / σ_t + β: every feature is centred and scaled by the target's own mean and deviation, while γ, β
    and all filters stay as they are. It corrects changes of brightness, contrast and style, costs seconds and has
    nothing to tune; it cannot correct a change of shape. Afterwards the source is predicted with the target's
    statistics too. If there are target labels, the first part uses them too. Li et al. 2016,
    https://arxiv.org/abs/1603.04779.
    """

    title: ClassVar = "AdaBN"
    formula: ClassVar = r"y = \gamma\, \frac{x - \mu_t}{\sigma_t} + \beta"
    needs: ClassVar = replace(Adaptation.needs, batch_norm=True, alternative="coral")
    line_style: ClassVar = ("wine", "dash")
    kind: Literal["adabn"] = "adabn"
    source_share: float = Field(default=0.9, gt=0, lt=1, title="Share of steps on the source")
    """In the other steps target inputs pass through the network; the statistics are the mean over these batches."""

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        weights = frozenset(name for name, _ in network.named_parameters())
        target = data.problem.target
        return (
            Phase("source", labelled_domains(data), self.source_share),
            Phase("statistics", (), 1 - self.source_share, frozen=weights, unlabelled=target, trainable=False),
        )

    def state(self, data: TrainingData) -> dict[str, Any]:
        return {"begun": False}

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        if context.phase.trainable:
            return forward_task_losses(context.network, batches)
        layers = batch_norms(context.network).values()
        if not context.state["begun"]:  # not as the phase begins: its evaluation needs the source's
            context.state["begun"] = True
            for layer in layers:
                layer.reset_running_stats()  # pyright: ignore[reportCallIssue]
        usual = [layer.momentum for layer in layers]
        for layer in layers:
            layer.momentum = None  # pyright: ignore[reportArgumentType]  # torch: cumulative mean
        for inputs in context.unlabelled.values():
            context.network.features(inputs)
        for layer, momentum in zip(layers, usual, strict=True):
            layer.momentum = momentum
        return {}
