"""What is taken home of an experiment: every file holds what the page says, and the recipe makes it again."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from PIL import Image

from tests.support.experiments import finish_runs, queue_experiment
from tests.support.pages import app, text_of
from xfer_core.cli import main
from xfer_core.errors import XferError
from xfer_core.exports.experiments import FORMATS, export_experiment
from xfer_core.exports.experiments.recipe import read_recipe
from xfer_core.exports.experiments.results import gather_results
from xfer_core.runs.store import open_store


@pytest.fixture
def made() -> tuple[str, dict[str, bytes]]:
    """A finished experiment and its files by name."""
    experiment, ids = queue_experiment(seeds=5)
    finish_runs(ids)
    store = open_store()
    store.name_experiment(experiment, "50 % <b>λ</b> & more")
    found = gather_results(store, experiment)
    return experiment, {form.file: form.content(found) for form in FORMATS}


def test_the_table_of_runs_has_a_row_a_run(made):
    table = pd.read_csv(io.BytesIO(made[1]["runs.csv"]))
    assert len(table) == 60
    assert set(table["method"]) == {"From scratch", "Source only", "Fine-tuning", "Joint learning"}
    scratch = table[(table["kind"] == "target_only") & (table["labels_per_class"] == 5) & (table["seed"] == 2)]
    assert scratch["accuracy/digits.photo"].item() == pytest.approx(0.37)


def test_the_tables_say_what_the_page_says(made):
    markdown, latex = made[1]["table.md"].decode(), made[1]["table.tex"].decode()
    lines = markdown.splitlines()
    assert len(lines) == 2 + 12
    assert len({line.count("|") for line in lines}) == 1
    fine_tuning = next(line for line in lines if line.startswith("| 5 | Fine-tuning"))
    assert "| better | 67.0 ± 1.6 | +30.0 | +30.0 … +30.0 |" in fine_tuning
    assert latex.count(r"\\") == 13
    assert r"50 \% $<$b$>$$\lambda$$<$/b$>$ \& more" in latex
    assert r"67.0 $\pm$ 1.6" in latex
    columns = latex.split("{tabular}{")[1].split("}")[0]
    assert len(columns) == lines[0].count("|") - 1


def test_the_figures_are_pictures(made):
    assert ET.fromstring(made[1]["figure.svg"].decode()).tag.endswith("svg")
    assert "Fine-tuning" in made[1]["figure.svg"].decode()
    image = Image.open(io.BytesIO(made[1]["figure.png"]))
    assert image.width >= 1400


def test_the_same_runs_give_the_same_figure(made):
    experiment, files = made
    again = {form.file: form.content(gather_results(open_store(), experiment)) for form in FORMATS}
    assert again["figure.svg"] == files["figure.svg"]


@pytest.mark.parametrize("budgets", [(5,), (1, 5)])
def test_a_name_with_dollars_is_drawn_as_it_is(budgets):
    experiment, ids = queue_experiment(budgets=budgets, seeds=1)
    finish_runs(ids)
    open_store().rename(ids[0], "$\\frac{a}$ <script>")
    found = gather_results(open_store(), experiment)
    for form in FORMATS:
        assert form.content(found)


def test_the_report_is_one_file_with_the_verdict_and_loads_nothing(made):
    report = made[1]["report.html"].decode()
    assert "50 % &lt;b&gt;λ&lt;/b&gt; &amp; more" in report
    assert "with 1 label per class does better than From scratch with 20 labels per class (5 seeds)." in report
    assert "Handwritten digits → Digits on photographs" in report
    assert 'src="data:image/svg+xml;base64,' in report
    assert "http" not in report.replace("http://www.w3.org", "")


def test_the_recipe_makes_the_same_experiment_again(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("xfer_core.execution.dispatcher.ensure_dispatcher", lambda: None)
    experiment, files = made
    path = tmp_path / "experiment.json"
    path.write_bytes(files["experiment.json"])
    assert main(["submit", str(path)]) == 0
    again = capsys.readouterr().out.strip()
    store = open_store()
    assert again in store.experiments()
    assert again != experiment
    assert store.experiment(again).name == store.experiment(experiment).name

    def specs(which: str) -> list[str]:
        return sorted(json.dumps([run.name, run.spec], sort_keys=True) for run in store.find(experiment=which))

    assert specs(again) == specs(experiment)


def test_the_command_writes_every_file(made, tmp_path, capsys):
    assert main(["export", made[0], str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(form.file for form in FORMATS)
    assert len(capsys.readouterr().out.splitlines()) == len(FORMATS)


def test_without_a_result_there_is_one_sentence(tmp_path):
    experiment, _ids = queue_experiment(seeds=1)
    with pytest.raises(XferError, match="at least one finished run"):
        export_experiment(open_store(), experiment, tmp_path)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"experiment": "help"}, "seeds must be as the export of an experiment writes it"),
        ({"experiment": "help", "seeds": [0]}, "runs must be as the export"),
        ({"experiment": "nonsense", "seeds": [0], "runs": []}, "experiment must be one of"),
        ({"experiment": "help", "seeds": [0], "runs": [{"spec": 5}]}, "runs must be as the export"),
        ({"experiment": "help", "seeds": ["x"], "runs": [{"spec": {}}]}, "seed must be"),
        ({"experiment": "help", "seeds": list(range(601)), "runs": [{"spec": {}}]}, "at most 600 runs"),
        ({"experiment": "help", "seeds": [0], "runs": [{"spec": {"training": {"steps": 0}}}]}, "training.steps must"),
        ([], "recipe must be as the export"),
    ],
)
def test_a_broken_recipe_is_one_sentence(broken, said):
    with pytest.raises(XferError) as caught:
        read_recipe(broken)
    assert said in str(caught.value)
    assert not open_store().find()


def test_a_recipe_is_opened_on_the_page_and_started_with_one_press(made):
    experiment, files = made
    page = app("compare", question="help")
    (upload,) = [one for one in page.get("file_uploader") if "experiment.json" in one.label]
    upload.upload("experiment.json", files["experiment.json"], "application/json").run()
    assert not page.exception
    assert "60 runs, seeds: 0, 1, 2, 3, 4; Fine-tuning, From scratch" in text_of(page)
    next(button for button in page.button if button.label == "Start these runs").click().run()
    assert not page.exception
    (again,) = [one for one in open_store().experiments() if one != experiment]
    assert len(open_store().find(experiment=again)) == 60
    assert page.query_params["experiment"] in (again, [again])


def test_a_bad_recipe_on_the_page_is_one_sentence():
    page = app("compare")
    (upload,) = [one for one in page.get("file_uploader") if "experiment.json" in one.label]
    upload.upload("experiment.json", b'{"experiment": "help"}', "application/json").run()
    assert [error.value.split(";")[0] for error in page.error] == [
        "seeds must be as the export of an experiment writes it: experiment, seeds, and runs with a spec each"
    ]
    assert not open_store().find()
