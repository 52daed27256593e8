"""The committed recipes are what their names say, and the tables come from what was measured of them."""

from __future__ import annotations

import json
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import accuracy, results
from xfer_core.analysis import claims
from xfer_core.analysis.intervals import Difference
from xfer_core.errors import XferError
from xfer_core.runs.spec import canonical, parse_spec
from xfer_core.showcases import measured
from xfer_core.showcases.catalogue import COUNTEREXAMPLES, examples_of
from xfer_core.strategies import STRATEGIES
from xfer_core.strategies.generalised.irm import IRM
from xfer_core.strategies.generalised.vrex import VREx

RECIPES = measured.recipes()


def limits(form) -> tuple[str, ...]:
    """What stands beside a transfer: without it, and without a source."""
    return ("source_only", "target_only") if form.family == "transfer" else ()


def test_every_recipe_is_what_its_name_says():
    wanted = {name: (name.partition(".")[2].partition("-")[0], "last", 0) for name in RECIPES}
    assert {n: (r.strategy.kind, r.training.selection, r.seed) for n, r in RECIPES.items()} == wanted


def test_the_methods_of_a_problem_differ_in_nothing_else():
    for problem in {name.partition(".")[0] for name in RECIPES}:
        own = {kind: spec for name, spec in RECIPES.items() for p, _, kind in [name.partition(".")] if p == problem}
        limit = own.get("target_only")
        if limit is not None and own["source_only"].problem.labels_per_class == 0:
            assert limit.problem.labels_per_class == "all", "without labels there is nothing to learn: the upper limit"
            own["target_only"] = limit.model_copy(update={"problem": own["source_only"].problem})
        shared = {canonical(spec.model_dump(mode="json", exclude={"strategy"})) for spec in own.values()}
        assert len(shared) == 1, problem


def test_every_example_has_its_recipe_and_what_it_is_compared_with():
    wanted = {
        f"{example.problem}.{kind}"
        for form in STRATEGIES
        for example in examples_of(form.kind_name())
        for kind in (example.recipe(form.kind_name()), claims.baseline_of(form, example), *limits(form))
    }
    assert wanted
    assert not wanted - RECIPES.keys()


def test_every_method_of_transfer_has_a_counter_example():
    assert all(COUNTEREXAMPLES.get(form.kind_name()) for form in STRATEGIES if form.family == "transfer")


def test_every_recipe_was_measured_as_it_is_with_three_seeds_at_least():
    known = measured.known()
    assert known.keys() == RECIPES.keys()
    assert not [name for name, found in known.items() if not measured.is_current(found, RECIPES[name])]
    assert not [name for name, found in known.items() if len(found["seeds"]) < 3]


def test_what_carries_a_claim_was_measured_with_all_its_seeds_on_one_processor():
    for name in claims.claims():
        runs = measured.known()[name]["seeds"].values()
        assert len(runs) >= claims.SEEDS, name
        assert len({(run.get("processor"), run.get("precision")) for run in runs}) == 1, name


def test_two_new_seeds_lie_where_the_deviation_of_a_row_says_in_nine_of_ten_rows():
    held, rows = claims.holding(measured.known())
    assert rows == len(claims.claims())
    assert held >= 0.9 * rows


def test_the_committed_tables_are_those_of_what_was_measured():
    assert results.TABLES.read_text() == results.tables(measured.known())


def run(value: float, seconds: float = 7.4) -> dict:
    return {"value": value, "seconds": seconds, "device": "cpu", "threads": 1}


def as_measured(**accuracies: list[float]) -> measured.Known:
    """As if these had been measured on MNIST → USPS."""
    return {
        f"mnist_to_usps.{kind}": {
            "spec": RECIPES[f"mnist_to_usps.{kind}"].model_dump(mode="json"),
            "seeds": {str(seed): run(value) for seed, value in enumerate(values)},
            "torch": "2",
        }
        for kind, values in accuracies.items()
    }


def test_a_table_names_mean_spread_seeds_and_what_it_is_compared_with():
    found = as_measured(source_only=[0.5, 0.75], dann=[0.75, 1.0])
    text = results.tables(found)
    assert "| `source_only` | 62.5 ± 17.7 | 0.0 to 100.0 |  |  | 2 | 7 |" in text
    assert "| `dann` | 87.5 ± 17.7 | 0.0 to 100.0 | +25.0 |  | 2 | 7 |" in text
    assert "no target labels a class" in text
    found["mnist_to_usps.dann"]["spec"]["training"]["steps"] += 1
    assert "| `dann` (an earlier recipe) |" in results.tables(found)


@pytest.mark.parametrize(
    ("mean", "p", "kind", "shows", "fails"),
    [
        (0.08, 0.01, "dann", True, False),  # adaptation: 8 points at least
        (0.079, 0.01, "dann", False, False),
        (0.5, 0.06, "dann", False, False),
        (0.01, 0.04, "l2_sp", True, False),  # others: any clear difference
        (0.3, 0.06, "l2_sp", False, False),
        (-0.01, 0.04, "l2_sp", False, True),
        (-0.3, 0.06, "l2_sp", False, False),
    ],
)
def test_what_counts_as_a_showcase_and_as_a_counter_example(mean, p, kind, shows, fails):
    form = next(form for form in STRATEGIES if form.kind_name() == kind)
    claim = claims.Claim(
        form, examples_of(form.kind_name())[0], {}, False, (), Difference(mean, mean - 0.1, mean + 0.1, 10, p)
    )
    assert (claim.shows, claim.fails) == (shows, fails)


def test_a_claim_takes_differences_seed_by_seed_and_holds_the_level_over_all():
    form = next(form for form in STRATEGIES if form.kind_name() == "l2_sp")
    accuracies = {
        "fine_tune": [0.6, 0.7, 0.8, 0.6, 1.0, 0.5],
        "l2_sp": [0.5, 0.6, 0.7, 0.5, 0.9, 0.3],
        "discriminative_rates": [0.5, 0.8, 0.7, 0.7, 0.9, 0.5],
    }
    found = {
        f"{COUNTEREXAMPLES[form.kind_name()].problem}.{kind}": {
            "seeds": {str(seed): run(value) for seed, value in enumerate(values)}
        }
        for kind, values in accuracies.items()
    }
    own, other = claims.claimed({name: RECIPES[name] for name in found}, found)[::-1]
    assert (own.form, own.difference.mean) == (form, pytest.approx(-0.7 / 6))
    assert own.differences == pytest.approx((-0.1, -0.1, -0.1, -0.1, -0.1, -0.2))
    assert own.difference.comparisons == 2
    assert own.fails
    assert not other.shows
    assert not other.fails


def test_new_seeds_hold_where_both_lie_near_the_mean(monkeypatch):
    monkeypatch.setattr(claims, "claims", lambda: {"p.near", "p.far", "p.none", "p.earlier"})
    row = {"seeds": {str(seed): run(value) for seed, value in enumerate([0.4, 0.5, 0.6])}}  # 0.5 ± 0.1
    found = {
        "p.near": {**row, "new_seeds": {"101": run(0.26), "102": run(0.74)}},
        "p.far": {**row, "new_seeds": {"101": run(0.5), "102": run(0.76)}},
        "p.none": {**row, "new_seeds": {}},
        "p.earlier": row,
        "p.claims_nothing": {**row, "new_seeds": {"101": run(0.5), "102": run(0.5)}},
    }
    assert claims.holding(found) == (1, 2)


def test_irm_and_vrex_do_no_harm_where_no_domain_misleads():
    """With their defaults, on the worst of the targets of three domains."""
    means = {
        kind: statistics.mean(measured.values(measured.known()[f"three_domains.{kind}"]))
        for kind in ("erm", "irm", "vrex")
    }
    assert RECIPES["three_domains.irm"].strategy == IRM()
    assert RECIPES["three_domains.vrex"].strategy == VREx()
    assert means["irm"] >= means["erm"] - 0.03
    assert means["vrex"] >= means["erm"] - 0.03


@pytest.fixture
def _from_a_shell(tmp_path, monkeypatch):
    """As ``python -m benchmarks.accuracy``: a new process runs the main module again, and after a test of a page that
    would be the page. What is measured is written elsewhere."""
    monkeypatch.setitem(sys.modules, "__main__", accuracy)
    monkeypatch.setattr(accuracy, "MEASURED", tmp_path / "accuracy.json")


@pytest.fixture
def _here(monkeypatch):
    """In a thread instead of another process, which takes long to begin."""
    monkeypatch.setattr(accuracy, "ProcessPoolExecutor", lambda at_once, _context: ThreadPoolExecutor(at_once))


@pytest.mark.usefixtures("_from_a_shell")
def test_only_missing_seeds_of_the_recipe_as_it_is_are_trained(tmp_path, request):
    small = {"training": {"steps": 2, "batch_size": 4, "evaluations": 1}, "network": {"width": 4}}
    spec = parse_spec({**small, "strategy": {"kind": "source_only"}})
    kept = {"value": 0.25, "seconds": 1, "device": "cpu", "threads": 1}
    found = {"p.source_only": {"spec": spec.model_dump(mode="json"), "seeds": {"0": kept}, "torch": "2"}}
    assert list(accuracy.measure({"p.source_only": spec}, range(2), 1, found)) == ["p.source_only"]
    seeds = json.loads((tmp_path / "accuracy.json").read_text())["p.source_only"]["seeds"]
    assert seeds["0"] == kept
    assert 0 <= seeds["1"]["value"] <= 1
    assert seeds["1"].keys() >= {"processor", "precision", "threads", "device"}
    request.getfixturevalue("_here")
    other = parse_spec({**small, "strategy": {"kind": "source_only"}}, ["training.batch_size=5"])
    assert list(accuracy.measure({"p.source_only": other}, range(1), 1, found)) == ["p.source_only"]
    assert found["p.source_only"]["seeds"]["0"] != kept, "another recipe is measured anew"


def test_a_default_that_changes_makes_what_was_measured_another_recipe():
    """Of a recipe that leaves a field to its default; a field that did not exist then changes nothing."""
    spec = parse_spec({"strategy": {"kind": "irm"}})
    found = {"spec": spec.model_dump(mode="json")}
    assert measured.is_current(found, spec)
    assert measured.is_current(found, spec.model_copy(update={"seed": 5}))
    del found["spec"]["strategy"]["anneal"]
    assert measured.is_current(found, spec), "a field that came later"
    found["spec"]["strategy"]["weight"] = 100.0
    assert not measured.is_current(found, spec), "a default that has changed"
    assert not measured.is_current({}, spec)


@pytest.mark.usefixtures("_from_a_shell", "_here")
def test_a_recipe_that_cannot_be_trained_is_one_sentence():
    spec = parse_spec({"strategy": {"kind": "adabn"}, "network": {"kind": "article_net"}})
    with pytest.raises(XferError, match="batch norm"):
        list(accuracy.measure({"p.adabn": spec}, range(1), 1, {}))
