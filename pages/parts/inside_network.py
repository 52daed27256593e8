"""A look at the network itself: how far its stages moved, its first filters, where it looked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.domains import domain_title
from pages.parts.inside_answers import CHOICE, WIDE, needs_classes, numbers, picture_row
from pages.parts.inside_data import Subject, moment_title
from pages.parts.text import _, error_text, percent, plain
from xfer_core.analysis.filters import filter_pictures, turned
from xfer_core.analysis.looked import worth_looking
from xfer_core.analysis.moments import Moment
from xfer_core.charts.moved import moved_chart
from xfer_core.charts.pictures import contact_sheet
from xfer_core.charts.tiles import glowing
from xfer_core.errors import XferError

LOOKED = 6  # right and wrong answers each
TILE = 148  # pixels: the sample and, beside it, where the network looked
FILTER = 12  # times larger than it is, and thrice more in the sheet
COLUMNS = 8
SHEET = 560  # pixels at most


def transferred(subject: Subject, together: list[Subject], dark: bool) -> None:
    """How far each stage moved since a moment, and how alike it still sees the test samples."""
    moment = _before(subject, "moved")
    if moment is None:
        return
    rows = subject.moved(moment.key)
    compared = [(each, _chosen(each, "moved")) for each in together]
    others = [each.moved(since.key) for each, since in compared if since]
    farthest = max(row.distance or 0.0 for moved in (rows, *others) for row in moved)
    titles = _("how far the weights moved"), _("how alike it sees the samples (CKA)")
    still = [row.stage for row in rows if row.distance == 0]
    most = max(rows, key=lambda row: row.distance or 0.0)
    if len(still) == len(rows):
        sentence = _("No weight moved.")
    else:
        sentence = _("Moved most: {stage}, by {distance} of its length.").format(
            stage=most.stage, distance=percent(most.distance or 0.0)
        )
        if still:
            sentence += " " + _("Did not move at all: {stages}.").format(stages=", ".join(still))
    st.markdown(plain(sentence))
    st.plotly_chart(
        moved_chart(rows, dark, titles, farthest),
        width=WIDE,
        key=subject.key("moved.chart"),
        alt=_("Two bar charts over the stages: how far each moved and its CKA.") + " " + sentence,
    )
    caption = _(
        "CKA (debiased) on test samples of {domain}: 1 means that the stage tells the same samples apart as before, "
        "about 0 that nothing of that is left; chance takes it a little below 0 as well. What stays near 1 was "
        "transferred. Maps are compared by the mean of each channel."
    ).format(domain=domain_title(subject.domain))
    st.caption(plain(caption))
    numbers(
        pd.DataFrame(
            {
                _("stage"): [row.stage for row in rows],
                _("moved"): ["–" if row.distance is None else percent(row.distance) for row in rows],
                _("CKA"): ["–" if row.alike is None else f"{row.alike:z.3f}".replace("-", "−") for row in rows],
                _("numbers a sample"): [row.width for row in rows],
            }
        )
    )


def first_stage(subject: Subject, _together: list[Subject], _dark: bool) -> None:
    """The filters of the first convolution before and after."""
    try:
        after = subject.filters()
    except XferError as error:
        st.info(error_text(error), icon=":material/info:")
        return
    moment = _before(subject, "filters")
    before = subject.filters(moment.key) if moment else None
    several = [after] if before is None else [before, after]
    titles = [_("the network that counts")] if before is None else [moment_title(moment), _("the network that counts")]  # pyright: ignore[reportArgumentType]
    for title, pictures in zip(titles, filter_pictures(several), strict=True):
        large = pictures.repeat_interleave(FILTER, 2).repeat_interleave(FILTER, 3)
        words = _("{count} filters of {size}×{size} pixels, {title}").format(
            count=len(pictures), size=pictures.shape[2], title=title
        )
        st.image(contact_sheet(large, COLUMNS), caption=words, width=SHEET, alt=words)
    st.caption(
        _("Each small square is one filter. Mid-grey is 0; it answers most where the picture has the filter's colours.")
    )
    table = pd.DataFrame({_("filter"): range(1, len(after) + 1), _("length"): after.flatten(1).norm(dim=1).numpy()})
    if before is not None:
        table[_("length before")] = before.flatten(1).norm(dim=1).numpy()
        table[_("turned by (degrees)")] = turned(before, after)
    numbers(table.round(3))


def attention(subject: Subject, _together: list[Subject], _dark: bool) -> None:
    """Grad-CAM over a few wrong and a few right answers."""
    if not needs_classes(subject):
        return
    answers, classes = subject.answers(), subject.classes
    wrong, right = (part.tolist() for part in worth_looking(answers, LOOKED))
    try:
        heat = subject.looked(tuple(wrong + right))
    except XferError as error:
        st.info(error_text(error), icon=":material/info:")
        return
    images, rows = subject.samples().images, []
    for title, positions in ((_("Wrong answers, the surest first"), wrong), (_("Right answers"), right)):
        if not positions:
            continue
        st.markdown(f"**{title}**")
        words = [
            _("is {true}, said {given} ({sure})").format(
                true=classes[answers.labels[i]],
                given=classes[answers.given[i]],
                sure=percent(float(answers.certainty[i])),
            )
            for i in positions
        ]
        pictures = [glowing(images[i], heat[(wrong + right).index(i)]) for i in positions]
        picture_row(pictures, words, TILE)
        rows += [_where(subject, i, heat[(wrong + right).index(i)]) for i in positions]
    st.caption(
        _("Orange glows where the last convolution spoke for the answer given (Grad-CAM); it is as coarse as its maps.")
    )
    numbers(pd.DataFrame(rows))


def _where(subject: Subject, position: int, heat: np.ndarray) -> dict[str, object]:
    """One sample as a row: where the glow is strongest, and how much of the picture it covers."""
    answers, classes = subject.answers(), subject.classes
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return {
        _("sample"): int(subject.samples().originals[position]),
        _("true class"): classes[answers.labels[position]],
        _("answer"): classes[answers.given[position]],
        _("how sure"): percent(float(answers.certainty[position])),
        _("strongest at (row, column)"): f"{row + 1}, {column + 1}" if heat.any() else "–",
        _("glows over half"): percent(float((heat > 0.5).mean())),
    }


def _before(subject: Subject, name: str) -> Moment | None:
    """The moment that the viewer compares the end with; None where no snapshots were kept, and says so."""
    moments = subject.moments()[:-1]
    if not moments:
        error = XferError("no_snapshots", "run", subject.run.id)
        st.info(error_text(error), icon=":material/info:")
        return None
    return st.selectbox(
        _("Compared with"),
        moments,
        moments.index(_usual(moments)),
        format_func=moment_title,
        key=subject.key(name),
        width=CHOICE,
    )


def _chosen(subject: Subject, name: str) -> Moment | None:
    """What :func:`_before` gives for a subject beside this one."""
    moments = subject.moments()[:-1]
    return st.session_state.get(subject.key(name)) or (_usual(moments) if moments else None)


def _usual(moments: list[Moment]) -> Moment:
    """Where the second phase began: what the source taught stands there. Else the beginning."""
    return next((moment for moment in moments if moment.index), moments[0])
