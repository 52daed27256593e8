"""The encoder of a run, cached."""

from __future__ import annotations

import streamlit as st

from xfer_core.modalities import Encoder
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.runs.store import Run


@st.cache_resource(max_entries=64, show_spinner=False)
def _encoder(problem: str, seed: int) -> Encoder:
    return split_problem(Problem.model_validate_json(problem), seed, load_inputs=False).encoder


def encoder_of(run: Run) -> Encoder:
    """What prepared the inputs of this run; the same for all runs of its problem and seed."""
    spec = run.typed_spec
    return _encoder(spec.problem.model_dump_json(), spec.seed)
