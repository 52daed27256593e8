"""Choice of the measure that charts and tables show: accuracy, or the AUC of a task with two classes."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from pages.i18n import _
from pages.widgets.domains import mean_error_title
from xfer_core.analysis.measure import Measure
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run

HELP = (
    "AUC, the area under the ROC curve: the probability that a sample of the one class gets a higher score than one of "
    "the other. 0.5 is chance, 1 is perfect. It needs no threshold, and does not change where one class is rarer."
)


def measure_word(measure: Measure) -> str:
    """What is measured, within a sentence or on an axis."""
    if measure.is_error:
        return mean_error_title(measure.unit)
    return "AUC" if measure.is_auc else _("accuracy")


def has_auc(spec: RunSpec) -> bool:
    """Whether an AUC is measured for the first task: it has two classes."""
    return spec.target_metric(auc=True) != spec.target_metric()


def auc_value(run: Run) -> float | None:
    """The AUC of the first task on the test samples of the first target; None without one, as in runs of earlier
    versions."""
    spec = run.typed_spec
    return (run.result or {}).get("metrics", {}).get(spec.target_metric(auc=True)) if has_auc(spec) else None


def lacks_auc(run: Run) -> bool:
    """Whether it has a result without an AUC."""
    return bool(run.result) and auc_value(run) is None


def choose_auc(specs: Iterable[RunSpec], key: str) -> bool:
    """A choice between accuracy and AUC, shown where the first task of each of these specs has two classes.

    Returns:
        whether AUC is to be shown; False is the default.
    """
    specs = list(specs)
    if not specs or not all(map(has_auc, specs)):
        return False
    accuracy, auc = _("Accuracy"), "AUC"
    # Kept under a key of its own: a widget's value is lost while it is not drawn.
    kept = f"measure.{key}"
    chosen = st.segmented_control(
        _("Measure"),
        [accuracy, auc],
        default=st.session_state.get(kept, accuracy),
        required=True,
        help=_(HELP),
        key=f"{kept}.choice",
    )
    st.session_state[kept] = chosen
    return chosen == auc
