"""Export of an experiment. To add a format: add a file, and a line to ``FORMATS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from xfer_core.exports.experiments import figure, latex, markdown, recipe, report, runs_csv
from xfer_core.exports.experiments.results import ExperimentResults, gather_results
from xfer_core.runs.store import Store


@dataclass(frozen=True)
class Format:
    """One file of an experiment: text of its button, name, media type, and the function that generates it."""

    title: str
    file: str
    mime: str
    content: Callable[[ExperimentResults], bytes]


FORMATS = (
    Format("Report (HTML)", "report.html", "text/html", report.content),
    Format("All runs (CSV)", "runs.csv", "text/csv", runs_csv.content),
    Format("Table (Markdown)", "table.md", "text/markdown", markdown.content),
    Format("Table (LaTeX)", "table.tex", "application/x-tex", latex.content),
    Format("Figure (SVG)", "figure.svg", "image/svg+xml", partial(figure.static_figure, form="svg")),
    Format("Figure (PNG)", "figure.png", "image/png", partial(figure.static_figure, form="png")),
    Format("Recipe (JSON)", recipe.FILE, "application/json", recipe.content),
)


def export_experiment(store: Store, experiment: str, folder: Path) -> list[Path]:
    """Write an experiment to ``folder`` in every format.

    Raises:
        XferError: ``unknown_experiment``; ``no_results`` while none of its runs is finished.
    """
    found = gather_results(store, experiment)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / form.file for form in FORMATS]
    for form, path in zip(FORMATS, paths, strict=True):
        path.write_bytes(form.content(found))
    return paths
