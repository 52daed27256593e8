"""The command line, as scripts rely on it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest
from safetensors.torch import load_file

from tests.support.own_data import picture_files, zipped
from tests.support.own_texts import HEADER, as_csv, sentence_rows
from xfer_core.cli import main
from xfer_core.exports import onnx
from xfer_core.problems.problem import split_problem
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import open_store
from xfer_core.training.evaluation import Evaluator

QUICK = ("--set", "training.steps=6", "--set", "training.batch_size=8", "--set", "network.width=4")


def printed(capsys, *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("what", ["domains", "networks", "strategies", "selections"])
def test_lists_are_objects_with_a_name_and_a_sentence(capsys, what):
    rows = json.loads(printed(capsys, "list", what, "--json"))
    assert rows
    for row in rows:
        assert row["key" if what == "domains" else "kind"]
        assert row["summary"].endswith((".", "…")), row["summary"]
    assert rows[0]["summary"] in printed(capsys, "list", what)


def test_train_prints_the_documented_object_and_the_same_seed_gives_the_same_number(capsys):
    one, two = (json.loads(printed(capsys, "train", "--json", *QUICK).splitlines()[-1]) for _ in range(2))
    keys = (
        "run status target_metric metrics seconds samples_per_second device precision threads frozen_unchanged warnings"
    )
    assert list(one) == [*keys.split(), "images_per_second", "fixed_unchanged"]
    assert one["images_per_second"] == one["samples_per_second"] > 0
    assert one["status"] == "finished"
    assert one["target_metric"]["name"] == "accuracy/digits.photo/digit/test"
    assert one["target_metric"]["value"] == one["metrics"]["accuracy/digits.photo/digit/test"]
    assert one["metrics"] == two["metrics"]
    assert one["frozen_unchanged"] is one["fixed_unchanged"] is None
    listed = json.loads(printed(capsys, "runs", "--json"))
    assert {row["run"] for row in listed} == {one["run"], two["run"]}
    assert all({"run", "status", "created", "target_metric", "spec"} <= row.keys() for row in listed)
    assert one["run"] in printed(capsys, "show", one["run"])
    assert json.loads(printed(capsys, "show", one["run"], "--json"))["result"]["metrics"] == one["metrics"]


def test_settings_come_after_the_recipe(tmp_path, capsys):
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({"strategy": {"kind": "joint"}, "training": {"steps": 500}, "seed": 4}))
    printed(capsys, "train", str(recipe), *QUICK)
    spec = open_store().find()[0].typed_spec
    assert (spec.strategy.kind, spec.training.steps, spec.seed) == ("joint", 6, 4)


def test_export_gives_recipe_curves_and_weights_that_are_the_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)  # test_exports.py writes it, which takes seconds
    outcome = json.loads(printed(capsys, "train", "--json", *QUICK))
    printed(capsys, "export", outcome["run"], str(tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"recipe.json", "curves.csv", "weights.safetensors"}
    spec = parse_spec(json.loads((tmp_path / "out/recipe.json").read_text()))
    assert spec.model_dump(mode="json") == open_store().get(outcome["run"]).spec
    rows = list(csv.DictReader((tmp_path / "out/curves.csv").open()))
    assert [row["step"] for row in rows if row["name"] == "loss/total"] == ["1", "2", "3", "4", "5", "6"]
    data = split_problem(spec.problem, spec.seed)
    network = spec.network.build(data.input_spec, {"digit": 10})
    network.load_state_dict(load_file(tmp_path / "out/weights.safetensors"))
    import torch

    measured = Evaluator(data, torch.device("cpu"), outcome["precision"]).evaluate(network, "test")
    assert measured == outcome["metrics"]


def test_no_runs_yet_says_what_to_do(capsys):
    assert "train" in printed(capsys, "runs")


BAD = {
    "unknown field": (["--set", "strategy.colour=3"], "strategy.colour", "3"),
    "unknown kind": (["--set", "strategy.kind=jont"], "strategy.kind", "jont"),
    "unknown stage": (["--set", 'strategy.frozen=["conv9"]'], "strategy.frozen", "conv9"),
    "budget": (["--set", "problem.labels_per_class=9999"], "problem.labels_per_class", "9999"),
    "negative λ": (
        ["--set", "strategy.kind=joint", "--set", "strategy.weights.digits.photo/digit=-2"],
        "strategy.weights",
        "-2",
    ),
    "all zero λ": (
        ["--set", "strategy.kind=generalised", "--set", "strategy.weights.digits.photo=0"],
        "strategy.weights",
        "0",
    ),
    "no target": (["--set", "problem.target=[]"], "problem.target", "nothing"),
    "no shared class": (
        ["--set", 'problem.source=["digits.low"]', "--set", 'problem.target=["digits.high"]'],
        "problem.source",
        "digits.low",
    ),
    "twice": (["--set", 'problem.target=["digits.photo","digits.photo"]'], "problem.target", "digits.photo"),
    "no equals sign": (["--set", "seed"], "--set", "seed"),
    "no file": (["nowhere.json"], "recipe", "nowhere.json"),
    "wrong type": (["--set", "training.steps=many"], "training.steps", "many"),
    "out of bounds": (["--set", "training.optimizer.lr=-1"], "training.optimizer.lr", "-1"),
    "no such device": (["--set", "training.device=cuda:77"], "training.device", "cuda:77"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_with_field_rule_and_value(capsys, name):
    arguments, field, value = BAD[name]
    assert main(["train", *arguments]) == 2
    heard = capsys.readouterr()
    assert heard.err.count("\n") == 1, heard.err
    assert heard.err.startswith(field), heard.err
    assert value in heard.err
    assert heard.out == ""
    assert open_store().find() == [], "nothing was started"


@pytest.mark.parametrize("content", [b"{not json", b"[1, 2]", b"\xff\xfe\x00binary", b"3"])
def test_a_bad_recipe_is_one_line(tmp_path, capsys, content):
    (tmp_path / "r.json").write_bytes(content)
    assert main(["train", str(tmp_path / "r.json")]) == 2
    heard = capsys.readouterr().err
    assert heard.count("\n") == 1
    assert heard.startswith("recipe")


@pytest.mark.parametrize("command", ["show", "stop"])
def test_an_unknown_run_is_refused(capsys, command):
    assert main([command, "zzz"]) == 2
    assert "zzz" in capsys.readouterr().err


def test_the_real_program_never_shows_a_traceback():
    command = [sys.executable, "-m", "xfer_core", "train", "--set", "strategy.frozen=7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=os.environ)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("strategy.frozen must be a list")


def test_own_data_is_checked_stored_and_forgotten(tmp_path, capsys):
    (tmp_path / "pets.zip").write_bytes(zipped(picture_files(("cat", "dog"), 5)))
    assert main(["import", str(tmp_path / "pets.zip"), "--check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["domains"][0]["tasks"], found["keys"]) == ({"class": {"cat": 5, "dog": 5}}, [])
    assert main(["import", str(tmp_path / "pets.zip"), "--name", "Pets", "--set", "side=8"]) == 0
    assert "stored as own.pets" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "pets.zip")]) == 2
    assert main(["forget", "pets"]) == 0
    assert main(["forget", "pets"]) == 2
    assert main(["import", str(tmp_path / "none.zip")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert said[2].startswith("path must be a file that can be read")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_network_trains_on_own_texts(tmp_path, capsys, suffix):
    rows, path = sentence_rows(120), tmp_path / f"visits.{suffix}"
    lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in rows]
    path.write_bytes(as_csv(rows) if suffix == "csv" else "\n".join(lines).encode())
    assert "stored as own.visits.north, own.visits.south" in printed(capsys, "import", str(path))
    roles = ["--set", 'problem.source=["own.visits.north"]', "--set", 'problem.target=["own.visits.south"]']
    steps = ["--set", "training.steps=60", "--set", "training.optimizer.lr=0.03"]
    outcome = json.loads(printed(capsys, "train", "--json", *QUICK, *roles, *steps).splitlines()[-1])
    assert open_store().get(outcome["run"]).typed_spec.network.kind == "embedding_bag"
    assert outcome["target_metric"]["name"] == "accuracy/own.visits.south/mood/test"
    assert outcome["target_metric"]["value"] > 0.8, "one word of each text gives its label away"


def test_a_command_loads_what_it_needs_only_when_it_runs():
    """Help appears at once: torch takes more than a second."""
    code = (
        "import sys, xfer_core.cli.parser; sys.exit(bool({'torch', 'pandas', 'pydantic_settings'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
