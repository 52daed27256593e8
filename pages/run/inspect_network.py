"""A look at the network itself: how far its layers drifted, its first filters, where it looked (Grad-CAM)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from torch import Tensor

from pages.i18n import _, error_text, percent, plain
from pages.run.inspect_predictions import CHOICE, answers_table, needs_classes, picture_row
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

LOOKED = 4  # right and wrong answers each
TILE = 300  # pixels: the sample and, beside it, where the network looked
SIDE = 192  # pixels of each of the two as drawn
PAIR = 150  # pixels: a filter before, and after
TURNED = 10.0  # degrees from which on a filter counts as turned


def layer_drift_view(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """How far each stage moved since a moment, and how alike it still sees the test samples."""
    moment = _before(subject, "moved")
    if moment is None:
        return
    rows = subject.layer_drift(moment.key)
    compared = [(each, _chosen(each, "moved")) for each in together]
    others = [each.layer_drift(since.key) for each, since in compared if since]
    farthest = max(row.relative_l2 or 0.0 for moved in (rows, *others) for row in moved)
    still = [row.stage for row in rows if row.relative_l2 == 0]
    most = max(rows, key=lambda row: row.relative_l2 or 0.0)
    if len(still) == len(rows):
        sentence = _("No weight moved.")
    else:
        sentence = _("Moved most: {stage}, by {distance} of its length.").format(
            stage=most.stage, distance=percent(most.relative_l2 or 0.0)
        )
        if still:
            sentence += " " + _("Did not move at all: {stages}.").format(stages=", ".join(still))
    st.markdown(plain(sentence))
    left, right = st.columns(2) if len(together) == 1 else (st.container(), st.container())
    figure = distance_chart(rows, dark, _("weights moved (relative L2)"), farthest)
    alt = _("A bar for each stage: how far its weights moved.") + " " + sentence
    left.plotly_chart(figure, key=subject.key("moved.chart"), alt=alt, config=PLAIN)
    figure = cka_chart(rows, dark, _("how alike it sees the samples (CKA)"))
    alt = _("A bar for each stage: its CKA, how alike it sees the samples.")
    right.plotly_chart(figure, key=subject.key("alike.chart"), alt=alt, config=PLAIN)
    caption = _(
        "CKA (debiased) on test samples of {domain}: 1 means that the stage tells the same samples apart as before, "
        "about 0 that nothing of that is left; chance takes it a little below 0 as well. What stays near 1 was "
        "transferred. Maps are compared by the mean of each channel."
    ).format(domain=domain_title(subject.domain))
    st.caption(plain(caption))
    answers_table(
        pd.DataFrame(
            {
                _("stage"): [row.stage for row in rows],
                _("moved"): ["–" if row.relative_l2 is None else percent(row.relative_l2) for row in rows],
                _("CKA"): ["–" if row.cka is None else f"{row.cka:z.3f}".replace("-", "−") for row in rows],
                _("numbers a sample"): [row.width for row in rows],
            }
        )
    )


def first_layer_filters_view(subject: InspectedRun, _together: list[InspectedRun], _dark: bool) -> None:
    """The filters of the first convolution before and after."""
    try:
        after = subject.filters()
    except XferError as error:
        st.info(error_text(error), icon=":material/info:")
        return
    moment = _before(subject, "filters")
    before = subject.filters(moment.key) if moment else None
    angles = None if before is None else filter_rotation(before, after)
    _filters(before, after, angles)
    table = pd.DataFrame({_("filter"): range(1, len(after) + 1), _("length"): after.flatten(1).norm(dim=1).numpy()})
    if before is not None:
        table[_("length before")] = before.flatten(1).norm(dim=1).numpy()
        table[_("turned by (degrees)")] = angles
    answers_table(table.round(3))


def _filters(before: Tensor | None, after: Tensor, angles: np.ndarray | None) -> None:
    """Each filter before and after, those that turned most first; without a before each as it is."""
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
        sentence = _("{many} of {all} filters turned by {least}° or more; the farthest turned by {most}°.")
        st.markdown(
            sentence.format(many=many, all=len(after), least=f"{TURNED:.0f}", most=f"{np.nan_to_num(angles).max():.0f}")
        )
    captions = [f"{i + 1}: {words[i]}" if i in words else str(i + 1) for i in order]
    picture_row([shown[i] for i in order], captions, PAIR if words else PAIR // 2)
    st.caption(
        _(
            "Each picture is a filter of {size}×{size} weights, before and after, with its number and the angle that "
            "it turned by: at 0° it looks for the same as before, at 90° for something unrelated. Mid-grey is 0; it "
            "answers most where the picture has the filter's colours."
        ).format(size=after.shape[2])
    )


def grad_cam_view(subject: InspectedRun, _together: list[InspectedRun], _dark: bool) -> None:
    """Grad-CAM over a few wrong and a few right answers."""
    if not needs_classes(subject):
        return
    answers, classes = subject.predictions(), subject.classes
    wrong, right = (part.tolist() for part in select_examples(answers, LOOKED))
    try:
        heat = subject.grad_cam(tuple(wrong + right))
    except XferError as error:
        st.info(error_text(error), icon=":material/info:")
        return
    images, rows = subject.samples().inputs, []
    for title, positions in ((_("Wrong answers, the surest first"), wrong), (_("Right answers"), right)):
        if not positions:
            continue
        st.markdown(f"**{title}**")
        words = [_answer(answers, classes, i) for i in positions]
        pictures = [heatmap_overlay(images[i], heat[(wrong + right).index(i)], SIDE) for i in positions]
        picture_row(pictures, words, TILE)
        rows += [_where(subject, i, heat[(wrong + right).index(i)]) for i in positions]
    st.caption(
        _(
            "Left the sample; right, in orange, where the last convolution spoke for the answer that was given. The "
            "glow is as coarse as the maps of that layer."
        )
    )
    answers_table(pd.DataFrame(rows))


def _answer(answers: Predictions, classes: tuple[str, ...], i: int) -> str:
    """``9 ✗ (is 8) · 98 %``: the answer, whether it is right, and its confidence."""
    given, sure = classes[answers.predicted[i]], f"{100 * answers.confidence[i]:.0f} %"
    if answers.correct[i]:
        return f"{given} ✓ · {sure}"
    return _("{given} ✗ (is {true}) · {sure}").format(given=given, true=classes[answers.labels[i]], sure=sure)


def _where(subject: InspectedRun, position: int, heat: np.ndarray) -> dict[str, object]:
    """One sample as a row: where the glow is strongest, and how much of the picture it covers."""
    answers, classes = subject.predictions(), subject.classes
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return {
        _("sample"): int(subject.samples().example_ids[position]),
        _("true class"): classes[answers.labels[position]],
        _("answer"): classes[answers.predicted[position]],
        _("confidence"): percent(float(answers.confidence[position])),
        _("strongest at (row, column)"): f"{row + 1}, {column + 1}" if heat.any() else "–",
        _("glows over half"): percent(float((heat > 0.5).mean())),
    }


def _before(subject: InspectedRun, name: str) -> SnapshotRef | None:
    """The moment that the viewer compares the end with; None where no snapshots were kept, and says so."""
    moments = subject.snapshots()[:-1]
    if not moments:
        error = XferError("no_snapshots", "run", subject.run.id)
        st.info(error_text(error), icon=":material/info:")
        return None
    with subject.place:
        return st.selectbox(
            _("Compared with"),
            moments,
            moments.index(_usual(moments)),
            format_func=snapshot_title,
            key=subject.key(name),
            width=CHOICE,
        )


def _chosen(subject: InspectedRun, name: str) -> SnapshotRef | None:
    """What :func:`_before` gives for a subject beside this one."""
    moments = subject.snapshots()[:-1]
    return st.session_state.get(subject.key(name)) or (_usual(moments) if moments else None)


def _usual(moments: list[SnapshotRef]) -> SnapshotRef:
    """Where the second phase began: what the source taught stands there. Else the beginning."""
    return next((moment for moment in moments if moment.index), moments[0])
