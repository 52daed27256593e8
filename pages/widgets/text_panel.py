"""Try it for texts: a box to type in, and the predictions of the networks for that text."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.domains import domain_title
from pages.widgets.predictions import PredictionRequest, show_bars
from xfer_core.analysis.predict import one_thread, predict_classes
from xfer_core.domains import load_domain
from xfer_core.modalities.text import TextEncoder, decode_texts, encode_texts

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
        with st.container(horizontal=True):
            for key in keys:
                label = _("A sample of {domain}").format(domain=plain(domain_title(key)))
                st.button(label, icon=":material/casino:", on_click=_fill, args=(key,), key=f"try.sample.{key}")
        if KEY not in st.session_state:
            _fill(asked[0].problem.target[0])
        text = st.text_input(_("Text"), key=KEY, max_chars=max(one.network.spec.raw_shape[0] for one in asked))
    predicted = []
    with one_thread():
        for one in asked:
            assert isinstance(one.encoder, TextEncoder)
            spec = one.encoder.spec
            prepared = one.encoder(spec, encode_texts([text], spec.length))
            predicted.append(predict_classes(one.network, one.problem, task, {"text": prepared})["text"])
    with right:
        st.markdown(f"**{_('Prediction')}** — {_('what is it?')}")
        show_bars(asked, predicted, {name: _(name) for name in predicted[0].probabilities})


def _fill(key: str) -> None:
    """Set the box to the next sample of a domain."""
    domain, number = load_domain(key), st.session_state.get("try.sample", -1) + 1
    st.session_state["try.sample"] = number
    place = number * 997 % len(domain)  # neighbours are of one class
    st.session_state[KEY] = decode_texts(domain.inputs[[place]])[0]
