"""Knowledge distillation: the source network's outputs teach, not only its weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from xfer_core.networks.base import Network
from xfer_core.objectives.distillation import distillation_loss
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import Batch, Phase, StepContext, forward_domains, task_losses
from xfer_core.strategies.transfer.base import Transfer


class Distillation(Transfer):
    """Train a teacher on the source; a student then learns the few target labels and the teacher's outputs on the rest.

    L = L_target + λ · T² · KL(softmax(z_teacher / T) ‖ softmax(z_student / T)) on unlabelled target samples. The
    outputs of a teacher contain more than a label: which digits look alike. The student starts from the teacher's
    weights or from random ones. If the teacher is wrong on the target, the student learns its mistakes. Hinton et al.
    2015, https://arxiv.org/abs/1503.02531.
    """

    title: ClassVar = "Distillation"
    formula: ClassVar = (
        r"L_{\text{target}} + \lambda\, T^2\, \mathrm{KL}\left(\sigma(z_{\text{teacher}}/T)\,\Vert\,\sigma(z/T)\right)"
    )
    term_titles: ClassVar = {"teacher": "Outputs of the teacher"}
    needs: ClassVar = replace(Transfer.needs, or_filled=False, classes=True, alternative="l2_sp")
    abilities: ClassVar = frozenset({"weighs"})
    line_style: ClassVar = ("teal", "dashdotdot")
    kind: Literal["distillation"] = "distillation"
    weight: float = Field(default=0.5, ge=0, le=10, title="λ of the teacher's outputs")
    """Weight of the teacher beside the labels."""
    temperature: float = Field(default=2.0, gt=0, le=100, title="Temperature T")
    """Above 1 the teacher's second choices get more weight."""
    fresh: bool = Field(default=False, title="Student from scratch")
    """Start the student from random values instead of the teacher's weights: then only outputs transfer knowledge."""

    def modules(self, data: TrainingData, network: Network) -> dict[str, nn.Module]:
        return {"teacher": copy.deepcopy(network).requires_grad_(False)}

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        start = "network" if self.fresh else "nothing"
        return (self.target_phase(data, unlabelled=data.problem.target, reset=start),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {**super().lambdas(problem), "teacher": self.weight}

    def on_phase_start(self, context: StepContext) -> None:
        if context.phase.name == "target":
            context.modules["teacher"].load_state_dict(context.network.state_dict())

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        if context.phase.name != "target":
            return super().terms(batches, context)
        labelled, unlabelled = forward_domains(context.network, batches, context.unlabelled)
        teacher = context.modules["teacher"].eval()
        with torch.no_grad():
            wanted = {key: teacher(inputs) for key, inputs in context.unlabelled.items()}
        losses = [
            distillation_loss(view.logits[task], wanted[key][task], self.temperature).mean()
            for key, view in unlabelled.items()
            for task in view.logits
        ]
        return {**task_losses(labelled, batches), "teacher": torch.stack(losses).mean()}
