"""Start: one press, three networks, one sentence about what was seen."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.live.view import live_texts, live_view
from pages.parts.curves import race, reason_text
from pages.parts.phases import phase_titles
from pages.parts.store import checked, start, store
from pages.parts.text import _, locale, percent, plain
from xfer_core.analysis.accuracy import gain, spread
from xfer_core.charts.pictures import one_of_each, transfer_picture
from xfer_core.domains import load_domain
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, LIVE, Run

BATCH = "race-"
RACERS = ("target_only", "fine_tune", "joint")


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


def _begin() -> None:
    seed = len({run.batch for run in store().find() if run.batch.startswith(BATCH)})
    specs = [parse_spec({}, [f"strategy.kind={kind}", f"seed={seed}"]) for kind in RACERS]
    batch = f"{BATCH}{secrets.token_hex(4)}"
    start([(spec, _names()[spec.strategy.kind]) for spec in specs], batch)
    st.session_state["race"] = st.query_params["race"] = batch


def _say_what_was_seen(runs: list[Run]) -> None:
    """The verdict, computed from the numbers of this race."""
    right = {run.spec["strategy"]["kind"]: run.target_metric["value"] for run in runs if run.target_metric}
    spec = RunSpec.model_validate(runs[0].spec)
    samples = len(checked(spec).held_out[spec.problem.target[0], "test"])
    best = max(("fine_tune", "joint"), key=right.__getitem__)
    seen = gain(right["target_only"], right[best], samples)
    way = {
        "fine_tune": _("that first practised on plain handwritten digits"),
        "joint": _("that learned plain handwritten digits at the same time"),
    }[best]
    numbers = {
        "labels": spec.problem.labels_per_class,
        "before": round(100 * seen.before),
        "after": round(100 * seen.after),
        "more": abs(round(100 * seen.after) - round(100 * seen.before)),
        "way": way,
    }
    if seen.clear and seen.difference > 0:
        sentence = _(
            "From only {labels} labelled pictures of each digit, the network that started from scratch got "
            "**{before} of 100** photographed digits right. The network {way} got **{after} of 100** right: "
            "**{more} more**, from the very same labels. That is knowledge that moved."
        )
    elif seen.clear:
        sentence = _(
            "This time knowledge did not help: from scratch **{before} of 100** were right, and the network {way} "
            "got only **{after} of 100**. That happens, and it is called negative transfer."
        )
    else:
        sentence = _(
            "This race is too close to call: from scratch **{before} of 100** were right, and the network {way} got "
            "**{after} of 100**. A test of this size cannot tell the two apart."
        )
    said = st.success if seen.clear and seen.difference > 0 else st.info
    said(sentence.format(**numbers), icon=":material/emoji_objects:")
    st.caption(
        _(
            "Measured on {samples} photographed digits that no network had seen, after the last step; which digits "
            "these are moves such a difference by ± {noise} points (one standard error). Random seed {seed}: another "
            "seed may move it more."
        ).format(samples=samples, noise=f"{100 * seen.noise:.1f}", seed=spec.seed)
    )


def _say_how_often() -> None:
    """Mean and spread over every finished race, once there are two."""
    races: dict[str, list[float]] = {kind: [] for kind in RACERS}
    for run in store().find(statuses=(FINISHED,)):
        if run.batch.startswith(BATCH) and run.target_metric and not run.broke:
            races[run.spec["strategy"]["kind"]].append(run.target_metric["value"])
    if min(map(len, races.values())) < 2:
        return
    parts = []
    for kind in RACERS:
        over = spread(races[kind])
        parts.append(f"{_names()[kind]} **{percent(over.mean)}** ± {100 * (over.deviation or 0):.1f}")
    st.markdown(
        _("Over {count} races here (mean ± standard deviation over seeds): ").format(count=len(races[RACERS[0]]))
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
    st.title(_("Watch knowledge move"))
    st.markdown(
        _(
            "A network that has learned one thing can learn a similar thing from far fewer examples. Here, networks "
            "learn to read digits on photographs, with only five labelled pictures of each digit. Press the button: "
            "three real networks start training on this machine, and you see which one gets there."
        )
    )
    st.image(_picture(), width=720, alt=_("Ten handwritten digits, an arrow, ten digits on photographs."))


def main() -> None:
    """The page."""
    batch = st.query_params.get("race") or st.session_state.get("race", "")
    runs = sorted(store().find(batch=batch), key=lambda run: run.created) if batch else []
    if not runs:
        _introduce()
        st.button(_("Start the race"), type="primary", icon=":material/play_arrow:", on_click=_begin, key="go")
        if batch:
            st.info(_("The race of this link is not here any more. Start a new one."))
        return
    st.session_state["race"] = st.query_params["race"] = batch
    st.header(_("Who reads photographed digits best?"))
    lives, charts = race(runs)
    live_view(lives, charts, layout="race", texts=live_texts(_, locale(), phase_titles()), key=f"race-{batch}")
    live = any(run.status in LIVE for run in runs)
    if {run.spec["strategy"]["kind"] for run in runs if run.outcome == FINISHED} == set(RACERS):
        _say_what_was_seen(runs)
        _say_how_often()
    elif not live:
        _say_who_is_missing(runs)
    left, middle, _rest = st.columns([1, 1, 2], vertical_alignment="center")
    left.button(
        _("Race again"), type="primary", icon=":material/replay:", on_click=_begin, disabled=live, width="stretch"
    )
    middle.page_link("train.py", label=_("Change something"), icon=":material/tune:", width="stretch")
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


main()
