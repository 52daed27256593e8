"""Which files of class folders become samples, and which of them are one example, by their contents."""

from __future__ import annotations

from collections.abc import Sequence

from xfer_core.errors import XferError
from xfer_core.imports.base import LEAST, FoundDomain, check_shared_class
from xfer_core.imports.class_folders import Placed

TASK = "class"
TRAINED = 3  # different samples of a class outside an official test part


def keep_samples(
    title: str, files: Sequence[Placed], contents: Sequence[str], skipped: list[XferError], notes: list[XferError]
) -> list[int]:
    """The places of the files that become samples.

    Args:
        title: of the folder or archive, for notes.
        files: all of them.
        contents: of each what equal files share; empty for one that cannot be read.
        skipped: gets ``small_class`` and ``untrained_class``.
        notes: gets ``test_copies``, ``equal_files`` and ``two_labels``.
    """
    kept = _without_test_copies(files, contents, [place for place, content in enumerate(contents) if content], notes)
    kept = _without_small_classes(files, contents, kept, skipped)
    if copies := len(kept) - len({contents[place] for place in kept}):
        notes.append(XferError("equal_files", title, copies))
    _note_two_labels(files, contents, kept, notes)
    return kept


def number_contents(contents: Sequence[str], kept: Sequence[int]) -> list[int]:
    """Of each file that is kept the number of its content, which equal files share."""
    numbers = {content: number for number, content in enumerate(dict.fromkeys(contents[place] for place in kept))}
    return [numbers[contents[place]] for place in kept]


def _without_test_copies(
    files: Sequence[Placed], contents: Sequence[str], kept: Sequence[int], notes: list[XferError]
) -> list[int]:
    """Without training files that are in the test part, too: those would be learnt by heart."""
    tested = {contents[place] for place in kept if files[place].is_test}
    left = [place for place in kept if files[place].is_test or contents[place] not in tested]
    if len(left) < len(kept):
        notes.append(XferError("test_copies", "train", len(kept) - len(left)))
    return left


def _without_small_classes(
    files: Sequence[Placed], contents: Sequence[str], kept: Sequence[int], skipped: list[XferError]
) -> list[int]:
    """Without classes of too few different files."""
    samples, trained = dict[str, set[str]](), dict[str, set[str]]()
    has_test = {files[place].domain for place in kept if files[place].is_test}
    for place in kept:
        file = files[place]
        samples.setdefault(file.in_class, set()).add(contents[place])
        rest = trained.setdefault(file.in_class, set())
        if not file.is_test:
            rest.add(contents[place])
    small = {name for name, own in samples.items() if len(own) < LEAST}
    for name in sorted(small):
        skipped.append(XferError("small_class", name, len(samples[name]), limit=LEAST))
    tested = {files[place].in_class for place in kept if files[place].domain in has_test} - small
    untrained = {name for name in tested if len(trained[name]) < TRAINED}
    for name in sorted(untrained):
        skipped.append(XferError("untrained_class", name, len(trained[name]), limit=TRAINED))
    return [place for place in kept if files[place].in_class not in small | untrained]


def _note_two_labels(
    files: Sequence[Placed], contents: Sequence[str], kept: Sequence[int], notes: list[XferError]
) -> None:
    first = dict[str, int]()
    for place in kept:
        other = first.setdefault(contents[place], place)
        if files[other].label != files[place].label:
            both = [files[other].label, files[place].label]
            notes.append(XferError("two_labels", str(files[place].entry.place), both))
            return  # one is enough to look at the folders again


def check_classes(title: str, domains: Sequence[FoundDomain], expected: set[str], empty: str) -> None:
    """Reject domains that nothing can be learnt from.

    Args:
        title: of the folder or archive.
        domains: what was found.
        expected: names of the domains that there must be.
        empty: code of the error for one without samples.

    Raises:
        XferError: ``empty``, ``single_class`` or ``no_class_in_two``.
    """
    for name in sorted(expected - {found.name for found in domains}):
        raise XferError(empty, name or title, 0)
    for found in domains:
        if len(found.tasks[TASK]) < 2:
            raise XferError("single_class", found.name or title, list(found.tasks[TASK]))
    check_shared_class(title, {found.name: tuple(found.tasks[TASK]) for found in domains})
