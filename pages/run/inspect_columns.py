"""View of the columns of a table: which of them decided the predictions?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.i18n import _, plain
from pages.run.inspect_predictions import answers_table, example_row, needs_classes
from pages.run.inspected_run import InspectedRun
from pages.widgets.plain_chart import PLAIN
from xfer_core.analysis.grad_cam import select_examples
from xfer_core.charts.attribution import attribution_chart

LOOKED = 4  # examples of correct and of wrong predictions
NAMED = 3  # columns that are named for an example


def columns_view(subject: InspectedRun, _together: list[InspectedRun], dark: bool) -> None:
    """Integrated gradients of the predicted classes: their mean size by column, and a few examples."""
    if not needs_classes(subject):
        return
    shares = subject.integrated_gradients()
    mean = shares.abs().mean()
    sentence = _("Over all test samples, {column} counted most.").format(column=mean.idxmax())
    st.markdown(plain(sentence))
    figure = attribution_chart(mean, dark, _("mean size of the contribution to the predicted class (logit)"))
    alt = _("A bar for each column: the mean size of its contribution.") + " " + sentence
    st.plotly_chart(figure, key=subject.key("columns.chart"), alt=alt, config=PLAIN)
    st.caption(
        _(
            "Integrated gradients: what the value of a column adds to the logit of the predicted class, in comparison "
            "with the mean of the training data."
        )
    )
    wrong, right = (part.tolist() for part in select_examples(subject.predictions(), LOOKED))
    values, rows = subject.values(), []
    for position in (*wrong, *right):
        own = shares.iloc[position]
        largest = own.abs().nlargest(NAMED).index
        rows.append(
            {
                **example_row(subject, position),
                _("what counted most"): ", ".join(f"{name} ({own[name]:+.2f})" for name in largest),
                **values.iloc[position].to_dict(),
            }
        )
    st.markdown(f"**{_('A few wrong and correct predictions, with their values')}**")
    answers_table(pd.DataFrame(rows))
