"""Export of an experiment: a menu of files, each made on request."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.i18n import _
from pages.widgets.store import store
from xfer_core.exports.experiments import FORMATS, Format
from xfer_core.exports.experiments.results import gather_results


def export_menu(experiment: str, reference: str, auc: bool) -> None:
    """A button with a list of files.

    Args:
        experiment: the experiment, with at least one finished run.
        reference: the condition that the others are compared with on the page.
        auc: whether the page shows AUCs.
    """
    with st.popover(_("Export"), icon=":material/download:"):
        for form in FORMATS:
            st.download_button(
                _(form.title),
                partial(_content, form, experiment, reference, auc),
                f"{experiment}.{form.file}",
                form.mime,
                key=f"experiment.export.{form.file}",
                on_click="ignore",
                width="stretch",
            )


def _content(form: Format, experiment: str, reference: str, auc: bool) -> bytes:
    return form.content(gather_results(store(), experiment, reference, auc))
