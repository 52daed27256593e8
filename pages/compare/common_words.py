"""What source and target of an experiment have in common, in numbers and in one sentence on what follows from them."""

from __future__ import annotations

import json

import streamlit as st

from pages.i18n import _
from xfer_core.analysis.common_samples import CommonSamples, common_samples
from xfer_core.domains import is_available
from xfer_core.errors import XferError
from xfer_core.experiments.presets import ALL_PRESETS
from xfer_core.problems.problem import Problem


@st.cache_data(max_entries=20, show_spinner=False)
def _counted(problem: str) -> CommonSamples:
    return common_samples(Problem.model_validate(json.loads(problem)))


def show_common_samples(preset: str, problem: Problem) -> None:
    """The numbers, for a preset that asks for them and a problem whose data is on this machine."""
    if preset not in ALL_PRESETS or not ALL_PRESETS[preset].numbers or not problem.source:
        return
    try:
        if not all(map(is_available, problem.roles())):
            return
        found = _counted(problem.model_dump_json())
    except XferError:  # the form or the runs say what is wrong
        return
    columns = st.columns(4)
    share = found.common / found.target if found.target else 0.0
    columns[0].metric(_("Labelled target pictures"), f"{found.target:,}")
    columns[1].metric(_("of them in the source, too"), f"{share:.0%}")
    columns[2].metric(_("Labels that only the source has"), f"{found.new_labels:,}")
    columns[3].metric(_("Difference of the pixels, of 255"), f"{found.difference:.1f}")
    st.markdown(_conclusion(found).format(tested=f"{found.tested:,}", common=f"{found.common:,}", labels=found.target))


def _conclusion(found: CommonSamples) -> str:
    tested = _("Accuracy is measured on {tested} test pictures that no training saw.")
    if found.target and found.common == found.target and not found.new_labels and found.difference == 0:
        said = _(
            "**Source and target are the same {common} pictures with the same labels**: practising on the source is "
            "training on the target under another name, so fine-tuning and training from scratch see the same in "
            "the same number of steps. What differs between them is chance, and no transfer can show."
        )
    elif found.common == 0:
        said = _(
            "**The source shows other pictures than the target, and shows them differently**, and its labels are many "
            "more than the {labels} of the target: here there is something to be transferred."
        )
    else:
        said = _("**Source and target share {common} labelled pictures.**")
    return f"{said} {tested}"
