"""Clinical tables: measurements of tumours, split into two domains by a documented shift."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.digits import shipped_file
from xfer_core.domains.once import once
from xfer_core.modalities import Column, TableInput

MEASURES = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
    "fractal dimension",
)  # fmt: skip
COLUMNS = tuple(Column(f"{kind} {name}") for kind in ("mean", "error", "worst") for name in MEASURES)
SPEC = TableInput(COLUMNS)
CLASSES = ("malignant", "benign")
SPLIT_BY = COLUMNS.index(Column("mean texture"))
SOURCE = (
    "Breast Cancer Wisconsin (Diagnostic), Wolberg, Street and Mangasarian (1995), UCI machine learning repository, as "
    "shipped with scikit-learn"
)

NOTICE = "This is for teaching. It is not a medical device: no result here may guide the care of a patient."


@once
def _rows() -> tuple[np.ndarray, np.ndarray]:
    """Measurements, float32 (569, 30), and the class of each tumour, int64 (569,)."""
    rows = np.loadtxt(shipped_file("data/breast_cancer.csv"), delimiter=",", skiprows=1)
    return rows[:, :-1].astype(np.float32), rows[:, -1].astype(np.int64)


def _chosen(coarse: bool) -> np.ndarray:
    """The tumours of one domain, bool (569,): those whose texture is above the median of their own class.

    The classes are as frequent in both domains; only the measurements are shifted.
    """
    values, labels = _rows()
    texture = values[:, SPLIT_BY]
    medians = np.array([np.median(texture[labels == label]) for label in range(len(CLASSES))])
    return (texture > medians[labels]) == coarse


def build_domain(key: str, card: Card, coarse: bool) -> Domain:
    """The tumours of coarse, or of fine texture."""
    values, labels = _rows()
    chosen = _chosen(coarse)
    return Domain(
        key=key,
        card=card,
        pool="breast cancer",
        inputs=torch.from_numpy(values[chosen]),
        example_ids=torch.from_numpy(np.flatnonzero(chosen)),
        tasks={"diagnosis": Task("diagnosis", torch.from_numpy(labels[chosen]), CLASSES)},
    )


def _card(title: str, description: str, which: str) -> Card:
    recipe = f"the tumours whose mean texture is {which} the median of their class"
    return Card(title, description, SOURCE, "CC BY 4.0", recipe, NOTICE)


DOMAINS: dict[str, DomainInfo] = {
    key: DomainInfo(
        card=card,
        samples=count,
        spec=SPEC,
        tasks={"diagnosis": CLASSES},
        build=partial(build_domain, key, card, coarse),
    )
    for key, coarse, count, card in (
        (
            "clinical.breast_fine",
            False,
            286,
            _card("Breast tumours, fine texture", "Thirty measurements of cell nuclei with a fine texture.", "at most"),
        ),
        (
            "clinical.breast_coarse",
            True,
            283,
            _card("Breast tumours, coarse texture", "The same measurements, of nuclei with a coarse texture.", "above"),
        ),
    )
}
