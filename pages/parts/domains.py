"""Domains as pages show them: titles, a strip of samples, and a button for those that must be downloaded first."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.parts.text import _, error_text, plain
from xfer_core.charts.pictures import contact_sheet, one_of_each
from xfer_core.domains import download, is_here, load_domain, offered
from xfer_core.domains.problem import Role
from xfer_core.errors import XferError
from xfer_core.settings import settings


def domain_title(key: str) -> str:
    """What a page calls a domain."""
    return _(offered(key).card.title)


def task_title(task: str) -> str:
    """What a page calls a task."""
    titles = {
        "digit": _("which digit"),
        "parity": _("even or odd"),
        "tilt": _("how far it leans"),
        "below_five": _("below five or not"),
    }
    return titles.get(task) or task


def task_word(task: str) -> str:
    """The same in a word, for legends."""
    words = {"digit": _("digit"), "parity": _("even/odd"), "tilt": _("tilt"), "below_five": _("below five")}
    return words.get(task) or task


@st.cache_data(show_spinner=False)
def _strip(key: str) -> np.ndarray:
    domain = load_domain(key)
    digit = domain.tasks["digit"]
    return contact_sheet(one_of_each(domain.samples, digit.labels, len(digit.classes)), 10)


def sample_strip(key: str, role: Role) -> None:
    """One sample of each class in a row, with the domain's own words below.

    A domain that is not on this machine has a button in place of the samples: nothing is downloaded unasked.

    Args:
        key: the domain.
        role: where on the page this is, for a domain can stand in two places.
    """
    card = offered(key).card
    if is_here(key):
        try:
            st.image(_strip(key), width="stretch", alt=f"{_(card.title)}: {_(card.description)}")
        except XferError as error:
            st.error(error_text(error), icon=":material/error:")
    st.caption(plain(_(card.description)))
    if not is_here(key):
        _offer_download(key, role)


def _offer_download(key: str, role: Role) -> None:
    """Offer the download; once asked for, show how far it is and go on with the page when it is done."""
    wanted = offered(key).download
    if wanted is None:
        return
    title = domain_title(key)
    sentence = _("{title} is not on this machine yet. It would be kept in {folder}.")
    st.info(plain(sentence.format(title=title, folder=settings().data_folder)), icon=":material/cloud_download:")
    label = _("Download {title} ({size} MB)").format(title=title, size=wanted.megabytes)
    if st.button(plain(label), key=f"download.{role}.{key}", icon=":material/download:"):
        sentence = plain(_("Downloading {title}…").format(title=title))
        bar = st.progress(0.0, sentence)
        try:
            download(key, lambda fraction: bar.progress(fraction, sentence), f"problem.{role}")
        except XferError as error:
            bar.empty()
            st.error(error_text(error), icon=":material/error:")
            return
        st.rerun()
