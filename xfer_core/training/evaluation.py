"""Evaluation on held-out samples. During training only this file reads held-out labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product

import torch
from torch import Tensor

from xfer_core.names import ACCURACY, AUC, ERROR, MetricName, TermName
from xfer_core.networks.base import Network
from xfer_core.problems.problem import ProblemData, label_budget_mask
from xfer_core.selections import Selection, ValidationView
from xfer_core.training.auc import auc
from xfer_core.training.device import autocast_context
from xfer_core.training.temperature import Temperature, fit_temperature

CHUNK = 500
PREVIEW = 10  # samples whose predictions a run reports


class Evaluator:
    """Accuracy and, of two classes, AUC, or the error of a regression, on the held-out splits of a problem.

    Args:
        data: the problem with its data.
        device: where the inputs are stored.
        precision: as in training.
    """

    def __init__(self, data: ProblemData, device: torch.device, precision: str) -> None:
        self.device, self.precision = device, precision
        self.problem, self.task = data.problem, data.problem.tasks[0]
        self.test_domains = data.problem.unseen or data.problem.target
        self.last_outputs: dict[str, Tensor] = {}  # domain → outputs of the first task, at the last validation
        self.preview = preview_samples(data).to(device)
        self.preview_predictions: list[int] = []  # class indices predicted for these at the last validation
        self.prediction_counts: dict[
            tuple[str, str], Tensor
        ] = {}  # (domain, task) → predictions per class, at the last evaluation
        self.splits = {
            name: (
                data.input_spec.to_float(samples.inputs, device),
                {t: y.to(device) for t, y in samples.labels.items()},
            )
            for name, samples in data.held_out.items()
        }

    def give(self, inputs: Mapping[tuple[str, str], Tensor], data: ProblemData | None = None) -> None:
        """Use these inputs of the held-out samples from now on.

        Args:
            inputs: by (domain, split); float, or prepared.
            data: the problem, if they are prepared.
        """
        for name, given in inputs.items():
            ready = data.input_spec.to_float(given, self.device) if data else given.to(self.device)
            self.splits[name] = (ready, self.splits[name][1])

    def evaluate(self, network: Network, split: str) -> dict[str, float]:
        """``accuracy/<domain>/<task>/<split>`` → accuracy as a fraction, for every domain that has this split; of a
        regression ``error/…`` → mean absolute error in the task's unit. For a task with two classes ``auc/…``, too,
        right after its accuracy, where the split has samples of both."""
        metrics, self.prediction_counts = {}, {}
        for (domain, held_out_split), (inputs, labels) in self.splits.items():
            if held_out_split != split:
                continue
            outputs = predict(network, inputs, self.device, self.precision)
            if split == "validation":
                self.last_outputs[domain] = outputs[self.task]
                if domain == self.problem.target[0] and len(self.preview):
                    self.preview_predictions = outputs[self.task][self.preview].argmax(1).tolist()
            for task, logits in outputs.items():
                quality = ValidationView(logits, labels[task]).score()
                number = labels[task].is_floating_point()
                if not number:
                    self.prediction_counts[domain, task] = torch.bincount(logits.argmax(1), minlength=logits.shape[1])
                metrics[str(MetricName(ERROR if number else ACCURACY, domain, task, split))] = abs(quality)
                area = None if number else auc(logits, labels[task])
                if area is not None:
                    metrics[str(MetricName(AUC, domain, task, split))] = area
        return metrics

    def validation_view(self, rule: Selection) -> dict[str, ValidationView]:
        """What a selection rule may use of the last validation: domain → outputs and, where allowed, labels."""
        domains = {
            "nothing": (),
            "source labels": self.problem.source,
            "few target labels": self.problem.target,
            "target inputs": self.problem.target,
            "answers": self.test_domains,
        }[rule.requires]
        views = {}
        for key in domains:
            outputs, labels = self.last_outputs[key], self.splits[key, "validation"][1][self.task]
            if rule.requires == "target inputs":
                views[key] = ValidationView(outputs)
            else:
                few = rule.requires == "few target labels"
                mask = label_budget_mask(labels, self.problem.labels_per_class if few else "all")
                views[key] = ValidationView(outputs[mask], labels[mask])
        return views

    def temperatures(self, network: Network) -> dict[str, Temperature]:
        """``<domain>/<task>`` → the temperature of this network there, for each classification task.

        It is fitted on those validation labels of the domain that the run may use: all of a source, of a target as many
        of each class as the label budget says, none of an unseen domain. Where these are too few it is that of the
        first source, and there is none without a source.
        """
        own: dict[str, Temperature] = {}
        for (domain, split), (inputs, labels) in self.splits.items():
            if split != "validation" or domain in self.problem.unseen:
                continue
            outputs = predict(network, inputs, self.device, self.precision)
            budget = self.problem.labels_per_class if domain in self.problem.target else "all"
            mask = label_budget_mask(labels[self.task], budget)
            for task in self.problem.tasks:
                if labels[task].is_floating_point():
                    continue
                value = fit_temperature(outputs[task][mask], labels[task][mask])
                if value is not None:
                    own[str(TermName(domain, task))] = Temperature(value, domain, int(mask.sum()))
        found: dict[str, Temperature] = {}
        for domain, task in product(self.problem.roles(), self.problem.tasks):
            names = [str(TermName(key, task)) for key in (domain, *self.problem.source[:1])]
            if known := [own[name] for name in names if name in own]:
                found[names[0]] = known[0]
        return found

    def evaluate_test(self, network: Network) -> float:
        """The mean score on the test samples of the unseen domains, or of the targets if there are none."""
        found = []
        for key in self.test_domains:
            inputs, labels = self.splits[key, "test"]
            outputs = predict(network, inputs, self.device, self.precision)[self.task]
            found.append(ValidationView(outputs, labels[self.task]).score())
        return sum(found) / len(found)


def preview_samples(data: ProblemData) -> Tensor:
    """Validation samples of the first target whose predictions are reported during training: the first of each class,
    of at most ten classes. Indices in the split, int64 (≤ 10,); empty if the first task is a regression."""
    task, target = data.problem.tasks[0], data.problem.target[0]
    labels = data.held_out[target, "validation"].labels[task]
    if labels.is_floating_point():
        return torch.zeros(0, dtype=torch.int64)
    firsts = [int((labels == label).nonzero()[0]) for label in labels.unique()[:PREVIEW]]  # ``unique`` sorts
    return torch.tensor(firsts, dtype=torch.int64)


@contextmanager
def evaluating(network: Network) -> Iterator[None]:
    """The network in evaluation mode within the block; afterwards every module has its mode again."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def predict(network: Network, inputs: Tensor, device: torch.device, precision: str) -> dict[str, Tensor]:
    """Outputs by task, float32 (N, K) or (N, 1), without augmentation or gradient; the network keeps its mode."""
    with evaluating(network), torch.inference_mode(), autocast_context(device, precision):
        parts = [network(chunk) for chunk in inputs.split(CHUNK)]
    return {task: torch.cat([part[task] for part in parts]).float() for task in parts[0]}
