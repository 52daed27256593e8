"""Domain: labelled samples in memory, with a card that states their origin."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from xfer_core.config import Config
from xfer_core.domains.downloads import Download
from xfer_core.errors import XferError
from xfer_core.modalities import InputSpec

BRIEF = 6  # characters of a text in a title


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
    """Data card: the origin of a domain.

    Attributes:
        title: shown on pages.
        description: one sentence for the learner.
        source: who made the data.
        licence: under which terms.
        recipe: how the samples were made from the examples.
        notice: a sentence to be read wherever the domain is chosen or its result shown; empty for none.
    """

    title: str
    description: str
    source: str
    licence: str
    recipe: str
    notice: str = ""


@dataclass(frozen=True)
class Domain:
    """Labelled samples of one kind.

    Attributes:
        key: lower-case words joined by dots.
        card: its origin.
        pool: name of the collection of examples that it is made from. Domains of one pool share examples.
        inputs: raw samples, as ``DomainInfo.spec`` says: images uint8 (N, C, H, W), rows float32 (N, columns).
        example_ids: the example of the pool that each sample was made from, int64, shape (N,).
        tasks: the named targets.
        official_test: which samples belong to the data set's official test set, bool, shape (N,); None if it has none.

    Raises:
        XferError: for inconsistent parts: ``wrong_shape`` if there is not one entry per sample; ``wrong_type``;
            ``not_a_class`` for a label outside the classes; ``not_all_finite`` for a value.
    """

    key: str
    card: Card
    pool: str
    inputs: Tensor
    example_ids: Tensor
    tasks: dict[str, Task]
    official_test: Tensor | None = None

    def __post_init__(self) -> None:
        self._check_length("example_ids", self.example_ids)
        if self.official_test is not None:
            self._check_length("official_test", self.official_test)
        for name, task in self.tasks.items():
            self._check_labels(f"tasks.{name}.labels", task)

    def _check_length(self, name: str, values: Tensor) -> None:
        """Reject anything but one value per sample."""
        if values.shape != (len(self),):
            raise XferError("wrong_shape", f"{self.key}.{name}", str(tuple(values.shape)), expected=f"({len(self)},)")

    def _check_labels(self, name: str, task: Task) -> None:
        """Reject labels that the task cannot have."""
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


class Parameters(Config):
    """The values by which a reference changes a domain, such as an angle; the defaults are the domain itself."""

    sizes: ClassVar[Mapping[str, tuple[float, ...]]] = {}
    """Parameter → the values at which an experiment measures how far knowledge travels, from no shift on."""

    def tasks(self, tasks: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The tasks of the changed domain, each with its classes, given those of the domain itself."""
        return dict(tasks)

    def samples_left(self, samples: int, classes: int) -> int:
        """How many of a domain's samples there are with these values: all, unless a parameter leaves some out."""
        del classes
        return samples


@dataclass(frozen=True)
class DomainInfo:
    """Metadata of a domain, known before a sample is read, and how to build it.

    Attributes:
        card: its origin.
        samples: number of samples.
        spec: what each input is.
        tasks: for each task the names of its classes; none for a regression.
        build: reads or generates the domain, again at each call; given ``parameters=`` if it has any. Raises XferError.
        download: the files that it needs; None if it never needs a download.
        render: (drawing, ways) → a drawing in the style of this domain, in ``ways`` variants: bright on black, float
            (1, 1, H, W) in 0…1, to uint8 (ways, C, H, W). The variants differ if samples of the domain differ by more
            than the sign itself (photographs, noise); the same call gives the same. Needs no download. None if a
            drawing makes no sense. Given ``parameters=`` if it has any.
        parameters: those of this reference; None if the domain has none.
        units: for each regression that has one its unit, such as ``°`` or ``years``.
    """

    card: Card
    samples: int
    spec: InputSpec
    tasks: dict[str, tuple[str, ...]]
    build: Callable[..., Domain]
    download: Download | None = None
    render: Callable[..., Tensor] | None = None
    parameters: Parameters | None = None
    units: Mapping[str, str] = field(default_factory=dict[str, str])

    def check_domain(self, domain: Domain) -> None:
        """Reject a domain that does not agree with this metadata.

        Raises:
            XferError: ``wrong_type``, ``wrong_shape``, ``other_tasks`` or ``other_units``, naming a field.
        """
        self.spec.check(domain.inputs, f"{domain.key}.inputs", self.samples)
        tasks = {name: task.classes for name, task in domain.tasks.items()}
        if tasks != self.tasks:
            raise XferError("other_tasks", f"{domain.key}.tasks", tasks, expected=self.tasks)
        units = {name: task.unit for name, task in domain.tasks.items() if task.unit}
        if units != self.units:
            raise XferError("other_units", f"{domain.key}.tasks", units, expected=dict(self.units))

    def bind(self, key: str, parameters: Parameters) -> DomainInfo:
        """The domain with these parameters, under this key."""
        given = ", ".join(f"{name} {_brief(value)}" for name, value in non_defaults(parameters).items())
        tasks = parameters.tasks(self.tasks)
        return replace(
            self,
            card=replace(self.card, title=f"{self.card.title} ({given})" if given else self.card.title),
            samples=parameters.samples_left(self.samples, max(map(len, tasks.values()), default=0)),
            build=lambda parameters=parameters: replace(self.build(parameters=parameters), key=key),
            render=self.render and partial(self.render, parameters=parameters),
            tasks=tasks,
            parameters=parameters,
        )


def _brief(value: float | str) -> str:
    """A parameter in a title; the end of a long text tells it from others."""
    if isinstance(value, str):
        return value if len(value) <= BRIEF else f"…{value[-BRIEF:]}"
    return f"{value:g}"


def non_defaults(parameters: Config) -> dict[str, Any]:
    """The parameters that differ from their defaults."""
    fields = type(parameters).model_fields
    return {name: value for name, value in parameters.model_dump().items() if value != fields[name].default}


def text_examples(texts: Iterable[str]) -> Tensor:
    """The example of each text: the same in every domain that has it, so that no test asks for a text that was trained
    on. int64 (N,)."""
    digests = (hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return torch.tensor([int.from_bytes(digest) >> 1 for digest in digests])
