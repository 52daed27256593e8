"""Latency of predictions for a drawing: from its arrival in the page's script to the HTML of the predictions.

``python -m benchmarks.answers [--json]``. It trains four small runs in a home of its own, then times the whole chain:
decoding the drawing, rendering it for every domain, predicting, writing bars and table.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import tempfile
import time
from typing import Any

import torch

from pages.components.drawing_pad.view import SIDE, decode_pixels
from xfer_core.analysis.drawn_picture import predict_pictures, render_variants
from xfer_core.analysis.predict import one_thread
from xfer_core.charts.predictions import LegendEntry, prediction_bars, variants_table
from xfer_core.domains.printed import fonts, render_glyphs
from xfer_core.execution.worker import run_here
from xfer_core.networks import Network
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import RUNNING, Store, open_store

KINDS = ("fine_tune", "source_only", "target_only", "joint")
STEPS = 60
UNSEEN = ("digits.rotated", "digits.noisy", "digits.inverted")  # so that a drawing is rendered for five domains
WARM, ROUNDS = 5, 50
LIMIT = 150  # milliseconds
Contestant = tuple[RunSpec, Network]


def contestants(store: Store) -> list[Contestant]:
    """Four trained networks of the default size, each of another strategy."""
    unseen, threads = json.dumps(UNSEEN), torch.get_num_threads()
    found = []
    for kind in KINDS:
        settings = [f"strategy.kind={kind}", f"training.steps={STEPS}", f"problem.unseen={unseen}"]
        run = store.create(parse_spec({}, settings), name=kind, status=RUNNING)
        run_here(store, run, 1)
        row = store.get(run)
        found.append((row.typed_spec, load_trained_network(row)))
    torch.set_num_threads(threads)  # as in the web server
    return found


def drawings() -> list[str]:
    """Ten digits, encoded as the browser sends them."""
    shapes = (255 * render_glyphs(fonts()[:1])[0]).to(torch.uint8)  # (10, 64, 64)
    assert shapes.shape[1:] == (SIDE, SIDE)
    return [base64.b64encode(shape.numpy().tobytes()).decode() for shape in shapes]


def answer(sent: str, asked: list[Contestant]) -> str:
    """The work of the panel for one drawing: the HTML of bars and table."""
    spec = asked[0][0]
    keys = tuple(spec.problem.roles())
    with one_thread():
        pictures = {key: variants[:1] for key, variants in render_variants(decode_pixels(sent), keys).items()}
        predicted = [predict_pictures(network, spec.problem, "digit", pictures) for spec, network in asked]
    titles = {name: name for name in predicted[0][keys[0]].probabilities}
    speakers = [LegendEntry(spec.strategy.kind, "#0072B2") for spec, _ in asked]
    bars = prediction_bars([(who, each[keys[0]]) for who, each in zip(speakers, predicted, strict=True)], titles)
    heads = [(key, image, key, False) for key, image in pictures.items()]
    rows = [(who, list(each.values())) for who, each in zip(speakers, predicted, strict=True)]
    return bars + variants_table(heads, rows, titles)


def measure() -> dict[str, Any]:
    """Milliseconds for one network and for four: median, minimum, maximum."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XFER_HOME"] = folder
        asked = contestants(open_store())
    sent = drawings()
    found: dict[str, Any] = {"threads": torch.get_num_threads(), "domains": 2 + len(UNSEEN), "limit": LIMIT}
    for count in (1, len(asked)):
        times = []
        for turn in range(WARM + ROUNDS):
            begun = time.perf_counter()
            answer(sent[turn % len(sent)], asked[:count])
            times.append(1000 * (time.perf_counter() - begun))
        timed = times[WARM:]
        found[f"networks_{count}"] = {"median": statistics.median(timed), "min": min(timed), "max": max(timed)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure()
    if options.json:
        print(json.dumps(found))
        return
    for count in (1, len(KINDS)):
        row = found[f"networks_{count}"]
        name = f"drawing to predictions, {count} network{'s' * (count > 1)}, {found['domains']} domains, ms"
        print(f"{name:<56}{row['median']:>7.1f}  ({row['min']:.1f} to {row['max']:.1f}; at most {LIMIT} are allowed)")


if __name__ == "__main__":
    main()
