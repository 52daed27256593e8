"""Own data for tests: folders and zips of small pictures."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16  # pixels


def picture(kind: int, number: int) -> bytes:
    """A PNG: one bright half on noise; which half is the kind, 0 to 3."""
    pixels = np.random.default_rng(100 * kind + number).integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
    half = slice(0, SIDE // 2) if kind % 2 else slice(SIDE // 2, SIDE)
    if kind < 2:
        pixels[half] += 150
    else:
        pixels[:, half] += 150
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def picture_files(classes: tuple[str, ...], samples: int, domains: tuple[str, ...] = ("",)) -> dict[str, bytes]:
    """Path in the folder → content, for class folders in each domain's folder."""
    return {
        "/".join(filter(None, (domain, name, f"{number}.png"))): picture(kind, number + 1000 * place)
        for place, domain in enumerate(domains)
        for kind, name in enumerate(classes)
        for number in range(samples)
    }


def write_folder(root: Path, files: dict[str, bytes]) -> Path:
    """The files below a folder."""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def zipped(files: dict[str, bytes]) -> bytes:
    """The files as a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
