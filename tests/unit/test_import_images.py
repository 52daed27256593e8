"""Own pictures: what is understood, and what is refused with file and rule."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import warnings
import zipfile
import zlib
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from tests.support.full_disk import fill_after_one
from tests.support.own_data import write_folder
from tests.support.training import differing, trained
from xfer_core.domains import domain_info, domain_keys, load_domain, own, registry
from xfer_core.errors import XferError
from xfer_core.imports import FoundDomain, examine, forget, store
from xfer_core.imports.folder_samples import check_classes
from xfer_core.imports.pictures import open_picture, read_pixels
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.strategies.baselines.target_only import TargetOnly


def png(seed: int = 0, size: tuple[int, int] = (12, 12), mode: str = "RGB", form: str = "PNG", **options) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    made = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(made, form, **options)
    return made.getvalue()


def classes(prefix: str = "", names: tuple[str, ...] = ("cat", "dog"), each: int = 6) -> dict[str, bytes]:
    return {
        f"{prefix}{name}/{number}.png": png(hash((prefix, name, number)) % 2**32)
        for name in names
        for number in range(each)
    }


def packed(place: Path, files: dict[str, bytes], name: str = "pets.zip") -> Path:
    with zipfile.ZipFile(place / name, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return place / name


def codes(errors) -> set[str]:
    return {error.code for error in errors}


def contents(data) -> list[set[bytes]]:
    """Of each part of a problem the different pictures."""
    trained = [torch.cat([part.labelled.inputs, part.unlabelled]) for part in data.training.values()]
    held = [part.inputs for part in data.held_out.values()]
    return [{bytes(image.numpy()) for image in inputs} for inputs in [*trained, *held]]


def test_class_folders_become_a_domain_that_can_be_loaded_split_and_forgotten(tmp_path):
    found = examine(packed(tmp_path, {**classes("pets/"), "__MACOSX/x": b"", "pets/cat/.DS_Store": b"1"}))
    (one,) = found.domains
    assert (one.samples, one.tasks, one.tested) == (12, {"class": {"cat": 6, "dog": 6}}, 0)
    assert not found.skipped
    shown = found.preview("", 4)
    assert {sample.label for sample in shown} == {"cat", "dog"}
    assert Image.open(io.BytesIO(shown[0].content)).size == (12, 12)
    assert store(found, "My <b>Pets</b>") == ("own.my_b_pets_b",)
    domain = load_domain("own.my_b_pets_b")
    pixels = np.asarray(Image.open(io.BytesIO(classes("pets/")["pets/cat/0.png"]))).transpose(2, 0, 1)
    assert any(torch.equal(image, torch.from_numpy(pixels.copy())) for image in domain.inputs)
    with pytest.raises(XferError, match="name"):
        store(found, "my b pets b")
    assert forget("My <b>Pets</b>") == ("own.my_b_pets_b",)
    assert "own.my_b_pets_b" not in domain_keys()
    with pytest.raises(XferError, match="must be data that was stored here"):
        forget("My <b>Pets</b>")


def test_train_and_test_are_the_official_parts_without_common_pictures(tmp_path):
    files = {**classes("train/"), **classes("test/")}
    files["train/cat/copy.png"] = files["test/cat/0.png"]
    found = examine(packed(tmp_path, files))
    assert found.domains[0].tested == 12
    assert found.domains[0].samples == 24
    assert codes(found.notes) == {"test_copies"}
    store(found, "pets")
    assert int(load_domain("own.pets").official_test.sum()) == 12


def test_source_and_target_are_two_domains_and_a_picture_is_in_one_of_them_only(tmp_path):
    files = {**classes("source/", each=30), **classes("target/", ("dog", "cat", "cow"), each=30)}
    files["target/cat/same.png"] = files["source/cat/0.png"]
    found = examine(packed(tmp_path, files))
    assert [(one.name, one.samples) for one in found.domains] == [("source", 60), ("target", 91)]
    keys = store(found, "pets")
    assert keys == ("own.pets.source", "own.pets.target")
    problem = Problem(source=keys[:1], target=keys[1:], tasks=("class",), labels_per_class=2)
    for seed in range(6):
        seen = contents(split_problem(problem, seed))
        assert sum(map(len, seen)) == len(set.union(*seen)), "a picture is in two parts"


def test_equal_files_stay_in_one_split(tmp_path):
    files = classes(each=20)
    for name in list(files)[::4]:
        files |= {name.replace(".png", f"_{copy}.png"): files[name] for copy in range(5)}
    found = examine(packed(tmp_path, files))
    assert codes(found.notes) == {"equal_files"}
    store(found, "pets")
    problem = Problem(target=("own.pets",), source=(), tasks=("class",), labels_per_class=1)
    for seed in range(4):
        seen = contents(split_problem(problem, seed))
        assert sum(map(len, seen)) == len(set.union(*seen)), "a picture is in two parts"


def small_class(files):
    files["bird/1.png"] = png(77)


def text_as_picture(files):
    files["cat/text.png"] = b"this is a text"


def truncated(files):
    files["cat/half.jpg"] = png(5, (64, 64), form="JPEG")[:700]


def huge(files):
    header = struct.pack(">IIBBBBB", 40000, 25000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    files["cat/huge.png"] = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png()[33:]
    )


def nested(files):
    files["cat/more.zip"] = b"PK\x05\x06" + bytes(18)


def in_no_folder(files):
    files["lost.png"] = png(8)


@pytest.mark.parametrize(
    ("spoil", "code", "named"),
    [
        (small_class, "small_class", "bird"),
        (text_as_picture, "not_a_picture", "cat/text.png"),
        (truncated, "damaged_picture", "cat/half.jpg"),
        (huge, "too_many_pixels", "cat/huge.png"),
        (nested, "nested_archive", "cat/more.zip"),
        (in_no_folder, "no_class_folder", "lost.png"),
    ],
)
def test_what_is_no_sample_is_left_out_with_its_reason(tmp_path, spoil, code, named):
    files = classes()
    spoil(files)
    found = examine(packed(tmp_path, files))
    assert [(error.code, error.field) for error in found.skipped] == [(code, named)]
    assert found.domains[0].samples == 12


@pytest.mark.parametrize("others", [("Cat", " cat "), ("CAT", "c at"), ("cat ", "  cat")])
def test_names_that_differ_in_case_or_blanks_are_one_class(tmp_path, others):
    found = examine(packed(tmp_path, {**classes(), **classes("", others, each=2)}))
    assert found.domains[0].tasks["class"] == {"cat": 10, "dog": 6}
    (note,) = found.notes
    assert (note.code, note.field, len(note.value)) == ("joined_classes", "cat", 3)


def test_names_of_every_system_are_read(tmp_path):
    """Some write UTF-8 without saying so, some take accents and letters apart, some separate folders by \\."""
    composed, apart = "Käse", unicodedata.normalize("NFD", "Käse")
    path = packed(tmp_path, {**classes("", (composed,)), **classes("", (apart,), each=2), **classes("", ("Brot",))})
    assert examine(path).domains[0].tasks["class"] == {"Brot": 6, "Käse": 8}
    content = path.read_bytes()
    unmarked = bytearray(content)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            unmarked[info.header_offset + 7] &= ~8 & 255  # bit 11 of its flags: the name is UTF-8
    place = content.index(b"PK\x01\x02")
    while place >= 0:
        unmarked[place + 9] &= ~8 & 255
        place = content.find(b"PK\x01\x02", place + 1)
    path.write_bytes(unmarked)
    assert examine(path).domains[0].tasks["class"] == {"Brot": 6, "Käse": 8}
    windows = {name.replace("/", "\\"): content for name, content in classes("pets/").items()}
    assert examine(packed(tmp_path, windows)).domains[0].tasks["class"] == {"cat": 6, "dog": 6}


def test_what_lies_beside_the_class_folders_changes_nothing(tmp_path):
    """A file that tells about the data; what systems and editors leave behind."""
    junk = ("__MACOSX/pets/cat/._0.png", "pets/.git/HEAD", "pets/cat/.ipynb_checkpoints/0.png", "pets/dog/Thumbs.db")
    files = {**classes("data/pets/"), "README.txt": b"Pets.", **dict.fromkeys(junk, b"x")}
    for path in (packed(tmp_path, files), write_folder(tmp_path / "folder", files)):
        found = examine(path)
        assert found.domains[0].tasks == {"class": {"cat": 6, "dog": 6}}
        assert [error.field for error in found.skipped] == ["README.txt"]


@pytest.mark.parametrize("name", ["val", "Validation"])
def test_a_validation_part_is_the_test_where_there_is_no_other(tmp_path, name):
    found = examine(packed(tmp_path, {**classes("train/"), **classes(f"{name}/", each=3)}))
    assert (found.domains[0].samples, found.domains[0].tested) == (18, 6)
    assert codes(found.notes) == {"validation_as_test"}
    whole = examine(packed(tmp_path, {**classes("train/"), **classes("val/", each=3), **classes("test/", each=5)}))
    assert (whole.domains[0].samples, whole.domains[0].tested) == (28, 10)
    assert not whole.notes


def test_a_class_that_only_the_test_part_has_is_left_out(tmp_path):
    found = examine(packed(tmp_path, {**classes("train/"), **classes("test/"), **classes("test/", ("cow",))}))
    assert [(error.code, error.field) for error in found.skipped] == [("untrained_class", "cow")]
    assert found.domains[0].tasks == {"class": {"cat": 12, "dog": 12}}


def test_four_copies_of_one_picture_are_no_class(tmp_path):
    found = examine(packed(tmp_path, {**classes(), **{f"cow/{number}.png": png(7) for number in range(9)}}))
    assert [(error.code, error.field, error.value) for error in found.skipped] == [("small_class", "cow", 1)]


def test_equal_files_in_two_classes_are_pointed_at(tmp_path):
    files = classes()
    files["dog/same.png"] = files["cat/3.png"]
    found = examine(packed(tmp_path, files))
    assert codes(found.notes) == {"equal_files", "two_labels"}


def test_one_picture_in_colour_among_grey_ones_keeps_its_colours(tmp_path):
    files = {f"{name}/{number}.png": png(number, mode="L") for name in "ab" for number in range(600)}
    files["b/599.png"] = png(3)
    found = examine(packed(tmp_path, files))
    store(found, "pets")
    inputs = load_domain("own.pets").inputs
    assert inputs.shape == (1200, 3, 12, 12)
    assert int((inputs[:, 0] != inputs[:, 1]).flatten(1).any(1).sum()) == 1


def test_a_domain_is_read_through_a_map_of_its_file(tmp_path):
    store(examine(packed(tmp_path, classes())), "pets")
    inputs = load_domain("own.pets").inputs
    stored = registry().own.folder / "own.pets" / own.INPUTS
    assert str(stored) in Path("/proc/self/maps").read_text()
    before = stored.read_bytes()
    inputs.zero_()
    assert stored.read_bytes() == before, "a write to the tensor stays in memory"
    stored.unlink()  # a new file, because the map of the old one is still there
    stored.write_bytes(before[: len(before) // 2])
    with pytest.raises(XferError) as refused:
        registry().own.info("own.pets").build()
    assert refused.value.code == "broken_data"


def test_an_own_domain_trains_as_the_same_one_built_in():
    """Bit for bit, though its inputs are a map of a file."""
    built = load_domain("digits.photo")
    registry().own.save(replace(built, key="own.digits"), domain_info("digits.photo").spec)
    weights = [
        trained(TargetOnly(), problem=Problem(source=(), target=(key,), labels_per_class=5))
        for key in ("digits.photo", "own.digits")
    ]
    assert not differing(*weights)


def bomb(place):
    with zipfile.ZipFile(place / "pets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/zeros.png", bytes(30_000_000))


def climbing(place):
    packed(place, {**classes(), "../evil.png": png()})


def absolute(place):
    packed(place, {**classes(), "/etc/evil.png": png()})


def link(place):
    packed(place, classes())
    with zipfile.ZipFile(place / "pets.zip", "a") as archive:
        info = zipfile.ZipInfo("cat/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")


def encrypted(place):
    packed(place, classes())
    content = bytearray((place / "pets.zip").read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    (place / "pets.zip").write_bytes(content)


def broken(place):
    packed(place, classes())
    content = (place / "pets.zip").read_bytes()
    (place / "pets.zip").write_bytes(content[: len(content) // 2])


def one_class(place):
    packed(place, classes("", ("cat",)))


def no_common(place):
    packed(place, {**classes("source/"), **classes("target/", ("car", "bus"))})


def shared_bytes(place):
    """A bomb whose members are the same packed bytes: none of them is larger than allowed, but all together are."""
    with zipfile.ZipFile(place / "pets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/0.png", bytes(900_000))
        for number in range(1, 40):
            info = copy(archive.infolist()[0])
            info.filename = f"cat/{number}.png"
            archive.filelist.append(info)


def broken_list(place):
    """Its end is whole, but not the list of files before it."""
    packed(place, classes())
    content = (place / "pets.zip").read_bytes()
    (place / "pets.zip").write_bytes(content.replace(b"PK\x01\x02", b"PK\x09\x09"))


def not_a_zip(place):
    (place / "pets.zip").write_bytes(b"this is a text")


def target_of_texts(place):
    packed(place, {**classes("source/"), "target/cat/a.png": b"x", "target/dog/b.png": b"y"})


def only_tested(place):
    packed(place, {**classes("test/"), **classes("train/", each=2)})


def no_picture(place):
    packed(place, {"cat/a.png": b"x", "dog/b.png": b"y"})


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (bomb, "zip_bomb"),
        (climbing, "zip_climbs"),
        (absolute, "zip_climbs"),
        (link, "zip_link"),
        (encrypted, "zip_encrypted"),
        (shared_bytes, "zip_bomb"),
        (broken, "broken_zip"),
        (broken_list, "broken_zip"),
        (not_a_zip, "broken_zip"),
        (target_of_texts, "no_pictures"),
        (only_tested, "no_pictures"),
        (one_class, "single_class"),
        (no_common, "no_class_in_two"),
        (no_picture, "no_pictures"),
    ],
)
def test_what_cannot_be_a_domain_is_refused_by_name_and_nothing_is_stored(tmp_path, make, code):
    make(tmp_path)
    with pytest.raises(XferError) as refused:
        examine(tmp_path / "pets.zip")
    assert refused.value.code == code
    assert not list(registry().own.folder.glob("*"))


@pytest.mark.parametrize("second", [{"dog": 6, "cow": 6}, {"hen": 6, "cow": 6}])
def test_of_three_domains_two_must_share_a_class(second):
    found = [
        FoundDomain(name, 12, {"class": own})
        for name, own in (("a", {"cat": 6, "dog": 6}), ("b", second), ("c", {"bus": 6, "car": 6}))
    ]
    if "dog" in second:
        check_classes("pets.zip", found, {"a", "b", "c"}, "no_pictures")
        return
    rule = "pets.zip must have a class that is in at least two of its domains; found a: cat, dog; b: hen, cow; c: bus, "
    with pytest.raises(XferError, match=rule):
        check_classes("pets.zip", found, {"a", "b", "c"}, "no_pictures")


@pytest.mark.parametrize(
    ("name", "enough", "too_few", "code"),
    [("FILES", 12, 11, "import_files"), ("CLASSES", 3, 2, "import_classes"), ("MEGABYTES", 3, 2, "import_bytes")],
)
@pytest.mark.parametrize("pack", [packed, write_folder])
def test_limits_are_settings(tmp_path, monkeypatch, name, enough, too_few, code, pack):
    """Twelve files of three classes, 2.4 MB."""
    files = {name: content + bytes(200_000) for name, content in classes("", ("a", "b", "c"), each=4).items()}
    path = pack(tmp_path, files)
    monkeypatch.setenv(f"XFER_IMPORT_{name}", str(enough))
    assert examine(path).domains[0].samples == 12
    monkeypatch.setenv(f"XFER_IMPORT_{name}", str(too_few))
    with pytest.raises(XferError, match=f"at most {too_few}") as refused:
        examine(path)
    assert refused.value.code == code


def test_one_file_larger_than_any_picture_is_left_out_without_being_read(tmp_path, monkeypatch):
    files = {**classes(), "cat/film.mp4": bytes(4_000_001)}
    monkeypatch.setenv("XFER_IMPORT_MEGAPIXELS", "1")
    found = examine(write_folder(tmp_path, files))
    assert [(error.code, error.field) for error in found.skipped] == [("picture_bytes", "cat/film.mp4")]


def pixels_of(picture: Image.Image, channels: int = 3, form: str = "PNG", **options) -> np.ndarray:
    made = io.BytesIO()
    picture.save(made, form, **options)
    return read_pixels(open_picture(made.getvalue(), "x", 100), "x", channels, 8)


RED = np.array([255, 0, 0])[:, None, None]


def test_every_kind_of_picture_is_read_right():
    red = Image.new("RGB", (8, 8), "red")
    near = {"atol": 3}
    assert np.allclose(pixels_of(red), RED)
    assert np.allclose(pixels_of(red.convert("CMYK"), form="JPEG", quality=95), RED, **near)
    assert np.allclose(pixels_of(red.convert("P")), RED)
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (pixels_of(clear) == 255).all(), "transparent is white"
    palette = red.convert("P")
    assert (pixels_of(palette, transparency=palette.getpixel((0, 0))) == 255).all()
    deep = Image.fromarray(np.full((8, 8), 32896, np.uint16))
    assert (pixels_of(deep, 1) == 128).all(), "16 bits"
    frames = [red, Image.new("RGB", (8, 8), "blue")]
    assert np.allclose(pixels_of(frames[0], form="GIF", save_all=True, append_images=frames[1:]), RED, **near)
    marked = np.full((8, 8), 32896, np.uint16)
    marked[:, 4:] = 65535
    assert (pixels_of(Image.fromarray(marked), 1)[0, 0] == [128] * 4 + [255] * 4).all()
    bits = Image.fromarray(marked > 40000)
    assert (pixels_of(bits, 1)[0, 0] == [0] * 4 + [255] * 4).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(8, 8), (40, 24)])
def test_photographs_are_upright(orientation, size):
    """As Pillow turns them, whether they are reduced or not."""
    picture = Image.new("RGB", size, "white")
    picture.paste("black", (size[0] // 2, 0, *size))
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 4))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.info["exif"] = exif.tobytes()
    upright = ImageOps.fit(ImageOps.exif_transpose(picture), (8, 8), Image.Resampling.BICUBIC)
    expected = np.asarray(upright).transpose(2, 0, 1).astype(int)
    assert np.allclose(pixels_of(picture, exif=exif), expected, atol=4)


def test_the_size_is_that_of_a_typical_picture_and_can_be_chosen(tmp_path):
    path = packed(tmp_path, {f"{name}/{n}.jpg": png(n, (300, 200), form="JPEG") for name in "ab" for n in range(4)})
    assert examine(path).choices.side == 96
    assert examine(path, {"side": "32"}).choices.side == 32
    with pytest.raises(XferError, match="side must be at most 256"):
        examine(path, {"side": 1000})
    with pytest.raises(XferError, match="is not a field here"):
        examine(path, {"width": 3})
    grey = packed(tmp_path, {f"{name}/{n}.png": png(n, mode="L") for name in "ab" for n in range(4)}, "grey.zip")
    store(examine(grey), "grey")
    assert load_domain("own.grey").inputs.shape == (8, 1, 12, 12)


def test_a_folder_is_read_like_a_zip_and_its_links_are_not_followed(tmp_path):
    for name, content in classes().items():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    (tmp_path / "pets" / "cat" / "link.png").symlink_to(tmp_path / "pets" / "dog" / "0.png")
    assert examine(tmp_path / "pets").domains[0].tasks == {"class": {"cat": 6, "dog": 6}}


def test_a_full_disk_halfway_leaves_nothing(tmp_path, monkeypatch):
    found = examine(packed(tmp_path, {**classes("source/"), **classes("target/")}))
    fill_after_one(monkeypatch, own, "_write_inputs")
    with pytest.raises(OSError, match="No space"):
        store(found, "pets")
    assert not list(registry().own.folder.iterdir())


def test_no_warning_of_the_library_reaches_the_user(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examine(packed(tmp_path, classes()))
