"""Plotly configuration of every chart: no toolbar, because it covers curves and titles."""

PLAIN = {"displayModeBar": False}
