"""Summary of a run as sentences: its setup and its result."""

from __future__ import annotations

from collections.abc import Mapping

from xfer_core.analysis.accuracy import accuracy_interval, with_unit
from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.verdict import SCRATCH, Verdict
from xfer_core.domains import domain_info
from xfer_core.errors import format_error
from xfer_core.execution.worker import warnings
from xfer_core.names import is_error
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import ENDED, FINISHED, STOPPED, Run
from xfer_core.selections import RULES
from xfer_core.training.config import SGD


def setup_summary(spec: RunSpec) -> list[str]:
    """The setup of the run, without symbols."""
    problem, training, strategy = spec.problem, spec.training, type(spec.strategy)
    labels = problem.labels_per_class
    budget = (
        "with all its labels"
        if labels == "all"
        else f"with {labels} labelled samples of each class"
        if labels
        else "without any labels"
    )
    roles = []
    if problem.source:
        roles.append(f"Source: {_titles(problem.source)}.")
    roles.append(f"Target: {_titles(problem.target)}, {budget}.")
    if problem.unseen:
        roles.append(f"Unseen (test-only): {_titles(problem.unseen)}.")
    optimizer = "SGD" if isinstance(training.optimizer, SGD) else "Adam"
    how = (
        f"The network is {spec.network.kind}, trained for {training.steps} steps with {optimizer} at a learning rate "
        f"of {training.optimizer.lr:g} ({training.schedule}), {training.batch_size} samples of each domain per step."
    )
    summary = (strategy.__doc__ or "").strip().splitlines()[0]
    return [f"{strategy.title}. {summary}", " ".join(roles), how]


def result_summary(run: Run, spec: RunSpec, samples: Mapping[str, int]) -> list[str]:
    """The result, its uncertainty, and the selected step.

    Args:
        run: with its result.
        spec: of the run.
        samples: domain → number of test samples, as far as known.
    """
    metric, result = run.target_metric, run.result
    if not metric or not result:
        left = "It ended without a result." if run.status in ENDED else "It has not ended."
        return [f"This run is {run.status}. {left}", *([run.reason["text"]] if run.reason else [])]
    target, count = spec.problem.target[0], samples.get(spec.problem.target[0])
    value = metric_text(metric["name"], metric["value"])
    on = f"{f'{count} ' if count else ''}test samples of {domain_info(target).card.title}, which no training saw"
    if run.broke:
        sentences = ["The network broke: a result is not finite. Train again with a lower learning rate."]
    elif is_error(metric["name"]):
        sentences = [f"On {on}, its answers are {value} off on average."]
    else:
        sentences = [f"On {on}, {value} of its answers are right."]
        if count:
            low, high = accuracy_interval(metric["value"], count)
            sentences[0] += (
                f" With so many samples, the 95 % interval of this value is {100 * low:.1f} to {100 * high:.1f} %."
            )
    auc = spec.target_metric(auc=True)
    if auc != metric["name"] and auc in result["metrics"]:
        sentences.append(f"Its AUC there is {metric_text(auc, result['metrics'][auc])} (0.5 is chance, 1 is perfect).")
    sentences += [format_error(warning) for warning in warnings(result.get("warnings", []))]
    rule = RULES[spec.training.selection].title
    taken = result.get("selection", {}).get(spec.training.selection, {}).get("step", result.get("step"))
    counts = f"The network of step {taken} counts (rule: {rule}). " if taken is not None else ""
    other = "another figure" if is_error(metric["name"]) else "several points more or less"
    sentences.append(f"{counts}Seed {spec.seed}. This is one run: another seed may give {other}.")
    if run.status == STOPPED:
        sentences.append(f"A person stopped it after {result['step']} of {spec.training.steps} steps.")
    elif run.status != FINISHED:
        sentences.append(f"The run is {run.status}.")
    if result.get("frozen_unchanged") is not None:
        held = "is unchanged to the last bit" if result["frozen_unchanged"] else "HAS CHANGED: this is a bug"
        sentences.append(f"The frozen part {held}.")
    return sentences


def comparison_summary(spec: RunSpec, found: Verdict, samples: int | None) -> list[str]:
    """The result compared with its baseline, and the limits of one run each.

    Args:
        spec: of the run.
        found: the verdict on the run.
        samples: of the target's test set; None if unknown.
    """
    if not found.against or found.stopped_at is not None:
        return []
    how = f"With {found.network}, trained" if found.network else "Trained"
    other = "from scratch, with the very same labels" if found.against == SCRATCH else "on the source alone"
    if found.is_error:
        value, amount = (with_unit(f"{one:.1f}", found.unit) for one in (found.baseline, abs(found.better)))
        side = _side(found, "closer", "farther off")
        first = f"{how} {other}, the answers are {value} off; this run is {amount} {side}."
    else:
        value, amount = (f"{100 * one:.1f}" for one in (found.baseline, abs(found.better)))
        side = _side(found, "above", "below")
        first = f"{how} {other}, {value} % are right; this run is {amount} points {side} that."
    doubt = f"One run each, seed {spec.seed}: another seed may give another difference."
    if samples and not found.is_error:
        doubt = f"A test of {samples} samples moves such a difference by ± {100 * found.noise:.1f} points. {doubt}"
        if not found.is_significant:
            doubt = f"That is too close to tell apart. {doubt}"
    return [f"{first} {doubt}"]


def _side(found: Verdict, better: str, worse: str) -> str:
    return better if found.better >= 0 else worse


def _titles(keys: tuple[str, ...]) -> str:
    return ", ".join(domain_info(key).card.title for key in keys)
