"""Points that a person drew, as a short text that a link can hold.

A byte says how many classes there are, two bytes each how many points a class has; then come two bytes for each point,
class by class. All of it is base64 for addresses (RFC 4648 §5) without its padding. There is one text for a drawing,
so that equal domains have equal references; a general compressor would save little of coordinates and break that.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import numpy as np

from xfer_core.errors import XferError

EDGE = 2.0  # the drawn square reaches from −2 to 2 in x and in y
LEVELS = 255  # steps from edge to edge
MIN_POINTS, MAX_POINTS, MAX_CLASSES = 2, 500, 4
CLASSES = ("a", "b", "c", "d")
LONGEST = -(-(1 + 2 * MAX_CLASSES + 2 * MAX_POINTS) * 4 // 3)  # characters
EXPECTED = (
    f"a whole drawing of {MIN_POINTS} to {MAX_POINTS} points in 2 to {MAX_CLASSES} classes, as Playground writes it"
)


def encode_points(points: Iterable[Iterable[float]], labels: Iterable[int], field: str = "points") -> str:
    """The text of a drawing. Points outside the square lie on its edge then, and equal ones are one.

    Args:
        points: x and y of each, (N, 2).
        labels: of each point its class, 0 to 3; every class below the largest has a point.
        field: named in an error.

    Raises:
        XferError: ``not_all_finite``, or those of :func:`decode_points`.
    """
    places, classes = np.asarray(list(points), float).reshape(-1, 2), np.asarray(list(labels), int)
    if not np.isfinite(places).all():
        raise XferError("not_all_finite", field, float(places[~np.isfinite(places)][0]))
    if len(classes) and not 0 <= classes.min() <= classes.max() < MAX_CLASSES:
        raise XferError("not_a_class", field, int(max(classes, key=lambda one: abs(one - 1))), last=MAX_CLASSES - 1)
    bytes_of = np.rint((places.clip(-EDGE, EDGE) + EDGE) / (2 * EDGE) * LEVELS).astype(int)
    rows = np.unique(np.column_stack([classes, bytes_of]), axis=0)
    counts = np.bincount(rows[:, 0]) if len(rows) else np.zeros(0, int)
    _check(counts, field)
    header = bytes([len(counts)]) + counts.astype(">u2").tobytes()
    return base64.urlsafe_b64encode(header + rows[:, 1:].astype(np.uint8).tobytes()).decode().rstrip("=")


def decode_points(text: str, field: str = "points") -> tuple[np.ndarray, np.ndarray]:
    """The points of a drawing, float64 (N, 2), and their classes, int64 (N,).

    Raises:
        XferError: ``too_long`` for more than 500 points; ``few_samples`` for one; ``one_class``; ``wrong_type`` for
            what is no drawing, or is cut short.
    """
    if len(text) > LONGEST:
        raise XferError("too_long", field, text, limit=MAX_POINTS, what="points")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise XferError("wrong_type", field, text, expected=EXPECTED) from None
    count = data[0] if data else 0
    counts, body = np.frombuffer(data[1 : 1 + 2 * count][: 2 * (len(data[1:]) // 2)], ">u2"), data[1 + 2 * count :]
    if not 0 < count <= MAX_CLASSES or len(counts) != count or len(body) != 2 * counts.sum():
        raise XferError("wrong_type", field, text, expected=EXPECTED)
    _check(counts, field)
    labels = np.repeat(np.arange(count), counts)
    points = np.frombuffer(body, np.uint8).reshape(-1, 2) / LEVELS * 2 * EDGE - EDGE
    if encode_points(points, labels) != text:  # points twice or in another order
        raise XferError("wrong_type", field, text, expected=EXPECTED)
    return points, labels


def _check(counts: np.ndarray, field: str) -> None:
    """Reject a drawing with so many points of each class."""
    if counts.sum() > MAX_POINTS:
        raise XferError("too_long", field, f"{counts.sum()} points", limit=MAX_POINTS, what="points")
    if counts.sum() < MIN_POINTS:
        raise XferError("few_samples", field, f"{counts.sum()} points", limit=MIN_POINTS)
    if len(counts) < 2:
        raise XferError("one_class", field, f"{counts.sum()} points of one class")
    if not counts.all():
        raise XferError("wrong_type", field, f"no point of class {CLASSES[int(counts.argmin())]}", expected=EXPECTED)
