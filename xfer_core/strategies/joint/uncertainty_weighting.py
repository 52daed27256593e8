"""Uncertainty weighting: learns a noise level for each task; noisy tasks get less weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from xfer_core.names import TermName
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import Batch, Phase, StepContext, task_loss_terms
from xfer_core.strategies.joint.balancer import Balancer


class UncertaintyWeighting(Balancer):
    """Learn with the network how noisy each task is, s_i = log σ_i², and give a noisy task less weight.

    L = Σ_i (c_i · e^{−s_i} · L_i + s_i / 2), c_i = 1 for classification and ½ for regression. Without the second part
    every s_i would grow to infinity; with it, s_i converges where e^{−s_i} is about 1 / L_i: terms of any unit and size
    get about equal influence. It only uses the size of losses: conflicts between tasks remain. The s_i start at 0.
    Kendall, Gal and Cipolla 2018, https://arxiv.org/abs/1705.07115.
    """

    title: ClassVar = "Uncertainty weighting"
    formula: ClassVar = r"L = \sum_i \left( c_i\, e^{-s_i} L_i(\theta) + \tfrac{1}{2} s_i \right)"
    term_titles: ClassVar = {"uncertainty": "Regularisation of the uncertainty, ½ Σ s"}
    line_style: ClassVar = ("violet", "dashdotdot")
    kind: Literal["uncertainty_weighting"] = "uncertainty_weighting"
    standalone: ClassVar = {"modules": '{"uncertainty": LogVariances(len(context.state["factors"]))}'}
    rate: float = Field(default=10.0, gt=0, le=1000, title="Rate of s")
    """The s_i learn at this multiple of the learning rate, so that they converge even in a short run."""

    def modules(self, data: TrainingData, network: Network) -> dict[str, nn.Module]:
        names = task_loss_terms(data.problem, "source", "target")
        return {"uncertainty": LogVariances(len(names))}

    def state(self, data: TrainingData) -> dict[str, Any]:
        numbers = data.problem.regressions()
        names = task_loss_terms(data.problem, "source", "target")
        return {"factors": {name: 0.5 if TermName.parse(name).task in numbers else 1.0 for name in names}}

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        (phase,) = super().phases(data, network)
        return (Phase(phase.name, phase.domains, lr_factors={"modules.uncertainty.s": self.rate}),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {**super().lambdas(problem), "uncertainty": 1.0}

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        terms = super().terms(batches, context)
        s = self._s(context)
        counted = [s[name] if context.lambdas.get(name, 1.0) > 0 else 0 * s[name] for name in terms]
        return {**terms, "uncertainty": torch.stack(counted).sum() / 2}

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        factors, s = context.state["factors"], self._s(context)
        return {name: factors[name] * torch.exp(-s[name]) for name in losses if name in s}

    def _s(self, context: StepContext) -> dict[str, Tensor]:
        """Term → s, each a scalar with gradient."""
        return dict(zip(context.state["factors"], context.modules["uncertainty"].s, strict=True))  # pyright: ignore


class LogVariances(nn.Module):
    """s_i = log σ_i² of T terms, initially 0."""

    def __init__(self, terms: int) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.zeros(terms))
