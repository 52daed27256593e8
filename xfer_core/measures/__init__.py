"""Measures of domain distance, shift, transferability and similarity of features.

Distances between domains: :func:`proxy_a_distance`, :func:`mmd`, :func:`class_conditional_gap`. The three kinds of
shift: :func:`covariate_shift`, :func:`label_shift`, :func:`concept_shift`. Transferability of features or predictions
to a task: :func:`leep`, :func:`logme`, :func:`h_score`, :func:`nearest_class_mean`. Similarity of two networks'
features for the same samples: :func:`linear_cka`. Show several: each one ranks some problems wrongly. To add one: add a
file.
"""

from xfer_core.measures.a_distance import proxy_a_distance
from xfer_core.measures.cka import linear_cka
from xfer_core.measures.class_gap import class_conditional_gap
from xfer_core.measures.concept_shift import ConceptShift, concept_shift
from xfer_core.measures.covariate_shift import CovariateShift, covariate_shift
from xfer_core.measures.h_score import h_score
from xfer_core.measures.label_shift import label_shift, label_shift_by_chance
from xfer_core.measures.leep import leep
from xfer_core.measures.logme import logme
from xfer_core.measures.mmd import mmd
from xfer_core.measures.nearest_class_mean import nearest_class_mean

__all__ = [
    "ConceptShift",
    "CovariateShift",
    "class_conditional_gap",
    "concept_shift",
    "covariate_shift",
    "h_score",
    "label_shift",
    "label_shift_by_chance",
    "leep",
    "linear_cka",
    "logme",
    "mmd",
    "nearest_class_mean",
    "proxy_a_distance",
]
