"""Integrated gradients: which numbers of a row spoke for a class?"""

from __future__ import annotations

import warnings

import pandas as pd
import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.modalities import TableInput
from xfer_core.networks.base import Network


def integrated_gradients(network: Network, inputs: Tensor, task: str, classes: Tensor) -> pd.DataFrame:
    """Integrated gradients of the class's logit: (x − x₀) · ∫₀¹ ∂f(x₀ + a (x − x₀)) / ∂x da, with x₀ = 0, the mean of
    the training inputs. Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, as captum computes it.

    Args:
        network: of table inputs, in eval mode, on the CPU.
        inputs: prepared rows, float32 (N, features).
        task: of the head.
        classes: int64 (N,), the class to explain for each row.

    Returns:
        a row per sample and a column per column of the table (of one of categories the sum over its categories): what
        it adds to the logit, in comparison with the mean; the sum of a row is the difference of the two logits.

    Raises:
        XferError: ``no_attribution`` for other inputs.
    """
    spec = network.spec
    if not isinstance(spec, TableInput):
        raise XferError("no_attribution", "problem", spec.modality)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum's own, on import
        from captum.attr import IntegratedGradients

        parts = IntegratedGradients(lambda x: network(x)[task]).attribute(inputs, target=classes, n_steps=64)
    assert isinstance(parts, Tensor)
    sums, start = {}, len(spec.numeric)
    for place, column in enumerate(spec.numeric):
        sums[column.name] = parts[:, place]
    for column in spec.categorical:
        sums[column.name] = parts[:, start : start + len(column.categories)].sum(1)
        start += len(column.categories)
    ordered = torch.stack([sums[column.name] for column in spec.columns], 1).detach().numpy()
    return pd.DataFrame(ordered, columns=[column.name for column in spec.columns])
