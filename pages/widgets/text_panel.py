"""Try it for texts: a box to type in, and the predictions of the networks for that text."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _
from pages.widgets.predictions import PredictionRequest, next_sample, sample_buttons, show_prediction
from xfer_core.domains import load_domain
from xfer_core.modalities.text import decode_texts, encode_texts

KEY = "try.text"


def text_panel(asked: Sequence[PredictionRequest], task: str) -> None:
    """A box for a text, and every network's prediction for it.

    Args:
        asked: networks of text inputs, at least one.
        task: the classification task that is predicted; all have learned it.
    """
    keys = list(dict.fromkeys(key for one in asked for key in one.problem.roles()))
    left, right = st.columns([2, 3], gap="large")
    with left:
        sample_buttons(keys, _fill)
        if KEY not in st.session_state:
            _fill(asked[0].problem.target[0])
        text = st.text_input(_("Text"), key=KEY, max_chars=max(one.network.spec.raw_shape[0] for one in asked))
    with right:
        show_prediction(asked, task, lambda encoder: encode_texts([text], encoder.spec.raw_shape[0]))


def _fill(key: str) -> None:
    """Set the box to the next sample of a domain."""
    domain = load_domain(key)
    place = next_sample() * 997 % len(domain)  # neighbours are of one class
    st.session_state[KEY] = decode_texts(domain.inputs[[place]])[0]
