"""λ_{d,i} from a user's table: CSV with the columns domain, sample or class, weight."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, TrainingDomain

FIELD = "strategy.table"
LONGEST = 131_072  # characters of a cell: Python's own limit, which an import in the same process may have raised
HEADERS = (("domain", "sample", "weight"), ("domain", "class", "weight"))


@dataclass(frozen=True)
class SampleWeightRow:
    """One line of the table.

    Attributes:
        domain: its key.
        name: the example id of a sample, or the name of a class of the first task.
        weight: at least 0.
    """

    domain: str
    name: str
    weight: float


@dataclass(frozen=True)
class SampleWeightTable:
    """The parsed table. Samples that it does not name have weight 1, before each domain is scaled to mean 1."""

    by: str
    rows: tuple[SampleWeightRow, ...]

    def weights(self, domain: TrainingDomain, classes: tuple[str, ...], task: str) -> Tensor:
        """w_i of the labelled samples of a domain, float32 (N,), with mean 1.

        Raises:
            XferError: for ``strategy.table``: a sample that the domain does not have in this run, or weights that are
                all 0 there.
        """
        labelled = domain.labelled
        names = [str(number) for number in labelled.example_ids.tolist()]
        if self.by == "class":
            names = [classes[label] for label in labelled.labels[task].tolist()]
        given = {row.name: row.weight for row in self.rows if row.domain == domain.key}
        missing = next((name for name in given if name not in set(names)), None)
        if missing is not None:
            value = f"{domain.key},{missing}"
            raise XferError("table_sample", FIELD, value, by=self.by, domain=domain.key)
        weights = torch.tensor([given.get(name, 1.0) for name in names])
        if not float(weights.sum()):
            raise XferError("table_zero", FIELD, domain.key)
        return weights / weights.mean()


def parse_table(text: str, problem: Problem) -> SampleWeightTable:
    """Parse the table from CSV text.

    Raises:
        XferError: for ``strategy.table``: no such header, a domain that the problem does not train on, a weight that is
            not a finite number of at least 0.
    """
    try:
        lines = list(csv.reader(text.strip().splitlines()))
        if any(len(cell) > LONGEST for line in lines for cell in line):
            raise csv.Error
    except csv.Error:  # also for a quote that is never closed, so that the rest of the table is one cell
        raise XferError("table_cell", FIELD, text, limit=LONGEST) from None
    header = tuple(cell.strip().lower() for cell in (lines[0] if lines else []))
    if header not in HEADERS or len(lines) < 2:
        raise XferError("table_header", FIELD, ",".join(header))
    rows = []
    for line in lines[1:]:
        if not any(cell.strip() for cell in line):
            continue
        cells = [cell.strip() for cell in line]
        if len(cells) != len(header):
            raise XferError("table_row", FIELD, ",".join(line))
        if cells[0] not in (*problem.source, *problem.target):
            raise XferError("table_domain", FIELD, cells[0], allowed=(*problem.source, *problem.target))
        try:
            weight = float(cells[2])
        except ValueError:
            weight = math.nan
        if not (math.isfinite(weight) and weight >= 0):
            raise XferError("table_weight", FIELD, ",".join(line))
        rows.append(SampleWeightRow(cells[0], cells[1], weight))
    return SampleWeightTable(header[1], tuple(rows))
