"""All domains, by kind of input, with their size and licence."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.i18n import _
from pages.widgets.domains import domain_title
from pages.widgets.notice import show_notices
from xfer_core.domains import domain_info, domain_keys, is_available


def browse() -> dict[str, str]:
    """A table of the domains for each kind of input. Returns the parameters of the address: none."""
    kinds = {"image": _("Pictures"), "table": _("Points and tables"), "text": _("Texts")}
    keys = domain_keys()
    for modality, title in kinds.items():
        here = [key for key in keys if domain_info(key).spec.modality == modality]
        if here:
            st.markdown(f"**{title}**")
            rows = pd.DataFrame(map(_row, here))
            st.dataframe(rows, hide_index=True, alt=_("The domains of one kind of input"))
            show_notices(here)
    return {}


def _row(key: str) -> dict[str, object]:
    info = domain_info(key)
    return {
        _("Domain"): domain_title(key),
        _("Samples"): info.samples,
        _("Classes"): max((len(classes) for classes in info.tasks.values()), default=0),
        _("Here"): _("yes") if is_available(key) else _("to be downloaded"),
        _("Source"): info.card.source,
        _("Licence"): info.card.licence,
    }
