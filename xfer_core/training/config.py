"""Training settings that do not depend on the strategy: steps, batch size, optimiser, schedule, device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from xfer_core.config import Config, Distinct, Name
from xfer_core.selections import Kind


class SGD(Config):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    lr: float = Field(default=0.01, gt=0, le=10, title="Learning rate")
    momentum: float = Field(default=0.9, ge=0, lt=1, title="Momentum")
    weight_decay: float = Field(default=0.0, ge=0, le=1, title="Weight decay")
    """Of matrices and kernels; biases, batch norm and λ that a method learns are left out."""

    def build(self, groups: Iterable[dict[str, Any]], lr: float, fused: bool) -> torch.optim.Optimizer:
        """The optimiser of these parameter groups; a group without its own learning rate takes this one."""
        return torch.optim.SGD(groups, lr, self.momentum, weight_decay=self.weight_decay, fused=fused)


class Adam(Config):
    """Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adam"] = "adam"
    lr: float = Field(default=0.003, gt=0, le=10, title="Learning rate")
    weight_decay: float = Field(default=0.0, ge=0, le=1, title="Weight decay")
    """Of matrices and kernels; biases, batch norm and λ that a method learns are left out."""

    def build(self, groups: Iterable[dict[str, Any]], lr: float, fused: bool) -> torch.optim.Optimizer:
        """The optimiser of these parameter groups; a group without its own learning rate takes this one."""
        return torch.optim.AdamW(groups, lr, weight_decay=self.weight_decay, fused=fused)


OPTIMIZERS = (Adam, SGD)


def decays(parameter: Tensor) -> bool:
    """Whether weight decay acts on this parameter: only on matrices and kernels.

    Biases, the scale and shift of batch norm, and parameters of the loss (such as log σ² of uncertainty weighting)
    have one dimension or none; decay towards zero would change what they mean, not make the network simpler.
    """
    return parameter.ndim > 1


Schedule = Literal["constant", "cosine"]
Augmentation = Literal["flip", "crop", "shift", "rotation"]
ROTATING: tuple[Augmentation, ...] = ("flip", "rotation")
"""Augmentations that change the label of the task "how far does a picture lean"."""


class LiveChange(Config):
    """A change of λ or of the learning rate while a run trains, as a person makes it by hand."""

    step: int = Field(ge=0, le=1_000_000, title="Step")
    """Number of steps done when it takes effect."""
    name: Name
    """``lr``, or ``lambda/TERM`` with the name of a loss term."""
    value: float = Field(ge=0, title="Value")
    """The new value."""


class TrainingConfig(Config):
    """The settings that most people leave alone."""

    steps: int = Field(default=300, ge=1, le=1_000_000, title="Steps")
    """Steps of the whole run, over all phases."""
    batch_size: int = Field(default=32, ge=2, le=4096, title="Batch size")
    """Samples that each domain gives to a step."""
    optimizer: Annotated[Adam | SGD, Field(discriminator="kind")] = Field(default=Adam(), title="Optimiser")
    """Optimiser: turns gradients into steps."""
    schedule: Schedule = Field(default="constant", title="Learning-rate schedule")
    """Constant keeps it; cosine lowers it to zero within each phase, ½(1 + cos πp) with p the fraction of the phase
    that is done (Loshchilov and Hutter 2017), so that the last steps are small."""
    augment: Annotated[tuple[Augmentation, ...], Distinct] = Field(
        default=("shift",), title="Augmentation", max_length=10
    )
    """Random views of each training sample: mirrored, cropped after padding by 4 pixels, shifted by up to 2 pixels,
    rotated by up to 15°. For pictures only."""
    precision: Literal["auto", "float32", "bf16"] = Field(default="auto", title="Precision")
    """Auto takes bfloat16 if the processor or GPU computes it in hardware."""
    device: str = Field(default="auto", title="Device", pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$", max_length=20)
    """Auto takes an NVIDIA GPU, else Apple's, else the processor."""
    selection: Kind = Field(default="last", title="Model selection")
    """Which step's checkpoint is reported, and which data the selection may use."""
    evaluations: int = Field(default=25, ge=1, le=1000, title="Evaluations on validation samples")
    """How often accuracy on the validation samples is measured, over the whole run."""
    live_changes: tuple[LiveChange, ...] = Field(default=(), max_length=1000, title="Changes while it trains")
    """Changes made by hand in the run that this recipe is from, applied again at the same steps."""

    @model_serializer(mode="wrap")
    def _omit_unchanged(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the field out if it is empty, so that specs and their hashes stay as they were without it."""
        written = handler(self)
        if not self.live_changes:
            written.pop("live_changes", None)
        return written
