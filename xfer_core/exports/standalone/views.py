"""How the script draws and augments batches: in the order of ``training/sampler.py``, image by image."""

from __future__ import annotations

from collections.abc import Iterable

from xfer_core.modalities.image.sampler import CROP_PADDING, ROTATION_DEGREES, SHIFT_PADDING

_STREAM = '''
Batch = namedtuple("Batch", "images labels positions")


class Stream:
    """An endless, reshuffled sequence of batches of one domain: every sample comes once before any comes again."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.order = torch.empty(0, dtype=torch.int64)

    def draw(self):
        """Images, float (BATCH, C, H, W) in 0…1, their labels by task, and their indices in the domain."""
        while len(self.order) < BATCH:
            self.order = torch.cat([self.order, torch.randperm(len(self.images), generator=generator)])
        chosen, self.order = self.order[:BATCH], self.order[BATCH:]
        images = {augmented}
        images = images.contiguous(memory_format=torch.channels_last)  # faster convolutions
        return Batch(images, {{task: labels[chosen] for task, labels in self.labels.items()}}, chosen)
'''

_AUGMENT = '''
def augment(images):
    """A random augmentation of every image: {what}."""
'''

_DRAW_MIRRORED = """
    mirrored = torch.randint(2, (len(images),), generator=generator).bool()
"""

_MOVE = """
    height, width = images.shape[2:]
    moves = torch.randint({places}, (2, len(images)), generator=generator).T.tolist()
    padded = F.pad(images, ({reach}, {reach}, {reach}, {reach}))
    cut = [image[:, y : y + height, x : x + width] for image, (y, x) in zip(padded, moves)]
    images = torch.stack(cut)
"""

_MIRROR = """
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
"""

_ROTATE = """
    turn = torch.rand(len(images), generator=generator) * 2 - 1
    angle = (turn * {degrees}).deg2rad()
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, -sin, zero, sin, cos, zero], 1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, align_corners=False)
"""


def batches_code(augment: Iterable[str]) -> str:
    """The class ``Stream``, after the function ``augment`` if anything is augmented."""
    chosen = frozenset(augment)
    if not chosen:
        return _STREAM.format(augmented="self.images[chosen].float() / 255")
    reach = CROP_PADDING if "crop" in chosen else SHIFT_PADDING if "shift" in chosen else 0
    what = [
        (f"shifted by up to {reach} pixels", reach),
        ("mirrored", "flip" in chosen),
        (f"rotated by up to {ROTATION_DEGREES:g}°", "rotation" in chosen),
    ]
    body = [_AUGMENT.format(what=", ".join(text for text, there in what if there)).lstrip("\n")]
    body += [_DRAW_MIRRORED] * ("flip" in chosen)
    body += [_MOVE.format(places=2 * reach + 1, reach=reach)] * bool(reach)
    body += [_MIRROR] * ("flip" in chosen)
    body += [_ROTATE.format(degrees=ROTATION_DEGREES)] * ("rotation" in chosen)
    body += ["    return images\n"]
    function = "".join(part.removeprefix("\n") for part in body)
    return f"{function}\n{_STREAM.format(augmented='augment(self.images[chosen].float() / 255)')}"
