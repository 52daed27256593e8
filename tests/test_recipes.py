"""The committed recipes are what their names say, and the tables come from what was measured of them."""

from __future__ import annotations

import pytest

from benchmarks import accuracy

RECIPES = accuracy.recipes()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_what_its_name_says(name: str):
    problem, kind = name.split(".")
    spec = RECIPES[name]
    assert spec.strategy.kind == kind
    assert spec.training.selection == "last"
    alike = [other for key, other in RECIPES.items() if key.startswith(f"{problem}.")]
    assert {(other.problem, other.network) for other in alike} == {(spec.problem, spec.network)}


def test_a_table_names_mean_spread_seeds_and_what_it_is_compared_with():
    names = ("mnist_to_usps.source_only", "mnist_to_usps.dann")
    measured = {
        name: {"digest": RECIPES[name].digest(), "values": values, "seconds": 7.4, "device": "cpu", "torch": "2"}
        for name, values in zip(names, ([0.5, 0.75], [0.75, 1.0]), strict=True)
    }
    text = accuracy.tables(measured)
    assert "| `source_only` | 62.5 ± 17.7 |  |  | 2 | 7 |" in text
    assert "| `dann` | 87.5 ± 17.7 | +25.0 |  | 2 | 7 |" in text
    assert "no target labels a class" in text
    measured[names[1]]["digest"] = "another"
    assert "| `dann` (an earlier recipe) |" in accuracy.tables(measured)


def test_what_was_measured_counts_only_for_the_same_recipe_and_enough_seeds():
    spec = RECIPES["mnist_to_usps.dann"]
    found = {"digest": spec.digest(), "values": [0.5, 0.75]}
    assert accuracy.fresh(found, spec, 2)
    assert not accuracy.fresh(found, spec, 3)
    assert not accuracy.fresh({**found, "digest": "another"}, spec, 2)
    assert not accuracy.fresh(None, spec, 1)
