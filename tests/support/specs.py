"""Specs drawn at random from the fields of the forms themselves, for tests that must hold for every spec."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from xfer_core.domains import builtin_domains, domain_info
from xfer_core.errors import XferError
from xfer_core.networks import NETWORKS
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import STRATEGIES, Strategy
from xfer_core.training import OPTIMIZERS, TrainingConfig
from xfer_core.training.config import LiveChange

TASKS = ("digit", "parity", "tilt")
QUICK_NETWORKS = tuple(form for form in NETWORKS if not form.caches_features)  # of which many can be run
TABLE = "domain,class,weight\ndigits.handwritten,7,3"


def _limits(rules: Any) -> dict[str, Any]:
    found = {name: getattr(rule, name) for rule in rules for name in ("ge", "gt", "le", "lt") if hasattr(rule, name)}
    limits: dict[str, Any] = {}
    for name, limit in found.items():
        limits["min_value" if name[0] == "g" else "max_value"] = limit
        if name in ("gt", "lt"):
            limits[f"exclude_{'min' if name == 'gt' else 'max'}"] = True
    return limits


def values(kind: Any, rules: Any = ()) -> st.SearchStrategy[Any]:
    """Values of a field of this type that keep its bounds."""
    if isinstance(kind, FieldInfo):
        return values(kind.annotation, kind.metadata)
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        further = [rule for one in more for rule in (one.metadata if isinstance(one, FieldInfo) else [one])]
        return values(inner, [*rules, *further])
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*(values(one, rules) for one in get_args(kind)))
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is type(None):
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is int:
        limits = _limits(rules)
        low = limits["min_value"] + limits.get("exclude_min", 0)
        return st.integers(low, min(limits.get("max_value", 60) - limits.get("exclude_max", 0), 2**31 - 1))
    if kind is float:
        return st.floats(**{"max_value": 1e6, **_limits(rules)}, allow_nan=False, allow_infinity=False)
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), unique=True, max_size=4).map(tuple)
    raise TypeError(f"no values for {kind}")


def forms(form: type[BaseModel], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Instances of a form: the given fields as given, the others from their types."""
    drawn = {name: given[name] if name in given else values(field) for name, field in form.model_fields.items()}
    return st.builds(form, **drawn)


def _alike(*keys: str) -> bool:
    """Whether the domains have one kind of input."""
    return len({domain_info(key).spec.modality for key in keys}) == 1


@st.composite
def problems(draw: st.DrawFn, fitting: bool = False) -> Problem:
    """Problems of domains that need no download; roles and tasks may not fit together, unless they shall."""
    keys, least = draw(st.permutations(builtin_domains())), int(fitting)
    if fitting:
        first = domain_info(keys[0])
        keys = [key for key in keys if domain_info(key).tasks.keys() & first.tasks and _alike(key, keys[0])]
    sources, targets, unseen = draw(st.integers(least, 3)), draw(st.integers(least, 2)), draw(st.integers(0, 1))
    chosen = keys[: sources + targets + unseen]
    shared = [task for task in domain_info(keys[0]).tasks if all(task in domain_info(key).tasks for key in chosen)]
    tasks = st.lists(st.sampled_from(shared or TASKS), min_size=1, max_size=2, unique=True).map(tuple)
    return Problem(
        source=tuple(chosen[:sources]),
        target=tuple(chosen[sources : sources + targets]),
        unseen=tuple(chosen[sources + targets :]),
        tasks=draw(tasks),
        labels_per_class=draw(st.sampled_from((0, 1, 4, 5, 12, 40, "all"))),
    )


@st.composite
def strategies(draw: st.DrawFn, form: type[Strategy], problem: Problem, network: Any = None) -> Strategy:
    """A method with every field drawn; stages and λ are names that exist for this problem."""
    given: dict[str, Any] = {"kind": st.just(form.kind_name())}
    if "frozen" in form.model_fields:
        names = ["head", "stages.conv2", "head.digit", "conv1", "conv2", "conv1.conv.weight"]
        given["frozen"] = st.lists(st.sampled_from(names), unique=True, max_size=3).map(tuple)
    if "weights" in form.model_fields:
        try:
            terms = list(form().lambdas(problem))
        except XferError:
            terms = []
        λ = st.one_of(st.floats(0, 10), st.sampled_from((0.0004, 0.12345, 1 / 3, 0.333, 1e-9, 0.5, 1.0, 37.5)))
        given["weights"] = st.dictionaries(st.sampled_from(terms), λ, max_size=len(terms)) if terms else st.just({})
    if "table" in form.model_fields:
        given["table"] = st.sampled_from(("", TABLE, "12", "true", "[1]", '"x"', "null", "NaN", " 1", "a,b\r\nc"))
    return draw(forms(form, **given))


def live_changes(strategy: Strategy, problem: Problem) -> st.SearchStrategy[LiveChange]:
    """What a person may have changed while such a run trained."""
    try:
        terms = list(strategy.lambdas(problem))
    except XferError:
        terms = []
    names = st.sampled_from(["lr", *(f"lambda/{term}" for term in terms)])
    return forms(LiveChange, name=names, value=st.floats(1e-9, 100))


@st.composite
def specs(draw: st.DrawFn, form: type[Strategy] | None = None, fitting: bool = False) -> RunSpec:
    """Specs of every field and every method, whether or not they can be run.

    Args:
        draw: given by hypothesis.
        form: of the strategy; None for any.
        fitting: whether domains, network and augmentation fit together, so that many can be run.
    """
    problem, networks, given = draw(problems(fitting)), QUICK_NETWORKS, {}
    if fitting:
        inputs = problem.input_spec()
        networks = [network for network in QUICK_NETWORKS if network.accepts(inputs)]
        views = st.lists(st.sampled_from(inputs.augmentations), unique=True) if inputs.augmentations else st.just([])
        given["augment"] = views.map(tuple)
    chosen = form or draw(st.sampled_from(STRATEGIES))
    optimizer = draw(st.sampled_from(OPTIMIZERS))
    strategy = draw(strategies(chosen, problem))
    changes = st.lists(live_changes(strategy, problem), max_size=3).map(tuple)
    training = forms(
        TrainingConfig,
        optimizer=forms(optimizer),
        device=st.sampled_from(("auto", "cpu")),
        live_changes=changes,
        **given,
    )
    return RunSpec(
        problem=problem,
        network=draw(forms(draw(st.sampled_from(networks)))),
        strategy=strategy,
        training=draw(training),
        seed=draw(values(RunSpec.model_fields["seed"])),
    )
