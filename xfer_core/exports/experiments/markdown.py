"""Exports the table of an experiment in Markdown, for a note or an issue."""

from __future__ import annotations

from xfer_core.exports.experiments.results import ExperimentResults


def content(found: ExperimentResults) -> bytes:
    """A pipe table with a row per method and label budget."""
    rows = found.rows
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return ("\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n").encode()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
