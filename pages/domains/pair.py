"""Choosing two domains that can be put side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _
from pages.widgets import address
from pages.widgets.domain_pictures import domain_pictures
from pages.widgets.domains import domain_title, is_known
from pages.widgets.download import offer_download
from pages.widgets.problem import set_sliders, with_parameters
from xfer_core.analysis.paired_samples import can_compare
from xfer_core.domains import domain_info, domain_keys, is_available
from xfer_core.domains.reference import key_of
from xfer_core.problems.problem import Role

FIRST, SECOND, READ, SWAP = "domains.first", "domains.second", "domains.pair.read", "domains.pair.swap"
GIVEN = "domains.pair.given"
USUAL = "digits.handwritten", "digits.photo"
SHOWN = 10  # samples of each domain


def choose_pair() -> tuple[str, str] | None:
    """Two domains beside one another, with samples of each; None until both are on this machine and go together."""
    _read_address()
    keys = list(domain_keys())
    _keep_valid(keys)
    left, middle, right = st.columns([12, 2, 12], vertical_alignment="top")
    with left:
        first = _choose(_("From"), FIRST, keys, "source")
    with middle.container(horizontal_alignment="center"):
        st.space("medium")
        st.button("⇄", key=SWAP, on_click=_swap, help=_("Exchange them"), type="tertiary")
    fitting = [key for key in keys if can_compare(key, key_of(first)) or _has_parameters(key, first)]
    if st.session_state[SECOND] not in fitting:
        st.session_state[SECOND] = fitting[0] if fitting else keys[0]
    with right:
        second = _choose(_("To"), SECOND, fitting or keys, "target")
    if not (is_available(first) and is_available(second)):
        return None
    if first == second:
        st.info(_("Change one of them: a domain is no distance away from itself."), icon=":material/info:")
        return None
    return first, second


def pair_address() -> dict[str, str]:
    """The parameters of the address that lead to the chosen domains."""
    return dict(st.session_state.get(GIVEN, {}))


def note_pair(first: str, second: str) -> None:
    """Note the references for the address."""
    st.session_state[GIVEN] = {"first": first, "second": second}


def _choose(label: str, name: str, keys: Sequence[str], role: Role) -> str:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(label, keys, format_func=domain_title, key=name)
        given = st.session_state.get(READ, {}).get(name, key)
        reference = with_parameters(given if key_of(given) == key else key, name)
    if not is_available(reference):
        offer_download(reference, role)
    else:
        domain_pictures([reference], 560, SHOWN)
    return reference


def _has_parameters(key: str, first: str) -> bool:
    """Whether this is the first domain itself, which can be changed into another one."""
    return key == key_of(first) and domain_info(key).parameters is not None


def _swap() -> None:
    """Exchange the domains, with the parameters of each."""
    state = st.session_state
    names = {str(name)[len(one) :] for one in (FIRST, SECOND) for name in [*state] if str(name).startswith(one)}
    for rest in names:
        one, two = state.pop(FIRST + rest, None), state.pop(SECOND + rest, None)
        for name, value in ((FIRST + rest, two), (SECOND + rest, one)):
            if value is not None:
                state[name] = value
    read = state.get(READ, {})
    state[READ] = {FIRST: read.get(SECOND, ""), SECOND: read.get(FIRST, "")}


def _keep_valid(keys: Sequence[str]) -> None:
    for name, usual in zip((FIRST, SECOND), USUAL, strict=True):
        if st.session_state.get(name) not in keys:
            st.session_state[name] = usual if usual in keys else keys[0]


def _read_address() -> None:
    """Once for every arrival, read ``first`` and ``second``; a reference that is wrong is ignored."""
    if not address.first_since_arrival("pair"):
        return
    state = st.session_state
    given = address.given_on_arrival()
    for name, word in ((FIRST, "first"), (SECOND, "second")):
        reference = given.get(word, "")
        if is_known(reference):
            state[name] = key_of(reference)
            state[READ] = {**state.get(READ, {}), name: reference}
            set_sliders(reference, name)
