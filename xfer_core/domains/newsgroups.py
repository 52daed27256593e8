"""20 Newsgroups: is it about computers, recreation, science or talk? Posts of 1993, with disjoint groups as domains.

A classifier of one half of the groups has never seen the subjects of the other half. The split by date of the
publication is kept: later posts are the official test set. Header, signature and quotations are removed as scikit-learn
does, because they name the group.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false
from __future__ import annotations

import tarfile
import zlib
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch

from xfer_core.domains.base import Card, Domain, DomainInfo, Task, text_examples
from xfer_core.domains.downloads import Download
from xfer_core.domains.remote_files import RemoteFile
from xfer_core.errors import XferError
from xfer_core.modalities.text import TextInput, encode_texts
from xfer_core.settings import settings

ARCHIVE = "20news-bydate.tar.gz"
URL = "https://ndownloader.figshare.com/files/5975967"  # scikit-learn's
SHA256 = "8f1b2514ca22a5ade8fbb9cfa5727df95fa587f4c87b786e15c759fa66d95610"
BYTES = 14_464_277
SPEC = TextInput(length=2000, tokens=400, analyzer="word", vocabulary=10_000)
CLASSES = ("computers", "recreation", "science", "talk")
GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "newsgroups.first": (
        ("comp.graphics", "comp.os.ms-windows.misc"),
        ("rec.autos", "rec.motorcycles"),
        ("sci.crypt", "sci.electronics"),
        ("talk.politics.guns", "talk.politics.mideast"),
    ),
    "newsgroups.second": (
        ("comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "comp.windows.x"),
        ("rec.sport.baseball", "rec.sport.hockey"),
        ("sci.med", "sci.space"),
        ("talk.politics.misc", "talk.religion.misc"),
    ),
}
PARTS = {"20news-bydate-train": 600, "20news-bydate-test": 400}
"""Folder of the archive → posts of each class; every class has more."""
SHORTEST = 20  # letters of a post, at least
LARGEST = 1 << 20  # bytes of a post; none is larger


def _files() -> tuple[RemoteFile, ...]:
    return (RemoteFile(ARCHIVE, (URL,), SHA256),)


def read_posts(archive: Path) -> dict[tuple[str, str], list[str]]:
    """(folder, group) → its posts in the order of their numbers, without header, signature and quotations.

    Nothing is unpacked to the disk: members are read one by one, and only those with the name of a post.
    """
    from sklearn.datasets._twenty_newsgroups import (
        strip_newsgroup_footer,
        strip_newsgroup_header,
        strip_newsgroup_quoting,
    )

    wanted = {group for domain in GROUPS.values() for groups in domain for group in groups}
    found: dict[tuple[str, str], dict[int, str]] = {}
    with tarfile.open(archive, "r:gz") as members:
        for member in members:
            part, _, rest = member.name.partition("/")
            group, _, number = rest.partition("/")
            usable = member.isfile() and member.size <= LARGEST and number.isdecimal()
            if not usable or part not in PARTS or group not in wanted:
                continue
            content = members.extractfile(member)
            assert content is not None
            text = strip_newsgroup_header(content.read().decode("latin-1"))
            found.setdefault((part, group), {})[int(number)] = strip_newsgroup_footer(strip_newsgroup_quoting(text))
    return {place: [" ".join(posts[number].split()) for number in sorted(posts)] for place, posts in found.items()}


@lru_cache(1)
def _posts(archive: Path, _changed: int) -> dict[tuple[str, str], list[str]]:
    """Read once for both domains."""
    return read_posts(archive)


def build_domain(key: str, card: Card, counts: dict[str, int] = PARTS) -> Domain:
    """So many posts of each class and part, chosen at random, always the same.

    Raises:
        XferError: ``broken_data`` if the archive cannot be read, or has too few posts.
    """
    root = settings().data_folder
    try:
        posts = _posts(root / ARCHIVE, (root / ARCHIVE).stat().st_mtime_ns)
        texts: list[str] = []
        labels: list[int] = []
        tested: list[bool] = []
        for part, count in counts.items():
            for label, groups in enumerate(GROUPS[key]):
                every = [text for group in groups for text in posts.get((part, group), ())]
                usable = [text for text in dict.fromkeys(every) if len(text) >= SHORTEST]
                if len(usable) < count:
                    raise ValueError(f"{len(usable)} posts of {CLASSES[label]} in {part}, of {count}")
                chosen = np.random.default_rng(11).permutation(len(usable))[:count]
                texts += [usable[place] for place in chosen]
                labels += [label] * count
                tested += [part.endswith("test")] * count
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise XferError("broken_data", "domain", key, folder=root, reason=str(error) or type(error).__name__) from None
    return Domain(
        key=key,
        card=card,
        pool="newsgroups",
        inputs=encode_texts(texts, SPEC.length),
        example_ids=text_examples(texts),
        tasks={"subject": Task("subject", torch.tensor(labels), CLASSES)},
        official_test=torch.tensor(tested),
    )


def _info(key: str, title: str) -> DomainInfo:
    groups = ", ".join(group for groups in GROUPS[key] for group in groups)
    card = Card(
        title,
        f"Posts to newsgroups of 1993: {groups}.",
        "20 Newsgroups (Lang 1995), the version sorted by date; the file that scikit-learn downloads",
        "its collector states none; public posts, for research",
        "without header, signature and quotations, the first 2,000 bytes of a post; for each class 600 earlier posts, "
        "and 400 later ones as the test set",
    )
    return DomainInfo(
        card=card,
        samples=len(CLASSES) * sum(PARTS.values()),
        spec=SPEC,
        tasks={"subject": CLASSES},
        build=partial(build_domain, key, card),
        download=DOWNLOAD,
    )


DOWNLOAD = Download("20 Newsgroups", BYTES, _files, lambda root: (root / ARCHIVE).exists())
DOMAINS: dict[str, DomainInfo] = {
    "newsgroups.first": _info("newsgroups.first", "Newsgroups, first half"),
    "newsgroups.second": _info("newsgroups.second", "Newsgroups, second half"),
}
