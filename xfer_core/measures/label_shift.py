"""Label shift: how much the frequencies of the classes differ between two domains."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.measures.checks import require_labels


def label_shift(source: Tensor, target: Tensor) -> float:
    """TV = ½ Σ_c |p_source(c) − p_target(c)|, the total variation distance of the class frequencies.

    It is the share of the samples of one domain whose class would have to change to get the frequencies of the other.
    Label shift (or prior shift) is p(y) that changes while p(x | y) stays: Storkey 2009, in Quiñonero-Candela et al.,
    *Dataset Shift in Machine Learning*; estimated without target labels by Lipton, Wang and Smola 2018,
    https://arxiv.org/abs/1802.03916. Here both sets of labels are known.

    Frequencies of few samples vary and the distance cannot be negative: :func:`label_shift_by_chance` says how large it
    is for equal distributions.

    Args:
        source: class indices, int64 (N,), N of at least 1.
        target: class indices in the same numbering, int64 (M,), M of at least 1.

    Returns:
        from 0 (equal frequencies) to 1 (no common class), without a unit.

    Raises:
        XferError: ``wrong_type``, ``wrong_shape`` or ``one_class`` (an empty set).
    """
    labels = []
    for field, values in (("source", source), ("target", target)):
        require_labels(values, len(values), field, least=1)
        labels.append(values.detach().cpu())
    classes = int(torch.cat(labels).max()) + 1
    frequencies = [values.bincount(minlength=classes).double() / len(values) for values in labels]  # (C,) each
    return float((frequencies[0] - frequencies[1]).abs().sum() / 2)


def label_shift_by_chance(source: Tensor, target: Tensor, draws: int = 200, seed: int = 0) -> float:
    """The 95th percentile of :func:`label_shift` after the labels of both domains were mixed and dealt again.

    Args:
        source: as for :func:`label_shift`.
        target: as for :func:`label_shift`.
        draws: how often.
        seed: of the draws.

    Returns:
        what two domains of one distribution exceed one time in twenty.

    Raises:
        XferError: as :func:`label_shift`.
    """
    label_shift(source, target)
    both, random = torch.cat([source.cpu(), target.cpu()]), torch.Generator().manual_seed(seed)
    found = []
    for _ in range(draws):
        mixed = both[torch.randperm(len(both), generator=random)]
        found.append(label_shift(mixed[: len(source)], mixed[len(source) :]))
    return float(torch.tensor(found, dtype=torch.float64).quantile(0.95))
