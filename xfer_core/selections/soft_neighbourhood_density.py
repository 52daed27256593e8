"""Selection by soft neighbourhood density of the target predictions."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.selections.base import LabelFree

TEMPERATURE = 0.05  # the paper's
MOST = 1000  # samples: all pairs are compared


class SoftNeighbourhoodDensity(LabelFree):
    """Take the step at which target samples have the densest neighbourhoods.

    Samples with similar predictions have many near neighbours: the largest mean entropy of softmax(s_ij / 0.05) over
    the others j, s_ij the cosine between the predictions softmax(z_i) and softmax(z_j). It penalises collapsed classes
    too little. Saito et al. 2021, https://arxiv.org/abs/2108.10860. Of more than 1,000 samples only the first are used.
    """

    title: ClassVar = "Soft neighbourhood density"
    kind: Literal["soft_neighbourhood_density"] = "soft_neighbourhood_density"

    def score_logits(self, logits: Tensor) -> float:
        return float(neighbourhood_density(logits[:MOST]))


def neighbourhood_density(logits: Tensor) -> Tensor:
    """Mean entropy of each sample's soft neighbourhood, in nats, a scalar; logits (N, K), N at least 2."""
    predictions = torch.nn.functional.normalize(torch.softmax(logits, 1), dim=1)
    near = predictions @ predictions.T / TEMPERATURE
    near.fill_diagonal_(-torch.inf)
    p = torch.softmax(near, 1)
    return -(p * p.clamp_min(1e-30).log()).sum(1).mean()
