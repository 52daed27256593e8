"""Every text of tests/hostile.py as a page shows it."""

import streamlit as st

from pages.i18n import plain
from tests.support.hostile import TEXTS

for i, text in enumerate(TEXTS):
    with st.container(key=f"markdown-{i}"):
        st.markdown(plain(text))
    with st.container(key=f"within-{i}"):
        st.error(f"**{plain(text)}**: {plain(text)}.")
    with st.container(key=f"label-{i}"):
        st.button(plain(text), key=i)
