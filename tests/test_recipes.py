"""The committed recipes are what their names say, and the tables come from what was measured of them."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import accuracy
from xfer_core.analysis.accuracy import Spread
from xfer_core.errors import XferError
from xfer_core.runs.spec import canonical, parse_spec
from xfer_core.strategies import STRATEGIES

RECIPES = accuracy.recipes()


PROBLEMS = sorted({name.partition(".")[0] for name in RECIPES})
EXAMPLES = [(form, example) for form in STRATEGIES for example in (form.shines, form.fails) if example]


def limits(form) -> tuple[str, ...]:
    """What stands beside a transfer: without it, and without a source."""
    return ("source_only", "target_only") if form.family == "transfer" else ()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_what_its_name_says(name: str):
    assert RECIPES[name].strategy.kind == name.partition(".")[2].partition("-")[0]
    assert RECIPES[name].training.selection == "last"
    assert RECIPES[name].seed == 0


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_methods_of_a_problem_differ_in_nothing_else(problem: str):
    own = {kind: spec for name, spec in RECIPES.items() for p, _, kind in [name.partition(".")] if p == problem}
    limit = own.get("target_only")
    if limit is not None and own["source_only"].problem.labels_per_class == 0:
        assert limit.problem.labels_per_class == "all", "without labels there is nothing to learn: the limit from above"
        own["target_only"] = limit.model_copy(update={"problem": own["source_only"].problem})
    assert len({canonical(spec.model_dump(mode="json", exclude={"strategy"})) for spec in own.values()}) == 1


@pytest.mark.parametrize(("form", "example"), EXAMPLES, ids=lambda part: getattr(part, "problem", ""))
def test_every_example_has_its_recipe_and_what_it_is_compared_with(form, example):
    kind = example.recipe(form.model_fields["kind"].default)
    wanted = {kind, accuracy.baseline_of(form, example), *limits(form)}
    assert {f"{example.problem}.{kind}" for kind in wanted} <= RECIPES.keys()


def test_every_method_of_transfer_has_a_counter_example():
    assert all(form.fails for form in STRATEGIES if form.family == "transfer")


@pytest.mark.parametrize("name", accuracy.known())
def test_what_is_committed_was_measured_from_the_recipe_as_it_is(name: str):
    assert accuracy.known()[name]["fingerprint"] == accuracy.fingerprint(RECIPES[name])


@pytest.mark.parametrize(("form", "example"), EXAMPLES, ids=lambda part: getattr(part, "problem", ""))
def test_every_example_was_measured_with_every_seed_and_so_was_what_it_is_compared_with(form, example):
    for kind in (example.recipe(form.model_fields["kind"].default), accuracy.baseline_of(form, example), *limits(form)):
        assert len(accuracy.known()[f"{example.problem}.{kind}"]["seeds"]) >= accuracy.SEEDS


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_was_measured_with_three_seeds_at_least(name: str):
    assert len(accuracy.known()[name]["seeds"]) >= 3


def test_the_committed_tables_are_those_of_what_was_measured():
    assert accuracy.TABLES.read_text() == accuracy.tables(accuracy.known())


def run(value: float, seconds: float = 7.4) -> dict:
    return {"value": value, "seconds": seconds, "device": "cpu", "threads": 1}


def measured(**accuracies: list[float]) -> accuracy.Known:
    """As if these had been measured on MNIST → USPS."""
    return {
        f"mnist_to_usps.{kind}": {
            "fingerprint": accuracy.fingerprint(RECIPES[f"mnist_to_usps.{kind}"]),
            "seeds": {str(seed): run(value) for seed, value in enumerate(values)},
            "torch": "2",
        }
        for kind, values in accuracies.items()
    }


def test_a_table_names_mean_spread_seeds_and_what_it_is_compared_with():
    found = measured(source_only=[0.5, 0.75], dann=[0.75, 1.0])
    text = accuracy.tables(found)
    assert "| `source_only` | 62.5 ± 17.7 |  |  | 2 | 7 |" in text
    assert "| `dann` | 87.5 ± 17.7 | +25.0 |  | 2 | 7 |" in text
    assert "no target labels a class" in text
    found["mnist_to_usps.dann"]["fingerprint"] = "another"
    assert "| `dann` (an earlier recipe) |" in accuracy.tables(found)


@pytest.mark.parametrize(
    ("difference", "adapts", "counts"),
    [
        ((0.08, 0.2), True, True),  # adaptation: 8 points, whatever the spread
        ((0.079, 0.0), True, False),
        ((0.03, 0.02), False, True),  # others: more than the deviation of the differences
        ((0.02, 0.03), False, False),
        ((-0.02, 0.0), False, False),
    ],
)
def test_what_counts_as_a_showcase(difference, adapts, counts):
    assert accuracy.shines(Spread(*difference, 5), adapts) is counts


def test_differences_are_taken_seed_by_seed():
    found = measured(source_only=[0.25, 0.5, 0.125], dann=[0.5, 0.75])
    difference = accuracy.against(found["mnist_to_usps.dann"], found["mnist_to_usps.source_only"])
    assert (difference.mean, difference.deviation, difference.seeds) == (0.25, 0.0, 2)


@pytest.fixture
def _from_a_shell(tmp_path, monkeypatch):
    """As ``python -m benchmarks.accuracy``: a new process runs the main module again, and after a test of a page that
    would be the page. What is measured is written elsewhere."""
    monkeypatch.setitem(sys.modules, "__main__", accuracy)
    monkeypatch.setattr(accuracy, "MEASURED", tmp_path / "accuracy.json")


@pytest.mark.usefixtures("_from_a_shell")
def test_only_missing_seeds_of_the_recipe_as_it_is_are_trained(tmp_path):
    small = {"training": {"steps": 2, "batch_size": 4, "evaluations": 1}, "network": {"width": 4}}
    spec = parse_spec({**small, "strategy": {"kind": "source_only"}})
    kept = {"value": 0.25, "seconds": 1, "device": "cpu", "threads": 1}
    found = {"p.source_only": {"fingerprint": accuracy.fingerprint(spec), "seeds": {"0": kept}, "torch": "2"}}
    assert list(accuracy.measure({"p.source_only": spec}, 2, 1, found)) == ["p.source_only"]
    seeds = json.loads((tmp_path / "accuracy.json").read_text())["p.source_only"]["seeds"]
    assert seeds["0"] == kept
    assert 0 <= seeds["1"]["value"] <= 1
    other = spec.model_copy(update={"seed": 1})
    assert list(accuracy.measure({"p.source_only": other}, 1, 1, found)) == ["p.source_only"]
    assert found["p.source_only"]["seeds"]["0"] != kept, "another recipe is measured anew"


@pytest.mark.usefixtures("_from_a_shell")
def test_a_recipe_that_cannot_be_trained_is_one_sentence():
    spec = parse_spec({"strategy": {"kind": "adabn"}, "network": {"kind": "article_net"}})
    with pytest.raises(XferError, match="batch norm"):
        list(accuracy.measure({"p.adabn": spec}, 1, 1, {}))
