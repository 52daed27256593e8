"""One domain: samples of each class, class balance, statistics, card, and its parameters as sliders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from pages.domains.gallery import own_mark, size_words
from pages.domains.statistic_words import shown_token, statistic_words
from pages.i18n import _, error_text, percent, plain
from pages.theme import is_dark
from pages.widgets import address
from pages.widgets.domains import domain_title, task_title
from pages.widgets.download import offer_download
from pages.widgets.notice import show_notices
from pages.widgets.plain_chart import PLAIN
from pages.widgets.problem import TURNED, changed_by_sliders
from pages.widgets.recipe_upload import open_in_train
from xfer_core.analysis.domain_samples import (
    class_counts,
    class_samples,
    frequent_tokens,
    plane_points,
    sample_table,
    statistics_table,
)
from xfer_core.analysis.source_ranking import compatible_sources
from xfer_core.charts.class_counts import class_counts_chart
from xfer_core.charts.image_grid import image_grid
from xfer_core.charts.plane import plane_chart
from xfer_core.charts.samples import sample_pictures
from xfer_core.domains import DomainInfo, domain_info, is_available, registry
from xfer_core.domains.reference import key_of, make_reference
from xfer_core.errors import XferError
from xfer_core.modalities import TableInput
from xfer_core.runs.first_spec import spec_between

TASK = "domains.details.task"
LONGEST = 14  # letters of a class's name that fit on one line beside its pictures
SHOWN, ROWS = 12, 4  # pictures of a class; rows or texts of a class
CLASSES = 12  # on a page
BUTTONS = 8  # pages that are a button each; more are a list
HIGH = 44  # pixels of a picture

STYLE = """<style>
.st-key-samples [data-testid=stHorizontalBlock] {flex-wrap: nowrap; align-items: center; gap: .75rem}
.st-key-samples [data-testid=stColumn] {flex: 1 1 0; min-width: 0; width: auto}
.st-key-samples [data-testid=stColumn]:first-child {flex: 0 0 WIDTHch}
.st-key-samples {gap: .4rem}
.st-key-samples img {image-rendering: pixelated; max-width: 100%; height: auto !important}
</style>"""


def details(reference: str, prefix: str, close: Callable[[], None]) -> str:
    """Everything about one domain. Returns the reference as the sliders change it.

    Args:
        reference: a known domain.
        prefix: starts the keys of the sliders, which say what the reference says.
        close: called to go back to all domains.
    """
    st.button(_("All domains"), icon=":material/arrow_back:", on_click=close, type="tertiary", key="domain-close")
    key = key_of(reference)
    title = st.empty()
    st.caption(plain(_(domain_info(key).card.description)))
    show_notices([key])
    if not is_available(key):
        title.markdown(f"### {plain(domain_title(key))}")
        offer_download(key, "target")
        _card(key)
        return reference
    place = st.container(horizontal=True)
    left, right = st.columns([3, 2], gap="large")
    with right:
        changed = _parameters(reference, prefix)
    title.markdown(f"### {plain(domain_title(changed))} {own_mark(key)}")
    with place:
        _ways_on(changed)
    try:
        with left:
            task = _choose_task(changed)
            _samples(changed, task)
        with right:
            _balance(changed, task)
            _statistics(changed)
            _card(changed)
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
    return changed


def _parameters(reference: str, prefix: str) -> str:
    if domain_info(reference).parameters is None:
        return reference
    with st.container(border=True):
        st.markdown(f"**{_('Change it')}**")
        return changed_by_sliders(reference, prefix)


def _ways_on(reference: str) -> None:
    """Buttons: train on it, compare it, rank sources for it."""
    if st.button(_("Train on it"), type="primary", icon=":material/model_training:", key="domain-train"):
        open_in_train(spec_between(*_roles(reference)))
    views = {
        "compare": (_("How far apart from …?"), ":material/compare_arrows:", {"first": reference}),
        "rank": (_("Which source fits?"), ":material/leaderboard:", {"target": reference}),
    }
    for view, (label, icon, given) in views.items():
        wanted = {"view": view, **given}
        st.button(label, icon=icon, on_click=address.arrive, args=(wanted,), key=f"domain-{view}")


def _roles(reference: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Source and target that show this domain: from the unchanged domain to the changed one; else from the first one
    that has its classes; no source where there is none."""
    key, info = key_of(reference), domain_info(reference)
    if reference != key:
        return (key,), (reference,)
    if info.parameters is not None and _can_turn(info):
        return (key,), (make_reference(key, info.parameters.model_copy(update={"rotate": TURNED})),)
    return compatible_sources(key, next(iter(info.tasks)))[:1], (key,)


def _can_turn(info: DomainInfo) -> bool:
    """Whether the domain is points in a plane that can be rotated."""
    return info.parameters is not None and "rotate" in type(info.parameters).model_fields


def _choose_task(reference: str) -> str:
    tasks = list(domain_info(reference).tasks)
    if st.session_state.get(TASK) not in tasks:
        st.session_state[TASK] = tasks[0]
    if len(tasks) == 1:
        return tasks[0]
    st.segmented_control(_("Labels of the task"), tasks, required=True, format_func=task_title, key=TASK)
    return st.session_state[TASK]


# ---------------------------------------------------------------------- samples


def _samples(reference: str, task: str) -> None:
    """Samples of each class: pictures in a row, points in the plane, rows or texts in a table."""
    spec = domain_info(reference).spec
    st.markdown(f"**{size_words(reference)}**")
    if spec.modality == "image":
        _pictures_of_classes(reference, task)
        return
    if isinstance(spec, TableInput) and spec.is_planar:
        _plane(reference, task, spec)
    chosen = class_samples(reference, task, ROWS)
    names = [name for name, places in chosen.items() for _place in places]
    table = sample_table(reference, [place for places in chosen.values() for place in places])
    table.insert(0, _free(task_title(task), table), names)
    st.dataframe(table, hide_index=True, alt=_("Samples with their labels"))


def _free(title: str, table: pd.DataFrame) -> str:
    """A title that no column has."""
    while title in table:
        title = f"→ {title}"
    return title


def _plane(reference: str, task: str, spec: TableInput) -> None:
    """A map of the samples with a legend of their classes."""
    info = domain_info(reference)
    points, labels = plane_points(reference, task)
    unchanged, _labels = plane_points(key_of(reference), task)
    across, up = (column.title for column in spec.columns)
    unit = info.units.get(task, "")
    chart = plane_chart(points, labels, info.tasks[task], (across, up), is_dark(), unchanged, _can_turn(info), unit)
    st.plotly_chart(chart, config=PLAIN, key="domains.details.plane", alt=_("Samples as points, by class"))


def _pictures_of_classes(reference: str, task: str) -> None:
    """A row of samples of each class, on pages if there are many classes."""
    version = registry().version(reference)
    names = _names(reference, task, version)
    longest = max((len(word) for name in names for word in name.split()), default=0)
    st.html(STYLE.replace("WIDTH", str(1 + min(longest, LONGEST))))
    page = _choose_page(len(names), f"domains.details.classes.{key_of(reference)}.{task}")
    with st.container(key="samples"):
        for name, row in _pictures(reference, task, version, page).items():
            word, picture = st.columns([1, 6], vertical_alignment="center")
            word.markdown(plain(name))
            times = HIGH / row.shape[0]
            picture.image(row, width=round(times * row.shape[1]), alt=_("Samples of {name}").format(name=name))


def _choose_page(classes: int, key: str) -> int:
    """Which twelve of the classes are shown, from 0 on; no control where all fit."""
    if classes <= CLASSES:
        return 0
    pages = range(-(-classes // CLASSES))
    words = {page: f"{page * CLASSES + 1}–{min(classes, (page + 1) * CLASSES)}" for page in pages}
    label = _("All {count} classes, {shown} at a time").format(count=classes, shown=CLASSES)
    if len(pages) > BUTTONS:
        return st.selectbox(label, pages, format_func=words.__getitem__, key=key, width=240)
    return st.segmented_control(label, pages, required=True, default=0, format_func=words.__getitem__, key=key)


@st.cache_data(show_spinner=False, max_entries=50)
def _names(reference: str, task: str, version: int) -> list[str]:
    """The classes that have samples."""
    return list(class_samples(reference, task, 1))


@st.cache_data(show_spinner=False, max_entries=50)
def _pictures(reference: str, task: str, version: int, page: int) -> dict[str, np.ndarray]:
    """Class → a row of samples, uint8 (height, width, 4), of the classes of a page."""
    chosen = list(class_samples(reference, task, SHOWN).items())[page * CLASSES : (page + 1) * CLASSES]
    return {name: image_grid(sample_pictures(reference, places), SHOWN) for name, places in chosen}


# ---------------------------------------------------------------------- numbers


def _balance(reference: str, task: str) -> None:
    counts = class_counts(reference, task)
    if counts:
        st.markdown(f"**{_('Class balance')}**")
        chart = class_counts_chart({domain_title(reference): counts}, is_dark(), _("samples"), _("{count} others"))
        st.plotly_chart(chart, config=PLAIN, key="domains.details.balance", alt=_("Samples of each class"))


def _statistics(reference: str) -> None:
    """Mean and spread of pixels, columns or texts; the most frequent tokens of texts."""
    with st.expander(_("Statistics of the inputs"), icon=":material/table_rows:"):
        table, tokens = _numbers(reference, registry().version(reference))
        words = {} if domain_info(reference).spec.modality == "table" else statistic_words()
        table["name"] = [words.get(name, name) for name in table["name"]]
        if not any(table["missing"].tolist()):
            del table["missing"]
        titles = {
            "name": _("statistic"),
            "mean": _("mean"),
            "deviation": _("standard deviation"),
            "smallest": _("smallest"),
            "largest": _("largest"),
            "missing": _("missing"),
        }
        numbers = {titles[name]: st.column_config.NumberColumn(format="%.3g") for name in [*table][1:]}
        st.dataframe(
            table.rename(columns=titles), hide_index=True, column_config=numbers, alt=_("Statistics of the inputs")
        )
        if tokens is not None:
            named = " ".join(f"{shown_token(token)} {percent(share)}" for token, share in tokens.items())
            st.markdown(_("In the most texts:") + " " + named)


@st.cache_data(show_spinner=False, max_entries=50)
def _numbers(reference: str, version: int) -> tuple[pd.DataFrame, dict[str, float] | None]:
    """Statistics and the most frequent tokens, computed once: for long texts that takes a second."""
    return statistics_table(reference), frequent_tokens(reference)


def _card(reference: str) -> None:
    card = domain_info(reference).card
    with st.container(border=True):
        for title, text in (
            (_("Source"), card.source),
            (_("Licence"), card.licence),
            (_("How it was made"), _(card.recipe)),
        ):
            if text:
                st.markdown(f"**{title}:** {plain(text)}")
        st.markdown(_("In settings and links: `{kind}`").format(kind=reference.replace("`", "")))
