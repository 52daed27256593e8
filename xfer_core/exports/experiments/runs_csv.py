"""Exports the finished runs as CSV, one row per run, for spreadsheets and pandas."""

from __future__ import annotations

import pandas as pd

from xfer_core.analysis.comparison import run_records
from xfer_core.exports.experiments.results import ExperimentResults


def content(found: ExperimentResults) -> bytes:
    """Columns: run, method, kind, labels_per_class, seed, the result on every target and unseen domain and on the
    source (accuracies as fractions, or mean errors), AUCs of a task with two classes, seconds. The
    columns and rows are the same, whichever measure ``found`` shows."""
    has_auc = found.spec.target_metric(auc=True) != found.spec.target_metric()
    areas = {row.run: {**row.targets, **row.unseen} for row in run_records(found.done, auc=True)} if has_auc else {}
    what = "error" if found.measure.is_error else "accuracy"
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
                **{f"auc/{key}": value for key, value in areas.get(row.run, {}).items()},
                "seconds": round(row.seconds, 3),
            }
            for row in (run_records(found.done) if found.auc else found.table)
        ]
    )
    return table.to_csv(index=False).encode()
