"""Names of what a run measures and of the loss terms that it adds up, as the store and the event stream spell them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

ACCURACY, ERROR, AUC = "accuracy", "error", "auc"
LAMBDA = "lambda"


@dataclass(frozen=True)
class MetricName:
    """``<measure>/<domain>/<task>/<split>``.

    Attributes:
        measure: ``accuracy``, a fraction; ``auc``, from 0 to 1, of a task with two classes; or ``error``, in the unit
            of the task.
        domain: its key.
        task: its name.
        split: ``train``, ``validation`` or ``test``.
    """

    measure: str
    domain: str
    task: str
    split: str

    def __str__(self) -> str:
        return f"{self.measure}/{self.domain}/{self.task}/{self.split}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name in this text.

        Raises:
            ValueError: for a text that is no name of a metric.
        """
        measure, domain, task, split = text.split("/")
        return cls(measure, domain, task, split)


def is_error(name: str) -> bool:
    """Whether this metric is an error, of which less is better."""
    return name.startswith(f"{ERROR}/")


def is_accuracy(name: str) -> bool:
    """Whether this metric is an accuracy, a fraction."""
    return name.startswith(f"{ACCURACY}/")


def is_auc(name: str) -> bool:
    """Whether this metric is an area under the ROC curve, from 0 to 1."""
    return name.startswith(f"{AUC}/")


def auc_of(name: str) -> str:
    """The AUC of what this metric measures: same domain, task and split."""
    return str(replace(MetricName.parse(name), measure=AUC))


@dataclass(frozen=True)
class TermName:
    """``<domain>/<task>``, or ``<domain>`` where one term adds up all its tasks; a method's own terms, such as
    ``distillation``, look like a domain and are named by the method."""

    domain: str
    task: str = ""

    def __str__(self) -> str:
        return f"{self.domain}/{self.task}" if self.task else self.domain

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name in this text."""
        domain, _, task = text.partition("/")
        return cls(domain, task)


def lambda_name(term: str) -> str:
    """The scalar, and the live setting, that is the weight λ of a term."""
    return f"{LAMBDA}/{term}"


def term_of_lambda(name: str) -> str:
    """The term whose weight this scalar or live setting is."""
    return name.removeprefix(f"{LAMBDA}/")
