"""Class-conditional gap: the distance between the class means of two domains."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.checks import has_variance, require_equal_width, require_features, require_labels


def class_conditional_gap(
    source_features: Tensor, source_labels: Tensor, target_features: Tensor, target_labels: Tensor
) -> float:
    """gap = 1/|C| Σ_{c ∈ C} ‖μ_{s,c} − μ_{t,c}‖ / σ, over the classes C that both domains have.

    μ_{d,c} is the mean feature of class c in domain d, and σ² the pooled within-class variance, summed over columns:
    σ² = Σ_{d,c} Σ_i ‖x_i − μ_{d,c}‖² / Σ_{d,c} (n_{d,c} − 1). So 1 means that classes shift as far as a sample
    typically is from its class mean. Two domains can have equal distributions while class 3 of one lies on class 5 of
    the other: distances between domains miss that, this one does not. Aligning class means is the idea of Xie et al.
    2018, http://proceedings.mlr.press/v80/xie18c.html; dividing by σ makes stages and networks comparable.

    Means of few samples vary, and a gap cannot be negative: for equal distributions it is about √(1/n_s + 1/n_t),
    with n the samples per class. Compare gaps only between sets of equal sizes.

    Args:
        source_features: (N, D), any float type.
        source_labels: int64 (N,).
        target_features: features of the same stage, (M, D).
        target_labels: int64 (M,), numbered like the source's.

    Returns:
        not negative, without a unit; unchanged by a common scale, shift or rotation.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples``, ``not_all_finite``, ``wrong_type``, ``wrong_shape``;
            ``no_common_class``; ``collapsed`` if no shared class has two different samples in one domain.
    """
    source = require_features(source_features, "source_features")
    target = require_features(target_features, "target_features")
    require_equal_width(source, target, "target_features")
    source_classes, _ = require_labels(source_labels, len(source), "source_labels", least=1)
    target_classes, _ = require_labels(target_labels, len(target), "target_labels", least=1)
    shared = source_classes[torch.isin(source_classes, target_classes)]
    if not len(shared):
        raise XferError("no_common_class", "target_labels", target_classes.tolist(), others=source_classes.tolist())

    labels = source_labels.cpu(), target_labels.cpu()
    groups = [[x[y == c] for c in shared] for x, y in zip((source, target), labels, strict=True)]
    means = torch.stack([torch.stack([group.mean(0) for group in domain]) for domain in groups])  # (2, C, D)
    flat = [group for domain in groups for group in domain]
    inside = torch.cat([group - mean for group, mean in zip(flat, means.flatten(0, 1), strict=True)])  # (n, D)
    if not has_variance(inside, torch.cat(flat)):
        raise XferError("collapsed", "source_features", shared.tolist())
    spread = (inside.square().sum() / (len(inside) - len(flat))).sqrt()
    return float((means[0] - means[1]).norm(dim=1).mean() / spread)
