"""Text from outside is text on every page: names, reasons, links, titles and classes."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import pages.widgets.domains
from pages.i18n import JOINER, error_text, plain
from pages.widgets.loss_weights import shares_bar
from tests.support.experiments import empty_experiment, finish_runs, queue_experiment
from tests.support.hostile import HOSTILE, TEXTS
from tests.support.pages import app, finished_run, markdown_fields
from tests.support.training import TARGET
from xfer_core.charts.confusion import confusion_chart
from xfer_core.charts.curves import Curve, curve_chart
from xfer_core.charts.palette import TOTAL, chart_text
from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.execution.failure import failure_reason
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FAILED, Store, open_store

PAGES = Path(__file__).parents[2] / "pages"
RAW = "![]("  # what plain() would have escaped of HOSTILE


# ---------------------------------------------------------------------- the function


def test_nothing_but_backslashes_and_joiners_is_added():
    for text in TEXTS:
        letters = iter(plain(text).replace(JOINER, ""))
        kept = "".join(next(letters) if letter == "\\" else letter for letter in letters)
        assert kept == " ".join(text.split()), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![](http://a/x.png)", rf"!\[\](http:{JOINER}//a/x.png)"),
        ("<img src=x>", r"\<img src=x>"),
        ("$x$ **b** :red[r]", rf"\$x\$ \*\*b\*\* :{JOINER}red\[r\]"),
        ("1. one\n\n# two", r"1\. one # two"),
        ("problem.labels_per_class must be 3; found a_.", r"problem.labels_per_class must be 3; found a\_."),
        ("a -> www.b.c", f"a -{JOINER}> www{JOINER}.b.c"),
    ],
)
def test_what_streamlit_would_read_is_escaped(text, expected):
    assert plain(text) == expected


def test_an_error_s_value_and_parameters_are_text():
    said = error_text(XferError("unknown_choice", "seed", HOSTILE, allowed=[HOSTILE]))
    assert said.count(plain(HOSTILE)) == 2
    assert RAW not in said


def test_a_chart_shows_html_and_templates_as_text():
    assert chart_text("<a href='x'>%{y} & b</a>") == "&lt;a href='x'&gt;%&#123;y} &amp; b&lt;/a&gt;"
    figure = curve_chart([Curve("<b>x</b>", TOTAL, [(0, 1.0)])], "y", dark=False)
    assert figure.data[0].name == "&lt;b&gt;x&lt;/b&gt;"


def test_the_bar_of_shares_shows_a_title_as_text(monkeypatch):
    shown = []
    monkeypatch.setattr("streamlit.html", shown.append)
    shares_bar({"a": 1.0}, {"a": '<img src=x>"'}, {"a": ("#000", "#fff")})
    assert "<img" not in shown[0]
    assert shown[0].count(escape('<img src=x>"')) == 1


def test_classes_in_a_confusion_matrix_are_text():
    names = ["<b>a</b>", "b"]
    figure = confusion_chart(pd.DataFrame([[1, 0], [0, 1]], names, names), False, "x", "y")
    assert list(figure.data[0].x) == ["&lt;b&gt;a&lt;/b&gt;", "b"]


# ---------------------------------------------------------------------- the pages


def require_text(test: AppTest) -> None:
    """Nothing broke, the hostile text is there, and nowhere as it came."""
    assert not test.exception
    found = list(markdown_fields(test))
    assert not [pair for pair in found if pair[0] != "html.body" and RAW in pair[1]]
    assert not [pair for pair in found if "<img" in pair[1].replace(r"\<img", "")]
    assert any(plain(HOSTILE)[:12] in text for _kind, text in found), found
    for chart in test.get("plotly_chart"):
        assert "<img" not in json.dumps(json.loads(chart.proto.spec), ensure_ascii=False)


@pytest.fixture
def hostile_titles(monkeypatch):
    """Every domain and every task is called by a hostile name, as a person may call their own."""
    original = domain_info(TARGET)
    card = replace(original.card, title=HOSTILE, description=HOSTILE)
    patched = lambda key: replace(original, card=card) if key == TARGET else domain_info(key)  # noqa: E731
    monkeypatch.setattr(pages.widgets.domains, "domain_info", patched)


def broken(store: Store, **more) -> str:
    """A run with a hostile name that failed for a hostile reason."""
    run = store.create(RunSpec(), name=HOSTILE, **more)
    store.update(run, status=FAILED, reason=failure_reason("crashed", run, reason=HOSTILE))
    return run


LINKS = [{"seed": HOSTILE}, {"strategy__kind": HOSTILE}, {"problem__target": json.dumps([HOSTILE])}]


@pytest.mark.parametrize("query", LINKS)
def test_a_link_is_text(query):
    require_text(app("train", **query))


def test_the_name_of_the_run_that_train_watches_is_text():
    store = open_store()
    run = finished_run(store, RunSpec(), 0.7)
    store.rename(run, HOSTILE)
    require_text(app("train", run=run))


def test_a_run_s_page_shows_names_as_text():
    store = open_store()
    run, other = (finished_run(store, parse_spec({}, [f"seed={seed}"]), 0.7) for seed in (1, 2))
    for each in (run, other):
        store.rename(each, HOSTILE)
    for view in ("watch", "inside", "try", "home"):
        require_text(app("run", run=run, beside=other, view=view))
    test = app("run", run=HOSTILE)
    require_text(test)


def test_titles_of_domains_are_text_on_train_and_on_a_run_s_page(hostile_titles):
    require_text(app("train", strategy__kind="joint"))
    require_text(app("train", strategy__kind="generalised"))
    run = open_store().create(parse_spec({}, ["strategy.kind=joint"]), name=HOSTILE, status="running")
    require_text(app("run", run=run))


def test_compare_shows_names_and_reasons_as_text():
    store = open_store()
    experiment, ids = queue_experiment(budgets=(5,), seeds=2)
    finish_runs(ids[2:])
    broken(store, experiment=experiment)
    for run in ids:
        store.rename(run, HOSTILE)
    require_text(app("compare", experiment=experiment))


def test_the_list_and_compared_runs_show_names_as_text():
    store = open_store()
    runs = [finished_run(store, parse_spec({}, [f"seed={seed}"]), 0.7) for seed in (1, 2)]
    for run in runs:
        store.rename(run, HOSTILE)
    experiment, ids = queue_experiment(budgets=(5,), seeds=2)
    store.name_experiment(experiment, HOSTILE)
    require_text(app("compare", view="runs"))
    test = app("compare", view="runs", runs=",".join([*runs, *ids]))
    assert not test.exception
    assert not [pair for pair in markdown_fields(test) if RAW in pair[1]]


def test_the_race_and_the_sweep_show_names_and_reasons_as_text():
    store = open_store()
    broken(store, experiment=(race := empty_experiment("race")))
    require_text(app(race=race))
    broken(store, experiment=(sweep := empty_experiment("lambda")))
    require_text(app("compare", experiment=sweep))


# ---------------------------------------------------------------------- nobody forgets it


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


MARKDOWN_CALLS = {
    *("markdown", "caption", "error", "warning", "info", "success", "toast", "title", "header", "subheader"),
    *("button", "page_link", "metric", "expander", "popover", "toggle", "progress", "slider", "image", "spinner"),
}
SAFE = {"plain", "error_text", "escape", "chart_text"}
OUTSIDE_CALLS = {"say", "reason_text", "domain_title", "task_title", "task_word", "problem_title"}
NOT_SHOWN = {"key", "alt", "args", "on_click", "on_change", "query_params", "icon", "format_func", "value"}


def raw_parts(node: ast.AST) -> Iterator[str]:
    """What comes from outside in an argument and goes through no function that escapes it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAFE:
        return
    if isinstance(node, ast.Attribute) and node.attr in ("name", "reason", "experiment"):
        yield ast.unparse(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OUTSIDE_CALLS:
        yield ast.unparse(node)
    for child in ast.iter_child_nodes(node):
        yield from raw_parts(child)


def test_no_page_hands_outside_text_to_streamlit_as_it_came():
    found = []
    for path in PAGES.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for call in calls(tree):
            if isinstance(call.func, ast.Attribute) and call.func.attr in MARKDOWN_CALLS:
                shown = [*call.args[:1], *(word.value for word in call.keywords if word.arg not in NOT_SHOWN)]
                found += [f"{path}:{call.lineno}: {part}" for argument in shown for part in raw_parts(argument)]
        imported = [name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names]
        if "say" in imported and path.name not in (
            "text.py",
            "curves.py",
        ):  # the live view shows reasons as text itself
            found.append(f"{path} imports say")
    assert not found


def test_this_test_would_find_it():
    tree = ast.parse('st.error(f"{run.name}: {plain(run.name)}"); st.caption(_("x").format(t=domain_title(k)))')
    assert list(raw_parts(tree)) == ["run.name", "domain_title(k)"]
