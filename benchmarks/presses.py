"""Whether every press on Train takes effect. ``python -m benchmarks.presses [--trials N] [--paces 100,200,…]``.

Presses every kind of control of Train in a real browser, one every so many milliseconds, while another run trains;
presses Start at the same pace; and compares what was pressed with the form, the address and the run. Prints, for each
pace, in how many trials they all agreed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.serving import AppServer, open_browser
from pages.widgets.problem import BUDGETS
from xfer_core.domains import builtin_domains, domain_info
from xfer_core.networks import HEAD
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import QUEUED, RUNNING, Store
from xfer_core.strategies.base import ChoosesFrozen

PACES = tuple(range(100, 1001, 100))
PRESSES = 8
λ_STEP = 0.01  # of a slider
STAGES = ("conv1", "conv2", "conv3", HEAD)
QUICK = "network.width=4&training.batch_size=8&training.steps=20&training.evaluations=2"
METHODS = {"fine_tune": "Fine-tuning", "joint": "Joint learning", "generalised": "Generalised learning"}
ARROW_RIGHT = """slider => {
  slider.focus();
  for (const type of ['keydown', 'keyup']) {
    slider.dispatchEvent(new KeyboardEvent(type, {key: 'ArrowRight', code: 'ArrowRight', keyCode: 39, bubbles: true}));
  }
}"""
QUIET = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"""


class Learner:
    """A simulated user who presses controls of Train and tracks their expected values.

    Args:
        page: the Playwright page, on Train, after its script has ended.
        method: the method chosen there.
        choice: decides what is pressed next.
        pictures: whether domains are pressed too. New domains have new λ at their defaults, so that presses of λ then
            do not determine its final value.
    """

    def __init__(self, page: Any, method: str, choice: random.Random, pictures: bool) -> None:
        self.page, self.choice, self.method, self.pictures = page, choice, method, pictures
        self.source, self.target = "digits.handwritten", "digits.photo"
        self.frozen: set[str] = set()
        self.budget = BUDGETS.index(5)
        self.lambda_steps = self.rate_steps = 0
        self.did: list[str] = []

    def press(self) -> None:
        """One press of one control, without waiting for its effect."""
        kinds = ["source", "target", "rate"] if self.pictures else ["rate"]
        kinds += ["budget"] * (self.budget < BUDGETS.index(15))  # not every domain has more labels
        kinds += ["lock"] * 4 if self.method == "fine_tune" else ["weight"] * 3
        kind = self.choice.choice(kinds)
        self.did.append(kind)
        getattr(self, f"_press_{kind}")()

    def _press_lock(self) -> None:
        stage = self.choice.choice(STAGES[:3])  # never all four: then nothing would be updatable
        self.page.locator(f".st-key-stages label:has(input[aria-label={stage}])").click()
        self.frozen ^= {stage}

    def _press_source(self) -> None:
        self.source = self._press_tile("source", but=self.target)

    def _press_target(self) -> None:
        self.target = self._press_tile("target", but=self.source)

    def _press_tile(self, role: str, but: str) -> str:
        sharing = [key for key in builtin_domains() if key.startswith("digits.") and "coloured" not in key]
        key = self.choice.choice([key for key in sharing if key not in (but, "digits.low", "digits.high")])
        name = domain_info(key).card.title
        self.page.get_by_role("radiogroup", name=role.capitalize()).get_by_role("radio", name=name, exact=True).click()
        return key

    def _press_budget(self) -> None:
        self._press_right("Labels per class")
        self.budget += 1

    def _press_weight(self) -> None:
        self._press_right("λ₀")
        self.lambda_steps += 1

    def _press_right(self, name: str) -> None:
        """One press of the right arrow on a slider. The event is sent to the slider itself: while the page replaces the
        slider of λ, a key of the keyboard reached the slider that had the focus before, in one of 40 trials under load.
        Meanwhile there are two sliders of λ for a moment: then the first is pressed."""
        self.page.get_by_role("slider", name=name).first.evaluate(ARROW_RIGHT)

    def _press_rate(self) -> None:
        self.page.locator("[class*=adam-lr] [data-testid=stNumberInputStepUp]").click()
        self.rate_steps += 1

    def press_method(self, kind: str) -> None:
        """Choose another method; its controls are there once the script has ended."""
        self.page.get_by_role("radio", name=METHODS[kind]).click()
        self.method, self.frozen, self.lambda_steps = kind, set(), 0

    def expected(self, seed: int) -> dict[str, Any]:
        """The expected values of the spec; λ only where the presses determine it."""
        weight = {} if self.pictures else {"λ₀ steps": self.lambda_steps}
        return {
            **weight,
            "source": (self.source,),
            "target": (self.target,),
            "budget": BUDGETS[self.budget],
            "method": self.method,
            "frozen": frozenset(self.frozen) if self.method == "fine_tune" else frozenset(),
            "rate": round(0.003 + 0.0003 * self.rate_steps, 6),
            "seed": seed,
        }


def said(spec: RunSpec) -> dict[str, Any]:
    """The same values of a spec."""
    now, first = (strategy.lambdas(spec.problem) for strategy in (spec.strategy, type(spec.strategy)()))
    term = next(iter(first), None)
    return {
        "λ₀ steps": round((now[term] - first[term]) / λ_STEP) if term else 0,
        "source": spec.problem.source,
        "target": spec.problem.target,
        "budget": spec.problem.labels_per_class,
        "method": spec.strategy.kind,
        "frozen": frozenset(spec.strategy.frozen if isinstance(spec.strategy, ChoosesFrozen) else ()),
        "rate": round(spec.training.optimizer.lr, 6),
        "seed": spec.seed,
    }


SHOWN = """() => {
  const chosen = label =>
    [...document.querySelectorAll(`[role=radiogroup][aria-label="${label}"] [aria-checked=true]`)];
  const pictures = label => chosen(label).map(button => button.querySelector('img').alt);
  return {
    source: pictures('Source'),
    target: pictures('Target'),
    method: chosen('How knowledge moves')[0].innerText,
    frozen: [...document.querySelectorAll('.st-key-stages input:checked')].map(input => input.ariaLabel).sort(),
  };
}"""


def disagreements(page: Any, store: Store, learner: Learner, seed: int, known: set[str]) -> list[str]:
    """Disagreements between presses, form, address and run."""
    deadline = time.monotonic() + 60
    while not (new := [run for run in store.find() if run.id not in known]):
        if time.monotonic() > deadline:
            return ["Start training made no run"]
        time.sleep(0.1)
    for _ in range(4):
        page.wait_for_function(QUIET)
        page.wait_for_timeout(300)
    run = new[-1].typed_spec
    settings = [f"{path}={value}" for path, value in parse_qsl(urlsplit(page.url).query) if path != "run"]
    link, form, expected, got = parse_spec({}, settings), page.evaluate(SHOWN), learner.expected(seed), said(run)
    wrong = [f"{name}: pressed {value}, run {got[name]}" for name, value in expected.items() if got[name] != value]
    if link != run:
        wrong.append(f"address: {said(link)}, run: {got}")
    shown = {role: [domain_info(key).card.title for key in expected[role]] for role in ("source", "target")}
    shown |= {"method": METHODS[learner.method], "frozen": sorted(expected["frozen"])}
    wrong += [f"{name}: pressed {value}, form {form[name]}" for name, value in shown.items() if form[name] != value]
    if wrong:
        wrong.append(f"pressed: {' '.join(learner.did)}")
    return wrong


def trial(page: Any, server: AppServer, store: Store, pace: int, number: int) -> list[str]:
    """One simulated user on a fresh page; the disagreements."""
    choice = random.Random(1000 * pace + number)
    page.goto(f"{server.url}/train?{QUICK}&seed={number}")
    page.get_by_role("button", name="Start training").wait_for()
    page.locator("[class*=baselines] label").click()
    page.wait_for_timeout(500)
    page.wait_for_function(QUIET)
    learner = Learner(page, "fine_tune", choice, pictures=number % 4 < 2)
    if number % 2:
        learner.press_method("joint" if number % 8 in (1, 3) else "generalised")
        page.get_by_role("slider", name="λ₀").wait_for()
    known = {run.id for run in store.find()}
    for _ in range(PRESSES):
        begun = time.monotonic()
        learner.press()
        page.wait_for_timeout(max(0.0, pace - 1000 * (time.monotonic() - begun)))
    page.get_by_role("button", name="Start training").click()
    return disagreements(page, store, learner, number, known)


def measure(paces: tuple[int, ...], trials: int) -> dict[int, list[list[str]]]:
    """Pace → disagreements of each trial."""
    found: dict[int, list[list[str]]] = {}
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        server = AppServer(Path(folder) / "home", XFER_SLOTS="2")
        try:
            store = Store(f"sqlite:///{server.home / 'xfer.db'}")
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(60_000)
            page.goto(server.url)  # the dispatcher comes with the first visitor
            page.get_by_role("button", name="Start the race").wait_for()
            other = store.create(parse_spec({}, ["strategy.kind=joint", "training.steps=1000000"]))
            while store.get(other).status == QUEUED:
                time.sleep(0.2)
            for pace in paces:
                for number in range(trials):
                    assert store.get(other).status == RUNNING
                    found.setdefault(pace, []).append(trial(page, server, store, pace, number))
            page.close()
        finally:
            server.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--paces", default=",".join(map(str, PACES)), help="milliseconds from press to press")
    options = parser.parse_args()
    paces = tuple(int(pace) for pace in options.paces.split(","))
    for pace, trials in measure(paces, options.trials).items():
        print(f"{pace:>5} ms: {sum(not wrong for wrong in trials)} of {len(trials)} trials agree", flush=True)
        for wrong in trials:
            for sentence in wrong:
                print(f"         {sentence}")


if __name__ == "__main__":
    main()
