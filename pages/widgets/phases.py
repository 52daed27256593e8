"""Titles of training phases."""

from __future__ import annotations

from pages.i18n import _


def phase_titles() -> dict[str, str]:
    """Phase → title."""
    return {
        "source": _("learning the source"),
        "target": _("learning the target"),
        "together": _("learning all at once"),
        "anneal": _("learning before the penalty"),
        "penalty": _("learning with the penalty"),
        "probe": _("learning the head alone"),
        "head": _("learning the head alone"),
        "adapt": _("adapting to the target"),
        "statistics": _("measuring the target's statistics"),
    }
