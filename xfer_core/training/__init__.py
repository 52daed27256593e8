"""Training: the loop, batches, phases, precision, device, evaluation and checkpoints."""

from xfer_core.training.callback import Callback, Command, NullCallback
from xfer_core.training.config import OPTIMIZERS, SGD, Adam, TrainingConfig
from xfer_core.training.trainer import Result, Trainer

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Callback", "Command", "NullCallback", "Result", "Trainer", "TrainingConfig"]
