"""Your own data: what is stored here of it."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.domains import domain_title
from xfer_core.domains import domain_info, registry


def own_data() -> dict[str, str]:
    """The own domains. Returns the parameters of the address: none."""
    own = registry().own
    keys = own.keys() if own else ()
    if not keys:
        st.info(_("No data of your own is here yet."), icon=":material/folder_open:")
    for key in keys:
        info = domain_info(key)
        sentence = _("{title}: {count} samples").format(title=domain_title(key), count=info.samples)
        st.markdown(plain(sentence))
    return {}
