"""The points of a problem in the plane, as the pictures of the playground show them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from xfer_core.domains import load_domain
from xfer_core.problems.problem import Problem, Role, split_problem

SHOWN = 250  # points of a domain


@dataclass(frozen=True)
class ShownPoints:
    """Points of one domain.

    Attributes:
        key: the domain.
        role: source or target.
        points: float32 (N, 2).
        labels: uint8 (N,).
        labelled: whether training sees the label, bool (N,); those come first.
    """

    key: str
    role: Role
    points: np.ndarray
    labels: np.ndarray
    labelled: np.ndarray


@st.cache_data(max_entries=50, show_spinner=False)
def shown_points(problem: str, seed: int) -> list[ShownPoints]:
    """Some points of each domain: those whose labels training sees; of all but the source also validation points, which
    stand for those without a label.

    Args:
        problem: as JSON, of points in the plane.
        seed: of its split.
    """
    data = split_problem(Problem.model_validate_json(problem), seed)
    task, found = data.problem.tasks[0], list[ShownPoints]()
    for key, role in data.problem.roles().items():
        whole, known = load_domain(key), data.training.get(key)
        ids = whole.example_ids.numpy()
        seen = known.labelled.example_ids.numpy() if known else ids[:0]
        others = data.held_out[key, "validation"].example_ids.numpy() if role != "source" else ids[:0]
        chosen = np.concatenate([seen, others])[:SHOWN]
        rows = np.searchsorted(ids, chosen)
        found.append(
            ShownPoints(
                key,
                role,
                whole.inputs[rows].numpy(),
                whole.tasks[task].labels[rows].numpy().astype(np.uint8),
                np.isin(chosen, seen),
            )
        )
    return found
