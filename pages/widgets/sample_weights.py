"""Sample weights λ_{d,i}: how the weight of each domain is distributed over its samples."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.i18n import _, error_text, plain
from pages.widgets.domains import domain_title
from pages.widgets.plain_chart import PLAIN
from xfer_core.charts.image_grid import image_grid
from xfer_core.charts.sample_weights import weight_heatmap
from xfer_core.charts.samples import sample_pictures
from xfer_core.domains import is_available, load_domain
from xfer_core.errors import XferError
from xfer_core.runs.artifacts import SAMPLE_WEIGHTS
from xfer_core.workspace import current_workspace

SHOWN = 12


def sample_weights(run: str) -> None:
    """Show the weights, and the samples with the largest and smallest, if the run has any yet."""
    path = current_workspace().artifacts(run) / SAMPLE_WEIGHTS
    if not path.exists():
        return
    table: Any = pd.read_csv(path)
    task = table.columns[2]
    with st.expander(_("Sample weights λ: how much each sample of a domain counted"), icon=":material/balance:"):
        for key in table["domain"].unique():
            rows = table[table["domain"] == key].sort_values("lambda", ascending=False)
            st.markdown(f"**{plain(domain_title(key))}** — {_('λ of the domain')} {rows['lambda'].sum():.3f}")
            if rows["lambda"].max() - rows["lambda"].min() < 1e-6 * rows["lambda"].max():
                st.caption(_("Every sample of this domain weighs the same."))
                continue
            st.plotly_chart(
                weight_heatmap(rows, task, _("samples, the heaviest first"), _("× the mean")),
                key=f"weights.{run}.{key}",
                alt=_("Heat map of the weight of each sample of {domain}, a row for each class").format(
                    domain=domain_title(key)
                ),
                config=PLAIN,
            )
            for label, end in ((_("weighed most"), rows.head(SHOWN)), (_("weighed least"), rows.tail(SHOWN))):
                _pictures(key, end, label)
        st.dataframe(table, hide_index=True, height=220)


def _pictures(key: str, rows: pd.DataFrame, label: str) -> None:
    if not is_available(key):
        return  # the run was made on another machine
    try:
        domain = load_domain(key)
    except XferError as error:  # its files were damaged after the run had read them
        st.error(error_text(error), icon=":material/error:")
        return
    positions = {int(example): i for i, example in enumerate(domain.example_ids)}
    pictures = sample_pictures(key, [positions[example] for example in rows["original"]])
    st.image(image_grid(pictures, SHOWN), caption=label, width="stretch", alt=label)
