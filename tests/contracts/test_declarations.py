"""What strategies declare is what they do: needs by what they reject, abilities by their phases and their terms."""

from __future__ import annotations

import pytest

from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.networks import LeNet, Pixels, SmallCNN
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import CLASSES, STRATEGIES, Strategy
from xfer_core.strategies.base import ChoosesFrozen, ChoosesWeights, task_loss_terms
from xfer_core.strategies.needs import Ability
from xfer_core.strategies.transfer.base import ResetsHead

SOURCES = ("digits.handwritten", "digits.printed")  # methods for several domains need two
USUAL = Problem(source=SOURCES)
BARE = LeNet(batch_norm=False)


def refuses(form: type[Strategy], code: str, problem: Problem, network=SmallCNN()) -> bool:  # noqa: B008 - immutable
    """Whether a run of the method is rejected for this reason."""
    spec = RunSpec.model_construct(**{**dict(RunSpec()), "problem": problem, "network": network, "strategy": form()})  # pyright: ignore[reportCallIssue]
    try:
        spec._check()
    except XferError as error:
        return error.code == code
    return False


LACKING = {
    "source": ("no_source", USUAL.model_copy(update={"source": ()}), SmallCNN()),
    "target_labels": ("no_labels", USUAL.model_copy(update={"labels_per_class": 0}), SmallCNN()),
    "unlabelled": ("no_unlabelled", USUAL.model_copy(update={"labels_per_class": "all"}), SmallCNN()),
    "classes": ("needs_classes", USUAL.model_copy(update={"tasks": ("digit", "tilt")}), SmallCNN()),
    "stages": ("no_stages", USUAL, Pixels()),
    "batch_norm": ("no_batch_norm", USUAL, BARE),
    "interpolation": ("strategy_inputs", USUAL, SmallCNN()),
}


@pytest.mark.parametrize("need", LACKING)
def test_a_method_refuses_what_lacks_exactly_what_it_needs(monkeypatch, need):
    monkeypatch.setattr(ImageInput, "interpolates", need != "interpolation")
    wrong = [form for form in STRATEGIES if refuses(form, *LACKING[need]) != getattr(form.needs, need)]
    assert not wrong
    for form in STRATEGIES:
        alternative = CLASSES.get(form.needs.alternative)
        if getattr(form.needs, need) and alternative and need in ("classes", "batch_norm", "interpolation"):
            assert not refuses(alternative, *LACKING[need]), form


def abilities_of(form: type[Strategy]) -> set[Ability]:
    """Worked out from the phases and the terms of the method."""
    method, data = form(kind=form.kind_name()), USUAL.check(0)
    network = SmallCNN().build(data.input_spec, USUAL.outputs())
    phases = [phase for phase in method.phases(data.training_data(), network) if phase.trainable]
    found: set[Ability] = set()
    if "frozen" in form.model_fields or any(phase.frozen for phase in phases):
        found.add("freezes")
    own = set(method.lambdas(USUAL)) - set(task_loss_terms(USUAL, "source", "target")) - set(USUAL.roles())
    together = any({*USUAL.source, *USUAL.target} <= set(phase.domains) for phase in phases)
    if form.sets_loss_weights() and "weight" not in form.model_fields:  # IRM and V-REx only scale a λ set by hand
        found.add("balances")
    elif together or own:
        found.add("weighs")
    return found


def test_a_method_can_do_what_it_declares():
    assert [form for form in STRATEGIES if abilities_of(form) != form.abilities] == []


def test_a_method_whose_fields_a_person_chooses_is_declared_so():
    fields = {"frozen": ChoosesFrozen, "weights": ChoosesWeights, "new_head": ResetsHead}
    wrong = [f for f in STRATEGIES for n, base in fields.items() if (n in f.model_fields) != issubclass(f, base)]
    assert not wrong


def test_only_a_method_without_target_terms_ignores_target_labels():
    unread = {form for form in STRATEGIES if not set(task_loss_terms(USUAL, "target")) & set(form().lambdas(USUAL))}
    unread = {form for form in unread if not set(USUAL.target) & set(form().lambdas(USUAL))}
    assert unread == {form for form in STRATEGIES if not form.uses_target_labels}
    assert all(form.simpler in CLASSES for form in STRATEGIES)
