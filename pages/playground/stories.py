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
        "Fine-tuning learns the source and then the target. Watch its numbers of the source: they fall as the boundary "
        "turns. Joint learning holds both.",
        PlaySettings(rotate=90, labels=20, methods=("fine_tune", "joint")),
    ),
    "frozen": Story(
        "Freeze too much",
        "All layers but the head are frozen after the source: the head alone cannot turn the boundary to the target. "
        "Unlock a layer and play again.",
        PlaySettings(rotate=90, labels=20, methods=("fine_tune", "target_only"), frozen=("hidden1", "hidden2")),
    ),
    "weight": Story(
        "λ decides who wins",
        "Each class of the target lies where the other one lies in the source: one boundary cannot be right on both. "
        "Move λ of the target while it plays: near 0, joint learning is right on the source like source only; near 1, "
        "on the target like from scratch; between, it is torn.",
        PlaySettings(rotate=180, labels=20, methods=("source_only", "joint", "target_only")),
    ),
    "helps": Story(
        "Alignment helps",
        "The target has no label at all. Source only keeps the boundary of the source; DANN makes the features of both "
        "domains alike, and its boundary follows the target.",
        PlaySettings(rotate=30, labels=0, methods=("source_only", "dann", "coral")),
    ),
    "hurts": Story(
        "Alignment hurts: swapped classes",
        "The target is turned half round, so each class lies where the other was. Alignment without labels makes the "
        "domains alike, and is sure of the wrong class; two labels a class tell it otherwise.",
        PlaySettings(rotate=180, labels=0, methods=("source_only", "dann", "coral")),
    ),
    "labels": Story(
        "A few labels or many",
        "From scratch has only the target's few labels; fine-tuning begins with what the source taught. Give more "
        "labels, and the advantage goes.",
        PlaySettings(data="spirals", rotate=25, labels=3, noise=0.05, methods=("target_only", "fine_tune")),
    ),
}
