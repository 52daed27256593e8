"""Settings that act on runs while they learn, without a new start: λ of the target, and the learning rate."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _
from pages.playground.settings import PlaySettings
from xfer_core.strategies import CLASSES
from xfer_core.strategies.base import ChoosesWeights

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)


def live_controls(now: PlaySettings, methods: Sequence[str], prefix: str) -> tuple[float, float]:
    """Sliders for λ of the target and the learning rate.

    Args:
        now: what is chosen at first.
        methods: that are chosen now; without one that lets a person choose λ, it has no slider.
        prefix: starts the keys of the controls.

    Returns:
        Both.
    """
    weight = float(now.weight)
    if any(issubclass(CLASSES[kind], ChoosesWeights) for kind in methods):
        weight = st.slider(
            _("λ of the target"), 0.0, 1.0, weight, 0.01, key=f"{prefix}.weight",
            help=_("How much the target's loss weighs; the source's has the rest. It acts at once, on methods that let "
                   "you choose λ, such as joint learning."),
        )  # fmt: skip
    rates = sorted({*RATES, now.rate})
    rate = st.select_slider(
        _("Learning rate"), rates, now.rate, key=f"{prefix}.rate", format_func=lambda value: f"{value:g}",
        help=_("It acts at once."),
    )  # fmt: skip
    return weight, rate
