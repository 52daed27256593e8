"""The app with the reader of the tests behind its own readers: what test_own_data.py drives."""

from pathlib import Path

import streamlit as st

import app as product
from tests.support.folder_reader import FolderReader
from xfer_core import imports

imports.READERS = (*imports.READERS, FolderReader)

SHELL = Path(product.__file__).parent / "pages" / "shell.py"
app = st.App(str(SHELL), routes=[*product.ROUTES, *product.TILES], lifespan=product.lifespan)
