"""The loop: batches, phases, precision, device, evaluation and checkpoints."""

from xfer_core.training.form import OPTIMIZERS, SGD, Adam, TrainingForm
from xfer_core.training.loop import Result, Trainer
from xfer_core.training.observer import Command, Observer, Silent

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Command", "Observer", "Result", "Silent", "Trainer", "TrainingForm"]
