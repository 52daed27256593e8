"""Proxy A-distance: how well a linear classifier tells the domains apart."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.measures.checks import require_equal_width, require_features


def proxy_a_distance(source: Tensor, target: Tensor, seed: int = 0) -> float:
    """d_A = 2 (1 − 2ε), where ε is the test error of a linear classifier of source against target.

    0: the classifier is as good as chance; 2: it is never wrong. The exact A-distance needs the best of all linear
    classifiers and cannot be computed; a trained one approximates it. Ben-David et al. 2007,
    https://papers.nips.cc/paper/2983. Why it matters: the error on the target is at most the error on the source plus
    half of such a distance plus the joint error of the best classifier for both, Ben-David et al. 2010,
    https://doi.org/10.1007/s10994-009-5152-4. So if the domains cannot be told apart, a network trained on the source
    works on the target, provided that one classifier can be right on both.

    As many samples of each domain as the smaller set has are drawn. One half of each trains a logistic regression with
    scikit-learn's defaults (L2, C = 1), the other half tests it; both are standardised by the training half. ε is a
    frequency over about min(N, M) test samples, so d_A has a standard error of up to 2/√min(N, M) for equal
    distributions. By chance ε can exceed ½: then the distance is below 0. For equal distributions it is 0 on average.

    Args:
        source: features, (N, D), any float type.
        target: features of the same stage, (M, D).
        seed: of the drawn samples and their halves.

    Returns:
        from −2 to 2, without a unit; below 0 by chance only.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples`` (below 2 in a domain), ``not_all_finite`` or ``wrong_shape``.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    domains = require_features(source, "source"), require_features(target, "target")
    require_equal_width(*domains)
    count = min(map(len, domains))
    half = count // 2
    random = torch.Generator().manual_seed(seed)
    drawn = [features[torch.randperm(len(features), generator=random)[:count]] for features in domains]
    train = torch.cat([features[:half] for features in drawn]).numpy()  # (2 · half, D)
    test = torch.cat([features[half:] for features in drawn]).numpy()
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(train, torch.arange(2).repeat_interleave(half).numpy())
    error = 1 - float(classifier.score(test, torch.arange(2).repeat_interleave(count - half).numpy()))
    return 2 * (1 - 2 * error)
