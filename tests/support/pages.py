"""Pages in process: opened, read and pressed."""

from __future__ import annotations

import time

from streamlit.testing.v1 import AppTest

from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Store


def app(page: str = "", **query: str) -> AppTest:
    test = AppTest.from_file("../../pages/shell.py", default_timeout=60)
    if page:
        test.run()
        test.switch_page(page if page.endswith(".py") else f"{page}/page.py")
    for key, value in query.items():
        test.query_params[key.replace("__", ".")] = value
    return test.run()


def text_of(test: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info", "success", "title", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in test.get(kind))


def finished_run(store: Store, spec: RunSpec, accuracy: float, experiment: str = "") -> str:
    """A run as it looks after training, with a made-up accuracy."""
    name = spec.target_metric()
    metric = {"name": name, "value": accuracy}
    result = {"target_metric": metric, "metrics": {name: accuracy}, "seconds": 2.0, "samples_per_second": 900.0}
    result |= {"status": FINISHED, "step": 300, "device": "cpu", "precision": "float32", "threads": 1}
    run = store.create(spec, experiment=experiment)
    store.update(run, status=FINISHED, ended=time.time(), result={**result, "frozen_unchanged": None})
    return run


def start_button(test: AppTest):
    return next(button for button in test.button if button.label == "Start training")


def press(test, label: str):
    next(button for button in test.button if button.label == label).click()
    return test.run()
