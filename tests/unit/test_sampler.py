"""Batches: every sample before any again, and augmentation against a slow implementation that anybody can read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xfer_core.modalities.image.sampler import CROP_PADDING, SHIFT_PADDING, ImageSampler

CPU = torch.device("cpu")


def stream(size: int = 7, augment: tuple[str, ...] = (), seed: int = 0, side: int = 8) -> ImageSampler:
    """A stream whose labels are the samples' numbers."""
    fixed = torch.Generator().manual_seed(9)
    images = torch.randint(256, (size, 3, side, side + 2), dtype=torch.uint8, generator=fixed)
    labels = {"number": torch.arange(size), "twice": 2 * torch.arange(size)}
    return ImageSampler(images, labels, augment, torch.Generator().manual_seed(seed), CPU)


def originals(s: ImageSampler) -> np.ndarray:
    """The images as they were given, (N, C, H, W)."""
    padded = s.pixels.view(s.size, s.padded_height, s.padded_width, s.channels).permute(0, 3, 1, 2)
    r = s.reach
    return padded[:, :, r : r + s.height, r : r + s.width].numpy()


@pytest.mark.parametrize(("size", "batch"), [(7, 3), (7, 7), (3, 8), (10, 4)])
def test_every_sample_comes_once_before_any_comes_again(size, batch):
    s = stream(size)
    numbers = torch.cat([s.next_batch(batch)[1]["number"] for _ in range(3 * size)]).tolist()
    passes = [numbers[i : i + size] for i in range(0, len(numbers) - size + 1, size)]
    assert all(sorted(one) == list(range(size)) for one in passes)
    assert len({tuple(one) for one in passes}) > 1, "passes are not shuffled anew"


def test_a_plain_batch_is_the_images_and_their_labels():
    s = stream()
    images, labels, _ = s.next_batch(5)
    assert images.shape == (5, 3, 8, 10)
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal((images * 255).round().numpy(), originals(s)[labels["number"]])
    assert images.max() <= 1
    assert torch.equal(labels["twice"], 2 * labels["number"])


def slow_view(image: np.ndarray, flip: int, down: int, right: int, pad: int) -> np.ndarray:
    """Mirror, surround with ``pad`` zeros, cut out at (down, right); (C, H, W)."""
    height, width = image.shape[1:]
    view = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            top, left = y + down - pad, (width - 1 - x if flip else x) + right - pad
            if 0 <= top < height and 0 <= left < width:
                view[:, y, x] = image[:, top, left]
    return view


@pytest.mark.parametrize(
    ("augment", "pad"),
    [
        (("flip",), 0),
        (("shift",), SHIFT_PADDING),
        (("crop",), CROP_PADDING),
        (("flip", "crop"), CROP_PADDING),
        (("flip", "shift"), SHIFT_PADDING),
        (("crop", "shift"), CROP_PADDING),
    ],
)
def test_views_equal_the_slow_ones(augment, pad, monkeypatch):
    s = stream(6, augment)
    random = np.random.default_rng(0)
    count = 40
    chosen = random.integers(6, size=count)
    flips = random.integers(2, size=count) if "flip" in augment else np.zeros(count, int)
    offsets = random.integers(2 * pad + 1, size=(2, count))
    offsets[:, :4] = [[0, 2 * pad, 0, 2 * pad], [0, 2 * pad, 2 * pad, 0]]  # the corners too

    def forced(below, *shape):
        if shape == (count,):
            assert below == 2
            return torch.tensor(flips)
        assert (below, shape) == (2 * pad + 1, (2, count))
        return torch.tensor(offsets)

    monkeypatch.setattr(s, "_random", forced)
    found = s.gather(torch.tensor(chosen)).permute(0, 3, 1, 2).numpy()
    images = originals(s)
    for i in range(count):
        expected = slow_view(images[chosen[i]], flips[i], offsets[0, i], offsets[1, i], pad)
        np.testing.assert_array_equal(found[i], expected)


def test_every_offset_and_both_mirrors_occur():
    s = stream(1, ("flip", "shift"))
    views = {image.numpy().tobytes() for image in s.gather(torch.zeros(2000, dtype=torch.int64))}
    assert len(views) == 2 * (2 * SHIFT_PADDING + 1) ** 2


def test_rotation_keeps_shape_and_range_and_turns_about_the_middle():
    s = stream(4, ("rotation",), side=16)
    images, _, _ = s.next_batch(64)
    assert images.shape == (64, 3, 16, 18)
    assert images.min() >= 0
    assert images.max() <= 1
    disc = torch.zeros(1, 3, 33, 33, dtype=torch.uint8)
    disc[:, :, 10:23, 10:23] = 255
    turned, _, _ = ImageSampler(disc, {}, ("rotation",), torch.Generator().manual_seed(0), CPU).next_batch(50)
    axis = torch.arange(33) - 16.0
    mass = turned[:, 0].sum((1, 2))
    for along in (1, 2):
        assert ((turned[:, 0].sum(along) * axis).sum(1) / mass).abs().max() < 0.05
    assert (mass / mass.mean() - 1).abs().max() < 0.02
    assert len({image.numpy().tobytes() for image in turned}) > 40


def test_rotation_goes_both_ways_and_no_further_than_15_degrees():
    dot = torch.zeros(1, 1, 33, 33, dtype=torch.uint8)
    dot[..., 16, 28] = 255
    turned = ImageSampler(dot, {}, ("rotation",), torch.Generator().manual_seed(0), CPU).next_batch(400)[0][:, 0]
    axis, mass = torch.arange(33) - 16.0, turned.sum((1, 2))
    right, down = ((turned.sum(along) * axis).sum(1) / mass for along in (1, 2))
    angles = torch.rad2deg(torch.atan2(down, right))
    assert -16 < angles.min() < -13
    assert 13 < angles.max() < 16


@pytest.mark.parametrize("augment", [(), ("flip", "crop", "rotation"), ("shift",)])
def test_the_same_generator_seed_gives_the_same_batches(augment):
    def batches(seed):
        s = stream(7, augment, seed)
        return [s.next_batch(4) for _ in range(5)]

    one, again, other = batches(1), batches(1), batches(2)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(one, again, strict=True))
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(one, other, strict=True))


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    stream(7, ("flip", "crop", "rotation")).next_batch(5)
    assert torch.equal(torch.random.get_rng_state(), before)
