"""The download of a domain, or of weights, on a page: a button, then progress and Cancel. A reload or another page
keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.i18n import _, error_text, plain
from pages.widgets.domains import domain_title
from xfer_core.domains import domain_info
from xfer_core.domains.downloads import Download, DownloadJob, check_download, running_download, start_download
from xfer_core.errors import XferError
from xfer_core.networks import NETWORKS
from xfer_core.problems.problem import Role

REFRESH_SECONDS = 0.5


def offer_download(key: str, role: Role, says: bool = True) -> None:
    """Offer the download of a domain.

    Args:
        key: the domain.
        role: named in an error.
        says: whether to say that it is not here; without, the title stands beside the button already.
    """
    wanted = domain_info(key).download
    if wanted is not None:
        offer_files(wanted, domain_title(key), key, f"problem.{role}", says)


def offer_weights(fields: Mapping[str, Any]) -> None:
    """Offer the download of the weights that a network starts with, if they are not on this machine.

    Args:
        fields: of the network, with its kind; not validated.
    """
    form = next(form for form in NETWORKS if form.kind_name() == fields["kind"])
    network = form.model_construct(**fields)
    if network.download is not None and not network.is_available:
        title = _("What {network} learned on ImageNet").format(network=network.kind)
        offer_files(network.download, title, network.kind, "network.kind")


def offer_files(wanted: Download, title: str, value: str, field: str, says: bool = True) -> None:
    """Offer a download. While it runs, on whichever page it was started, show its progress and a button that cancels
    it; rerun the page when it is done, and say why where it failed.

    Args:
        wanted: the files.
        title: what they hold, for people.
        value, field: what is chosen and where, for an error.
        says: whether to say that they are not here.
    """
    state = f"download.job.{wanted.title}"
    job = running_download(wanted)
    if job is not None:
        st.session_state[state] = job
        _progress(title, f"{field}.{value}", job)
        return
    if says:
        st.info(plain(_("{title} is not on this machine yet.").format(title=title)), icon=":material/cloud_download:")
    last: DownloadJob | None = st.session_state.get(state)
    if last is not None:
        _say_how_it_ended(last, value, field)
    label = _("Download {title} ({size} MB)") if says else _("Download ({size} MB)")
    label = label.format(title=title, size=wanted.megabytes)
    st.button(
        plain(label),
        key=f"download.{field}.{value}",
        icon=":material/download:",
        on_click=_start,
        args=(wanted, state),
    )


def _start(wanted: Download, state: str) -> None:
    st.session_state[state] = start_download(wanted)


def _say_how_it_ended(job: DownloadJob, value: str, field: str) -> None:
    """Why this visitor's last download failed, or how much of it is kept."""
    if job.cancelled:
        kept = _("Cancelled. {here} of {size} MB are kept, and the next download goes on from there.")
        st.caption(plain(kept.format(here=round(job.received / 1e6), size=job.download.megabytes)))
        return
    try:
        check_download(job, value, field)
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")


@st.fragment(run_every=REFRESH_SECONDS)
def _progress(title: str, key: str, job: DownloadJob) -> None:
    """How far the download is, and a button that cancels it."""
    if not job.is_alive() or job.cancelled:
        st.rerun()
    sentence = _("Downloading {title}: {here} of {size} MB").format(
        title=title, here=round(job.received / 1e6), size=job.download.megabytes
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.fraction, plain(sentence))
        if st.button(_("Cancel"), key=f"download.cancel.{key}", icon=":material/close:"):
            job.cancel()
            st.rerun()
