"""Exports a report of the experiment: one HTML file that opens offline and can be printed."""

from __future__ import annotations

import base64
import time

from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.sentences import how_judged
from xfer_core.domains import notices
from xfer_core.exports import html
from xfer_core.exports.experiments import recipe
from xfer_core.exports.experiments.facts import facts
from xfer_core.exports.experiments.figure import static_figure
from xfer_core.exports.experiments.results import ExperimentResults


def content(found: ExperimentResults) -> bytes:
    """The verdict, the setup, the figure, the table with its statistics explained, every run, and the recipe."""
    made = time.strftime("%d %B %Y", time.localtime(found.runs[0].created))
    parts = [html.heading(found.title, 1), html.paragraph(f"An experiment of {made}", "quiet")]
    parts += [html.paragraph(_bare(one.text)) for one in found.said]
    parts += map(html.paragraph, notices(key for spec in found.specs for key in spec.problem.roles()))
    parts += [html.heading("What was asked"), *map(html.paragraph, facts(found))]
    parts += [html.heading("What came out"), _figure(found)]
    rows = found.rows
    parts.append(html.table(list(rows[0]), [list(row.values()) for row in rows], numbers=len(rows[0]) - 3))
    parts.append(html.folded("How this is judged, exactly", html.paragraph(how_judged(found.found))))
    parts += [html.heading("Every run"), html.folded(f"{len(found.table)} finished runs", _runs(found))]
    parts += [html.heading("The recipe"), html.paragraph(f"python -m xfer_core submit {recipe.FILE}")]
    parts.append(html.folded("All that decides this experiment", html.code(recipe.content(found).decode())))
    return html.page(f"{found.title} · Xfer", parts).encode()


def _figure(found: ExperimentResults) -> str:
    picture = base64.b64encode(static_figure(found, "svg")).decode()
    words = f"The result of every finished run, in the colours of the methods: {', '.join(found.titles.values())}."
    return html.static_figure(f"data:image/svg+xml;base64,{picture}", words)


def _runs(found: ExperimentResults) -> str:
    metric = found.spec.target_metric(found.auc)
    rows = [
        (row.title, row.budget, row.seed, metric_text(metric, row.value), f"{row.seconds:.1f}", row.run)
        for row in found.table
    ]
    return html.table(["method", "labels per class", "seed", "result", "seconds", "run"], rows, numbers=5)


def _bare(text: str) -> str:
    """A Markdown sentence as plain text."""
    return text.replace("**", "")
