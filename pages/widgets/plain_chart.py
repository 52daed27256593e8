"""How Streamlit draws every chart: without Plotly's toolbar, which lies over the curves, titles and first rows."""

PLAIN = {"displayModeBar": False}
