"""Measures of domain distance, transferability and similarity of features.

Distances between domains: :func:`proxy_a_distance`, :func:`mmd`, :func:`class_conditional_gap`. Transferability of
features or predictions to a task: :func:`leep`, :func:`logme`, :func:`h_score`. Similarity of two networks' features
for the same samples: :func:`linear_cka`. Show several: each one ranks some problems wrongly. To add one: add a file.
"""

from xfer_core.measures.a_distance import proxy_a_distance
from xfer_core.measures.cka import linear_cka
from xfer_core.measures.class_gap import class_conditional_gap
from xfer_core.measures.h_score import h_score
from xfer_core.measures.leep import leep
from xfer_core.measures.logme import logme
from xfer_core.measures.mmd import mmd

__all__ = ["class_conditional_gap", "h_score", "leep", "linear_cka", "logme", "mmd", "proxy_a_distance"]
