"""Widgets and wordings that several pages share."""
