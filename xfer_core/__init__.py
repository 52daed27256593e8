"""Xfer's core: trains and measures, never shows. It imports no Streamlit.

The names here are the public face: ``from xfer_core import RunSpec, train``. Each is loaded when it is first used, for
torch alone takes seconds to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xfer_core.domains import (
        Card,
        Domain,
        DomainInfo,
        DomainRegistry,
        Task,
        domain_info,
        domain_keys,
        load_domain,
        registry,
        use_registry,
    )
    from xfer_core.errors import XferError
    from xfer_core.experiments.experiment import Condition, Experiment
    from xfer_core.experiments.plan import Plan, plan_for
    from xfer_core.modalities import Column, ImageInput, InputSpec, TableInput, TextInput
    from xfer_core.networks import NETWORKS, Network, NetworkConfig
    from xfer_core.problems.problem import Problem, ProblemData, split_problem
    from xfer_core.runs.spec import RunSpec, parse_spec
    from xfer_core.runs.store import Run, Store, open_store
    from xfer_core.runs.train import train, trainer_for
    from xfer_core.selections import SELECTIONS, Selection
    from xfer_core.strategies import STRATEGIES, Phase, Strategy
    from xfer_core.training import Callback, NullCallback, Result, Trainer, TrainingConfig
    from xfer_core.workspace import Workspace, current_workspace

__version__ = "0.1.0"

_MODULES = {
    "xfer_core.domains": (
        "Card",
        "Domain",
        "DomainInfo",
        "Task",
        "DomainRegistry",
        "domain_info",
        "domain_keys",
        "load_domain",
        "registry",
        "use_registry",
    ),
    "xfer_core.errors": ("XferError",),
    "xfer_core.experiments.experiment": ("Condition", "Experiment"),
    "xfer_core.experiments.plan": ("Plan", "plan_for"),
    "xfer_core.modalities": ("Column", "ImageInput", "InputSpec", "TableInput", "TextInput"),
    "xfer_core.networks": ("NETWORKS", "Network", "NetworkConfig"),
    "xfer_core.problems.problem": ("Problem", "ProblemData", "split_problem"),
    "xfer_core.runs.spec": ("RunSpec", "parse_spec"),
    "xfer_core.runs.store": ("Run", "Store", "open_store"),
    "xfer_core.runs.train": ("train", "trainer_for"),
    "xfer_core.selections": ("SELECTIONS", "Selection"),
    "xfer_core.strategies": ("STRATEGIES", "Phase", "Strategy"),
    "xfer_core.workspace": ("Workspace", "current_workspace"),
    "xfer_core.training": ("Callback", "NullCallback", "Result", "Trainer", "TrainingConfig"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "NETWORKS",
    "SELECTIONS",
    "STRATEGIES",
    "Callback",
    "Card",
    "Column",
    "Condition",
    "Domain",
    "DomainInfo",
    "DomainRegistry",
    "Experiment",
    "ImageInput",
    "InputSpec",
    "Network",
    "NetworkConfig",
    "NullCallback",
    "Phase",
    "Plan",
    "Problem",
    "ProblemData",
    "Result",
    "Run",
    "RunSpec",
    "Selection",
    "Store",
    "Strategy",
    "TableInput",
    "Task",
    "TextInput",
    "Trainer",
    "TrainingConfig",
    "Workspace",
    "XferError",
    "current_workspace",
    "domain_info",
    "domain_keys",
    "load_domain",
    "open_store",
    "parse_spec",
    "plan_for",
    "registry",
    "split_problem",
    "train",
    "trainer_for",
    "use_registry",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
