"""LEEP: how well a source network's predictions, in its own classes, predict the target's labels."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.checks import require_features, require_labels


def leep(probabilities: Tensor, labels: Tensor) -> float:
    """T = 1/N Σ_i log Σ_z P(y_i | z) θ(x_i)_z, the log expected empirical prediction.

    θ(x)_z is the probability that the source network gives to *its* class z. From the joint P(y, z) = 1/N Σ_{i: y_i=y}
    θ(x_i)_z follows P(y | z) = P(y, z) / Σ_y P(y, z): a dictionary from source classes to target classes. The score is
    the mean log-likelihood of the target's labels if source classes are predicted and then looked up, so no training is
    needed and the two sets of classes may differ. Nguyen et al. 2020, https://arxiv.org/abs/2002.12462.

    The maximum is 0; a network whose predictions do not depend on the sample has minus the entropy of the labels.
    Compare it between networks on one target, not between targets with different numbers of classes.

    The dictionary is estimated from the same samples that it is scored on, so the score is too high for few samples:
    certain predictions unrelated to the C labels score about (C − 1)(Z − 1)/(2N) nats above minus the entropy, for N
    well above C · Z; uncertain ones less.

    Args:
        probabilities: softmax of the source network on target samples, (N, Z), rows that sum to 1.
        labels: target classes of these samples, int64 (N,).

    Returns:
        nats per sample, at most 0.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples``, ``not_all_finite``, ``not_probabilities`` (a row sum that
            is off 1 by more than 0.01, a tolerance for bfloat16), ``wrong_type``, ``wrong_shape`` or ``one_class``.
    """
    guesses = require_features(probabilities, "probabilities")
    classes, positions = require_labels(labels, len(guesses), "labels")
    sums = guesses.sum(1)
    broken = (guesses < 0).any(1) | ((sums - 1).abs() > 0.01)
    if broken.any():
        raise XferError("not_probabilities", "probabilities", guesses[broken][0].tolist())
    guesses = guesses / sums[:, None]

    joint = torch.zeros(len(classes), guesses.shape[1], dtype=torch.float64).index_add_(0, positions, guesses)
    marginal = joint.sum(0)  # (Z,), N times P(z)
    dictionary = joint / torch.where(marginal > 0, marginal, 1)  # (C, Z), P(y | z); 0 for a class never predicted
    return min(0.0, float((dictionary[positions] * guesses).sum(1).log().mean()))  # rounding can exceed 0
