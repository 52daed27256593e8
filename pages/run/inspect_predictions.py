"""Views of a network's predictions: confusion matrix, predicted against true, prediction changes, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.i18n import _, percent, plain
from pages.run.inspected_run import InspectedRun, snapshot_title
from pages.widgets.calibrated import TEMPERATURE_HELP, temperature_words
from pages.widgets.domains import task_title
from pages.widgets.live_panel import baselines_of
from pages.widgets.plain_chart import PLAIN
from xfer_core.analysis.accuracy import with_unit
from xfer_core.analysis.calibration import calibration
from xfer_core.analysis.confusion import confusion_matrix, mistakes
from xfer_core.analysis.prediction_changes import prediction_changes
from xfer_core.analysis.predictions import Predictions
from xfer_core.analysis.snapshots_view import FINAL
from xfer_core.charts.confusion import confusion_chart
from xfer_core.charts.predicted_vs_true import predicted_vs_true_chart
from xfer_core.charts.reliability import reliability_chart
from xfer_core.charts.tiles import upscale_pixels
from xfer_core.runs.store import MEASURED, Run
from xfer_core.strategies import BASELINES

SHOWN = 12  # samples of a kind
TILE = 88  # pixels
CHOICE = 340  # pixels at most, of a select box
LISTED = 6  # mistakes


def needs_classes(subject: InspectedRun) -> bool:
    """Whether the task has classes; shows a sentence where it has none."""
    if not subject.classes:
        sentence = _("This view needs a classification task; {task} asks for a number (regression).")
        st.info(sentence.format(task=plain(task_title(subject.task))), icon=":material/info:")
    return bool(subject.classes)


def example_row(subject: InspectedRun, position: int) -> dict[str, object]:
    """One test sample as the beginning of a table's row: its id, its class, and what was predicted."""
    predictions, classes = subject.predictions(), subject.classes
    return {
        _("sample"): int(subject.samples().example_ids[position]),
        _("true class"): classes[predictions.labels[position]],
        _("predicted class"): classes[predictions.predicted[position]],
        _("confidence"): percent(float(predictions.confidence[position])),
    }


def confusion_matrix_view(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """The confusion matrix; for a regression predicted against true values."""
    if not subject.classes:
        _guesses(subject, together, dark)
        return
    predictions = subject.predictions()
    counts = confusion_matrix(predictions, subject.classes)
    right = _("{right} of {all} test samples are right (accuracy {percent}).").format(
        right=int(predictions.correct.sum()),
        all=len(predictions.labels),
        percent=percent(float(predictions.correct.mean())),
    )
    worst = mistakes(counts)
    figure = confusion_chart(counts, dark, _("predicted class"), _("true class"))
    picture, words = halves(together)
    with picture:
        st.plotly_chart(figure, key=subject.key("confusion"), alt=_("Confusion matrix.") + " " + right, config=PLAIN)
    with words:
        st.markdown(plain(right))
        if worst:
            one = _("1 of the {all} samples of class {name} is classified as {answer}")
            many = _("{count} of the {all} samples of class {name} are classified as {answer}")
            st.markdown(f"**{_('Most frequent confusions')}**")
            lines = list[str]()
            for name, answer, count, of in worst[:LISTED]:
                sentence = one if count == 1 else many
                text = sentence.format(count=count, all=of, name=f"“{name}”", answer=f"“{answer}”")
                lines.append(f"- {plain(text)}")
            st.markdown("\n".join(lines))
    answers_table(counts.rename_axis(_("true class ↓ predicted class →")).reset_index())


def _guesses(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """Predicted against true values, on the same axes for all runs side by side."""
    drawn = [(each.samples().labels[each.task].tolist(), each.outputs()[:, 0].tolist()) for each in together]
    values = [value for true, given in drawn for value in (*true, *given)]
    true, given = drawn[together.index(subject)]
    error = float(np.abs(np.subtract(true, given)).mean())
    sentence = _("On average the prediction is {error} off (mean absolute error), over {all} test samples.").format(
        error=with_unit(f"{error:.1f}", plain(subject.spec.problem.unit(subject.task))), all=len(true)
    )
    st.markdown(sentence)
    figure = predicted_vs_true_chart(
        true, given, dark, _("true value"), _("predicted value"), (min(values), max(values))
    )
    alt = _("Predicted against true values.") + " " + sentence
    st.plotly_chart(figure, key=subject.key("guesses"), alt=alt, config=PLAIN)
    ids = subject.samples().example_ids.tolist()
    answers_table(pd.DataFrame({_("sample"): ids, _("true value"): true, _("predicted value"): given}).round(2))


def prediction_changes_view(subject: InspectedRun, together: list[InspectedRun], _dark: bool) -> None:
    """The test samples that became right or wrong, compared with a network that the viewer chooses."""
    if not needs_classes(subject):
        return
    known = _references(subject, together)
    if not known:
        st.info(
            _(
                "There is nothing to compare with yet: train Source only or From scratch on the same problem with the "
                "same seed. Train does it with one tick: With both baselines."
            ),
            icon=":material/info:",
        )
        return
    with subject.place:
        chosen = st.selectbox(_("Compared with"), list(known), key=subject.key("reference"), width=CHOICE)
    run, snapshot = known[chosen]
    before, after = InspectedRun(run, subject.domain, subject.task).predictions(snapshot), subject.predictions()
    found = prediction_changes(before, after)
    st.markdown(
        _("Against {reference}: **{fixed} corrected, {broken} broken** of {all} test samples.").format(
            reference=f"“{plain(chosen)}”", fixed=len(found.corrected), broken=len(found.regressed), all=found.samples
        )
        + " "
        + (
            _("If neither were better, chance would give such a difference in {percent} of cases (sign test).")
            if len(found.corrected) + len(found.regressed)
            else _("No prediction became right or wrong.")
        ).format(percent=_("less than 0.1 %") if found.p_value < 0.001 else percent(found.p_value))
    )
    if len(found.corrected) + len(found.regressed):
        st.caption(_("Below each sample: the prediction before → now, ✓ right or ✗ wrong."))
    for title, positions in ((_("Corrected"), found.corrected), (_("Broken"), found.regressed)):
        _pictures(subject, title, positions, before, after)
    if len(found.corrected) + len(found.regressed):
        answers_table(_table(subject, found.corrected, found.regressed, before, after))


def _references(subject: InspectedRun, together: list[InspectedRun]) -> dict[str, tuple[Run, str]]:
    """What the predictions can be compared with: title → (run, key of the snapshot)."""
    run, spec = subject.run, subject.spec
    known = {}
    baselines = {baseline.spec["strategy"]["kind"]: baseline for baseline in baselines_of(run)}
    for kind in (form.kind_name() for form in BASELINES):
        if kind in baselines and baselines[kind].status in MEASURED:
            known[baselines[kind].name] = (baselines[kind], FINAL)
    for other in together:
        if other.run.id != run.id and (other.spec.problem, other.spec.seed) == (spec.problem, spec.seed):
            known[f"{other.run.name} ({other.run.id})"] = (other.run, FINAL)
    for snapshot in subject.snapshots():
        if snapshot.index and not snapshot.reset:  # a newly initialised head predicts at random
            known[_("this run at {snapshot}").format(snapshot=snapshot_title(snapshot))] = (run, snapshot.key)
    return known


def _pictures(
    subject: InspectedRun, title: str, positions: np.ndarray, before: Predictions, after: Predictions
) -> None:
    if not len(positions):
        return
    shown, classes = positions[:SHOWN].tolist(), subject.classes
    more = (
        _(" (the {shown} most confident of {all})").format(shown=SHOWN, all=len(positions))
        if len(positions) > SHOWN
        else ""
    )
    st.markdown(f"**{title}**{more}")
    images = subject.pictures()
    words = [
        f"{classes[before.predicted[i]]} → {classes[after.predicted[i]]} {'✓' if after.correct[i] else '✗'}"
        for i in shown
    ]
    picture_row([upscale_pixels(images[i]) for i in shown], words, TILE)


def _table(
    subject: InspectedRun, fixed: np.ndarray, broken: np.ndarray, before: Predictions, after: Predictions
) -> pd.DataFrame:
    ids, classes = subject.samples().example_ids, subject.classes
    return pd.DataFrame(
        [
            {
                _("sample"): int(ids[i]),
                _("became"): word,
                _("true class"): classes[before.labels[i]],
                _("before"): classes[before.predicted[i]],
                _("now"): classes[after.predicted[i]],
                _("confidence now"): percent(float(after.confidence[i])),
            }
            for word, positions in ((_("right"), fixed), (_("wrong"), broken))
            for i in positions.tolist()
        ]
    )


def calibration_view(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """The reliability diagram and the expected calibration error."""
    if not needs_classes(subject):
        return
    found = calibration(subject.predictions(temperature=_temperature(subject)))
    gap = found.confidence - found.accuracy
    word = _("overconfident") if gap > 0 else _("underconfident")
    sentence = _("Its mean confidence is {sure}, its accuracy {right}: it is {word}.").format(
        sure=percent(found.confidence), right=percent(found.accuracy), word=word
    )
    words = _("accuracy"), _("perfect calibration")
    figure = reliability_chart(found.bins, dark, _("confidence: how sure the network is"), _("accuracy"), words)
    picture, text = halves(together)
    with picture:
        alt = _("Reliability diagram.") + " " + sentence
        st.plotly_chart(figure, key=subject.key("reliability"), alt=alt, config=PLAIN)
    with text:
        st.markdown(sentence)
        st.markdown(
            _(
                "**Expected calibration error {error}**: the gap between confidence and accuracy, averaged over the "
                "samples. With so few samples even a perfectly calibrated network would have {by_chance} on average. "
                "Bars below the dashed line: overconfident."
            ).format(error=percent(found.error), by_chance=percent(found.by_chance))
        )
    bins = found.bins
    answers_table(
        pd.DataFrame(
            {
                _("confidence"): [
                    f"{low:.0%} – {high:.0%}" for low, high in zip(bins["low"], bins["high"], strict=True)
                ],
                _("samples"): bins["samples"],
                _("mean confidence"): bins["confidence"].map(percent),
                _("accuracy"): bins["correct"].map(percent),
            }
        )
    )


def _temperature(subject: InspectedRun) -> float:
    """1, or the temperature of the network where the viewer asks for calibrated probabilities."""
    known = subject.run.temperature(subject.domain, subject.task)
    if known is None:
        return 1.0
    with subject.place:
        chosen = st.toggle(
            _("Calibrated (temperature scaling)"), key=subject.key("calibrated"), help=_(TEMPERATURE_HELP)
        )
    if not chosen:
        return 1.0
    st.caption(
        plain(
            temperature_words(known, subject.domain)
            + " "
            + _("Expected calibration error without it: {error}.").format(
                error=percent(calibration(subject.predictions()).error)
            )
        )
    )
    return known["value"]


def halves(together: list[InspectedRun]) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Places for a figure and its text: side by side for one run, else one below the other."""
    if len(together) == 1:
        picture, words = st.columns([3, 2], gap="large", vertical_alignment="center")
        return picture, words
    return st.container(), st.container()


def picture_row(pictures: list[np.ndarray], words: list[str], width: int) -> None:
    """Small images with captions, as many per line as fit."""
    with st.container(horizontal=True, gap="small"):
        for picture, caption in zip(pictures, words, strict=True):
            st.image(picture, caption=plain(caption), width=width, alt=caption)


def answers_table(table: pd.DataFrame) -> None:
    """The data of a view, as a table."""
    with st.expander(_("The numbers"), icon=":material/table:"):
        st.dataframe(table, hide_index=True)
