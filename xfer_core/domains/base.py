"""What a domain is: labelled samples that lie in memory, with a card that says where they are from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from xfer_core.domains.downloads import Download


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
        pool: name of the collection of originals that it is made from. Domains of one pool share originals.
        samples: images, uint8, shape (N, C, H, W).
        originals: which original of the pool each sample was made from, int64, shape (N,).
        tasks: the named targets.
        official_test: which samples belong to the data set's own test part, bool, shape (N,); None where its makers
            set none apart.
    """

    key: str
    card: Card
    pool: str
    samples: Tensor
    originals: Tensor
    tasks: dict[str, Task]
    official_test: Tensor | None = None

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(frozen=True)
class Offer:
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
    make: Callable[[], Domain]
    download: Download | None = None
    render: Callable[[Tensor, int], Tensor] | None = None
