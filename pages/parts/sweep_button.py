"""From the λ mixer: run one λ over a range."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import numpy as np
import streamlit as st

from pages.parts.store import start
from pages.parts.text import _
from xfer_core.analysis.sweep import BALANCERS, LEAST, MOST, sweep_specs
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import TITLES

BATCH = "sweep-"
SHOWN = ("uncertainty_weighting", "gradnorm", "imtl_g")  # ticked at first


def sweep_button(spec: RunSpec, terms: Mapping[str, str]) -> None:
    """A popover that says what a sweep is, how many runs it takes, and starts it.

    Args:
        spec: the run as it is chosen now, with the strategy ``joint``.
        terms: term → what a reader calls it; at least two.
    """
    with st.popover(_("Sweep a λ"), icon=":material/swap_horiz:"):
        st.markdown(_("The same run again and again, with one λ from 0 to 1; the other terms share what is left."))
        term = st.selectbox(_("Which λ"), list(terms), format_func=terms.__getitem__, key="sweep.term")
        count = st.slider(_("Values of λ"), LEAST, MOST, 7, key="sweep.count")
        balancers = st.multiselect(
            _("And these methods, which set λ by themselves"),
            list(BALANCERS),
            default=list(SHOWN),
            format_func=lambda kind: _(TITLES[kind]),
            key="sweep.balancers",
        )
        runs = count + len(balancers)
        st.caption(_("{runs} runs of {steps} steps each.").format(runs=runs, steps=spec.training.steps))
        if st.button(_("Start the sweep"), type="primary", icon=":material/play_arrow:", key="sweep.start"):
            values = [round(float(value), 3) for value in np.linspace(0, 1, count)]
            specs = sweep_specs(spec, term, values, balancers)
            batch = f"{BATCH}{list(terms).index(term)}-{secrets.token_hex(4)}"
            start([(one, _sweep_name(one, term)) for one in specs], batch)
            st.switch_page("sweep.py", query_params={"sweep": batch})


def _sweep_name(spec: RunSpec, term: str) -> str:
    if spec.strategy.kind != "joint":
        return _(TITLES[spec.strategy.kind])
    return f"λ = {spec.strategy.lambdas(spec.problem)[term]:.2f}"
