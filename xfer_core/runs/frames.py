"""Frames: what a network of points in the plane has learnt at one step, small enough to be sent several times a second.

A frame holds the decision boundary and the hidden units on a grid of the plane, the features of some validation samples
in two dimensions and the distance between the domains in them, and the conflict between the gradients of both. A worker
makes frames while somebody watches, and adds them to a file of the run; the page Playground reads on from where it was.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xfer_core.domains import domain_info, load_domain
from xfer_core.errors import XferError
from xfer_core.files import write_whole
from xfer_core.measures.mmd import mmd
from xfer_core.modalities import TableInput
from xfer_core.runs.gradient_conflict import GradientConflict
from xfer_core.strict_json import to_json
from xfer_core.training.callback import Command
from xfer_core.training.evaluation import evaluating
from xfer_core.training.trainer import Trainer

FILE = "frames.jsonl"
SIZE, UNIT_SIZE = 48, 16  # cells per side of the boundary and of the picture of one hidden unit
UNITS = 8  # of a stage, the first ones
CONFIDENCES = 32  # levels of a cell's confidence
SAMPLES = 100  # of a domain in the picture of the features
KEPT = 300  # frames of a run; every second one goes when there are twice as many
WATCHED_SECONDS = 8.0  # after a page asked for frames
LEFT_SECONDS = 30.0  # without a page that asks, after which a run that was watched is paused
EARLY_SECONDS = 0.02  # by which a frame may come before its time: steps come in groups, and the next is a tick later
SHARE = 2  # at least so many times what a frame takes passes until the next one


@dataclass(frozen=True)
class Window:
    """The part of the plane that is shown: a square around all points, with a margin."""

    left: float
    right: float
    bottom: float
    top: float

    def grid(self, size: int) -> Tensor:
        """The centres of size × size cells, row by row from the top: float32 (size², 2)."""
        x = self.left + (torch.arange(size) + 0.5) / size * (self.right - self.left)
        y = self.top - (torch.arange(size) + 0.5) / size * (self.top - self.bottom)
        return torch.stack([x.repeat(size), y.repeat_interleave(size)], 1)


def window_of(keys: Sequence[str], margin: float = 0.08) -> Window:
    """The window of these domains of points in the plane."""
    points = torch.cat([load_domain(key).inputs for key in keys])
    low, high = points.min(0).values, points.max(0).values
    middle, half = (low + high) / 2, float((high - low).max()) / 2 * (1 + 2 * margin)
    (x, y), half = middle.tolist(), half or 1.0
    return Window(x - half, x + half, y - half, y + half)


class FrameWriter:
    """Makes frames of a run while it is watched.

    Args:
        folder: of the run's artifacts.
        trainer: the run, of points in the plane.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self.path, self.trainer = folder / FILE, trainer
        self.frames = read_frames(self.path)[0]
        if self.frames:  # whole lines alone, whatever happened to the worker before
            write_whole(self.path, "".join(map(_line, self.frames)).encode())
        self.rate, self.until, self.next = 1.0, 0.0, 0.0
        self.heard: float | None = None  # when somebody last asked for frames or changed the pace
        self.was_played = bool(self.frames)
        self.step = -1  # of the last frame
        self.conflict = GradientConflict(trainer)
        self._basis: Tensor | None = None  # of the last frame's features
        self._grid: tuple[Tensor, Tensor] | None = None

    @staticmethod
    def suits(trainer: Trainer) -> bool:
        """Whether a run's inputs are points in the plane, and its first task has classes."""
        spec, first = trainer.data.input_spec, trainer.data.problem.tasks[0]
        return isinstance(spec, TableInput) and spec.is_planar and 1 < len(trainer.data.classes[first]) <= 8

    def hear(self, commands: Sequence[Command]) -> list[Command]:
        """Obey what asks for frames; returns the others, or a pause for a run that somebody played and nobody watches
        any more."""
        if any(command.kind in ("frames", "allow", "speed") for command in commands):
            self.heard = time.monotonic()
        for command in commands:
            if command.kind == "frames":
                self.watch(command.value)
        others = [command for command in commands if command.kind != "frames"]
        return others or ([Command("pause")] if self.is_left else [])

    def watch(self, rate: float) -> None:
        """Somebody wants so many frames a second, for the next seconds; the first comes at once."""
        self.rate, self.until = max(0.1, rate), time.monotonic() + WATCHED_SECONDS
        self()

    @property
    def is_left(self) -> bool:
        """Whether somebody played it, and nobody has for a while."""
        return self.heard is not None and self.heard < time.monotonic() - WATCHED_SECONDS - LEFT_SECONDS

    def __call__(self) -> None:
        """Add a frame if one is due, and the network is another than in the last one."""
        begun = time.monotonic()
        if begun > self.until or begun < self.next - EARLY_SECONDS or self.trainer.step == self.step:
            return
        self.step = self.trainer.step
        self._add(self._frame())
        self.next = begun + max(1 / self.rate, SHARE * (time.monotonic() - begun))

    def _add(self, frame: dict[str, Any]) -> None:
        kept = [one for one in self.frames if one["step"] < frame["step"]]  # it may have been resumed before the last
        was_set_back, is_full = len(kept) < len(self.frames), len(kept) == 2 * KEPT
        self.frames = [*(kept[::2] if is_full else kept), frame]
        if was_set_back or is_full:
            write_whole(self.path, "".join(map(_line, self.frames)).encode())
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(_line(frame))

    def _frame(self) -> dict[str, Any]:
        with evaluating(self.trainer.network):
            return {**self._pictures(), "conflict": self.conflict()}

    @torch.inference_mode()
    def _pictures(self) -> dict[str, Any]:
        trainer = self.trainer
        network, phase, task = trainer.network, trainer.phases[trainer.phase_index], trainer.data.problem.tasks[0]
        plane, sparse = self._inputs()
        seen: list[Tensor] = []
        x = sparse
        for stage in network.stages.values():
            x = stage(x)
            seen.append(x.flatten(1)[:, :UNITS])
        boundary = network(plane)[task].softmax(1)
        features = {key: network.features(inputs) for key, (inputs, _labels) in self._samples.items()}
        frozen = [
            bool(names) and names <= phase.frozen
            for names in (set(network.parameter_names(name)) for name in network.stages)
        ]
        return {
            "step": trainer.step,
            "phase": phase.name,
            "size": SIZE,
            "boundary": _text(_cells(boundary)),
            "units": [
                {
                    "stage": name,
                    "frozen": fixed,
                    "size": UNIT_SIZE,
                    "count": maps.shape[1],
                    "maps": _text(_maps(maps)),
                    "weights": _text(_strengths(stage)),
                }
                for (name, stage), fixed, maps in zip(network.stages.items(), frozen, seen, strict=True)
            ],
            "features": self._project(features),
            "distance": self._distance(features),
        }

    def _inputs(self) -> tuple[Tensor, Tensor]:
        """The cells of both grids as inputs of the network."""
        if self._grid is None:
            data, device = self.trainer.data, self.trainer.device
            window, task = window_of(tuple(data.problem.roles())), data.problem.tasks[0]
            spec = domain_info(data.problem.target[0]).spec
            fine, coarse = (
                data.input_spec.to_float(data.encoder(spec, window.grid(size)), device) for size in (SIZE, UNIT_SIZE)
            )
            self._grid = fine, coarse
            held_out = {key: data.held_out[key, "validation"] for key in data.problem.roles()}
            self._samples = {
                key: (data.input_spec.to_float(samples.inputs[:SAMPLES], device), samples.labels[task][:SAMPLES])
                for key, samples in held_out.items()
                if len(samples)
            }
        return self._grid

    def _distance(self, features: dict[str, Tensor]) -> float | None:
        """The squared MK-MMD between the features of sources and targets, 0 where chance makes it negative; None where
        there are too few, or some are not finite."""
        roles = self.trainer.roles
        source, target = (
            [part for key, part in features.items() if roles[key] == role] for role in ("source", "target")
        )
        if source and target:
            with suppress(XferError):
                return max(0.0, mmd(torch.cat(source), torch.cat(target)))
        return None

    def _project(self, features: dict[str, Tensor]) -> dict[str, dict[str, str]]:
        """The features of all domains in the plane of their first two principal components, scaled to ±127; turned so
        that they stand as near as possible to where they stood in the last frame."""
        together = torch.cat(list(features.values())).double().cpu().nan_to_num(0.0, 0.0, 0.0)  # a network that breaks
        together = together - together.mean(0)
        _values, vectors = torch.linalg.eigh(together.T @ together)
        points = together @ vectors[:, -2:].flip(1)
        if points.shape[1] < 2:
            points = torch.cat([points, torch.zeros(len(points), 2 - points.shape[1])], 1)
        if self._basis is not None and self._basis.shape == points.shape:
            left, _scale, right = torch.linalg.svd(points.T @ self._basis)
            points = points @ (left @ right)
        self._basis = points
        placed = (points / points.abs().max().clamp_min(1e-12) * 127).round().clamp(-127, 127).to(torch.int8)
        parts = placed.split([len(part) for part in features.values()])
        return {
            key: {"points": _text(part), "labels": _text(self._samples[key][1].to(torch.uint8))}
            for key, part in zip(features, parts, strict=True)
        }


def read_frames(path: Path, place: tuple[int, int] = (0, 0)) -> tuple[list[dict[str, Any]], tuple[int, int]]:
    """The frames that were added since the last call.

    Args:
        path: the file.
        place: what the last call returned: file and position.

    Returns:
        Them, and the place for the next call. If the file was written anew, all that it holds.
    """
    try:
        with path.open("rb") as file:
            number = os.fstat(file.fileno()).st_ino  # of this file, which another may replace meanwhile
            if place[0] == number:
                file.seek(place[1])
            text = file.read()
            end = file.tell()
    except OSError:  # not there yet, or deleted with its run
        return [], (0, 0)
    whole = text[: text.rfind(b"\n") + 1]
    return [frame for line in whole.splitlines() if (frame := _frame_of(line))], (number, end - len(text) + len(whole))


def _frame_of(line: bytes) -> dict[str, Any] | None:
    """A frame; None for a line that was cut short, because its worker was killed while it wrote."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _line(frame: dict[str, Any]) -> str:
    return to_json(frame, separators=(",", ":")) + "\n"


def _text(values: Tensor) -> str:
    """The bytes of a tensor of integers, base64."""
    return base64.b64encode(np.ascontiguousarray(values.cpu().numpy()).tobytes()).decode()


def _cells(probabilities: Tensor) -> Tensor:
    """The predicted class times 32, and how sure the network is of it, from 0 (chance) to 31: uint8 (N,)."""
    sure, best = probabilities.nan_to_num(0.0).max(1)
    chance = 1 / probabilities.shape[1]
    level = ((sure - chance) / (1 - chance)).clamp(0, 1) * (CONFIDENCES - 1)
    return (best * CONFIDENCES + level.round().long()).to(torch.uint8)


def _maps(outputs: Tensor) -> Tensor:
    """Each unit's outputs (cells, units) from its smallest to its largest as 0 to 255: uint8 (units, cells)."""
    low, high = outputs.min(0).values, outputs.max(0).values
    scaled = (outputs - low) / (high - low).clamp_min(1e-12)
    return (scaled.nan_to_num(0.0) * 255).round().to(torch.uint8).T


def _strengths(stage: nn.Module) -> Tensor:
    """The sizes of the weights between the units that are shown, 255 for the largest: uint8 (inputs, units)."""
    linear = next((module for module in stage.modules() if isinstance(module, nn.Linear)), None)
    if linear is None:
        return torch.zeros(0, dtype=torch.uint8)
    sizes = linear.weight.detach()[:UNITS, :UNITS].abs().T
    return (sizes / sizes.max().clamp_min(1e-12) * 255).nan_to_num(0.0).round().to(torch.uint8)
