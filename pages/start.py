"""Start: one press, three networks, one sentence about what was seen."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.live.view import live_texts, live_view
from pages.parts import address
from pages.parts.curves import race, reason_text
from pages.parts.store import checked, start, store
from pages.parts.text import _, locale, percent, plain
from pages.parts.try_panel import try_panel
from xfer_core.analysis.accuracy import gain, spread
from xfer_core.charts.pictures import one_of_each, transfer_picture
from xfer_core.domains import load_domain
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, LIVE, Run

BATCH = "race-"
RACERS = ("target_only", "fine_tune", "joint")
BUDGETS, USUAL, LABELS = (1, 5, 20), 5, "race.labels"

# The sentence stands above the cards and its room is kept, so that nothing jumps when it is known.
STYLE = """<style>
.stMainBlockContainer {padding: 3.8rem 2rem 3rem; max-width: 100rem; --xfer-above: 33rem}
.st-key-said {min-height: 5.2rem; justify-content: center}
.st-key-said h2 {padding: 0}
.st-key-said [data-testid=stMarkdownContainer] {margin: 0}
.st-key-said [data-testid=stMarkdownContainer] p {font-size: 1.15rem; line-height: 1.35; margin: 0}
.st-key-intro img {image-rendering: pixelated}
@media (min-width: 40.01em) and (max-width: 1100px), (min-width: 40.01em) and (max-height: 800px) {
  html {font-size: 14px !important}
}
@media (max-width: 40em) {
  .stMainBlockContainer {padding: 3.6rem 1rem 2rem}
  .st-key-said [data-testid=stMarkdownContainer] p {font-size: 1rem}
}
</style>"""


@st.cache_data(show_spinner=False)
def _picture() -> str:
    sheets = []
    for key in ("digits.handwritten", "digits.photo"):
        domain = load_domain(key)
        sheets.append(one_of_each(domain.samples, domain.tasks["digit"].labels, 10))
    return transfer_picture(*sheets)


def _names() -> dict[str, str]:
    return {
        "target_only": _("From scratch"),
        "fine_tune": _("Practised first"),
        "joint": _("Both at once"),
    }


def _phases() -> dict[str, str]:
    """What a network does now, in the words of a race."""
    return {
        "source": _("practising on handwritten digits"),
        "target": _("learning the photographs"),
        "together": _("learning both at once"),
    }


def _begin() -> None:
    """A race with as many labels as the knob says, and a seed that no race here had."""
    seed = len(store().batches(BATCH))
    shared = [f"seed={seed}", f"problem.labels_per_class={st.session_state.get(LABELS, USUAL)}"]
    specs = [parse_spec({}, [f"strategy.kind={kind}", *shared]) for kind in RACERS]
    batch = f"{BATCH}{secrets.token_hex(4)}"
    start([(spec, _names()[spec.strategy.kind]) for spec in specs], batch)
    st.session_state["race"] = batch


def _say_what_was_seen(runs: list[Run]) -> None:
    """The verdict, computed from the numbers of this race."""
    right = {run.spec["strategy"]["kind"]: run.target_metric["value"] for run in runs if run.target_metric}
    spec = RunSpec.model_validate(runs[0].spec)
    samples = len(checked(spec).held_out[spec.problem.target[0], "test"])
    transferred = sorted(("fine_tune", "joint"), key=right.__getitem__, reverse=True)
    seen = {kind: gain(right["target_only"], right[kind], samples) for kind in transferred}
    best, other = transferred
    ways = {
        "fine_tune": _("that first practised on plain handwritten digits"),
        "joint": _("that learned plain handwritten digits at the same time"),
    }
    numbers = {
        "labels": _labels(spec.problem.labels_per_class),
        "before": round(100 * seen[best].before),
        "after": round(100 * seen[best].after),
        "other": round(100 * seen[other].after),
        "more": abs(round(100 * seen[best].after) - round(100 * seen[best].before)),
        "way": ways[best],
        "other_way": ways[other],
    }
    # The two that knew more: neither is put first where their test could not tell them apart.
    tied = not gain(right[other], right[best], samples).clear
    if seen[best].clear and seen[best].difference > 0 and tied and seen[other].clear:
        sentence = _(
            "From scratch, with {labels}, **{before} of 100** photographed digits were read right. Both networks that "
            "knew plain handwritten digits did better, from the very same labels: **{after}** and **{other} of 100**. "
            "That is knowledge that moved."
        )
    elif seen[best].clear and seen[best].difference > 0:
        sentence = _(
            "From scratch, with {labels}, **{before} of 100** photographed digits were read right. The network {way} "
            "read **{after} of 100** right: **{more} more**, from the very same labels. That is knowledge that moved."
        )
    elif seen[best].clear:
        sentence = _(
            "This time knowledge did not help: from scratch **{before} of 100** were right, and the network {way} "
            "got only **{after} of 100**. That happens, and it is called negative transfer."
        )
    else:
        sentence = _(
            "This race is too close to call: from scratch **{before} of 100** were right, and the network {way} got "
            "**{after} of 100**. A test of this size cannot tell the two apart."
        )
    said = st.success if seen[best].clear and seen[best].difference > 0 else st.info
    said(sentence.format(**numbers), icon=":material/emoji_objects:")


def _labels(count: int | str) -> str:
    """A label budget in a sentence."""
    return (
        _("1 labelled picture of each digit")
        if count == 1
        else _("{count} labelled pictures of each digit").format(count=count)
    )


def _say_exactly(runs: list[Run]) -> None:
    """What an expert asks: samples, noise, seed, and how it came out in all races so far."""
    right = {run.spec["strategy"]["kind"]: run.target_metric["value"] for run in runs if run.target_metric}
    spec = RunSpec.model_validate(runs[0].spec)
    samples = len(checked(spec).held_out[spec.problem.target[0], "test"])
    noise = max(gain(right["target_only"], right[kind], samples).noise for kind in ("fine_tune", "joint"))
    st.markdown(
        _(
            "Measured on {samples} photographed digits that no network had seen, after the last step; which digits "
            "these are moves such a difference by ± {noise} points (one standard error). Random seed {seed}: another "
            "seed may move it more. While they learn, the networks are checked on other photographed digits, which "
            "they do not learn from either (validation)."
        ).format(samples=samples, noise=f"{100 * noise:.1f}", seed=spec.seed)
    )
    _say_how_often(spec.problem.labels_per_class)


def _say_how_often(labels: int | str) -> None:
    """Mean and spread over every finished race with so many labels, once there are two."""
    races: dict[str, list[float]] = {kind: [] for kind in RACERS}
    for run in store().find(statuses=(FINISHED,)):
        alike = run.spec["problem"]["labels_per_class"] == labels
        if alike and run.batch.startswith(BATCH) and run.target_metric and not run.broke:
            races[run.spec["strategy"]["kind"]].append(run.target_metric["value"])
    if min(map(len, races.values())) < 2:
        return
    parts = []
    for kind in RACERS:
        over = spread(races[kind])
        parts.append(f"{_names()[kind]} **{percent(over.mean)}** ± {100 * (over.deviation or 0):.1f}")
    st.markdown(
        _("Over {count} races here with as many labels (mean ± standard deviation over seeds): ").format(
            count=len(races[RACERS[0]])
        )
        + " · ".join(parts)
    )


def _say_who_is_missing(runs: list[Run]) -> None:
    """Why there is no verdict."""
    st.warning(_("There is no verdict, because not all three networks finished."), icon=":material/info:")
    for run in runs:
        if run.outcome != FINISHED:
            reason = f" — {text}" if (text := reason_text(run)) else ""
            status = _(run.outcome)
            label = plain(f"{run.name}: {status}{reason}")
            st.page_link("run.py", label=label, query_params={"run": run.id})


def _introduce() -> None:
    st.title(_("Xfer — watch knowledge move"))
    words, picture = st.columns([5, 6], gap="large", vertical_alignment="center")
    words.markdown(
        _(
            "A network that has learned one thing can learn a similar thing from far fewer examples.\n\n"
            "Here, three real networks learn to read digits on photographs, from only a few labelled pictures. One "
            "starts from scratch. One has practised on plain handwritten digits first. One learns both at once.\n\n"
            "**Which one gets there?** Press the button: they start training on this machine, and you watch."
        )
    )
    with picture.container(key="intro"):
        alt = _("Ten handwritten digits, an arrow, ten digits on photographs.")
        st.image(_picture(), width="stretch", alt=alt)
    with words:
        _knob()
        st.button(_("Start the race"), type="primary", icon=":material/play_arrow:", on_click=_begin, key="go")


def _knob() -> None:
    """How many labels: the one thing that changes a race."""
    st.segmented_control(_("Labelled photographs of each digit"), BUDGETS, default=USUAL, required=True, key=LABELS)


def _start_over() -> None:
    """Back to the introduction: the next visitor's race is not the last one's."""
    st.session_state["race"] = ""


def _go_on(runs: list[Run], live: bool) -> None:
    """What one can do next."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _knob()
        st.button(
            _("Race again"), type="primary", icon=":material/replay:", on_click=_begin, disabled=live, key="again"
        )
        st.button(_("Start over"), icon=":material/first_page:", on_click=_start_over, key="over")
        query = {"run": next(run.id for run in runs if run.spec["strategy"]["kind"] == "fine_tune")}
        st.page_link("train.py", label=_("Change something"), icon=":material/tune:", query_params=query)


def _race_of_now() -> str:
    """The race that stands here: that of the link when one has just come, else the last one of this visitor."""
    if address.has_arrived():
        named = st.query_params.get("race", "")
        if named or address.goes_through_history():
            st.session_state["race"] = named
        address.note_read()
    return st.session_state.get("race", "")


def main() -> None:
    """The page."""
    st.html(STYLE)
    batch = _race_of_now()
    runs = sorted(store().find(batch=batch), key=lambda run: run.created) if batch else []
    if not runs:
        address.write_address({})
        _introduce()
        if batch:
            st.info(_("The race of this link is not here any more. Start a new one."))
        return
    address.write_address({"race": batch})
    live = any(run.status in LIVE for run in runs)
    over = {run.spec["strategy"]["kind"] for run in runs if run.outcome == FINISHED} == set(RACERS)
    with st.container(key="said"):
        if over:
            _say_what_was_seen(runs)
        elif live:
            labels = _labels(RunSpec.model_validate(runs[0].spec).problem.labels_per_class)
            st.header(_("Who reads photographed digits best?"), anchor=False)
            st.markdown(_("Three networks, the same {labels}. They are training now.").format(labels=labels))
        else:
            _say_who_is_missing(runs)
    lives, charts = race(runs)
    texts = live_texts(_, locale(), _phases())
    live_view(lives, charts, layout="race", texts=texts, key=f"race-{batch}")
    _go_on(runs, live)
    if over:
        st.subheader(_("Now you: draw a digit"), anchor=False)
        try_panel(runs)
    with st.expander(_("What are the three networks?")):
        st.markdown(
            _(
                "- **From scratch** sees nothing but the few labelled photographed digits.\n"
                "- **Practised first** learns about 700 plain handwritten digits, then goes on with the same few "
                "photographed ones. Experts call this *fine-tuning*.\n"
                "- **Both at once** learns the two kinds together. Experts call this *joint* or *multi-task "
                "learning*.\n\n"
                "All three take the same number of steps, and all are tested on the same photographed digits."
            )
        )
    if over:
        with st.expander(_("Exactly: samples, seeds, noise")):
            _say_exactly(runs)


main()
