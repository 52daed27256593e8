"""The whole script, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from xfer_core.analysis.drawn_picture import image_shape
from xfer_core.exports.outputs import output_sentences
from xfer_core.exports.standalone.layers import network_code
from xfer_core.exports.standalone.loop import Plan, loop_code, phase_calls
from xfer_core.exports.standalone.method import WIDTH, StandaloneMethod, assignment
from xfer_core.exports.standalone.views import batches_code
from xfer_core.networks.base import Network
from xfer_core.problems.problem import ProblemData
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import Strategy

_DOC = '''"""{title}, as one plain PyTorch script.

{summary}

Run it with ``python script.py``; it needs torch and numpy, and data.npz beside it. Its last line is the result of the
network on the target's test samples.
{departs}"""
'''

_DATA = '''
data = np.load(Path(__file__).with_name("data.npz"))


def tensor(name):
    """One array of data.npz. Images are uint8 (N, C, H, W); labels class indices, or values; one per sample."""
    return torch.from_numpy(data[name])


def labels_of(part):
    """Task → the labels of one part of a domain, such as digits.photo/test."""
    return {task: tensor(f"{part}/{task}") for task in TASKS}
'''

_LOOK = '''
View = namedtuple("View", "features outputs")


def look(batches):
    """One forward pass over all batches, so that batch norm uses the statistics of their mixture: name → View."""
    sizes = [len(batch.images) for batch in batches.values()]
    features = net.features(torch.cat([batch.images for batch in batches.values()]))
    outputs = {task: head(features).split(sizes) for task, head in net.heads.items()}
    parts = features.split(sizes)
    return {name: View(parts[i], {task: outputs[task][i] for task in TASKS}) for i, name in enumerate(batches)}
'''

_CLASSES = '''
def task_loss(outputs, labels):
    """Cross-entropy of each sample."""
    return F.cross_entropy(outputs, labels, reduction="none")
'''

_NUMBERS = '''
def task_loss(outputs, labels):
    """The squared error of each sample."""
    return (outputs[:, 0] - labels) ** 2
'''

_BOTH = '''
def task_loss(outputs, labels):
    """Cross-entropy of each sample for classification, the squared error for regression."""
    if labels.is_floating_point():
        return (outputs[:, 0] - labels) ** 2
    return F.cross_entropy(outputs, labels, reduction="none")
'''

_TASK_LOSSES = '''
def task_losses(batches, views):
    """The mean loss of every task on every labelled domain, named domain/task."""
    return {
        f"{domain}/{task}": task_loss(outputs, batches[domain].labels[task]).mean()
        for domain, view in views.items()
        if batches[domain].labels
        for task, outputs in view.outputs.items()
    }
'''

_START = """
torch.manual_seed(SEED)  # of the initial weights
net = Network().to(memory_format=torch.channels_last)
{setup}generator = torch.Generator().manual_seed(SEED)  # of batches and their augmentation
streams = {{}}
{streams}
learning_rate = LEARNING_RATE
done = 0  # steps of the whole run
"""

_LABELLED = """
for domain in {domains!r}:
    streams[domain] = Stream(tensor(f"{{domain}}/labelled/images"), labels_of(f"{{domain}}/labelled"))
"""

_UNLABELLED = """
for domain in {domains!r}:  # every training image, labelled or not, without its label
    images = torch.cat([tensor(f"{{domain}}/labelled/images"), tensor(f"{{domain}}/unlabelled/images")])
    streams[f"{{domain}}/unlabelled"] = Stream(images, {{}})
"""

_TEST = '''
def test(domain):
    """Task → accuracy on the test samples of a domain; for a regression the mean error."""
    images, labels, found = tensor(f"{domain}/test/images"), labels_of(f"{domain}/test"), {}
    net.eval()
    with torch.inference_mode():
        parts = [net(chunk.float() / 255) for chunk in images.split(500)]
    for task, truth in labels.items():
        outputs = torch.cat([part[task] for part in parts])
        if truth.is_floating_point():
            found[task] = (outputs[:, 0] - truth).abs().mean().item()
        else:
            found[task] = (outputs.argmax(1) == truth).float().mean().item()
    return found


results = {domain: test(domain) for domain in TARGETS + UNSEEN}
for domain, found in results.items():
    for task, value in found.items():
        print(f"{domain}, {task}: {value:.4f}")
'''

_IMPORTS = (
    ("copy.", "import copy"),
    ("itertools.", "import itertools"),
    ("math.", "import math"),
    ("OrderedDict(", "from collections import OrderedDict"),
    ("namedtuple(", "from collections import namedtuple"),
)


def script_text(
    spec: RunSpec,
    data: ProblemData,
    network: Network,
    plan: Plan,
    method: StandaloneMethod,
    facts: Sequence[str],
    departs: str,
) -> str:
    """The script of a run.

    Args:
        spec: of the run.
        data: its problem with its data.
        network: of the run; only its layers and names are used.
        plan: its phases.
        method: its strategy's parts.
        facts: sentences about this run, as comments; safe for names typed by people.
        departs: how the script's result may differ.
    """
    numbers = data.problem.regressions()
    losses = _CLASSES if not numbers else _NUMBERS if len(numbers) == len(data.problem.tasks) else _BOTH
    sections = [
        ("Settings", _settings(spec, plan, method)),
        ("Data", _DATA),
        ("The network", network_code(network, image_shape(data.input_spec))),
        ("Batches", batches_code(spec.training.augment)),
        ("Losses", "\n".join([_LOOK, losses, *_needed(_TASK_LOSSES, "task_losses(", method)])),
        ("The start: weights, random numbers, batches", _start(plan, method)),
        ("What is minimised", "\n".join([*([method.helpers] if method.helpers else []), method.terms])),
        ("Training", f"{loop_code(plan, method)}\n\n{phase_calls(plan, method, network)}"),
        ("Test", _TEST + _last_line(spec)),
    ]
    body = "\n\n".join(f"# {'-' * 20} {title}\n\n{text.strip(chr(10))}\n" for title, text in sections)
    imports = [line for sign, line in _IMPORTS if sign in body]
    plain = sorted(line for line in imports if line.startswith("import"))
    named = sorted({line.partition(" import ")[2] for line in imports if line.startswith("from")})
    collections = [f"from collections import {', '.join(named)}"] if named else []
    head = "\n".join([*plain, *collections, "from pathlib import Path"])
    torch = "import numpy as np\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
    comments = _comments([*facts, *output_sentences(spec.problem)])
    return f"{_doc(spec.strategy, departs)}\n{comments}\n{head}\n\n{torch}\n{body}"


def _doc(strategy: Strategy, departs: str) -> str:
    summary = (type(strategy).__doc__ or "").strip().splitlines()[0].replace("\\", "\\\\")
    reason = "".join(f"{line}\n" for line in wrap(departs, WIDTH))
    return _DOC.format(title=type(strategy).title, summary=summary, departs=reason)


def _comments(facts: Sequence[str]) -> str:
    """Each fact as comment lines, so that no text in it can become code."""
    lines = [line for fact in facts for line in wrap(" ".join(fact.split()), WIDTH)]
    return "".join(f"# {line}\n" for line in lines)


def _settings(spec: RunSpec, plan: Plan, method: StandaloneMethod) -> str:
    training, problem = spec.training, spec.problem
    rows = [
        ("SEED", spec.seed, ""),
        ("STEPS", training.steps, "of the whole run"),
        ("BATCH", training.batch_size, "samples that each domain gives to a step"),
        ("LEARNING_RATE", training.optimizer.lr, ""),
        ("TASKS", problem.outputs(), "task → number of outputs of its head"),
        ("SOURCES", list(problem.source), ""),
        ("TARGETS", list(problem.target), ""),
        ("UNSEEN", list(problem.unseen), "only tested on"),
        ("LAMBDA", spec.strategy.lambdas(problem), "weight of each loss"),
    ]
    for name in method.constants:
        field = type(spec.strategy).model_fields[name]
        rows.append((name.upper(), getattr(spec.strategy, name), field.title or ""))
    rows += [row for piece in plan.pieces for row in piece.constants]
    return "".join(assignment(*row) for row in rows)


def _start(plan: Plan, method: StandaloneMethod) -> str:
    labelled = dict.fromkeys(key for phase in plan.phases for key in phase.domains)
    unlabelled = dict.fromkeys(key for phase in plan.phases for key in phase.unlabelled)
    streams = _LABELLED.format(domains=list(labelled)) if labelled else ""
    streams += _UNLABELLED.format(domains=list(unlabelled)) if unlabelled else ""
    setup = method.setup.strip("\n") + "\n" if method.setup else ""
    return _START.format(setup=setup, streams=streams.strip("\n").replace("\n\n", "\n"))


def _needed(text: str, sign: str, method: StandaloneMethod) -> list[str]:
    return [text] if any(sign in part for part in (method.helpers, method.terms, method.update)) else []


def _last_line(spec: RunSpec) -> str:
    task, target = spec.problem.tasks[0], spec.problem.target[0]
    word = "error" if task in spec.problem.regressions() else "accuracy"
    return f'value = results[{target!r}][{task!r}]\nprint(f"target test {word}: {{value:.4f}}")\n'
