"""Title of an experiment."""

from __future__ import annotations

from pages.i18n import _
from pages.widgets.store import store
from xfer_core.experiments.experiment import preset_of
from xfer_core.experiments.presets import PRESETS


def question_title(batch: str) -> str:
    """The title of an experiment's preset, by its batch; text, not Markdown."""
    question = PRESETS.get(preset_of(batch))
    return _(question.title) if question else batch


def experiment_title(batch: str) -> str:
    """The name that somebody gave it, else its preset's title; text, not Markdown."""
    return store().experiment_name(batch) or question_title(batch)
