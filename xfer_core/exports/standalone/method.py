"""The parts of one strategy in the standalone script."""

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
    """Script parts of one method. Every part is Python code that is inserted unchanged.

    Attributes:
        constants: fields of the strategy that the code uses, there with names in capitals.
        setup: creates further modules and state; runs once, after ``net`` is built.
        helpers: further functions and classes.
        terms: defines ``loss_terms(batches)``, which returns named scalars.
        update: one step from its batches.
        before: phase → code at its start, before anything is reset.
        modules: an expression for the named parameters that are trained beside the network's.
        silent: name of a function that replaces ``train`` in phases without a loss.
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
    """``NAME = value  # words``; a long dictionary or list has one line per item."""
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
