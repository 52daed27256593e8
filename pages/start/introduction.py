"""Start before a race: an introduction for visitors who do not know the field."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from pages.i18n import _
from pages.start.pretrained import offer_pretrained
from pages.theme import is_dark
from pages.widgets.race import (
    DEFAULT_LABELS,
    LABELS_KEY,
    begin_race,
    labels_control,
    race_names,
    show_race,
)
from xfer_core.charts.image_grid import one_of_each
from xfer_core.charts.palette import METHODS, TOTAL
from xfer_core.charts.transfer_picture import lane_picture, transfer_picture
from xfer_core.domains import load_domain
from xfer_core.experiments.presets import RACERS
from xfer_core.strategies import CLASSES

# The remaining height is distributed between the parts, not left below them.
FILL = (
    "<style>.st-key-race-intro {min-height: calc(100vh - 8rem); justify-content: space-evenly}"
    "@media (min-width: 1700px) {.st-key-race-intro [data-testid=stMarkdownContainer] p {font-size: 1.25rem}}</style>"
)
PRACTICE, TARGET = "digits.handwritten", "digits.photo"


@st.cache_data(show_spinner=False)
def _digits(key: str) -> Tensor:
    """One sample of each digit, uint8 (10, C, H, W)."""
    domain = load_domain(key)
    return one_of_each(domain.inputs, domain.tasks["digit"].labels, 10)


def explained() -> dict[str, str]:
    """Strategy → what its network learns from, with the field's term."""
    return {kind: _(CLASSES[kind].race_lesson) for kind in RACERS}


def introduce(gone: bool, last: str) -> None:
    """Show the introduction with the button that starts a race.

    Args:
        gone: whether the address names a race that no longer exists.
        last: the last race of this visitor, or empty.
    """
    st.session_state.setdefault(LABELS_KEY, DEFAULT_LABELS)
    with st.container(key="race-intro"):
        st.html(FILL)
        _show_introduction(gone, last, TOTAL.pair[is_dark()])


def _show_introduction(gone: bool, last: str, ink: str) -> None:
    left, right = st.columns([3, 4], gap="large", vertical_alignment="center")
    with left:
        st.title("Xfer", anchor=False)
        st.subheader(_("Watch knowledge move"), anchor=False)
        st.markdown(
            _(
                "A network that has learned one thing can learn a similar thing from far fewer examples. Here, three "
                "real networks learn to read digits on photographs, and you see which one gets there."
            )
        )
        labels_control()
        st.button(
            _("Start the race"), type="primary", icon=":material/play_arrow:", on_click=begin_race, width="stretch"
        )
        offer_pretrained()
        label, query = _("Or train on your own data"), {"view": "own"}
        st.page_link("domains/page.py", label=label, icon=":material/upload:", query_params=query)
        if gone:
            st.info(_("The race of this link is not here any more. Start a new one."))
        elif last:
            st.button(
                _("Back to your last race"),
                icon=":material/history:",
                type="tertiary",
                on_click=show_race,
                args=(last,),
                key="last-race",
            )
    with right:
        captions = (_("Handwritten digits"), _("Digits on photographs"))
        picture = transfer_picture(_digits(PRACTICE), _digits(TARGET), captions, ink)
        alt = _("Ten handwritten digits, an arrow, ten digits on photographs.")
        st.image(picture, width="stretch", alt=alt)
    _show_networks(ink)


def _show_networks(ink: str) -> None:
    """The three networks of the race, each with what it learns from."""
    dark = is_dark()
    practice, target = _digits(PRACTICE), _digits(TARGET)
    stages = {"baseline": [[target]], "transfer": [[practice], [target]], "joint": [[practice, target]]}
    for column, kind in zip(st.columns(len(RACERS), border=True), RACERS, strict=True):
        with column:
            st.markdown(f"**{race_names()[kind]}** {explained()[kind]}")
            st.image(
                lane_picture(stages[CLASSES[kind].family], METHODS[kind].pair[dark], ink),
                width="stretch",
                alt=_("Pictures, an arrow, a small network."),
            )
