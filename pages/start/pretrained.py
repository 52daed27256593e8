"""Start's second button: what a pretrained network gives for five photographs of each class."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _, error_text, plain
from pages.widgets.domains import domain_title
from pages.widgets.store import begin, validated
from xfer_core.errors import XferError
from xfer_core.experiments.plan import plan_for
from xfer_core.experiments.presets import photographs


def offer_pretrained() -> None:
    """A button that starts the experiment and shows it on Compare, or one sentence on what is missing for it."""
    title = _("Five photographs of yours")
    target = photographs()
    pressed = st.button(
        title,
        icon=":material/photo_library:",
        width="stretch",
        disabled=target is None,
        key="pretrained",
    )
    if target is None:
        st.caption(_("That needs photographs in a folder for each class: bring your own, or download CIFAR-10."))
        return
    words = _("What a network that has seen a million photographs gives for five of each class of {domain}.")
    st.caption(plain(words.format(domain=domain_title(target))))
    if not pressed:
        return
    asked = plan_for("pretrained").experiment()
    try:
        for spec, _condition in asked.specs():
            validated(spec)
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
        return
    st.switch_page("compare/page.py", query_params={"view": "experiments", "experiment": begin(asked)})
