"""View of the tokens of texts: which letters or words spoke for a class?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.i18n import _, counted, percent, plain
from pages.run.inspect_predictions import answers_table, needs_classes
from pages.run.inspected_run import InspectedRun
from pages.widgets.plain_chart import PLAIN
from pages.widgets.text_marks import show_marks, show_marks_key
from xfer_core.analysis.grad_cam import select_examples
from xfer_core.charts.attribution import attribution_chart

LOOKED = 4  # examples of correct and of wrong predictions
SUMMED = 150  # texts whose contributions are averaged
BARS = 12


def tokens_view(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """The tokens that spoke most for a class, and a few texts with what decided their prediction."""
    if not needs_classes(subject):
        return
    predictions, classes = subject.predictions(), subject.classes
    given = [number for number in range(len(classes)) if (predictions.predicted == number).any()]
    with subject.shared_place if len(together) > 1 else subject.place:
        wanted = st.selectbox(
            _("Predicted class"), given, format_func=lambda number: _(classes[number]), key=subject.key("tokens.class")
        )
    picture, examples = st.columns(2, gap="large") if len(together) == 1 else (st.container(), st.container())
    with picture:
        _chart(subject, np.flatnonzero(predictions.predicted == wanted)[:SUMMED], wanted, dark)
    with examples:
        wrong, right = (part.tolist() for part in select_examples(predictions, LOOKED))
        parts = dict(zip((*wrong, *right), subject.token_contributions((*wrong, *right)), strict=True))
        for title, positions in ((_("Wrong predictions"), wrong), (_("Correct predictions"), right)):
            if positions:
                st.markdown(f"**{title}**")
            for position in positions:
                name = classes[predictions.predicted[position]]
                sure = percent(float(predictions.confidence[position]))
                words = _("predicted: {predicted} ({percent}); true: {true}")
                true = plain(_(classes[predictions.labels[position]]))
                st.caption(words.format(predicted=plain(_(name)), percent=sure, true=true))
                show_marks(parts[position], _(name))
        show_marks_key()


def _chart(subject: InspectedRun, positions: np.ndarray, wanted: int, dark: bool) -> None:
    """What each token adds to the logit of the class, on average over these texts."""
    name = _(subject.classes[wanted])
    found = subject.token_summary(wanted, tuple(positions.tolist()))
    spoken = [
        (token, value) for token, value in zip(found["token"], found["contribution"], strict=True) if token.strip()
    ]
    tokens, values = zip(*spoken[:BARS], strict=True)  # without a lone space, which is in every text
    one, many = _("In the one test sample"), _("In the {count} test samples")
    sentence = _("{samples} predicted as {name}, {token} spoke most for it.")
    words = sentence.format(samples=counted(len(positions), one, many), name=name, token=f"“{tokens[0]}”")
    st.markdown(plain(words))
    shares = pd.Series(values, index=[token.replace(" ", "␣") for token in tokens], dtype=float)
    label = _("mean contribution to the class (logit)")
    figure = attribution_chart(shares, dark, label)
    alt = _("A bar for each token: its mean contribution.") + " " + words
    st.plotly_chart(figure, key=subject.key("tokens.chart"), alt=alt, config=PLAIN)
    st.caption(_("␣ is the space before, after or between words."))
    columns = {"token": _("token"), "contribution": _("mean contribution"), "texts": _("texts that have it")}
    answers_table(found.rename(columns=columns))
