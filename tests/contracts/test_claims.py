"""What the project claims of its default problem, measured again here."""

from __future__ import annotations

import json

import pytest
import torch

from benchmarks import precision
from xfer_core.training.device import select_precision


@pytest.mark.slow
def test_fine_tuning_beats_from_scratch_by_twelve_points_over_five_seeds(capsys):
    """After a fifth of the default steps already; docs/RESULTS.md has what whole runs were measured to reach."""
    found = precision.measure(5, ("float32",), ("training.steps=80", "training.evaluations=1", "training.device=cpu"))[
        "float32"
    ]
    with capsys.disabled():
        for kind in precision.STRATEGIES:
            row = found[kind]
            print(f"\n{kind}: {100 * row['mean']:.1f} ± {100 * row['deviation']:.1f} % over 5 seeds", end="")
        print(f"\nfine-tuned minus from scratch: {100 * found['gain']:+.1f} points")
    assert found["gain"] >= 0.12


def test_bf16_is_only_chosen_by_itself_while_it_costs_at_most_a_point():
    committed = json.loads(precision.FILE.read_text())
    assert committed["seeds"] >= 5
    assert set(committed["difference"]) == set(precision.STRATEGIES)
    for kind, difference in committed["difference"].items():
        rows = (committed[name][kind]["values"] for name in ("bf16", "float32"))
        means = [sum(values) / len(values) for values in rows]
        assert means[0] - means[1] == pytest.approx(difference)
        assert abs(difference) <= 0.01


def test_auto_takes_bf16_exactly_where_the_device_has_it(monkeypatch):
    from xfer_core.training import device

    for has in (True, False):
        monkeypatch.setattr(device, "has_bf16", lambda _device, has=has: has)
        assert select_precision("auto", torch.device("cpu")) == ("bf16" if has else "float32")
