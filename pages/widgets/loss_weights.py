"""Loss weights λ: one slider per term, their shares of the total, and the formula with the current numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import streamlit as st

from pages.components.live_chart.view import Colour
from pages.i18n import plain
from pages.theme import is_dark
from xfer_core.charts.palette import LineStyle

STYLE = "<style>.st-key-choose [data-testid=stSlider] {padding-bottom: 0}</style>"

TOP = 2.0
IN_A_LINE = 3


def loss_weights(
    lambdas: Mapping[str, float],
    titles: Mapping[str, str],
    looks: Mapping[str, LineStyle],
    symbol: str,
    prefix: str,
    on_change: Callable[[str, str], None] | None = None,
) -> dict[str, float]:
    """The :func:`weight_sliders` in two columns, and the formula with the current numbers; ``symbol`` is that of a loss
    term in it, such as ``L``."""
    chosen = weight_sliders(lambdas, titles, looks, prefix, on_change, columns=2)
    st.latex(formula(chosen, symbol))
    return chosen


def weight_sliders(
    lambdas: Mapping[str, float],
    titles: Mapping[str, str],
    looks: Mapping[str, LineStyle],
    prefix: str,
    on_change: Callable[[str, str], None] | None = None,
    columns: int = 1,
) -> dict[str, float]:
    """Sliders for λ, and their shares of the total.

    Args:
        lambdas: term → λ at first.
        titles: term → its title.
        looks: term → its line style.
        prefix: starts the keys of the sliders.
        on_change: is called with the term and the key of its slider when a person has moved it.
        columns: of sliders.

    Returns:
        term → λ now; exactly the value given where nobody has moved the slider.
    """
    chosen, places = {}, st.columns(columns)
    for i, (term, value) in enumerate(lambdas.items()):
        key = f"{prefix}.{term}"
        chosen[term] = places[i % columns].slider(
            f"λ{subscript(i)} · {plain(titles[term])}",
            0.0,
            max(TOP, value),
            float(value),  # not rounded: a rounded λ would be used for training
            0.01,
            format="%.4g",
            key=key,
            on_change=on_change,
            args=(term, key),
        )
    shares_bar(chosen, titles, {term: look.pair for term, look in looks.items()})
    return chosen


def shares_bar(lambdas: Mapping[str, float], titles: Mapping[str, str], colours: Mapping[str, Colour]) -> None:
    """A bar divided in the shares of the λ, in the order of the terms."""
    total = sum(lambdas.values())
    if not total:
        return
    dark = is_dark()
    cuts = "".join(
        f'<div style="width:{100 * value / total:.2f}%;background:{colours[term][dark]};overflow:hidden" '
        f'title="{escape(titles[term])}: {100 * value / total:.0f} %">{100 * value / total:.0f} %</div>'
        for term, value in lambdas.items()
        if value
    )
    st.html(
        '<div style="display:flex;border-radius:.4rem;overflow:hidden;gap:2px;text-align:center;font-size:.8rem;'
        f'line-height:1.2rem;color:{"#000" if dark else "#fff"}">{cuts}</div>'
    )


def formula(lambdas: Mapping[str, float], symbol: str) -> str:
    """L(θ) = Σ λ_i L_i(θ) with numbers, in LaTeX; long sums are wrapped."""
    parts = [rf"{_number(value)}\,{symbol}_{{{i}}}" for i, value in enumerate(lambdas.values())]
    lines = [" + ".join(parts[i : i + IN_A_LINE]) for i in range(0, len(parts), IN_A_LINE)]
    return r"\begin{aligned} L(\theta) =\ & " + r" \\ & +\ ".join(lines) + r" \end{aligned}"


def _number(value: float) -> str:
    """Two decimals from 0.1 on, four significant digits below, in LaTeX."""
    if value == 0 or value >= 0.1:
        return f"{value:.2f}"
    digits, power, exponent = f"{value:.4g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if power else digits


def subscript(number: int) -> str:
    """12 as ``₁₂``."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
