"""Try it for texts: a box to type in, and the predictions of the networks for that text."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch

from pages.i18n import _, plain
from pages.widgets.predictions import PredictionRequest, next_sample, sample_buttons, show_prediction
from pages.widgets.text_marks import show_marks, show_marks_key
from xfer_core.analysis.predict import one_thread
from xfer_core.analysis.token_attribution import text_parts, token_contributions
from xfer_core.domains import load_domain
from xfer_core.modalities.text import TextEncoder, decode_texts, encode_texts

KEY = "try.text"


def text_panel(asked: Sequence[PredictionRequest], task: str) -> None:
    """A box for a text, and every network's prediction for it, with what in the text spoke for it.

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
        specs = [one.encoder.spec for one in asked if isinstance(one.encoder, TextEncoder)]
        box = st.text_area if any(spec.analyzer == "word" for spec in specs) else st.text_input  # sentences, or a name
        text = box(_("Text"), key=KEY, max_chars=max(spec.length for spec in specs))
    with right:
        predicted = show_prediction(asked, task, lambda encoder: encode_texts([text], encoder.spec.raw_shape[0]))
        if text.strip():
            _marks(asked, task, text, [prediction.label for prediction in predicted])


def _marks(asked: Sequence[PredictionRequest], task: str, text: str, labels: Sequence[str]) -> None:
    """What in the text spoke for the prediction of each network that can say so."""
    st.markdown(f"**{_('Attribution')}** — {_('what in the text spoke for it?')}")
    for one, label in zip(asked, labels, strict=True):
        encoder = one.encoder
        assert isinstance(encoder, TextEncoder)
        prepared = encoder(encoder.spec, encode_texts([text], encoder.spec.length))
        wanted = torch.tensor([one.problem.classes()[task].index(label)])
        with one_thread():
            found = token_contributions(one.network, prepared, task, wanted)
        name = plain(_(label))
        st.caption(f"{plain(one.title)}: {name}" if len(asked) > 1 else _("for {name}").format(name=name))
        show_marks(text_parts(encoder, prepared, found)[0], _(label))
    show_marks_key()


def _fill(key: str) -> None:
    """Set the box to the next sample of a domain."""
    domain = load_domain(key)
    place = next_sample() * 997 % len(domain)  # neighbours are of one class
    st.session_state[KEY] = decode_texts(domain.inputs[[place]])[0]
