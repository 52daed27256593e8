"""Xfer's core: trains and measures, never shows. It imports no Streamlit."""

__version__ = "0.1.0"
