"""Exports a report of the run: one HTML file that opens offline and can be printed."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

import xfer_core
from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.selection import selection_outcomes
from xfer_core.analysis.verdict import verdict
from xfer_core.charts.confusion import confusion_chart
from xfer_core.charts.image_grid import png_uri
from xfer_core.charts.palette import method_style
from xfer_core.domains import domain_info, notices
from xfer_core.exports import html
from xfer_core.exports.data import require_domains
from xfer_core.exports.figures import Baseline, Figure, figures_of, terms_of
from xfer_core.exports.live_changes import LiveChanges, live_changes
from xfer_core.exports.outputs import output_sentences
from xfer_core.exports.recipe import FILE as RECIPE
from xfer_core.exports.recipe import recipe_text
from xfer_core.exports.report_samples import confused_samples, load_problem_data, samples_of
from xfer_core.exports.script import departures
from xfer_core.exports.summary import comparison_summary, result_summary, setup_summary
from xfer_core.names import MetricName, auc_of, is_auc, is_error, lambda_name
from xfer_core.problems.problem import ProblemData
from xfer_core.runs.baselines import baseline_title, finished_baselines
from xfer_core.runs.spec import RunSpec, metric_name
from xfer_core.runs.store import Run, Store
from xfer_core.selections import RULES

FILE = "report.html"
ROWS = 40  # of a curve's table; all points are in curves.csv


def names(run: Run) -> list[str]:
    """``report.html``.

    Raises:
        XferError: ``domain_gone``.
    """
    require_domains(run.typed_spec.problem, FILE)
    return [FILE]


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``report.html``.

    Raises:
        XferError: ``domain_gone``.
    """
    names(run)
    spec, path = run.typed_spec, folder / FILE
    data = load_problem_data(spec)
    samples = {key: len(one) for (key, split), one in data.held_out.items() if split == "test"} if data else {}
    baselines, changes = finished_baselines(store, run), live_changes(store, run)
    parts = [*_head(run, spec, samples), *_compared(run, spec, baselines, samples), *_done(spec)]
    parts += [*_data(spec, data), *_turned(spec, changes)]
    pictures = figures_of(spec, store.updates_since(run.id).points, _curves(store, spec, baselines))
    parts += [*_pictures(pictures), *_mixed_up(run, spec, data, first=not pictures), *_tests(run, spec, samples)]
    parts += [*_selection(run, spec), *_network(spec), *_again(store, run, spec, bool(changes))]
    path.write_text(html.page(f"{run.name} · Xfer", parts), encoding="utf-8")
    return [path]


def _head(run: Run, spec: RunSpec, samples: Mapping[str, int]) -> Iterator[str]:
    ended = f", {time.strftime('%d %B %Y, %H:%M', time.localtime(run.ended))}" if run.ended else ""
    yield html.heading(run.name, 1)
    yield html.paragraph(f"{type(spec.strategy).title} · run {run.id} · {run.status}{ended}", "quiet")
    if run.target_metric:
        yield html.paragraph(metric_text(run.target_metric["name"], run.target_metric["value"]), "result")
    for sentence in (*result_summary(run, spec, samples), *notices(spec.problem.roles())):
        yield html.paragraph(sentence)


def _compared(run: Run, spec: RunSpec, baselines: Sequence[Run], samples: Mapping[str, int]) -> Iterator[str]:
    """The comparison with its baselines."""
    if run.target_metric is None or run.broke:
        return
    yield html.heading("Is that much? Beside the baselines")
    if not baselines:
        yield html.paragraph(
            "No baseline was trained on this problem with this network, training and seed, so nothing here says what "
            "the transfer gained. Train shows it with its switch “With both baselines”."
        )
        return
    count = samples.get(spec.problem.target[0])
    found = verdict(run, baselines, count)
    for sentence in comparison_summary(spec, found, count) if found else ():
        yield html.paragraph(sentence)
    rows = []
    for one in (run, *baselines):
        metric = one.target_metric or {}
        name = "this run" if one.id == run.id else f"baseline: {baseline_title(one.typed_spec, spec)}"
        rows.append([name, metric_text(metric["name"], metric["value"])])
    title = domain_info(spec.problem.target[0]).card.title
    yield html.table(["trained", f"test samples of {title}"], rows, numbers=1)


def _curves(store: Store, spec: RunSpec, baselines: Sequence[Run]) -> list[Baseline]:
    """The accuracy of each baseline on the target during training."""
    name = spec.target_metric().removesuffix("test") + "validation"
    found = store.curves([run.id for run in baselines], name)
    return [
        Baseline(
            baseline_title(run.typed_spec, spec), method_style(run.spec["strategy"]["kind"]), found.get(run.id, [])
        )
        for run in baselines
    ]


def _done(spec: RunSpec) -> Iterator[str]:
    yield html.heading("What was done")
    for sentence in setup_summary(spec):
        yield html.paragraph(sentence)


def _data(spec: RunSpec, data: ProblemData | None) -> Iterator[str]:
    """A few samples of every domain."""
    if data is None:
        return
    yield html.heading("What the data looks like")
    for key, role in spec.problem.roles().items():
        yield html.picture(
            png_uri(samples_of(data, spec, key)), f"{domain_info(key).card.title} ({role}): test samples."
        )


def _mixed_up(run: Run, spec: RunSpec, data: ProblemData | None, first: bool) -> Iterator[str]:
    """The confusion matrix on the first target; ``first`` if no other chart came before."""
    found = confused_samples(run, spec, data) if data and run.target_metric else None
    if found is None:
        return
    title = domain_info(spec.problem.target[0]).card.title
    yield html.heading("Which classes are mixed up? The confusion matrix")
    light, dark = (confusion_chart(found.counts, theme, "answer", "true class") for theme in (False, True))
    yield html.figure(light, dark, f"{title}: {found.sentence()}", first)
    header = ["true class", *(str(name) for name in found.counts.columns)]
    rows = [[str(name), *map(int, row)] for name, row in zip(found.counts.index, found.counts.to_numpy(), strict=True)]
    yield html.folded("The numbers", html.table(header, rows, numbers=len(header) - 1))


def _turned(spec: RunSpec, turned: LiveChanges) -> Iterator[str]:
    if not turned:
        return
    titles = {lambda_name(term): f"λ of {title}" for term, (title, _look) in terms_of(spec).items()}
    titles["lr"] = "learning rate"
    rows = [(titles.get(name, name), step, f"{value:g}") for step in sorted(turned) for name, value in turned[step]]
    yield html.heading("What was changed while it trained")
    yield html.paragraph("A person changed settings of this run by hand.")
    yield html.table(["what", "after step", "set to"], rows, numbers=2)


def _pictures(pictures: list[Figure]) -> Iterator[str]:
    for i, picture in enumerate(pictures):
        yield html.heading(picture.question)
        yield html.figure(picture.figure(), picture.figure(dark=True), picture.alt(), first=i == 0)
        header, rows = picture.numbers(ROWS)
        yield html.folded("The numbers", html.table(header, rows, numbers=len(header)))


def _tests(run: Run, spec: RunSpec, samples: Mapping[str, int]) -> Iterator[str]:
    if not (run.result and run.result["metrics"]):
        return
    rows, areas = [], any(map(is_auc, run.result["metrics"]))
    for name, value in run.result["metrics"].items():
        if is_auc(name):
            continue  # stands beside its accuracy
        metric = MetricName.parse(name)
        row = [domain_info(metric.domain).card.title, spec.problem.roles()[metric.domain], metric.task]
        rows.append([*row, samples.get(metric.domain, "–"), metric_text(name, value)])
        if areas:
            area = run.result["metrics"].get(auc_of(name))
            rows[-1].append("–" if area is None else metric_text(auc_of(name), area))
    yield html.heading("How well does it do on samples that no training saw?")
    header = ["domain", "role", "task", "test samples", "result", *(["AUC"] if areas else [])]
    yield html.table(header, rows, numbers=3 if areas else 2)
    if areas:
        yield html.paragraph(
            "AUC, the area under the ROC curve: the probability that a sample of the one class gets a higher score "
            "than one of the other. 0.5 is chance, 1 is perfect."
        )
    if any(map(is_error, run.result["metrics"])):
        yield html.paragraph(
            "Per cent: the part of right answers, more is better. Any other unit: a mean error, less is better."
        )


def _selection(run: Run, spec: RunSpec) -> Iterator[str]:
    chosen = (run.result or {}).get("selection") or {}
    if len(chosen) < 2:
        return
    judged = spec.problem.unseen or spec.problem.target
    name = metric_name(spec.problem, judged[0], spec.problem.tasks[0], "test")
    rows = [
        [
            RULES[row.rule].title + (" (decided)" if row.rule == spec.training.selection else ""),
            RULES[row.rule].requires,
            row.step,
            metric_text(name, abs(row.value)),
        ]
        for row in selection_outcomes(chosen)
    ]
    yield html.heading("Model selection: which step would other rules have selected?")
    titles = ", ".join(domain_info(key).card.title for key in judged)
    yield html.paragraph(f"Test samples of {titles}, {spec.problem.tasks[0]}.")
    yield html.table(["rule", "uses", "step", "on test samples"], rows, numbers=2)


def _network(spec: RunSpec) -> Iterator[str]:
    yield html.heading("What goes into the network, and what its outputs mean")
    sentence = spec.problem.input_spec().sentence()
    yield html.paragraph(f"{sentence} The files of the network and data.npz name the outputs, too.")
    for sentence in output_sentences(spec.problem):
        yield html.paragraph(sentence)


def _again(store: Store, run: Run, spec: RunSpec, turned: bool) -> Iterator[str]:
    result = run.result or {}
    yield html.heading("How to run it again")
    yield html.code(
        f"python -m xfer_core train {RECIPE}\n\n# without Xfer, with torch and numpy alone:\npython script.py"
    )
    yield html.paragraph(
        "The same recipe on the same device with the same number of threads gives the same numbers. "
        "Another machine, or another version of torch, rounds differently."
    )
    if turned:
        yield html.paragraph(
            "What a person changed while it trained is in the recipe, as training.live_changes, and in script.py: both "
            "repeat it at the same steps."
        )
    yield html.paragraph(departures(run, spec))
    rows = [
        ("seed", spec.seed),
        ("trained on", result.get("device", "–")),
        ("precision", result.get("precision", "–")),
        ("threads", result.get("threads", run.threads or "–")),
        ("seconds", f"{result['seconds']:.1f}" if "seconds" in result else "–"),
        ("version of the code that trained it", run.code or "–"),
        ("written by", f"Xfer {xfer_core.__version__}, torch {torch.__version__}, Python {platform.python_version()}"),
    ]
    yield html.table(["", ""], rows)
    yield html.heading("The recipe: everything that decides this run")
    yield html.code(recipe_text(store, run))
    yield html.paragraph("Where the data is from:")
    cards = [(key, domain_info(key).card) for key in spec.problem.roles()]
    yield html.table(["domain", "source", "licence"], [(key, card.source, card.licence) for key, card in cards])
