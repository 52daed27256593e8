"""Adding a part touches one file and its registry line, in a copy of the package: a strategy by the worked example of
docs/ADD_A_STRATEGY.md, word by word; a network, a domain of images and one of tables."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/ADD_A_STRATEGY.md").read_text(encoding="utf-8")
REGISTRY = "xfer_core/strategies/__init__.py"

CHECK = """
import json, runpy, sys
from pathlib import Path

from streamlit.testing.v1 import AppTest

from xfer_core.execution import dispatcher

dispatcher.ensure_dispatcher = lambda: None  # the pages below only show

from pages.widgets.lesson import lesson_of
from xfer_core.charts.palette import COLOURS, LineStyle, method_style
from xfer_core.cli import main
from xfer_core.exports.data import write_data
from xfer_core.exports.standalone import script_of
from xfer_core.problems.problem import split_problem
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.train import trainer_for
from xfer_core.strategies.adaptation.mean_alignment import MeanAlignment

settings = ["strategy.kind=mean_alignment", "strategy.weight=7", "training.steps=4", "training.evaluations=1",
    "training.precision=float32", "training.device=cpu", 'training.optimizer={"kind": "sgd", "lr": 0.002}']
assert main(["train", *(part for one in settings for part in ("--set", one)), "--json"]) == 0
assert main(["list", "strategies"]) == 0

spec = parse_spec({}, settings)
trainer = trainer_for(spec)
trainer.run()
data, place = split_problem(spec.problem, spec.seed), Path.cwd()
write_data(data, spec, place)
(place / "script.py").write_text(script_of(spec, data))
assert "import xfer_core" not in (place / "script.py").read_text()
net = runpy.run_path("script.py")["net"]
for name, value in trainer.network.state_dict().items():
    assert (value.double() - net.state_dict()[name].double()).abs().max() < 2e-5, name

schema = MeanAlignment.model_json_schema()["properties"]["weight"]
assert (schema["maximum"], schema["description"]) == (1000, "Weight of the distance beside the source's labels.")
assert method_style("mean_alignment") == LineStyle(*COLOURS["grey"], "longdash")
assert lesson_of(MeanAlignment).paper == "https://www.jmlr.org/papers/v13/gretton12a.html"

page = AppTest.from_file(sys.argv[1], default_timeout=60)
page.query_params["strategy.kind"] = "mean_alignment"
page.run().switch_page("train/page.py")
page.query_params["strategy.kind"] = "mean_alignment"
page.run()
assert not page.exception, page.exception
assert any(box.label == "λ of the distance" for box in page.number_input), [box.label for box in page.number_input]
page.switch_page("methods/page.py").run()
assert not page.exception, page.exception
assert any("Mean alignment" in box.label for box in page.expander)
"""


def test_the_example_trains_and_gets_its_form_schema_lesson_page_and_script_from_its_class(tmp_path):
    file, imported, name = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    path = re.search(r"^`(xfer_core/\S+\.py)`:$", PAGE, re.MULTILINE)
    assert path
    shutil.copytree(ROOT / "xfer_core", tmp_path / "xfer_core", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / path.group(1)).write_text(file, encoding="utf-8")
    registry = (tmp_path / REGISTRY).read_text(encoding="utf-8")
    registry = registry.replace("\n\nAnyStrategy = (", f"\n{imported}\nAnyStrategy = (", 1)
    registry = registry.replace("\n)\n", f"\n{name})\n", 1)
    (tmp_path / REGISTRY).write_text(registry, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "XFER_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", CHECK, str(ROOT / "pages/shell.py")]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200)
    assert not ran.returncode, ran.stderr
    assert re.search(r"^mean_alignment +Learn the source's labels with features whose mean", ran.stdout, re.MULTILINE)
    assert f"target test accuracy: {ran.stdout.split()[-1]}" in ran.stdout


NETWORK = '''
from collections import OrderedDict
from typing import Literal

from torch import nn

from xfer_core.networks.base import Network, NetworkConfig


class Flat(NetworkConfig):
    """One linear stage for any input."""

    modalities = ("image", "table")
    kind: Literal["flat"] = "flat"

    def build(self, spec, outputs):
        size = nn.Sequential(nn.Flatten(), nn.LazyLinear(8))
        size(spec.to_float(spec_zeros(spec), "cpu"))
        return Network(OrderedDict(flat=size), 8, outputs, spec)


def spec_zeros(spec):
    import torch

    return torch.zeros(1, *spec.shape)
'''
DOMAIN = """
import torch

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.modalities import Column, ImageInput, TableInput

CARD = Card("Halves", "Which half is larger?", "made here", "CC0 1.0", "drawn by a formula")
SIDES = ("left", "right")


def build(key, shape, make):
    labels = torch.arange(200) % 2
    inputs = make(labels.view(-1, *[1] * len(shape)).expand(200, *shape).float())
    return Domain(key, CARD, key, inputs, torch.arange(200), {"side": Task("side", labels, SIDES)})


def random(shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


DOMAINS = {
    key: DomainInfo(CARD, 200, SPEC, {"side": SIDES}, lambda key=key: build(key, SPEC.shape, MAKE)) for key in KEYS
}
"""
TABLES = """
KEYS, SPEC = ("t.one", "t.two"), TableInput((Column("a"), Column("b")))
MAKE = lambda x: x + random(x.shape)
"""
IMAGES = """
KEYS, SPEC = ("i.one", "i.two"), ImageInput(1, 8, 8)
MAKE = lambda x: (100 * (x + random(x.shape))).to(torch.uint8)
"""
TRAINED = """
from xfer_core.cli import main
for name in "ti":
    domains = [f'problem.source=["{name}.one"]', f'problem.target=["{name}.two"]']
    settings = [*domains, "network.kind=flat", "training.steps=9"]
    assert main(["train", *(part for one in settings for part in ("--set", one)), "--json"]) == 0
"""


def test_a_network_and_domains_of_both_modalities_are_one_file_each(tmp_path):
    shutil.copytree(ROOT / "xfer_core", tmp_path / "xfer_core", ignore=shutil.ignore_patterns("__pycache__"))
    core = tmp_path / "xfer_core"
    (core / "networks/flat.py").write_text(NETWORK)
    for name, entries in (("halves_of_tables", TABLES), ("halves_of_images", IMAGES)):
        (core / f"domains/{name}.py").write_text(DOMAIN.replace("\n\nDOMAINS = {", f"\n\n{entries}\nDOMAINS = {{"))
    for path, changes in {
        "networks/__init__.py": {
            "\nNETWORKS: ": "\nfrom xfer_core.networks.flat import Flat\nNETWORKS: ",
            "(SmallCNN, ": "(Flat, SmallCNN, ",
            "= SmallCNN | ": "= Flat | SmallCNN | ",
        },
        "domains/__init__.py": {
            "\nFAMILIES = (": "\nfrom xfer_core.domains import halves_of_images, halves_of_tables\nFAMILIES = ("
            "halves_of_images, halves_of_tables, ",
        },
    }.items():
        text = (core / path).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (core / path).write_text(text, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "XFER_HOME": str(tmp_path / "home")}
    ran = subprocess.run(
        [sys.executable, "-c", TRAINED], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200
    )
    assert not ran.returncode, ran.stderr
    results = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{") and "metrics" in line]
    assert [row["target_metric"]["name"] for row in results] == [f"accuracy/{name}.two/side/test" for name in "ti"]
