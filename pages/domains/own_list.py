"""The own domains that are stored, by import: train on them, or forget them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _, counted, error_text, plain
from pages.widgets.domain_pictures import domain_pictures
from pages.widgets.domains import domain_title
from pages.widgets.notice import show_notices
from pages.widgets.recipe_upload import open_in_train
from pages.widgets.store import store
from xfer_core import imports
from xfer_core.domains import domain_info, registry
from xfer_core.errors import XferError
from xfer_core.experiments.listing import domains_of
from xfer_core.runs.first_spec import first_spec

PICTURES = 300  # pixels
FORGET_ERROR = "own.forget-error"


def own_keys() -> tuple[str, ...]:
    """The keys of all own domains."""
    own = registry().own
    return own.keys() if own else ()


def free_name(name: str) -> str:
    """The name, cut to its longest, with a number behind it if it is taken."""
    taken, number = imports.imported(), 1
    free = name = name[: imports.NAME_LENGTH - 5].strip() or _("data")
    while imports.slug(free) in taken:
        number += 1
        free = f"{name} {number}"
    return free


def own_list() -> None:
    """Every import with its domains."""
    found = imports.imported()
    st.markdown(f"##### {_('Stored here')}")
    refused: XferError | None = st.session_state.pop(FORGET_ERROR, None)
    if refused is not None:
        st.error(error_text(refused), icon=":material/error:")
    if not found:
        st.caption(_("No data of your own is here yet."))
    for name, keys in found.items():
        with st.container(border=True, key=f"own-import-{name}"):
            _import(name, keys)


def _import(name: str, keys: Sequence[str]) -> None:
    words, pictures, buttons = st.columns([3, 3, 2], gap="medium", vertical_alignment="center")
    with words:
        for key in keys:
            info = domain_info(key)
            classes = max((len(names) for names in info.tasks.values()), default=0)
            facts = [_("{count} samples").format(count=info.samples)]
            facts += [_("{count} classes").format(count=classes)] if classes else []
            st.markdown(f"**{plain(domain_title(key))}**  \n{' · '.join(facts)} · `{key}`")
        show_notices(keys)
    with pictures:
        domain_pictures([key for key in keys if domain_info(key).spec.modality != "text"], PICTURES)
    with buttons, st.container(horizontal=True):
        train_button(keys)
        _forget_button(name, keys)


def train_button(keys: Sequence[str], primary: bool = False) -> None:
    """A button that opens Train with these domains as source and target."""
    if st.button(
        _("Train on it"),
        type="primary" if primary else "secondary",
        icon=":material/model_training:",
        key=f"own-train-{'now' if primary else keys[0]}",
    ):
        open_in_train(first_spec(keys))


def _forget_button(name: str, keys: Sequence[str]) -> None:
    """A button that asks before it removes the domains."""
    with st.popover(_("Forget"), icon=":material/delete:", key=f"own-ask-{name}", on_change="rerun") as ask:
        if not ask.open:
            return
        using = sum(bool(domains_of(run) & set(keys)) for run in store().find())
        one, many = (
            _("1 run was trained on it; its results stay."),
            _("{count} runs were trained on it; their results stay."),
        )
        st.markdown(
            _("This removes the samples from this machine.") + (f" {counted(using, one, many)}" if using else "")
        )
        st.button(_("Forget it"), type="primary", on_click=_forget, args=(name,), key=f"own-forget-{name}")


def _forget(name: str) -> None:
    try:
        imports.forget(name)
    except XferError as error:
        st.session_state[FORGET_ERROR] = error
