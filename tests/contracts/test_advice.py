"""Advice in a sentence is accepted: it was tried on the very spec that was refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.specs import specs
from tests.support.training import SOURCE, TARGET
from xfer_core.errors import MESSAGES, XferError, format_error
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import STRATEGIES

LOW, HIGH = 'problem.source=["digits.low"]', 'problem.target=["digits.high"]'
KINDS = [form.kind_name() for form in STRATEGIES]


def refused(spec: RunSpec) -> XferError | None:
    try:
        spec.check()
    except XferError as error:
        return error
    return None


def assert_advice_is_accepted(spec: RunSpec, error: XferError) -> None:
    assert error.advice is not None
    assert refused(spec.changed(error.advice)) is None
    for path in error.advice:
        assert f"{path} to " in format_error(error)


@given(st.one_of(specs(fitting=True), specs()))  # of those that fit most are refused with advice
@settings(
    deadline=None,
    derandomize=True,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_advice_for_a_refused_spec_is_accepted(spec):
    error = refused(spec)
    assume(error is not None and error.advice)
    assert_advice_is_accepted(spec, error)


@pytest.mark.parametrize(
    "more",
    [
        (LOW, HIGH),
        ("problem.labels_per_class=0",),
        ('problem.labels_per_class="all"',),
        ('problem.tasks=["tilt"]', "training.augment=[]"),
        ('problem.tasks=["digit","tilt"]', 'training.augment=["flip","shift"]'),
        ("network.kind=article_net",),
        ("problem.source=[]",),
    ],
    ids=["no class shared", "no labels", "all labels", "a number", "turned", "no batch norm", "no source"],
)
def test_every_method_that_is_refused_says_what_works(more):
    """For each of these problems, over all methods; and some are refused. (Where two rules are broken at once, no
    single change helps.)"""
    errors = []
    for kind in KINDS:
        spec = parse_spec({}, [f"strategy.kind={kind}", *more])
        error = refused(spec)
        if error is not None and not (spec.training.augment[:1] == ("flip",) and error.code == "needs_classes"):
            assert_advice_is_accepted(spec, error)
            errors.append(error)
    assert errors


def test_a_field_is_only_advised_where_the_method_has_it():
    """Methods that keep the head and have no field for a new one, and one that has."""
    for kind in ("dann", "cdan", "coral", "mmd", "mcd", "adabn", "pseudo_labels", "mcc", "source_only", "distillation"):
        error = refused(parse_spec({}, [f"strategy.kind={kind}", LOW, HIGH]))
        assert error.code == "no_shared_class"
        assert "new_head" not in error.advice or error.advice["strategy.kind"] == "fine_tune"
    assert refused(parse_spec({}, [LOW, HIGH])).advice == {"strategy.new_head": True}


def test_without_a_target_an_unseen_domain_can_become_one():
    spec = parse_spec({}, [
        "strategy.kind=erm", 'problem.source=["digits.handwritten","digits.noisy"]', "problem.target=[]",
        'problem.unseen=["digits.photo"]',
    ])  # fmt: skip
    error = refused(spec)
    assert error.code == "no_target"
    assert error.advice == {"problem.target": (TARGET,), "problem.unseen": (), "problem.labels_per_class": 0}
    changes = "problem.target to digits.photo and problem.unseen to nothing and problem.labels_per_class to 0"
    assert format_error(error).endswith(f"This works: set {changes}.")


def test_too_many_domains_are_told_which_can_be_left_out():
    """Twenty domains share 1,797 examples."""
    everything = ["digits.photo", "digits.rotated", "digits.inverted", "digits.noisy"]
    many = parse_spec({"problem": {"source": [SOURCE], "target": everything}, "strategy": {"kind": "erm"}})
    error = refused(many.changed({"problem.labels_per_class": 0}))
    assert error is None or error.advice is None or refused(many.changed(error.advice)) is None


def test_where_nothing_helps_no_advice_is_given():
    error = refused(parse_spec({}, ["problem.source=[]", "problem.target=[]"]))
    assert (error.code, error.advice) == ("no_target", None)
    assert format_error(error) == "problem.target needs at least one target domain; found nothing."


GENERAL = {  # advice that no spec decides: what to do with files and downloads, and with a run that ended badly
    "no_space", "not_here", "broken_data", "wrong_images", "wrong_labels", "wrong_digits", "wrong_pairs",
     "no_snapshots", "data_gone", "left_out_onnx",
    "worker_died", "not_heard", "silent_worker",
    "not_finite_loss", "not_finite_weights", "not_finite_answers", "absurd_error", "one_answer", "one_pseudo_label",
    "diverged",
}  # fmt: skip


def test_no_sentence_advises_by_itself():
    """Words of advice about a spec may only be made from a change that was tried."""
    advising = re.compile(r"\b(choose|set|nearest|instead|else|take|lower|raise|remove|download|resume)\b")
    assert {code for code, rule in MESSAGES.items() if advising.search(rule)} <= GENERAL
