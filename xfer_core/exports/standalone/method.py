"""What one strategy puts into the plain script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WIDTH = 115  # of the script's lines, where they can be wrapped

LOSS_TERMS = '''
def loss_terms(batches):
    """The loss of every task on every labelled domain, named domain/task."""
    return task_losses(batches, look(batches))
'''

UPDATE = """
terms = loss_terms(batches)
loss = sum(LAMBDA[name] * term for name, term in terms.items())
optimizer.zero_grad()
loss.backward()
optimizer.step()
"""


@dataclass(frozen=True)
class StandaloneMethod:
    """Every part is Python text that stands in the script as it is.

    Attributes:
        constants: fields of the strategy that the text uses, there with names in capitals.
        setup: makes further modules and what must be remembered; runs once, when ``net`` has been made.
        helpers: further functions and classes.
        terms: defines ``loss_terms(batches)``, which gives named scalars.
        update: what a step does with its batches.
        before: phase → what is done as it begins, before anything is renewed.
        modules: an expression for the named parameters that learn beside the network's.
        silent: a function that takes the place of ``train`` in phases without a loss: its name.
    """

    constants: tuple[str, ...] = ()
    setup: str = ""
    helpers: str = ""
    terms: str = LOSS_TERMS
    update: str = UPDATE
    before: Mapping[str, str] = field(default_factory=dict)
    modules: str = ""
    silent: str = ""


def assignment(name: str, value: object, words: str = "") -> str:
    """``NAME = value  # words``; a long dictionary or list takes a line for each of its parts."""
    comment = f"  # {words}" if words else ""
    if len(repr(value)) < WIDTH - 30:
        return f"{name} = {value!r}{comment}\n"
    if isinstance(value, dict):
        lines = "".join(f"    {key!r}: {part!r},\n" for key, part in value.items())
        return f"{name} = {{{comment}\n{lines}}}\n"
    if isinstance(value, list):
        lines = "".join(f"    {part!r},\n" for part in value)
        return f"{name} = [{comment}\n{lines}]\n"
    return f"{name} = {value!r}{comment}\n"
