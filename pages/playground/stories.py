"""Stories of the page Playground: settings that show one thing, with the words for it."""

from __future__ import annotations

from dataclasses import dataclass

from pages.playground.settings import PlaySettings


@dataclass(frozen=True)
class Story:
    """What a person sees who presses Play.

    Attributes:
        title: names it.
        text: says what to look at.
        settings: that show it.
    """

    title: str
    text: str
    settings: PlaySettings


STORIES = {
    "forgets": Story(
        "Fine-tuning forgets",
        "Fine-tuning learns the source and then the target. Watch its accuracy on the source fall. "
        "Joint learning keeps more of the source, and gives up some of the target.",
        PlaySettings(rotate=60, labels=20, methods=("fine_tune", "joint")),
    ),
    "frozen": Story(
        "Freeze too much",
        "All layers but the head are frozen after the source: the head alone cannot turn the boundary to the target. "
        "Unlock a layer and play again.",
        PlaySettings(rotate=90, labels=20, methods=("fine_tune", "target_only"), frozen=("hidden1", "hidden2")),
    ),
    "weight": Story(
        "λ decides who wins",
        "The classes change places between source and target: one boundary cannot be right on both. Move λ of the "
        "target while it plays: near 0 the source wins, near 1 the target; between, the network is torn, as its "
        "gradients show.",
        PlaySettings(rotate=180, labels=20, methods=("source_only", "joint", "target_only")),
    ),
    "helps": Story(
        "Alignment helps",
        "The target has no label at all. Source only keeps the boundary of the source; DANN and MMD make the features "
        "of both domains alike, and their boundaries follow the target.",
        PlaySettings(rotate=45, labels=0, noise=0.1, methods=("source_only", "dann", "mmd")),
    ),
    "hurts": Story(
        "Alignment hurts: swapped classes",
        "The target is turned so far that each cloud lies nearer to another class's place. Alignment without labels "
        "makes the domains alike and is sure of the wrong class: worse than no alignment. A few labels help.",
        PlaySettings(data="blobs", rotate=75, labels=0, methods=("source_only", "dann", "mmd")),
    ),
    "labels": Story(
        "A few labels or many",
        "From scratch has only the target's few labels; fine-tuning begins with what the source taught. Give more "
        "labels, and the advantage goes.",
        PlaySettings(data="spirals", rotate=25, labels=3, noise=0.05, methods=("target_only", "fine_tune")),
    ),
    "label_shift": Story(
        "Label shift",
        "Of the target's first class only one point in ten is left. Alignment makes the domains alike all the same: "
        "DANN takes frequent points for rare ones. With a balance of 1 : 1, under More, it does not.",
        PlaySettings(rotate=30, labels=0, balance=0.1, methods=("source_only", "dann")),
    ),
    "targets": Story(
        "More targets, better targets",
        "Each target is turned further, and training sees nothing of the last. Generalised learning has learnt the "
        "turn from the others. Choose fewer targets under More, and it is right on less.",
        PlaySettings(rotate=90, labels=20, targets=3, unseen=True, methods=("source_only", "generalised")),
    ),
}
