"""Samples of a domain as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from xfer_core.charts.image_grid import image_grid, one_of_each
from xfer_core.domains import domain_info, load_domain
from xfer_core.domains.reference import key_of
from xfer_core.modalities import Encoder, InputSpec


def sample_pictures(key: str, positions: Sequence[int] | slice = slice(None)) -> Tensor:
    """Samples of a domain as pictures, uint8 (N, 3 or 1, height, width).

    Raises:
        XferError: as ``load_domain``.
    """
    spec = domain_info(key).spec
    return spec.pictures(_encoder(key).for_pictures(spec, load_domain(key).inputs[positions]))


def domain_overview(key: str, shown: int, columns: int) -> np.ndarray:
    """A domain in one picture, uint8 (height, width, 4): its overview if it has one, else a few samples, of different
    classes of its first task.

    Args:
        key: the domain.
        shown: number of samples.
        columns: samples per row.

    Raises:
        XferError: as ``load_domain``.
    """
    domain, spec = load_domain(key), domain_info(key).spec
    task = next(iter(domain.tasks.values()))
    return overview(
        spec, _encoder(key).for_pictures(spec, domain.inputs), task.labels, len(task.classes), shown, columns
    )


def _encoder(key: str) -> Encoder:
    """Fitted on the domain without parameters, so that what they change is seen."""
    plain = key_of(key)
    spec = domain_info(plain).spec
    return spec.fit([(spec, load_domain(plain).inputs)])


def overview(spec: InputSpec, prepared: Tensor, labels: Tensor, classes: int, shown: int, columns: int) -> np.ndarray:
    """Samples in one picture, uint8 (height, width, 4), as :func:`domain_overview`.

    Args:
        spec: of the samples.
        prepared: (N, *shape).
        labels: (N,).
        classes: their number; 0 for a regression.
        shown: number of samples.
        columns: samples per row.
    """
    if (picture := spec.overview(prepared, labels)) is not None:
        return picture
    chosen = torch.arange(len(prepared))[:shown]
    if classes:
        chosen = one_of_each(torch.arange(len(prepared)), labels, classes, -(-shown // classes))[:shown]
    return image_grid(spec.pictures(prepared[chosen]), columns)
