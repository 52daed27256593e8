"""Widgets and helpers that pages share."""
