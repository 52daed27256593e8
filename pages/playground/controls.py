"""Controls of the page Playground."""

from __future__ import annotations

from typing import cast

import streamlit as st

from pages.i18n import _
from pages.playground.drawing import drawings
from pages.playground.live import live_controls
from pages.playground.settings import MOST_METHODS, MOST_TARGETS, SHAPES, PlaySettings, Shape
from xfer_core.networks.mlp import Activation
from xfer_core.strategies import TITLES

ACTIVATIONS: dict[Activation, str] = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid"}
BALANCES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
NAMES: dict[Shape, str] = {
    "moons": "Moons",
    "blobs": "Blobs",
    "circles": "Circles",
    "spirals": "Spirals",
    "drawn": "Draw",
}


def controls(now: PlaySettings, prefix: str) -> PlaySettings:
    """Every control of data, methods and network; returns what is chosen now.

    Args:
        now: what is chosen at first.
        prefix: starts the keys of the controls.
    """
    data = st.segmented_control(
        _("Data"), SHAPES, default=now.data, required=True, key=f"{prefix}.data",
        format_func=lambda shape: _(NAMES[shape]),
    )  # fmt: skip
    points, target_points = drawings(now, prefix) if data == "drawn" else (now.points, now.target_points)
    is_placed = data == "drawn" and target_points != ""
    methods = st.multiselect(
        _("Methods, up to four"),
        list(TITLES),
        default=list(now.methods),
        max_selections=MOST_METHODS,
        format_func=lambda kind: _(TITLES[kind]),
        key=f"{prefix}.methods",
        placeholder=_("Choose a method"),
    )
    rotate, shift, scale, unseen = round(now.rotate), float(now.shift), float(now.scale), now.unseen
    if not is_placed:
        rotate = st.slider(_("Rotation of the target"), -180, 180, rotate, 5, "%d°", key=f"{prefix}.rotate")
    labels = st.slider(_("Target labels per class"), 0, 30, now.labels, key=f"{prefix}.labels")
    noise = st.slider(_("Noise"), 0.0, 1.0, float(now.noise), 0.05, key=f"{prefix}.noise")
    weight, rate = live_controls(now, methods, prefix)
    depth: int = st.session_state.get(f"{prefix}.depth", now.depth)
    stages = [*(f"hidden{i + 1}" for i in range(depth)), "head"]
    frozen = st.pills(
        _("Frozen while the target is learnt"),
        stages,
        selection_mode="multi",
        default=[name for name in now.frozen if name in stages],
        key=f"{prefix}.frozen.{depth}",
        help=_("For methods that learn the source first and then the target, such as fine-tuning."),
    )
    with st.popover(_("More"), icon=":material/tune:", width="stretch"):
        if not is_placed:
            shift = st.slider(_("Shift of the target"), -3.0, 3.0, shift, 0.25, key=f"{prefix}.shift")
            scale = st.slider(_("Scale of the target"), 0.25, 4.0, scale, 0.25, key=f"{prefix}.scale")
        balances = sorted({*BALANCES, now.balance})
        balance = st.select_slider(
            _("Balance of the target's classes"), balances, now.balance, key=f"{prefix}.balance",
            format_func=lambda ratio: f"{ratio:g} : 1",
        )  # fmt: skip
        targets = st.slider(
            _("Targets"), 1, MOST_TARGETS, now.targets, key=f"{prefix}.targets",
            help=_("The last one is moved all the way, the others a part of it each."),
        )  # fmt: skip
        if targets > 1:
            unseen = st.toggle(
                _("The last target is unseen"), unseen, key=f"{prefix}.unseen", help=_("Training sees nothing of it.")
            )
        st.slider(_("Hidden layers"), 1, 4, now.depth, key=f"{prefix}.depth")
        width = st.slider(_("Units of a layer"), 2, 32, now.width, key=f"{prefix}.width")
        activation = st.segmented_control(
            _("Activation"), ACTIVATIONS, default=now.activation, required=True, key=f"{prefix}.activation",
            format_func=ACTIVATIONS.__getitem__,
        )  # fmt: skip
        seed = st.number_input(_("Seed"), 0, 1_000_000, now.seed, key=f"{prefix}.seed")
    return PlaySettings(
        data=cast("Shape", data),
        points=points,
        target_points=target_points,
        rotate=rotate,
        shift=shift,
        scale=scale,
        noise=noise,
        labels=labels,
        methods=tuple(methods) or now.methods,
        balance=balance,
        targets=targets,
        unseen=unseen,
        activation=cast("Activation", activation),
        width=width,
        depth=depth,
        frozen=tuple(frozen),
        rate=rate,
        weight=weight,
        seed=int(seed),
    )
