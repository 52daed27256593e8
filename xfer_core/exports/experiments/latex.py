"""Exports the table of an experiment in LaTeX, for a paper; it needs only the package booktabs."""

from __future__ import annotations

from xfer_core.exports.experiments.facts import facts
from xfer_core.exports.experiments.results import ExperimentResults

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    **{letter: f"${letter}$" for letter in "<>"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": "$-$",
    "λ": r"$\lambda$",
    "…": r"\ldots{}",
    "→": r"$\to$",
    "×": r"$\times$",
    "°": r"$^\circ$",
    "–": "--",
}


def escape(text: str) -> str:
    """Escape a text so that LaTeX prints it literally."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def content(found: ExperimentResults) -> bytes:
    """A ``table`` with caption and label."""
    rows = found.rows
    columns = list(rows[0])
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escape(found.title)} {escape(' '.join(facts(found)))}}}",
        r"  \label{tab:xfer}",
        rf"  \begin{{tabular}}{{ll{'r' * (len(columns) - 2)}}}",
        r"    \toprule",
        "    " + " & ".join(map(escape, columns)) + r" \\",
        r"    \midrule",
        *("    " + " & ".join(escape(cell) for cell in row.values()) + r" \\" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return ("\n".join(lines) + "\n").encode()
