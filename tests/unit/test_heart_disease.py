"""The benchmark of heart disease: what is read from the files, and the known logistic regression measured again."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.heart_disease import CHOLESTEROL, REFERENCE, fitted_on_all, read, registry_for, spec_for
from tests.support.data import SHARED_DATA, needs_data
from xfer_core import split_problem, use_registry

FOLDER = SHARED_DATA / "heart_disease"


def test_reading(tmp_path):
    for name in ("cleveland", "hungarian", "switzerland", "va"):
        rows = "63.0,1.0,1.0,145.0,0,1.0,2.0,150.0,0.0,2.3,3.0,0.0,6.0,0\n40,0,4,?,211,0,0,99,1,?,?,?,?,3\n"
        (tmp_path / f"processed.{name}.data").write_text(rows)
    one = read(tmp_path)["va"]
    assert one.labels.tolist() == [0, 1]
    assert np.isnan(one.rows[0, CHOLESTEROL])
    assert one.rows[:, 2].tolist() == [0, 3]
    assert np.isnan(one.rows[1]).nonzero()[0].tolist() == [3, 9]
    assert one.recorded().all(), "half of two is enough"


@needs_data
def test_the_reference_is_measured_again():
    hospitals = read(FOLDER)
    for target in ("hungarian", "switzerland"):
        assert fitted_on_all(hospitals, target) == pytest.approx(REFERENCE[target], abs=0.0006)


@needs_data
def test_columns_that_the_target_lacks_are_left_out_and_the_problem_splits():
    with use_registry(registry_for(read(FOLDER), "switzerland")):
        problem = spec_for("switzerland", "joint", 3, (), 0).problem
        names = {column.name for column in problem.input_spec().columns}  # pyright: ignore
        assert len(names) == 8
        assert not names & {"cholesterol", "blood sugar above 120 mg/dl"}
        assert len(split_problem(problem, 0).training["heart.switzerland"].labelled) == 6
