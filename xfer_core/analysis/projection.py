"""Projection of features to two dimensions (PCA, t-SNE): are source and target aligned?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xfer_core.errors import XferError

NEIGHBOURS = 30
EXAGGERATED, ROUNDS, TOLD_EVERY = 250, 500, 25  # iterations; openTSNE's defaults but for the last


@dataclass(frozen=True)
class PCAProjection:
    """A plane in feature space.

    Attributes:
        middle: float64 (D,), projected to (0, 0).
        directions: float64 (2, D), orthonormal.
        share: explained variance of the features that it was fitted to, from 0 to 1.
    """

    middle: np.ndarray
    directions: np.ndarray
    share: float

    def project(self, features: np.ndarray) -> np.ndarray:
        """Project features (N, D): float64 (N, 2)."""
        return (features - self.middle) @ self.directions.T


def fit_pca(features: Sequence[np.ndarray]) -> PCAProjection:
    """The plane of the first two principal components of all these features together.

    The sign of each direction is chosen so that its largest coefficient is positive; so the same features never give
    a mirrored plot.

    Args:
        features: several (N_i, D).

    Raises:
        XferError: ``constant`` if all features are equal, ``not_all_finite`` if some are not finite.
    """
    from sklearn.decomposition import PCA

    together = np.concatenate([part.astype(np.float64) for part in features])
    if not np.isfinite(together).all():
        raise XferError("not_all_finite", "features", together[~np.isfinite(together)][0])
    if np.ptp(together, axis=0).max() <= 1e-12 * np.abs(together).max():
        raise XferError("constant", "features", together[0].tolist())
    wanted = min(2, *together.shape)
    fitted = PCA(wanted, random_state=0).fit(together)
    found = np.asarray(fitted.components_)
    largest = found[np.arange(wanted), np.abs(found).argmax(1)]
    directions = np.zeros((2, together.shape[1]))
    directions[:wanted] = found * np.sign(largest)[:, None]
    return PCAProjection(np.asarray(fitted.mean_), directions, float(np.sum(fitted.explained_variance_ratio_)))


def standardize_scale(features: np.ndarray) -> np.ndarray:
    """(f − mean) / √(mean ‖f − mean‖²): features with mean 0 and mean squared length 1, float64 (N, D).

    Features spread during training: without this the first snapshots would be a dot on the scale of the last. If all
    features are equal, all become 0.
    """
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    size = float(np.sqrt((centred**2).sum(1).mean()))
    return centred / size if size else centred


def tsne(features: np.ndarray, progress: Callable[[float], object] | None = None, seed: int = 0) -> np.ndarray:
    """t-SNE: two dimensions that preserve neighbourhoods; distances between groups have no meaning.

    Van der Maaten and Hinton 2008, https://jmlr.org/papers/v9/vandermaaten08a.html, as openTSNE computes it: exact
    neighbours, initialised with the principal components, perplexity 30 (a third of the samples if there are fewer
    than 91), 250 iterations of early exaggeration and 500 without.

    Args:
        features: (N, D), N of at least 4.
        progress: called with the fraction that is done, 0 to 1.
        seed: the same seed gives the same result.

    Returns:
        float64 (N, 2).

    Raises:
        XferError: ``few_samples``.
    """
    from openTSNE import TSNE

    if len(features) < 4:
        raise XferError("few_samples", "features", len(features), limit=4)
    told = 0

    def tell(*_: object) -> None:
        nonlocal told
        told += TOLD_EVERY
        if progress:
            progress(min(1.0, told / (EXAGGERATED + ROUNDS)))

    fitted = TSNE(
        perplexity=min(NEIGHBOURS, (len(features) - 1) / 3),  # pyright: ignore[reportArgumentType] - any number will do
        early_exaggeration_iter=EXAGGERATED,
        n_iter=ROUNDS,
        neighbors="exact",
        negative_gradient_method="bh",
        random_state=seed,
        n_jobs=1,
        callbacks=tell,
        callbacks_every_iters=TOLD_EVERY,
    ).fit(features.astype(np.float64))
    return np.asarray(fitted)
