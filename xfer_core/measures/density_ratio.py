"""Density ratio of two sets of samples, estimated with a classifier: importance weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from xfer_core.errors import XferError

LEAST = 2  # samples of each set: one half is predicted by a classifier trained on the other
LIMIT = 20.0  # times the mean: a larger weight would reflect the classifier rather than the sample


def density_ratio(samples: Tensor, wanted: Tensor) -> Tensor:
    """w(x) ∝ p_wanted(x) / p_samples(x), with mean 1: importance weights for covariate shift.

    A logistic regression learns to tell the two sets apart; by Bayes' rule its odds, divided by the ratio of the sizes,
    estimate the ratio of the densities. Each sample is predicted by a classifier not trained on it (two folds).
    Bickel, Brückner and Scheffer 2009, https://www.jmlr.org/papers/v10/bickel09a.html.

    Args:
        samples: features of the samples to weigh, (N, D), N at least 2.
        wanted: features of samples of the wanted distribution, (M, D), M at least 2.

    Returns:
        float32 (N,), with mean 1, none above 20 before it is scaled.

    Raises:
        XferError: ``few_samples``.
    """
    for field, features in (("samples", samples), ("wanted", wanted)):
        if len(features) < LEAST:
            raise XferError("few_samples", field, len(features), limit=LEAST)
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = torch.cat([samples, wanted]).numpy().astype(np.float64)
    truth = np.r_[np.zeros(len(samples)), np.ones(len(wanted))]
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.001, max_iter=1000, class_weight="balanced"))
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    p = np.asarray(cross_val_predict(classifier, features, truth, cv=folds, method="predict_proba"))[: len(samples), 1]
    odds = torch.from_numpy(p / np.clip(1 - p, 1e-6, None)).float().clamp(1e-6, None)
    weights = (odds / odds.mean()).clamp_max(LIMIT)
    return weights / weights.mean()
