"""Exports the finished runs as CSV, one row per run, for spreadsheets and pandas."""

from __future__ import annotations

import pandas as pd

from xfer_core.exports.experiments.results import ExperimentResults


def content(found: ExperimentResults) -> bytes:
    """Columns: run, method, kind, labels_per_class, seed, the result on every target and unseen domain and on the
    source (accuracies as fractions, or mean errors), seconds."""
    what = "error" if found.numbers else "accuracy"
    table = pd.DataFrame(
        [
            {
                "run": row.run,
                "method": row.title,
                "kind": row.kind,
                "labels_per_class": row.budget,
                "seed": row.seed,
                **{f"{what}/{key}": value for key, value in row.targets.items()},
                **{f"{what}/{key} (unseen)": value for key, value in row.unseen.items()},
                f"{what}/source": row.source_accuracy,
                "seconds": round(row.seconds, 3),
            }
            for row in found.table
        ]
    )
    return table.to_csv(index=False).encode()
