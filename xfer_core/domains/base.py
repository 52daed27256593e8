"""What a domain is: labelled samples that lie in memory, with a card that says where they are from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Task:
    """One named target of a domain.

    Attributes:
        name: such as ``digit``.
        labels: class indices into ``classes``, int64, shape (N,).
        classes: the names of the classes. Domains whose class names agree share those classes.
    """

    name: str
    labels: Tensor
    classes: tuple[str, ...]


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
    """

    key: str
    card: Card
    pool: str
    samples: Tensor
    originals: Tensor
    tasks: dict[str, Task]

    def __len__(self) -> int:
        return len(self.samples)
