"""What a domain is: labelled samples that lie in memory, with a card that says where they are from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.domains.downloads import Download
from xfer_core.errors import XferError


@dataclass(frozen=True)
class Task:
    """One named target of a domain.

    Attributes:
        name: such as ``digit``.
        labels: class indices into ``classes``, int64, shape (N,); of a regression the values, float32, shape (N,).
        classes: the names of the classes; none for a regression. Domains whose class names agree share those classes.
        unit: of the values of a regression.
    """

    name: str
    labels: Tensor
    classes: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Card:
    """Where a domain is from.

    Attributes:
        title: what a page calls it.
        description: one sentence for the learner.
        source: who made the data.
        licence: under which terms.
        recipe: how the samples were made from the originals.
    """

    title: str
    description: str
    source: str
    licence: str
    recipe: str


@dataclass(frozen=True)
class Domain:
    """Labelled samples of one kind.

    Attributes:
        key: lower-case words joined by dots.
        card: where it is from.
        pool: name of the collection of examples that it is made from. Domains of one pool share examples.
        inputs: images, uint8, shape (N, C, H, W).
        example_ids: which example of the pool each sample was made from, int64, shape (N,).
        tasks: the named targets.
        official_test: which samples belong to the data set's own test part, bool, shape (N,); None where its makers
            set none apart.

    Raises:
        XferError: for parts that do not belong together: ``wrong_shape`` where there is not one entry a sample;
            ``wrong_type``; ``not_a_class`` for a label outside the classes; ``not_all_finite`` for a value.
    """

    key: str
    card: Card
    pool: str
    inputs: Tensor
    example_ids: Tensor
    tasks: dict[str, Task]
    official_test: Tensor | None = None

    def __post_init__(self) -> None:
        if self.inputs.dtype != torch.uint8:
            raise XferError("wrong_type", f"{self.key}.inputs", self.inputs.dtype, expected="uint8")
        self._check_length("example_ids", self.example_ids)
        if self.official_test is not None:
            self._check_length("official_test", self.official_test)
        for name, task in self.tasks.items():
            self._check_labels(f"tasks.{name}.labels", task)

    def _check_length(self, name: str, values: Tensor) -> None:
        """Refuse anything but one value a sample."""
        if values.shape != (len(self),):
            raise XferError("wrong_shape", f"{self.key}.{name}", str(tuple(values.shape)), expected=f"({len(self)},)")

    def _check_labels(self, name: str, task: Task) -> None:
        """Refuse labels that the task cannot have."""
        self._check_length(name, task.labels)
        expected = torch.int64 if task.classes else torch.float32
        if task.labels.dtype != expected:
            raise XferError("wrong_type", f"{self.key}.{name}", task.labels.dtype, expected=expected)
        if task.classes:
            outside = task.labels[(task.labels < 0) | (task.labels >= len(task.classes))]
            if len(outside):
                raise XferError("not_a_class", f"{self.key}.{name}", int(outside[0]), last=len(task.classes) - 1)
        elif not task.labels.isfinite().all():
            broken = task.labels[~task.labels.isfinite()]
            raise XferError("not_all_finite", f"{self.key}.{name}", float(broken[0]))

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class DomainInfo:
    """A domain that can be had: what is known of it before a sample is read.

    Attributes:
        card: where it is from.
        samples: how many there are.
        shape: (C, H, W) of each.
        tasks: for each task the names of its classes; none for a regression.
        make: reads or makes the domain, anew at each call. Raises XferError.
        download: what must be on this machine for that; None where the domain is always there.
        render: (ink, ways) → one drawing as this domain would show it, in so many ways: bright on black, float
            (1, 1, H, W) in 0…1, to uint8 (ways, *shape). The ways differ where samples of the domain differ by more
            than what was written (photographs, noise); the same call gives the same. Needs no download. None where a
            drawing makes no sense.
    """

    card: Card
    samples: int
    shape: tuple[int, int, int]
    tasks: dict[str, tuple[str, ...]]
    build: Callable[[], Domain]
    download: Download | None = None
    render: Callable[[Tensor, int], Tensor] | None = None

    def check_domain(self, domain: Domain) -> None:
        """Refuse a domain that is not what was known of it beforehand.

        Raises:
            XferError: ``wrong_shape`` or ``other_tasks``, naming a field of the domain.
        """
        expected, found = (self.samples, *self.shape), tuple(domain.inputs.shape)
        if found != expected:
            raise XferError("wrong_shape", f"{domain.key}.inputs", str(found), expected=str(expected))
        tasks = {name: task.classes for name, task in domain.tasks.items()}
        if tasks != self.tasks:
            raise XferError("other_tasks", f"{domain.key}.tasks", tasks, expected=self.tasks)
