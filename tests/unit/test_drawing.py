"""Any picture of a digit becomes what each domain would show; what is no picture becomes a sentence."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor

from tests.support.data import needs_data
from xfer_core.analysis.drawn_picture import VARIANTS, render_variants
from xfer_core.domains import domain_info, load_domain, registry
from xfer_core.domains.digits import load_digits
from xfer_core.domains.printed import fonts, render_glyphs
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.modalities.image import reading as picture_module
from xfer_core.modalities.image.drawing import center_and_scale, extract_strokes
from xfer_core.modalities.image.reading import LONGEST, count_frames, read_image

DRAWN = [key for key, offer in registry().builtin.items() if offer.render]


def stroke(height: int = 40, width: int = 10, side: int = 64, top: int = 3, left: int = 5) -> Tensor:
    """A white bar on black, uint8 (1, side, side)."""
    picture = torch.zeros(1, side, side, dtype=torch.uint8)
    picture[:, top : top + height, left : left + width] = 255
    return picture


# ---------------------------------------------------------------------- ink and its place


def test_ink_is_bright_on_black_whatever_the_paper():
    white_on_black = stroke()
    paper = 255 - white_on_black // 2  # grey ink on white
    coloured = torch.cat([paper, paper, 255 - white_on_black])
    expected = extract_strokes(white_on_black)
    assert expected.shape == (1, 1, 64, 64)
    assert set(expected.unique().tolist()) == {0.0, 1.0}
    for picture in (paper, coloured):
        assert torch.allclose(extract_strokes(picture), expected, atol=1e-6)


def test_dust_on_the_border_does_not_lift_the_background():
    picture = 255 - stroke()
    picture[:, 0, :10] = 0
    assert extract_strokes(picture)[0, 0, 30, 40] == 0


def test_light_that_falls_unevenly_is_no_ink():
    light = torch.linspace(-12, 12, 64).expand(64, 64)
    picture = torch.where(stroke()[0] > 0, 40.0, 205 + light).round().to(torch.uint8)[None]
    assert torch.equal(extract_strokes(picture) > 0, extract_strokes(stroke()) > 0)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_shade_holds_no_ink(value):
    grain = torch.randint(0, 10, (3, 40, 60), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    picture = torch.full((3, 40, 60), value, dtype=torch.uint8).clamp(max=245) + grain
    with pytest.raises(XferError) as caught:
        extract_strokes(picture)
    assert caught.value.code == "no_ink"
    assert "stands out" in str(caught.value)
    assert "60×40" in str(caught.value)


@pytest.mark.parametrize("bar", [{}, {"height": 10, "width": 44}, {"side": 200, "top": 90, "left": 150}, {"top": 24}])
def test_a_sign_fills_the_square_wherever_and_however_large_it_was_drawn(bar):
    square = center_and_scale(extract_strokes(stroke(**bar)), 32, 32)
    rows, columns = ((square[0, 0] > 0.2).any(axis).nonzero().flatten() for axis in (1, 0))
    spans = sorted((len(rows), len(columns)))
    assert spans[1] == 32
    short, long = sorted((bar.get("height", 40), bar.get("width", 10)))
    assert abs(spans[0] - 32 * short / long) <= 1, "its proportions are kept"
    for found in (rows, columns):
        assert abs(float(found.float().mean()) - 15.5) <= 0.5, "it stands in the middle"


def test_the_centre_of_mass_comes_to_the_middle_and_nothing_is_cut_off():
    ink = torch.zeros(1, 1, 40, 40)
    ink[..., 10:30, 10:14] = 1  # an L, heavy at the bottom left
    ink[..., 26:30, 10:30] = 1
    box, mass = center_and_scale(ink, 28, 20), center_and_scale(ink, 28, 20, by_mass=True)
    axis = torch.arange(28) + 0.5
    for dim in (2, 3):
        at = [float((square.sum(5 - dim)[0, 0] * axis).sum() / square.sum()) for square in (box, mass)]
        assert 13.9 < at[1] < 15.1
        assert abs(at[0] - at[1]) > 1
    assert torch.isclose(box.sum(), mass.sum())
    heavy = torch.zeros(1, 1, 40, 40)
    heavy[..., 10:30, 12:28] = 0.25
    heavy[..., 29, 12:28] = 1
    assert torch.isclose(center_and_scale(heavy, 20, 20, by_mass=True).sum(), center_and_scale(heavy, 20, 20).sum())


# ---------------------------------------------------------------------- as each domain would show it


@pytest.mark.parametrize("key", DRAWN)
def test_a_drawing_has_the_shape_of_its_domain_and_is_always_the_same(key):
    ink = extract_strokes(stroke())
    shown = domain_info(key).render(ink, VARIANTS)
    assert shown.shape == (VARIANTS, *domain_info(key).spec.raw_shape)
    assert shown.dtype == torch.uint8
    assert torch.equal(shown, domain_info(key).render(ink, VARIANTS))
    varied = any(not torch.equal(shown[0], one) for one in shown)
    assert varied == any(word in key for word in ("photo", "rotated", "noisy", "coloured"))


def test_every_domain_of_digits_shows_drawings():
    assert set(DRAWN) == {key for key in registry().builtin if key.startswith("digits.")} | {
        *("mnist", "usps", "emnist.digits", "emnist.letters")
    }


def test_an_original_comes_back_as_itself():
    """What is shown of an original, enlarged with hard edges, is the sample that was made of it."""
    pixels, _ = load_digits()
    samples = load_domain("digits.handwritten").inputs
    likeness = []
    for i in range(0, len(pixels), 20):
        enlarged = torch.from_numpy(pixels[i]).repeat_interleave(8, 0).repeat_interleave(8, 1)
        shown = render_variants((255 * enlarged).round().to(torch.uint8)[None], ["digits.handwritten"])[
            "digits.handwritten"
        ][0]
        likeness.append(np.corrcoef(shown[0].flatten().numpy(), samples[i][0].flatten().numpy())[0, 1])
    assert np.mean(likeness) > 0.9


def test_the_versions_of_one_drawing_are_made_of_the_plain_one():
    one, other = (
        render_variants(picture, ("digits.handwritten", "digits.inverted", "digits.photo", "digits.low"))
        for picture in (stroke(), stroke(10, 40))
    )
    plain = one["digits.handwritten"].int()
    assert torch.equal(one["digits.low"].int(), plain)
    assert (one["digits.inverted"].int() + plain - 255).abs().max() <= 1
    # Both drawings lie on the same photographs: equal where neither has ink, turned over where only one has.
    photo, beneath, there = one["digits.photo"].int(), other["digits.photo"].int(), other["digits.handwritten"].int()
    neither, only = (plain == 0) & (there == 0), (plain == 255) & (there == 0)
    assert neither.any()
    assert only.any()
    assert torch.equal(photo[neither], beneath[neither])
    assert (photo[only] - (255 - beneath[only])).abs().max() <= 1


def test_coloured_drawings_are_red_and_green_in_turn():
    shown = render_variants(stroke(), ["digits.coloured_90"])["digits.coloured_90"].float().sum((2, 3))
    assert (shown[0::2, 0] > 0).all()
    assert (shown[1::2, 1] > 0).all()
    assert shown[0::2, 1:].sum() == shown[1::2, [0, 2]].sum() == 0


@needs_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(("key", "least"), [("mnist", 0.99), ("usps", 0.9)])
def test_real_samples_of_mnist_and_usps_come_back_as_themselves(key, least):
    samples = load_domain(key).inputs[-1000::10]
    likeness = [
        np.corrcoef(render_variants(sample, [key])[key][0].flatten().numpy(), sample.flatten().numpy())[0, 1]
        for sample in samples
    ]
    assert np.mean(likeness) > least


def test_a_domain_that_shows_no_drawings_gets_the_picture_in_its_size(monkeypatch):
    from dataclasses import replace

    plain = replace(domain_info("digits.handwritten"), render=None, parameters=None, spec=ImageInput(1, 20, 24))
    monkeypatch.setitem(registry().builtin, "photos.own", plain)
    picture = torch.zeros(3, 40, 48, dtype=torch.uint8)
    picture[0] = 255
    shown = render_variants(picture, ["photos.own"])["photos.own"]
    assert shown.shape == (VARIANTS, 1, 20, 24)
    assert set(shown.unique().tolist()) == {76}, "red is as bright as ITU-R BT.601 says"


# ---------------------------------------------------------------------- reading a picture


def packed(image: Image.Image, form: str = "PNG", **more) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **more)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is huge, without a pixel."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (head, b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


DIGIT = Image.fromarray((255 - stroke()[0]).numpy())


@pytest.mark.parametrize("kind", ["PNG L", "PNG 1", "PNG P", "PNG I;16", "PNG LA", "JPEG L", "JPEG RGB", "JPEG CMYK",
                                  "WEBP RGB"])  # fmt: skip
def test_every_usual_picture_is_read(kind):
    form, mode = kind.split()
    image = Image.fromarray(np.asarray(DIGIT).astype(np.uint16) * 257) if mode == "I;16" else DIGIT.convert(mode)
    picture = read_image(packed(image, form), "7.png")
    assert picture.shape == (3, 64, 64)
    assert picture.dtype == torch.uint8
    assert (extract_strokes(picture)[0, 0] - extract_strokes(stroke())[0, 0]).abs().mean() < 0.05


def test_a_large_picture_is_made_small_and_a_turned_one_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to see it
    wide = Image.new("RGB", (2000, 1000), "white")
    wide.paste("black", (0, 0, 400, 1000))  # what is at the left comes to the top
    picture = read_image(packed(wide, "JPEG", exif=exif), "photo.jpg")
    assert picture.shape == (3, LONGEST, LONGEST // 2)
    assert picture[:, :80].float().mean() < 10
    assert picture[:, -80:].float().mean() > 245


@pytest.mark.parametrize("form", ["PNG", "WEBP", "MPO"])
def test_of_several_pictures_in_a_file_the_first_is_read(form):
    """One that moves, or two that a telephone put behind one another."""
    blank = Image.new("RGB", (64, 64), "white")
    content = packed(DIGIT.convert("RGB"), form, save_all=True, append_images=[blank])
    assert count_frames(content) == 2
    assert (extract_strokes(read_image(content, "7"))[0, 0] - extract_strokes(stroke())[0, 0]).abs().mean() < 0.05


def test_one_picture_is_one_and_what_is_none_is_no_fault_here():
    assert [count_frames(content) for content in (packed(DIGIT), b"", packed(DIGIT)[:60])] == [1, 1, 1]


@pytest.mark.parametrize("ink", ["black", "white"])
def test_what_is_transparent_is_paper(ink):
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0) if ink == "white" else (255, 255, 255, 0))
    image.paste(ink, (5, 3, 15, 43))
    assert torch.allclose(extract_strokes(read_image(packed(image), "7.png")), extract_strokes(stroke()))


WHOLE = packed(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_picture"),
        (b"This is a text, not a picture.", "no_picture"),
        (WHOLE[: len(WHOLE) // 2], "no_picture"),
        (WHOLE[:40] + bytes(100) + WHOLE[140:], "no_picture"),
        (packed(DIGIT, "GIF"), "no_picture"),
        (packed(DIGIT, "TIFF"), "no_picture"),
        (png_header(0, 0), "no_picture"),
        (png_header(9000, 9000), "too_many_pixels"),
        (png_header(60_000, 60_000), "no_picture"),  # Pillow's own guard against bombs
    ],
    ids=["empty", "text", "cut", "damaged", "gif", "tiff", "no size", "large", "bomb"],
)
def test_what_is_no_picture_is_one_sentence(content, code):
    with pytest.raises(XferError) as caught:
        read_image(content, "mine.png")
    assert caught.value.code == code
    sentence = str(caught.value)
    assert sentence.startswith("picture must ")
    assert "mine.png" in sentence
    assert "\n" not in sentence
    if code == "too_many_pixels":
        assert sentence == "picture must have at most 40 million pixels as PNG; found mine.png (81.0)."


def test_a_webp_may_have_fewer_pixels_for_its_decoder_takes_more_memory():
    large = packed(Image.new("L", (8000, 3000)), "WEBP", quality=1, method=0)
    with pytest.raises(XferError) as caught:
        read_image(large, "mine.webp")
    assert str(caught.value) == "picture must have at most 16 million pixels as WEBP; found mine.webp (24.0)."


# ---------------------------------------------------------------------- other values than 0…255, and memory

SHADES = np.where(stroke()[0].numpy() > 0, 60, 220).astype(np.uint8)  # as a scanner sees it: no black, no white
SHADES[20:30, 40:50] = 140


def tiff(array: np.ndarray) -> Image.Image:
    """An image in whatever mode Pillow gives to such a TIFF."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "TIFF")
    return Image.open(buffer)


def test_a_png_of_16_bits_is_the_same_picture_as_one_of_8():
    deep = packed(Image.fromarray(SHADES.astype(np.uint16) * 257))
    assert Image.open(io.BytesIO(deep)).mode == "I;16"
    assert np.array_equal(read_image(deep, "7.png")[0].numpy(), SHADES)
    assert torch.equal(read_image(deep, "7.png"), read_image(packed(Image.fromarray(SHADES)), "7.png"))


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (SHADES.astype(np.uint16) * 257, "I;16"),
        ((SHADES.astype(np.uint16) * 257).astype(">u2"), "I;16B"),
        (SHADES.astype(np.int32) * 257, "I"),
        (SHADES.astype(np.float32), "F"),
        (SHADES.astype(np.float32) / 255, "F"),
    ],
)
def test_the_range_of_values_is_that_of_the_mode(array, mode):
    image = tiff(array)
    assert image.mode == mode
    assert np.array_equal(np.asarray(picture_module._downscale(image))[:, :, 0], SHADES)


@pytest.mark.parametrize(("scale", "mode"), [(np.int32(70_000), "I"), (np.float32(-3.5), "F"), (np.float32(300), "F")])
def test_values_beyond_every_usual_range_reach_from_the_least_to_the_greatest(scale, mode):
    image = tiff(SHADES * scale)
    assert image.mode == mode
    expected = (SHADES.astype(float) - 60) / 160 * 255
    found = np.asarray(picture_module._downscale(image))[:, :, 0]
    assert np.abs(found - (expected if scale > 0 else 255 - expected)).max() <= 0.51


def test_a_picture_of_floats_of_one_value_is_of_one_shade():
    assert np.asarray(picture_module._downscale(tiff(np.full((9, 9), -2, dtype=np.float32)))).max() == 0


def transparent(mode: str) -> Image.Image:
    """The bar in ink on nothing, in one of the modes that know transparency."""
    there = stroke()[0].numpy()
    image = Image.merge("LA", [Image.fromarray(255 - there), Image.fromarray(there)])
    if mode == "P":
        image = Image.fromarray((there > 0).astype(np.uint8), "P")
        image.putpalette([255, 255, 255, 0, 0, 0])
        image.info["transparency"] = 0
        return image
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["LA", "PA", "P", "RGBA"])
@pytest.mark.parametrize("times", [1, 64])
def test_what_is_transparent_is_paper_in_every_mode_and_size(mode, times):
    small = transparent(mode)
    image = small.resize((64 * times, 64 * times), Image.Resampling.NEAREST)
    image.info.update(small.info)
    read = picture_module._opaque(picture_module._downscale(image)).resize((64, 64), Image.Resampling.BOX)
    assert np.array_equal(np.asarray(read), np.stack([255 - stroke()[0].numpy()] * 3, 2))
    if mode != "PA":  # which no PNG can be
        assert torch.equal(extract_strokes(read_image(packed(small), "7.png")), extract_strokes(stroke()))


def test_colours_beneath_what_is_transparent_do_not_leak_into_a_large_picture():
    side = 6000
    image = Image.new("RGBA", (side, side), (255, 0, 0, 0))  # red that nobody sees
    image.paste((0, 0, 0, 255), (side // 2, 0, side, side))
    picture = read_image(packed(image, compress_level=1), "half.png")
    assert torch.equal(picture[0], picture[1]), "grey everywhere"
    assert picture[:, :, :250].min() == 255
    assert picture[:, :, 260:].max() == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_camera_says(orientation, form):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (90, 60), "white")
    image.paste("black", (0, 0, 30, 20))
    image.paste("red", (60, 0, 90, 20))
    content = packed(image, form, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    assert np.array_equal(read_image(content, "x").permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_a_moving_picture_the_first_counts(form):
    frames = [Image.fromarray(np.full((20, 20), value, np.uint8)).convert("RGB") for value in (200, 90, 10)]
    content = packed(frames[0], form, save_all=True, append_images=frames[1:])
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert abs(int(read_image(content, "x").float().mean()) - 200) <= 2


MEASURED = """
import resource, sys, time
from pathlib import Path
from xfer_core.modalities.image.reading import read_image
small, *large = (Path(name) for name in sys.argv[1:])
read_image(small.read_bytes(), "small")
before, contents = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, [path.read_bytes() for path in large]
for path, content in zip(large, contents):
    begun = time.process_time()
    read_image(content, "large")
    taken = time.process_time() - begun
    print(path.name, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, taken)
"""


def test_the_largest_pictures_that_are_allowed_take_little_memory_and_time(tmp_path):
    grey = np.full((5000, 8000), 230, np.uint8)
    grey[1000:4000, 3000:3600] = 20
    image = Image.fromarray(grey)
    alpha = image.convert("RGB")
    alpha.putalpha(Image.fromarray(np.where(grey < 100, 255, 0).astype(np.uint8)))
    contents = {
        "small.png": packed(DIGIT),
        "16 bits.png": packed(Image.fromarray(grey.astype(np.uint16) * 257), compress_level=1),
        "alpha.png": packed(alpha, compress_level=1),
        "progressive.jpg": packed(image.convert("RGB"), "JPEG", progressive=True, subsampling=0),
        "alpha.webp": packed(alpha.crop((2000, 500, 7000, 3700)), "WEBP", quality=1, method=0),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-c", MEASURED, *(str(tmp_path / name) for name in contents)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    for line in ran.stdout.splitlines():
        name, megabytes, seconds = line.rsplit(" ", 2)
        assert int(megabytes) < 300, f"{name} took {megabytes} MB"
        assert float(seconds) < 1, f"{name} took {seconds} s"
    assert len(ran.stdout.splitlines()) == 4


# ---------------------------------------------------------------------- printed types as drawings


def test_a_printed_seven_looks_like_the_handwritten_sevens_and_unlike_the_zeros():
    """The mean handwritten 7 is nearer to a drawn 7 than the mean 0, and so on for every digit but one or two."""
    domain = load_domain("digits.handwritten")
    labels = domain.tasks["digit"].labels
    means = torch.stack([domain.inputs[labels == digit, 0].float().mean(0).flatten() for digit in range(10)])
    right = 0
    for digit, glyph in enumerate((255 * render_glyphs(fonts()[:1])[0]).to(torch.uint8)):
        shown = render_variants(glyph[None], ["digits.handwritten"])["digits.handwritten"][0, 0].float().flatten()
        right += int(torch.corrcoef(torch.cat([shown[None], means]))[0, 1:].argmax()) == digit
    assert right >= 8
