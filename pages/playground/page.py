"""Playground: points in the plane, and the decision boundaries of several methods moving while they learn."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components.playground.view import PlayDomain, PlayNumber, PlayRun, play_texts, play_view
from pages.i18n import _, error_text, locale
from pages.playground.controls import controls
from pages.playground.played import AT_FIRST, RATE, is_playing, obey, runs_of, set_speed, shown, speed
from pages.playground.points import shown_points
from pages.playground.settings import PlaySettings, read_settings
from pages.playground.stories import STORIES
from pages.streaming.frames import FRAMES_URL, SCALARS_URL, play_store
from pages.widgets import address
from pages.widgets.domains import domain_title
from xfer_core.charts.palette import CLASSES, method_style
from xfer_core.errors import XferError
from xfer_core.runs.frames import window_of
from xfer_core.runs.spec import RunSpec, metric_name, spec_settings
from xfer_core.strategies import TITLES

CHOSEN, FORM, STORY, REFUSED = "play.chosen", "play.form", "play.story", "play.refused"
VIEW, SHOW, SHOWN, PLAIN = "play.view", "play.show", "play.shown", "play.plain"
SHOWS = {"layers": "Layers", "features": "Feature space", "conflict": "Gradients", "joined": "One picture"}
FIRST_SHOWN = ["layers"]
state = st.session_state

STYLE = """<style>
.stMainBlockContainer {padding: 3.6rem 1.5rem 2rem; max-width: 120rem}
.st-key-play-controls, .st-key-play-pictures {gap: .5rem}
.st-key-play-pictures {padding-top: .3rem}
.stMain {scrollbar-gutter: stable}
.st-key-play-head {flex-wrap: nowrap; line-height: 1.3; min-height: 2.6em}
.st-key-play-head > :last-child {flex: none}
.st-key-play-head [data-testid="stMarkdownContainer"] {margin: 0}
.st-key-play-head .stMarkdown p {margin: 0; font-size: .92rem; line-height: 1.3}
@media (max-width: 1250px) {.st-key-play-head {min-height: 4em}}
@media (max-width: 40em) {
  .st-key-play-head {flex-direction: column-reverse; align-items: stretch; min-height: 0}
  .st-key-play-head button {padding-inline: .55rem}
  .st-key-play-head button p {font-size: .85rem}
}
@media (min-width: 40.01em) and (max-width: 1100px), (min-width: 40.01em) and (max-height: 800px) {
  html {font-size: 14px !important}
}
</style>"""
PLAIN_STYLE = """<style>
.stMainBlockContainer {padding: .5rem 1rem}
.stAppHeader, [data-testid="stHeader"] {display: none}
.st-key-play-controls-shown {position: fixed; top: .5rem; right: 1rem; width: auto; z-index: 3}
</style>"""


def _arrive() -> PlaySettings:
    """The settings: those of the address on arrival, else as they are."""
    if address.has_arrived():
        given = {name: st.query_params[name] for name in st.query_params}
        story = STORIES.get(given.get("story", ""))
        if given or CHOSEN not in state:
            chosen, refused = read_settings({**(story.settings.address() if story else {}), **given})
            if "story" in given and not story:
                refused.append("story")
            state[CHOSEN], state[REFUSED] = chosen, refused
            state[STORY], state[FORM] = given.get("story", "") if story else "", state.get(FORM, 0) + 1
            refused += _read_view(given)
        address.note_read()
    return state[CHOSEN]


def _read_view(given: Mapping[str, str]) -> list[str]:
    """Read speed, pictures and projector of a link; returns the names of those that could not be used."""
    refused: list[str] = []
    if "speed" in given and not set_speed(given["speed"]):
        refused.append("speed")
    if "show" in given:
        names = [name for name in given["show"].split(",") if name]
        if set(names) <= SHOWS.keys():
            state[SHOWN] = state[SHOW] = names
        else:
            refused.append("show")
    if "plain" in given:
        state[PLAIN] = given["plain"] == "1"
    return refused


def _view_address() -> dict[str, str]:
    """What differs from how the page is seen at first, as parameters of a link."""
    found = {"speed": f"{speed():g}"} if speed() != AT_FIRST else {}
    if state[SHOWN] != FIRST_SHOWN:
        found["show"] = ",".join(state[SHOWN])
    return {**found, **({"plain": "1"} if state.get(PLAIN) else {})}


def _tell() -> None:
    """Open the story that was chosen, as its link does."""
    story = state.get(f"play{state[FORM]}.story")
    address.arrive({"story": story} if story else {"data": PlaySettings().data})


def _press() -> None:
    pressed = (state.get(VIEW) or {}).get("press")
    if isinstance(pressed, dict):
        obey(pressed)


def _address(chosen: PlaySettings) -> dict[str, str]:
    story = STORIES.get(state.get(STORY, ""))
    if story and story.settings == chosen:
        return {"story": state[STORY]}
    return chosen.address()


def _words(roles: list[str]) -> list[str]:
    """What the accuracy of each domain is called; targets are numbered where there are several."""
    several = roles.count("target") > 1
    words = {"source": _("right on the source"), "target": _("right on the target"), "unseen": _("right on the unseen")}
    return [
        _("right on target {number}").format(number=at) if role == "target" and several else words[role]
        for at, role in enumerate(roles)
    ]


def _pictures(runs: list[tuple[str, RunSpec]], show: list[str]) -> None:
    problem, seed = runs[0][1].problem, runs[0][1].seed
    task = problem.tasks[0]
    window, classes = window_of(tuple(problem.roles())), problem.classes()[task]
    rows = {row.id: row for row in play_store().find(ids=[run for run, _spec in runs])}
    numbers = [
        PlayNumber(words, metric_name(problem, key, task, "validation"))
        for key, words in zip(problem.roles(), _words(list(problem.roles().values())), strict=True)
    ]
    numbers += [
        PlayNumber(_("loss"), "loss/total", percent=False),
        PlayNumber(_("domain distance"), "distance", percent=False, framed=True),
    ]
    play_view(
        [
            PlayRun(
                id=run,
                title=_(TITLES[spec.strategy.kind]),
                colour=method_style(spec.strategy.kind).pair,
                dash=method_style(spec.strategy.kind).dash,
                status=rows[run].status if run in rows else "",
                numbers=numbers,
            )
            for run, spec in runs
        ],
        [
            PlayDomain(one.key, domain_title(one.key), one.role, one.points, one.labels, one.labelled)
            for one in shown_points(problem.model_dump_json(), seed)
        ],
        window=(window.left, window.right, window.bottom, window.top),
        classes=classes,
        class_colours=CLASSES[: len(classes)],
        frames=FRAMES_URL,
        stream=SCALARS_URL,
        rate=RATE,
        speed=speed(),
        playing=is_playing(),
        joined="joined" in show,
        show=[name for name in show if name != "joined"],
        plain=bool(state.get(PLAIN)),
        texts=play_texts(_, locale()),
        on_press=_press,
        key=VIEW,
    )


def _head() -> None:
    """What to look at, and what is shown."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="play-head"):
        text = STORIES[state[STORY]].text if state[STORY] else "Press Play, and watch each boundary move."
        st.markdown(_(text), width="stretch")
        st.pills(
            _("Show"), list(SHOWS), selection_mode="multi", key=SHOW, width="content",
            label_visibility="collapsed", format_func=lambda name: _(SHOWS[name]),
        )  # fmt: skip


def _side(now: PlaySettings, prefix: str) -> PlaySettings:
    """Stories and controls."""
    stories = list(STORIES)
    st.selectbox(
        _("Story"), stories, index=stories.index(state[STORY]) if state[STORY] else None,
        format_func=lambda story: _(STORIES[story].title), placeholder=_("Choose a story"), on_change=_tell,
        key=f"{prefix}.story",
    )  # fmt: skip
    return controls(now, prefix)


def _links(runs: list[tuple[str, RunSpec]]) -> None:
    """The ways on: the same run on Train, where it is kept and exported; and the projector."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for _run, spec in runs:
            settings = spec_settings(spec)
            query = address.without_long(settings)
            fits = query.keys() == settings.keys()
            title = _("{method} in Train").format(method=_(TITLES[spec.strategy.kind]))
            st.page_link(
                "train/page.py", label=title, icon=":material/tune:", query_params=query,
                disabled=not fits, help=None if fits else _("These drawings are too long for a link."),
            )  # fmt: skip
        st.button(_("Projector"), icon=":material/slideshow:", type="tertiary", on_click=_set_plain, args=(True,))


def _set_plain(is_plain: bool) -> None:
    state[PLAIN] = is_plain


def _page() -> None:
    st.html(STYLE)
    chosen = _arrive()
    if state.get(PLAIN):
        st.html(PLAIN_STYLE)
        place = st.container()
    else:
        place, side = st.columns([4, 1.15], gap="medium")
        with side, st.container(key="play-controls"):
            chosen = _side(chosen, f"play{state[FORM]}")
    state[CHOSEN] = chosen
    with place, st.container(key="play-pictures"):
        if state[REFUSED]:
            text = _("This link holds values that do not exist here: {names}. The rest is used.")
            st.warning(text.format(names=", ".join(state[REFUSED])), icon=":material/link_off:")
        if not state.get(PLAIN):
            state.setdefault(SHOW, state.get(SHOWN, FIRST_SHOWN))  # lost while the pills are not drawn
            _head()
        show = state[SHOWN] = list(state.get(SHOW, state.get(SHOWN, FIRST_SHOWN)))
        address.write_address({**_address(chosen), **_view_address()})
        try:
            runs = runs_of(chosen)
        except XferError as error:
            st.error(error_text(error), icon=":material/error:")
            runs = list(zip(shown().runs, shown().specs, strict=True))
        if runs:
            _pictures(runs, show)
        if state.get(PLAIN):
            with st.container(key="play-controls-shown"):
                st.button(
                    _("Show the controls"), icon=":material/tune:", type="tertiary", on_click=_set_plain, args=(False,)
                )
        else:
            _links(runs)


_page()
