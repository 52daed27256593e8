"""What is chosen on the page Playground, as one value that a link can hold, and the runs that follow from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError

from xfer_core.config import Config, Distinct, Name
from xfer_core.domains.planar import WAVE_TEXT, Drawing
from xfer_core.errors import XferError
from xfer_core.names import TermName
from xfer_core.networks.mlp import Activation
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import CLASSES
from xfer_core.strategies.base import ChoosesFrozen, ChoosesWeights

Shape = Literal["moons", "blobs", "circles", "spirals", "drawn"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
MOST_METHODS, MOST_TARGETS = 4, 3
STEPS, EVALUATIONS = 3000, 100
DRAWINGS = {"points", "target_points"}
LIVE = ("rate", "weight")  # settings that act on runs while they learn
UNMOVED = 0.001  # degrees: a target that is not moved is a domain of its own all the same


class PlaySettings(Config):
    """Data, methods and network of a playground; a link names what is not as at first."""

    data: Shape = "moons"
    points: Drawing = WAVE_TEXT
    """The drawing of the source, if the data is drawn."""
    target_points: Drawing | Literal[""] = ""
    """That of the target; without it the target is the source, moved."""
    rotate: float = Field(default=40, ge=-180, le=180)
    shift: float = Field(default=0, ge=-3, le=3)
    scale: float = Field(default=1, ge=0.25, le=4)
    noise: float = Field(default=0.15, ge=0, le=1)
    balance: float = Field(default=1, ge=0.1, le=10)
    """Samples of the targets' first class for one of another."""
    targets: int = Field(default=1, ge=1, le=MOST_TARGETS)
    """Number of targets: the last one is moved all the way, the others a part of it each."""
    unseen: bool = False
    """Whether training sees nothing of the last one of several targets."""
    labels: int = Field(default=2, ge=0, le=30)
    methods: Annotated[tuple[Name, ...], Distinct] = Field(
        default=("source_only", "fine_tune", "dann"), min_length=1, max_length=MOST_METHODS
    )
    width: int = Field(default=8, ge=2, le=32)
    depth: int = Field(default=2, ge=1, le=4)
    activation: Activation = "relu"
    frozen: Annotated[tuple[Name, ...], Distinct] = Field(default=(), max_length=8)
    rate: float = Field(default=0.01, gt=0, le=1)
    weight: float = Field(default=0.5, ge=0, le=1)
    """λ of the target, for methods that let a person choose it; the source has the rest."""
    seed: int = Field(default=0, ge=0, le=1_000_000)

    @property
    def has_own_target(self) -> bool:
        """Whether the target is drawn: it stays where it was drawn."""
        return self.data == "drawn" and self.target_points != ""

    def domains(self) -> tuple[str, ...]:
        """References to the source and to each target, the one that is moved least first; a target that is drawn is the
        only one."""
        both = f"planar.{self.data}?noise={self.noise:g}"
        if self.data != "drawn":
            return both, *(both + moved for moved in self._moved())
        source = f"{both}&points={self.points}"
        if self.has_own_target:
            return source, f"{both}&rotate={UNMOVED}&balance={self.balance:g}&points={self.target_points}"
        return source, *(f"{both}{moved}&points={self.points}" for moved in self._moved())

    def _moved(self) -> list[str]:
        """The parameters of each target: the last one is moved all the way."""
        parts = [part / self.targets for part in range(1, self.targets + 1)]
        return [
            f"&rotate={part * (self.rotate or UNMOVED):g}&shift_x={part * self.shift:g}&scale={self.scale**part:g}"
            f"&balance={self.balance:g}"
            for part in parts
        ]

    def specs(self) -> list[RunSpec]:
        """One run for each method.

        Raises:
            XferError: what a method refuses.
        """
        source, *targets = self.domains()
        unseen = [targets.pop()] if self.unseen and len(targets) > 1 else []
        stages = {f"hidden{i + 1}" for i in range(self.depth)} | {"head"}
        frozen = [name for name in self.frozen if name in stages]
        found: list[RunSpec] = []
        for kind in self.methods:
            wanted = {
                "problem.source": [source],
                "problem.target": targets,
                "problem.unseen": unseen,
                "problem.labels_per_class": self.labels,
                "network.kind": "mlp",
                "network.width": self.width,
                "network.depth": self.depth,
                "network.activation": self.activation,
                "strategy.kind": kind,
                "training.steps": STEPS,
                "training.evaluations": EVALUATIONS,
                "training.optimizer.lr": self.rate,
                "training.precision": "float32",
                "seed": self.seed,
            }
            if kind in CLASSES and issubclass(CLASSES[kind], ChoosesFrozen) and frozen:
                wanted["strategy.frozen"] = frozen
            spec = parse_spec({}, [f"{path}={json.dumps(value)}" for path, value in wanted.items()])
            if isinstance(spec.strategy, ChoosesWeights) and self.weight != PlaySettings().weight:
                spec = parse_spec(spec.model_dump(), [f"strategy.weights={json.dumps(self._weights(spec))}"])
            spec.check()
            found.append(spec)
        return found

    def _weights(self, spec: RunSpec) -> dict[str, float]:
        """λ of each domain's loss: their sum is as the method has it at first."""
        roles, terms = spec.problem.roles(), spec.strategy.lambdas(spec.problem)
        shared = {term: roles[domain] for term in terms if (domain := TermName.parse(term).domain) in roles}
        whole, targets = sum(terms[term] for term in shared), list(shared.values()).count("target")
        return {
            term: whole * (self.weight / targets if role == "target" else round(1 - self.weight, 6))
            for term, role in shared.items()
        }

    def continues(self, other: PlaySettings) -> bool:
        """Whether runs of the other settings can go on with these: only what is live differs."""
        return self.model_copy(update={name: getattr(other, name) for name in LIVE}) == other

    def address(self) -> dict[str, str]:
        """What differs from the settings at first, as parameters of a link."""
        first, unused = PlaySettings().model_dump(), set() if self.data == "drawn" else DRAWINGS
        return {
            name: _text(value)
            for name, value in self.model_dump().items()
            if value != first[name] and name not in unused
        }


def read_settings(given: Mapping[str, str]) -> tuple[PlaySettings, list[str]]:
    """The settings of a link; what cannot be used is left as it is at first.

    Returns:
        Them, and the names of parameters that could not be used.
    """
    known = {name: value for name, value in given.items() if name in PlaySettings.model_fields}
    settings, refused = PlaySettings(), list[str]()
    for name, text in known.items():
        many = name in ("methods", "frozen")
        value: Any = tuple(filter(None, text.split(","))) if many else text
        try:
            if name == "methods" and not set(value) <= set(CLASSES):
                raise XferError("unknown_choice", name, text, allowed=tuple(CLASSES))
            settings = PlaySettings.model_validate({**settings.model_dump(), name: value}, strict=False)
        except (ValidationError, XferError):
            refused.append(name)
    return settings, refused


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
