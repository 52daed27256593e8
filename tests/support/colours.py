"""How well two colours can be told apart."""

from __future__ import annotations

import numpy as np


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    lights = sorted(0.05 + linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, two))
    return lights[1] / lights[0]
