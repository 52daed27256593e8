"""Try it for tables: a slider per number, a box per category, and the predictions of the networks for that row."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch

from pages.i18n import _, plain
from pages.widgets.predictions import PredictionRequest, next_sample, sample_buttons, show_prediction
from xfer_core.domains import domain_info, load_domain
from xfer_core.modalities import TableInput
from xfer_core.modalities.table import TableEncoder

WIDE = 4  # columns of the table from which on the controls stand side by side
ABREAST = 3
STYLE = "<style>.st-key-row-prediction {position: sticky; top: 4rem}</style>"  # in sight beside many sliders


def row_panel(asked: Sequence[PredictionRequest], task: str) -> None:
    """The controls of a row, and every network's prediction for it.

    Args:
        asked: networks of table inputs, at least one.
        task: the classification task that is predicted; all have learned it.
    """
    first = asked[0].encoder
    assert isinstance(first, TableEncoder)
    spec = first.spec
    alike = [one for one in asked if one.encoder is not None and one.encoder.spec == spec]
    for one in asked:
        if one not in alike:
            st.caption(_("{name} has learned a table with other columns.").format(name=plain(one.title)))
    left, right = st.columns([3, 2] if len(spec.columns) >= WIDE else [2, 3], gap="large")
    with left:
        sample_buttons(asked[0].problem.roles(), _fill, first)
        row = torch.tensor([_controls(first)], dtype=torch.float32)
    with right, st.container(key="row-prediction"):
        st.html(STYLE)
        show_prediction(alike, task, lambda _encoder: row)


def _key(place: int) -> str:
    return f"try.row.{place}"


def _controls(encoder: TableEncoder) -> list[float]:
    """The values of the row, as a domain holds them: one control per column."""
    spec, bounds = encoder.spec, encoder.bounds()
    abreast = ABREAST if len(spec.columns) >= WIDE else 1
    values: list[float] = []
    cells = [st.container()]
    for place, (column, (low, middle, high)) in enumerate(zip(spec.columns, bounds, strict=True)):
        if place % abreast == 0:
            cells = st.columns(abreast)
        with cells[place % abreast]:
            if column.categories:
                st.session_state.setdefault(_key(place), column.categories[int(middle)])
                chosen = st.selectbox(plain(column.title), column.categories, key=_key(place))
                values.append(float(column.categories.index(chosen)))
            else:
                st.session_state.setdefault(_key(place), middle)
                step = (high - low) / 200
                values.append(st.slider(plain(column.title), low, high, step=step, format="%.3g", key=_key(place)))
    return values


def _fill(key: str, encoder: TableEncoder) -> None:
    """Set the controls to the next sample of a domain; a missing value becomes the middle one."""
    domain, spec = load_domain(key), encoder.spec
    own = domain_info(key).spec
    assert isinstance(own, TableInput)
    row = spec.align(own, domain.inputs[[next_sample() % len(domain)]])[0]
    for place, (column, (low, middle, high)) in enumerate(zip(spec.columns, encoder.bounds(), strict=True)):
        value = middle if row[place] != row[place] else float(min(max(row[place], low), high))
        st.session_state[_key(place)] = column.categories[int(value)] if column.categories else value
