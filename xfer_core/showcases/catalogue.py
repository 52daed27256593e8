"""Which problem shows what a method can do, and which one what it cannot: kind of the strategy → problem and reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Showcase:
    """A problem on which a method works well, or fails.

    Attributes:
        problem: the first part of a recipe's name in ``xfer_core/showcases/recipes``; the second is the method's
            ``kind``.
        why: one sentence for the learner.
        variant: of several recipes of one method; the recipe is then called ``problem.kind-variant``.
        baseline: the ``kind`` that it is compared with; empty for the default: source only for adaptation without
            target labels, fine-tuning for any other transfer, equal λ for balancers, ERM for generalisation.
    """

    problem: str
    why: str
    baseline: str = ""
    variant: str = ""

    def recipe(self, kind: str) -> str:
        """The second part of the recipe's name for a method of this kind."""
        return f"{kind}-{self.variant}" if self.variant else kind


SHOWCASES: dict[str, Showcase] = {
    "fine_tune": Showcase(
        "handwritten_to_photo_5",
        "Strokes learned on clean digits are still useful on photographs; five labels per class find them again.",
        baseline="target_only",
    ),
    "joint": Showcase(
        "handwritten_to_photo_5",
        "Five labels per class are few; plain digits, learned at the same time, teach the useful features.",
        baseline="target_only",
    ),
    "distillation": Showcase(
        "photo_to_handwritten_1",
        "The teacher knows clean digits; its outputs on hundreds of images prevent overfitting to ten labels.",
    ),
    "dann": Showcase(
        "handwritten_to_noisy",
        "Noise is all that tells the domains apart; features that ignore it fool the discriminator and keep the digit.",
    ),
    "cdan": Showcase(
        "handwritten_to_noisy", "Sevens are aligned with sevens, as the first predictions are right often enough."
    ),
    "coral": Showcase(
        "handwritten_to_noisy", "Noise changes the covariance of the features, and CORAL makes it equal again."
    ),
    "mmd": Showcase(
        "handwritten_to_noisy",
        "Both domains have the same digits equally often, so equal distributions of features are right.",
    ),
    "mcd": Showcase(
        "handwritten_to_noisy",
        "Two classifiers disagree on noisy digits near the decision boundaries, and the features move away from these.",
    ),
    "adabn": Showcase(
        "printed_to_handwritten",
        "Pen and type differ in thickness and contrast: the target's own means and deviations correct that.",
    ),
    "pseudo_labels": Showcase(
        "handwritten_to_noisy",
        "The first confident predictions are mostly right, and training on them makes more predictions confident.",
    ),
    "mcc": Showcase(
        "printed_to_handwritten", "Handwritten digits form clusters of their own; less ambiguous predictions find them."
    ),
    "cagrad": Showcase(
        "digit_and_tilt",
        "A loss in degrees is large: the direction near the mean that helps the worst task still learns the digits.",
    ),
    "upgrad": Showcase(
        "digit_and_tilt",
        "The tilt's gradient is projected until it no longer harms the digit, so the digit is recognised better.",
    ),
    "imtl_g": Showcase(
        "digit_and_tilt",
        "The tilt's loss is far larger than the digit's; equal steps along both gradients give both equal influence.",
    ),
    "irm": Showcase(
        "coloured",
        "The colour helps more in one domain than in the other, so no head that uses it is optimal in both.",
    ),
    "vrex": Showcase(
        "coloured",
        "The colour is right 9 times in 10 here and 8 in 10 there; losses are equal only without it.",
    ),
}
"""Where a method beats what is simpler; a kind without an entry has none, as far as was looked."""
COUNTEREXAMPLES: dict[str, Showcase] = {
    "fine_tune": Showcase(
        "photo_to_handwritten_1",
        "The source's network already knows clean digits; ten images and a large learning rate make it forget.",
        baseline="source_only",
    ),
    "joint": Showcase(
        "handwritten_to_inverted_1",
        "Black and white are exchanged: one network for both must learn more than one that may forget the source.",
        baseline="fine_tune",
    ),
    "generalised": Showcase(
        "three_domains",
        "More λ for targets of fifty labelled samples only repeats these samples; the source holds more information.",
        variant="targets",
    ),
    "linear_probe": Showcase(
        "handwritten_to_inverted_1",
        "Features of white strokes hardly help with black ones, and a probe cannot change them.",
    ),
    "lp_ft": Showcase(
        "handwritten_to_inverted_1", "Half of the target's steps train a head on features that do not suit the target."
    ),
    "gradual_unfreezing": Showcase(
        "handwritten_to_inverted_1", "The lowest filters have to change, and they are unfrozen last."
    ),
    "discriminative_rates": Showcase(
        "handwritten_to_inverted_1", "The lowest filters have to change, and they learn most slowly."
    ),
    "l2_sp": Showcase(
        "handwritten_to_inverted_1", "The best weights for black on white lie far from the source's weights."
    ),
    "batch_norm_tuning": Showcase(
        "handwritten_to_inverted_1", "A filter for a white stroke does not become one for a black stroke by scaling."
    ),
    "distillation": Showcase(
        "handwritten_to_inverted_1",
        "The teacher is almost always wrong on inverted digits, and the student learns its mistakes.",
    ),
    "dann": Showcase(
        "printed_to_low",
        "The target holds only 0 to 4: to hide the domain, 5 to 9 of the source must be mixed in among them.",
    ),
    "cdan": Showcase(
        "handwritten_to_rotated",
        "More than half of the first predictions are wrong: different classes are aligned, and little is gained.",
    ),
    "coral": Showcase(
        "handwritten_to_inverted",
        "Equal covariances do not help if the network's first predictions are almost all wrong.",
    ),
    "mmd": Showcase(
        "handwritten_to_rotated",
        "The feature clouds are aligned, but not each digit with itself: little is gained.",
    ),
    "mcd": Showcase("handwritten_to_inverted", "Both classifiers are wrong in the same way, so they do not disagree."),
    "adabn": Showcase(
        "handwritten_to_inverted",
        "Means and deviations cannot turn a filter for white strokes into one for black strokes.",
    ),
    "pseudo_labels": Showcase(
        "printed_to_handwritten", "Confident mistakes are learned as well, and replace right predictions."
    ),
    "mcc": Showcase(
        "handwritten_to_inverted", "The network becomes confident in predictions that were wrong from the start."
    ),
    "uncertainty_weighting": Showcase(
        "digit_and_tilt",
        "The s start at 0 and need time to reach the size of each loss; in so short a run they are too slow.",
    ),
    "gradnorm": Showcase(
        "digit_and_tilt",
        "In a run this short the weights converge late, and the tilt loses what the digit gains.",
    ),
    "dwa": Showcase(
        "digit_and_tilt",
        "It uses how fast a loss falls, not how large it is: the tilt still dominates.",
    ),
    "pcgrad": Showcase(
        "digit_and_tilt",
        "Only conflicting parts are removed; the tilt's far larger gradient still dominates.",
    ),
    "mgda": Showcase(
        "digit_and_tilt",
        "It favours the digit, whose gradient is short, and the tilt gets worse: over both tasks nothing is gained.",
    ),
    "erm": Showcase(
        "coloured",
        "On average the colour predicts the label best, so the network learns it; in the unseen domain it misleads.",
        baseline="irm",
    ),
    "group_dro": Showcase(
        "coloured",
        "The colour helps in both domains: the worse of them uses the same shortcut.",
    ),
    "irm": Showcase(
        "three_domains",
        "Nothing misleads here; a large penalty on fifty labelled samples of each target leaves little to learn.",
        variant="100",
    ),
    "vrex": Showcase(
        "three_domains",
        "No shortcut here: making the losses of all domains equal costs some accuracy and brings nothing.",
    ),
    "mixup": Showcase(
        "three_domains",
        "A digit on a photograph blended with a rotated one is hard to see, and the test set has no such blends.",
    ),
    "coral_all_pairs": Showcase(
        "coloured",
        "The features have the same covariance in both domains, colour included: nothing penalises using the colour.",
    ),
}
"""Where something simpler beats it."""


def examples_of(kind: str) -> tuple[Showcase, ...]:
    """The showcase and the counterexample of a method, as far as there are any."""
    return tuple(table[kind] for table in (SHOWCASES, COUNTEREXAMPLES) if kind in table)
