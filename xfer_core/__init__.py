"""Xfer's core: training, evaluation and analysis, without a user interface. It imports no Streamlit."""

__version__ = "0.1.0"
