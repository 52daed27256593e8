"""Views of the network itself: layer drift, first-layer filters, Grad-CAM."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from torch import Tensor

from pages.i18n import _, error_text, percent, plain
from pages.run.inspect_predictions import CHOICE, answers_table, example_row, needs_classes, picture_row
from pages.run.inspected_run import InspectedRun, snapshot_title
from pages.widgets.domains import domain_title
from pages.widgets.plain_chart import PLAIN
from xfer_core.analysis.filters import filter_pictures, filter_rotation
from xfer_core.analysis.grad_cam import select_examples
from xfer_core.analysis.predictions import Predictions
from xfer_core.analysis.snapshots_view import SnapshotRef
from xfer_core.charts.layer_drift import cka_chart, distance_chart
from xfer_core.charts.tiles import heatmap_overlay, side_by_side, upscale_pixels
from xfer_core.errors import XferError

LOOKED = 4  # examples of correct and of wrong predictions
TILE = 300  # pixels: the sample and, beside it, its heat map
SIDE = 192  # pixels of each of the two as drawn
PAIR = 150  # pixels: a filter before and after
TURNED = 10.0  # degrees from which on a filter counts as rotated


def layer_drift_view(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """Relative L2 distance of each stage's weights since a snapshot, and CKA of its features on test samples."""
    snapshot = _before(subject, "moved")
    if snapshot is None:
        return
    rows = subject.layer_drift(snapshot.key)
    compared = [(each, _chosen(each, "moved")) for each in together]
    others = [each.layer_drift(since.key) for each, since in compared if since]
    farthest = max(row.relative_l2 or 0.0 for drifts in (rows, *others) for row in drifts)
    unchanged = [row.stage for row in rows if row.relative_l2 == 0]
    most = max(rows, key=lambda row: row.relative_l2 or 0.0)
    if len(unchanged) == len(rows):
        sentence = _("No weight changed.")
    else:
        sentence = _("Changed most: {stage}, by {distance} of its norm.").format(
            stage=most.stage, distance=percent(most.relative_l2 or 0.0)
        )
        if unchanged:
            sentence += " " + _("Unchanged: {stages}.").format(stages=", ".join(unchanged))
    st.markdown(plain(sentence))
    left, right = st.columns(2) if len(together) == 1 else (st.container(), st.container())
    figure = distance_chart(rows, dark, _("change of the weights (relative L2)"), farthest)
    alt = _("A bar for each stage: the relative L2 change of its weights.") + " " + sentence
    left.plotly_chart(figure, key=subject.key("moved.chart"), alt=alt, config=PLAIN)
    figure = cka_chart(rows, dark, _("similarity of the features (CKA)"))
    alt = _("A bar for each stage: the similarity of its features before and after (CKA).")
    right.plotly_chart(figure, key=subject.key("alike.chart"), alt=alt, config=PLAIN)
    caption = _(
        "CKA (debiased) on test samples of {domain}: 1 means that the features of the stage distinguish the same "
        "samples as before, about 0 that nothing of that is left; by chance it can be a little below 0. What stays "
        "near 1 was transferred. Feature maps are compared by the mean of each channel."
    ).format(domain=domain_title(subject.domain))
    st.caption(plain(caption))
    answers_table(
        pd.DataFrame(
            {
                _("stage"): [row.stage for row in rows],
                _("relative L2"): ["–" if row.relative_l2 is None else percent(row.relative_l2) for row in rows],
                _("CKA"): ["–" if row.cka is None else f"{row.cka:z.3f}".replace("-", "−") for row in rows],
                _("features per sample"): [row.width for row in rows],
            }
        )
    )


def first_layer_filters_view(subject: InspectedRun, _together: list[InspectedRun], _dark: bool) -> None:
    """The filters of the first convolution before and after training."""
    try:
        after = subject.filters()
    except XferError as error:
        st.info(error_text(error), icon=":material/info:")
        return
    snapshot = _before(subject, "filters")
    before = subject.filters(snapshot.key) if snapshot else None
    angles = None if before is None else filter_rotation(before, after)
    _filters(before, after, angles)
    table = pd.DataFrame({_("filter"): range(1, len(after) + 1), _("norm"): after.flatten(1).norm(dim=1).numpy()})
    if before is not None:
        table[_("norm before")] = before.flatten(1).norm(dim=1).numpy()
        table[_("rotated by (degrees)")] = angles
    answers_table(table.round(3))


def _filters(before: Tensor | None, after: Tensor, angles: np.ndarray | None) -> None:
    """Each filter before and after, those that rotated most first; without an earlier snapshot each as it is."""
    if before is None or angles is None:
        (pictures,) = filter_pictures([after])
        order, words = list(range(len(after))), {}
        shown = {i: upscale_pixels(pictures[i]) for i in order}
    else:
        earlier, later = filter_pictures([before, after])
        order = np.argsort(-np.nan_to_num(angles), kind="stable").tolist()
        shown = {i: side_by_side(upscale_pixels(earlier[i]), upscale_pixels(later[i])) for i in order}
        words = {i: "–" if np.isnan(angles[i]) else f"↻ {angles[i]:.0f}°" for i in order}
        many = int((np.nan_to_num(angles).round() >= TURNED).sum())
        sentence = _("{many} of {all} filters rotated by {least}° or more; the largest rotation is {most}°.")
        st.markdown(
            sentence.format(many=many, all=len(after), least=f"{TURNED:.0f}", most=f"{np.nan_to_num(angles).max():.0f}")
        )
    captions = [f"{i + 1}: {words[i]}" if i in words else str(i + 1) for i in order]
    picture_row([shown[i] for i in order], captions, PAIR if words else PAIR // 2)
    st.caption(
        _(
            "Each picture is a filter of {size}×{size} weights, before and after, with its number and the angle "
            "between both: at 0° it detects the same pattern as before, at 90° an unrelated one. Mid-grey is 0; the "
            "response is largest where the image has the filter's colours."
        ).format(size=after.shape[2])
    )


def grad_cam_view(subject: InspectedRun, _together: list[InspectedRun], _dark: bool) -> None:
    """Grad-CAM for a few wrong and a few correct predictions."""
    if not needs_classes(subject):
        return
    predictions, classes = subject.predictions(), subject.classes
    wrong, right = (part.tolist() for part in select_examples(predictions, LOOKED))
    try:
        heat = subject.grad_cam(tuple(wrong + right))
    except XferError as error:
        st.info(error_text(error), icon=":material/info:")
        return
    images, rows = subject.samples().inputs, []
    wrong_title = _("Wrong predictions, the most confident first")
    for title, positions in ((wrong_title, wrong), (_("Correct predictions"), right)):
        if not positions:
            continue
        st.markdown(f"**{title}**")
        words = [_answer(predictions, classes, i) for i in positions]
        pictures = [heatmap_overlay(images[i], heat[(wrong + right).index(i)], SIDE) for i in positions]
        picture_row(pictures, words, TILE)
        rows += [_where(subject, i, heat[(wrong + right).index(i)]) for i in positions]
    st.caption(
        _(
            "Left the sample; right, in orange, where the last convolution contributed to the predicted class. The "
            "heat map is as coarse as the feature maps of that layer."
        )
    )
    answers_table(pd.DataFrame(rows))


def _answer(predictions: Predictions, classes: tuple[str, ...], i: int) -> str:
    """``9 ✗ (is 8) · 98 %``: the prediction, whether it is correct, and its confidence."""
    given, sure = classes[predictions.predicted[i]], f"{100 * predictions.confidence[i]:.0f} %"
    if predictions.correct[i]:
        return f"{given} ✓ · {sure}"
    return _("{given} ✗ (is {true}) · {sure}").format(given=given, true=classes[predictions.labels[i]], sure=sure)


def _where(subject: InspectedRun, position: int, heat: np.ndarray) -> dict[str, object]:
    """One sample as a row: where the heat map is strongest, and how much of the image it covers."""
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return {
        **example_row(subject, position),
        _("strongest at (row, column)"): f"{row + 1}, {column + 1}" if heat.any() else "–",
        _("above half of the maximum"): percent(float((heat > 0.5).mean())),
    }


def _before(subject: InspectedRun, name: str) -> SnapshotRef | None:
    """The snapshot that the final network is compared with, a choice; None, with a sentence, where there are none."""
    snapshots = subject.snapshots()[:-1]
    if not snapshots:
        error = XferError("no_snapshots", "run", subject.run.id)
        st.info(error_text(error), icon=":material/info:")
        return None
    with subject.place:
        return st.selectbox(
            _("Compared with"),
            snapshots,
            snapshots.index(_usual(snapshots)),
            format_func=snapshot_title,
            key=subject.key(name),
            width=CHOICE,
        )


def _chosen(subject: InspectedRun, name: str) -> SnapshotRef | None:
    """The choice of :func:`_before` for another run of the page."""
    snapshots = subject.snapshots()[:-1]
    return st.session_state.get(subject.key(name)) or (_usual(snapshots) if snapshots else None)


def _usual(snapshots: list[SnapshotRef]) -> SnapshotRef:
    """The snapshot at the beginning of the second phase: the network after the source phase. Else the first."""
    return next((snapshot for snapshot in snapshots if snapshot.index), snapshots[0])
