"""Pages in process: opened, read and pressed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Store

# Every AppTest asks all installed packages for components, which takes longer than most pages: once is enough.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

READ_AS_MARKDOWN = {"body", "label", "help", "tooltip", "caption", "text", "content", "options"}


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


def marks_of(run: str, text: str) -> str:
    """The HTML in which Try it marks what counted in a text, typed into its box of several lines."""
    page = app("run", run=run, view="try")
    assert not page.exception
    page.text_area(key="try.text").set_value(text).run()
    assert not page.exception
    (marked,) = [block.proto.body for block in page.get("html") if 'aria-label="What counted' in block.proto.body]
    return marked


def markdown_fields(test: AppTest) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything on the page that Streamlit reads as Markdown or HTML."""

    def fields(message) -> Iterator[tuple[str, str]]:
        if message is None:  # the root
            return
        for field, value in message.ListFields():
            several = value if field.is_repeated else [value]
            for one in several:
                if field.message_type is not None and not field.message_type.GetOptions().map_entry:
                    yield from fields(one)
                elif isinstance(one, str):
                    yield field.name, one

    def walk(node) -> Iterator[tuple[str, str]]:
        for child in getattr(node, "children", {}).values():
            kind = child.type
            yield from ((f"{kind}.{name}", text) for name, text in fields(child.proto) if _is_read(kind, name))
            yield from walk(child)

    yield from walk(test._tree)


def _is_read(kind: str, name: str) -> bool:
    if kind in ("plotly_chart", "code", "arrow_data_frame", "component", "bidi_component", "unknown"):
        return False
    if kind in ("selectbox", "multiselect") and name == "options":  # plain text in the browser
        return False
    return name in READ_AS_MARKDOWN
