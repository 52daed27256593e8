"""The commands in README and docs: they are run; of those that install, open a server or take long, what they call
is there."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest
import streamlit.config
from PIL import Image

from tests.support.experiments import finish_runs, queue_experiment
from tests.support.own_data import write_folder
from tests.support.own_texts import review_files, sentence
from tests.support.runs import QUICK, trained_run
from xfer_core import cli
from xfer_core.execution import dispatcher
from xfer_core.execution.worker import run_here
from xfer_core.exports import onnx
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import QUEUED, RUNNING, open_store
from xfer_core.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHORT = [part for setting in QUICK for part in ("--set", setting)]
PROGRAM = re.compile(r"(python3?|make|pip|streamlit|playwright|pre-commit|[A-Z_]+=\S+)( |$)")


def blocks(page: Path) -> list[str]:
    """The code blocks of a page: those that are indented, and those in fences of sh or python."""
    text = page.read_text("utf-8")
    fenced = re.findall(r"^```(?:sh|python)\n(.*?)^```", text, re.M | re.S)
    indented = re.findall(r"(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+", text)
    return [*fenced, *(re.sub(r"^ {4}", "", block, flags=re.M) for block in indented)]


def commands(page: Path) -> list[str]:
    """The commands of a page, from its blocks and between backticks; without comments."""
    inline = [code for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8")) if " " in code]
    lines = [line for block in blocks(page) for line in block.splitlines()] + inline
    parts = [part.strip() for line in lines for part in line.partition(" #")[0].split("&&")]
    return [found for part in parts if PROGRAM.match(found := part.removeprefix(".venv/bin/"))]


COMMANDS = sorted({command for page in PAGES for command in commands(page)})
OURS = [command for command in COMMANDS if command.startswith("python -m xfer_core ")]
EXAMPLES = (ROOT / "docs/ADD_A_STRATEGY.md",)  # run by test_extending
PROGRAMS = [
    block
    for page in PAGES
    if page not in EXAMPLES
    for block in blocks(page)
    if re.search(r"^(from|import) ", block, re.M)
]


def photographs() -> bytes:
    """A zip archive of two classes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(8):
            with archive.open(f"{('cat', 'dog')[number % 2]}/{number}.png", "w") as file:
                Image.new("RGB", (12, 12), (number * 30, 0, 0)).save(file, "PNG")
    return made.getvalue()


def write_tables(folder: Path) -> None:
    """A table of the patients of two hospitals, one of texts, reviews, and two tables without names of columns."""
    rows = [f"{'north' if row % 3 else 'south'},{row % 7}.5,{'ill' if row % 2 else 'healthy'}" for row in range(180)]
    (folder / "patients.csv").write_text("\n".join(["hospital,value,diagnosis", *rows]))
    visits = [{"text": sentence(row), "mood": "bad" if row % 2 else "good"} for row in range(40)]
    (folder / "visits.jsonl").write_text("\n".join(map(json.dumps, visits)))
    write_folder(folder / "amazon_reviews", review_files(("books", "dvd")))
    (folder / "heart_disease").mkdir()
    for place, name in enumerate(("processed.va.data", "processed.cleveland.data")):
        cells = [[str((row * (column + place + 3)) % 5) for column in range(14)] for row in range(60)]
        (folder / "heart_disease" / name).write_text("\n".join(map(",".join, cells)))


def trouble(command: str) -> str:
    """What this command calls that is not there; empty: nothing."""
    words = shlex.split(command)
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name = words.pop(0).partition("=")[0]
        if name.removeprefix("XFER_").lower() not in Settings.model_fields:
            return f"no setting {name}"
    words[0] = words[0].removeprefix(".venv/bin/")
    match words:
        case ["make", target]:
            return subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True).stderr
        case ["python3", "-m", "venv", _] | ["pre-commit", "install"] | ["playwright", "install", "chromium"]:
            return ""
        case ["pip", "install", *files]:
            missing = [name for name in files if name != "-r" and not (ROOT / name.partition("[")[0]).exists()]
            return f"no file {missing}" if missing else ""
        case ["streamlit", "run", app, *options]:
            unknown = {name[2:] for name in options[::2]} - set(streamlit.config._config_options_template)
            return f"no option {unknown}" if unknown else "" if (ROOT / app).exists() else f"no file {app}"
        case ["python", "-m", "pytest", *options]:
            return "" if options in ([], ["-m", "browser"]) else f"unknown options {options}"
        case ["python", "-m", module, *options]:
            spec = importlib.util.find_spec(module if module != "tests.js" else "tests.js.__main__")
            if spec is None or spec.origin is None:
                return f"no module {module}"
            source = Path(spec.origin).read_text("utf-8")
            return "".join(f"no option {name} " for name in options if name[:2] == "--" and f'"{name}"' not in source)
    return "nobody knows how to check it"


def test_whatever_a_command_calls_is_there():
    assert len(COMMANDS) > 20
    assert not {command: said for command in COMMANDS if command not in OURS and (said := trouble(command))}


def test_the_commands_of_the_core_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    store = open_store()

    def train_here() -> None:
        for queued in store.find(statuses=(QUEUED,)):
            store.transition(queued.id, (QUEUED,), RUNNING)
            run_here(store, queued.id, 1)

    monkeypatch.setattr(dispatcher, "ensure_dispatcher", train_here)
    monkeypatch.setattr(onnx, "NEEDED", ("none",))  # it takes long, and has tests of its own
    (tmp_path / "photos.zip").write_bytes(photographs())
    write_tables(tmp_path)
    Path("recipe.json").write_text(parse_spec({}, QUICK).model_dump_json())
    run = trained_run(store).id
    experiment, runs = queue_experiment(budgets=(1,))
    finish_runs(runs)
    assert len(OURS) > 4
    for number, command in enumerate(sorted(OURS, key=lambda command: "forget" in command)):
        few = command.replace("--budgets 1,5,20 --seeds 5", "--budgets 1 --seeds 2")
        words = shlex.split(few.replace("RUN", run).replace("EXPERIMENT", experiment))[3:]
        words = [f"{word}{number}" if word == "folder" else word for word in words]
        assert cli.main(words + (SHORT if words[0] in ("train", "experiment") else [])) == 0, command
        assert capsys.readouterr().out, command


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs(program, capsys):
    exec(program.replace('"seed=1"', ", ".join(f'"{setting}"' for setting in ("seed=1", *QUICK))), {})
    assert "accuracy/digits.photo/digit/test" in capsys.readouterr().out
