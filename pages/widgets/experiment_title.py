"""Title of an experiment."""

from __future__ import annotations

from pages.i18n import _
from xfer_core.experiments.presets import ALL_PRESETS
from xfer_core.runs.store import StoredExperiment


def preset_title(experiment: StoredExperiment) -> str:
    """The title of its preset; text, not Markdown."""
    return _(ALL_PRESETS[experiment.preset].title)


def experiment_title(experiment: StoredExperiment) -> str:
    """The name that somebody gave it, else its preset's title; text, not Markdown."""
    return experiment.name or preset_title(experiment)
