"""Blitzer's reviews: ``PRODUCT/positive.review`` and ``PRODUCT/negative.review``, which look like XML and are not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from xfer_core.errors import XferError
from xfer_core.imports.archive import entries_of
from xfer_core.imports.base import Progress
from xfer_core.imports.text_rows import TextRows

SUFFIX = ".review"
CLASSES = ("negative", "positive")
TASK = "sentiment"
PARTS = ("title", "review_text")
ENCODING = "latin-1"
REVIEW = re.compile(r"<review>(.*?)(</review>|(?=<review>)|\Z)", re.DOTALL)


def read_reviews(content: bytes, name: str, skipped: list[XferError], encoding: str = ENCODING) -> list[str]:
    """Title and text of each review, joined by a line break; empty for a review without both.

    Args:
        content: of the file.
        name: of the file, for errors.
        skipped: gets ``cut_review`` for each that has no end.
        encoding: of the file.

    Raises:
        XferError: ``no_reviews`` or ``wrong_encoding``.
    """
    try:
        text = content.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        raise XferError("wrong_encoding", name, encoding) from None
    made = list[str]()
    for number, review in enumerate(REVIEW.finditer(text), 1):
        if not review[2]:
            skipped.append(XferError("cut_review", f"{name}, review {number}", review[1][-80:]))
            continue
        parts = [re.search(rf"<{tag}>(.*?)</{tag}>", review[1], re.DOTALL) for tag in PARTS]
        made.append("\n".join(part[1].strip() for part in parts if part).strip())
    if not made:
        raise skipped[-1] if "<review>" in text else XferError("no_reviews", name, text[:80])
    return made


def review_rows(path: Path, encoding: str, skipped: list[XferError], progress: Progress) -> TextRows:
    """The reviews of a folder or zip; the folder of a file is its product, which becomes a domain.

    Raises:
        XferError: those of :func:`read_reviews` and ``entries_of``; ``unlabelled_reviews`` if no file says its class.
    """
    entries = entries_of(path, (SUFFIX,), skipped)
    unlabelled = [entry for entry in entries if entry.place.stem.casefold() not in CLASSES]
    skipped += [XferError("unlabelled_reviews", str(entry.place), entry.place.name) for entry in unlabelled]
    entries = [entry for entry in entries if entry not in unlabelled]
    if not entries:
        raise skipped[-1]
    texts, labels, domains, names = list[str](), list[str](), list[str](), list[str]()
    for number, entry in enumerate(entries):
        found = read_reviews(entry.read(), str(entry.place), skipped, encoding or ENCODING)
        texts += found
        labels += [entry.place.stem.casefold()] * len(found)
        domains += [entry.place.parent.name] * len(found)
        names += [f"{entry.place}, review {place}" for place in range(1, len(found) + 1)]
        progress((number + 1) / len(entries))
    if len(set(domains)) == 1:
        domains = [""] * len(texts)
    cells, classes, products = (np.array(one, dtype=object) for one in (texts, labels, domains))
    return TextRows(TASK, cells, classes, products, None, names)
