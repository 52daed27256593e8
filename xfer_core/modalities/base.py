"""What one input is: the contract that every modality fulfils."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.modalities.sampler import BatchSampler

if TYPE_CHECKING:
    import pandas as pd


class InputSpec(ABC):
    """What one input of a domain, or of a problem, is. Each modality is one subclass, a frozen dataclass.

    Samples come in two forms: *raw*, as a domain holds them, and *prepared*, as all domains of one problem share them.
    The encoder that :meth:`fit` returns turns raw samples into prepared ones; a network takes prepared samples as
    :meth:`to_float` gives them.
    """

    modality: ClassVar[str]
    """Its name, such as ``table``."""
    dtype: ClassVar[torch.dtype]
    """Of raw samples."""
    augmentations: ClassVar[tuple[str, ...]] = ()
    """Random views of a training sample that exist for it."""
    default_augmentations: ClassVar[tuple[str, ...]] = ()
    """Those that a new problem starts with."""
    interpolates: ClassVar[bool] = True
    """Whether a weighted mean of two prepared samples is an input too."""
    memory_format: ClassVar[torch.memory_format] = torch.contiguous_format
    """Of the network's weights."""
    attribution: ClassVar[Literal["none", "grad_cam", "integrated_gradients", "token_gradients"]] = "none"
    """How it can be shown what in an input spoke for a class."""
    is_fitted: ClassVar[bool] = False
    """Whether its encoder depends on the training inputs."""
    plural: ClassVar[str]
    """Name of the samples in exported files, such as ``rows``."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one prepared sample."""

    @property
    @abstractmethod
    def raw_shape(self) -> tuple[int, ...]:
        """Of one raw sample."""

    @classmethod
    @abstractmethod
    def common(cls, specs: Sequence[Any]) -> Self:
        """The spec of a problem whose domains have these specs, of this class.

        Raises:
            XferError: if they do not go together.
        """

    @abstractmethod
    def fit(self, training: Iterable[tuple[Any, Tensor]]) -> Encoder:
        """The encoder of a problem with this common spec.

        Args:
            training: for each domain its own spec, of this class, and its raw training inputs; nothing else may
                influence the encoder.

        Raises:
            XferError: if these inputs cannot be prepared.
        """

    @abstractmethod
    def to_float(self, prepared: Tensor, device: torch.device) -> Tensor:
        """Prepared samples (N, *shape) as the input of a network, on the device: float (N, *shape), unless the modality
        says otherwise."""

    @abstractmethod
    def sampler(
        self,
        prepared: Tensor,
        labels: dict[str, Tensor],
        augment: Iterable[str],
        generator: torch.Generator,
        device: torch.device,
    ) -> BatchSampler:
        """Batches of these samples, reshuffled without end, as the input of a network.

        Args:
            prepared: (N, *shape).
            labels: task → (N,).
            augment: any of ``augmentations``.
            generator: the only source of randomness, on ``device``.
            device: where the samples are stored.
        """

    @abstractmethod
    def descriptors(self, prepared: Tensor) -> Tensor:
        """A few numbers per sample that a linear classifier can tell domains apart by: float (N, D)."""

    @abstractmethod
    def pictures(self, prepared: Tensor) -> Tensor:
        """Samples as pictures for people, in any size: uint8 (N, 3 or 1, height, width)."""

    def overview(self, prepared: Tensor, labels: Tensor) -> np.ndarray | None:
        """All samples in one picture, coloured by class, uint8 (height, width, 4); None if a few samples side by side
        show more."""
        return None

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The meaning of a network's input, for whoever uses an exported network: JSON."""

    @abstractmethod
    def sentence(self) -> str:
        """The meaning of a network's input, for people."""

    def example(self) -> Tensor:
        """Two inputs of an exported network, empty: raw samples, where the encoder can be a part of the network."""
        return torch.zeros(2, *self.raw_shape)

    def check(self, inputs: Tensor, name: str, samples: int | None = None) -> None:
        """Reject raw samples that are not what this says, or not so many.

        Raises:
            XferError: ``wrong_type`` or ``wrong_shape``, naming ``name``.
        """
        if inputs.dtype != self.dtype:
            raise XferError("wrong_type", name, inputs.dtype, expected=str(self.dtype).removeprefix("torch."))
        expected = (len(inputs) if samples is None else samples, *self.raw_shape)
        if tuple(inputs.shape) != expected:
            raise XferError("wrong_shape", name, str(tuple(inputs.shape)), expected=str(expected))

    def check_augmentations(self, names: Iterable[str], field: str) -> None:
        """Reject augmentations that do not exist for this modality.

        Raises:
            XferError: ``augmentation``, naming ``field``.
        """
        for name in names:
            if name not in self.augmentations:
                raise XferError(
                    "augmentation", field, name, ({field: []},), modality=self.modality, allowed=self.augmentations
                )


@dataclass(frozen=True)
class Encoder(ABC):
    """Prepares raw samples.

    Attributes:
        spec: of the prepared samples.
    """

    spec: InputSpec

    @abstractmethod
    def __call__(self, own: Any, inputs: Tensor) -> Tensor:
        """Raw samples of a domain with the spec ``own`` to prepared ones: (N, *shape)."""

    def for_pictures(self, own: Any, inputs: Tensor) -> Tensor:
        """As a call, for pictures: where that is quicker, only as exact as a picture shows."""
        return self(own, inputs)

    def describe(self) -> dict[str, Any]:
        """The meaning of an exported network's input: JSON."""
        return self.spec.describe()

    def values(self, prepared: Tensor) -> pd.DataFrame | None:
        """The values of these samples, a row each, in the units of the domains; None if numbers tell people nothing."""
        return None

    def module(self) -> nn.Module | None:
        """What an exported network does before its first stage; None for nothing."""
        return None
