"""A link to the workbench is used as far as it can be, and what cannot be used is said as it was sent."""

from __future__ import annotations

import pytest

from tests.support.training import TARGET
from xfer_core.runs.link import read_link
from xfer_core.runs.spec import parse_spec

TERM = f"strategy.weights.{TARGET}/digit"


@pytest.mark.parametrize(
    ("link", "refused", "used"),
    [
        ({"seed": "x", "strategy.kind": "joint"}, {"seed=x": "seed"}, ["strategy.kind=joint"]),
        (
            {"training.optimizer.lr": "0.05", "training.optimizer.kind": "sgd"},
            {},
            ["training.optimizer.kind=sgd", "training.optimizer.lr=0.05"],
        ),
        (
            {"strategy.new_head": "true", "strategy.kind": "jont"},
            {"strategy.kind=jont": "strategy.kind"},
            ["strategy.new_head=true"],
        ),
        (
            {"strategy.kind": "dann", "strategy.frozn": "[]"},
            {"strategy.frozn=[]": "strategy.frozn"},
            ["strategy.kind=dann"],
        ),
        ({"strategy.kind": "joint", TERM: "many"}, {f"{TERM}=many": TERM}, ["strategy.kind=joint"]),
        (
            {"problem.target": "[1]", "seed.x": "1", "seed": "2"},
            {"problem.target=[1]": "problem.target.0", "seed.x=1": "seed.x"},
            ["seed=2"],
        ),
        ({"strategy": "3", "problem": "null"}, {"problem=null": "problem", "strategy=3": "strategy"}, []),
        (
            {"problem.target": '["digits.nowhere"]', "strategy.kind": "joint", "seed": "4"},
            {'problem.target=["digits.nowhere"]': "problem.target"},
            ["strategy.kind=joint", "seed=4"],
        ),
        (
            {"problem.target": "[]", "problem.source": '["nonsense"]'},
            {'problem.source=["nonsense"]': "problem.source"},
            ["problem.target=[]"],
        ),
        ({"problem.target": '["digits.noisy"]', "strategy.weights": '{"digits.noisy/digit": 1}',
          "strategy.kind": "joint"}, {},
         ["strategy.kind=joint", 'problem.target=["digits.noisy"]', 'strategy.weights={"digits.noisy/digit": 1}']),
    ],
)  # fmt: skip
def test_of_a_link_everything_is_used_that_can_be(link, refused, used):
    for given in (link, dict(reversed(link.items()))):
        spec, errors = read_link(given)
        assert spec == parse_spec({}, used)
        assert {setting: error.field for setting, error in errors} == refused
