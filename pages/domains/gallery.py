"""The gallery of domains: a tile each, own ones first; those that are not on this machine are folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.i18n import _, plain
from pages.streaming.tiles import tile_url
from pages.widgets.domains import domain_title, modality_titles
from pages.widgets.download import offer_download
from pages.widgets.notice import show_notices
from xfer_core.analysis.domain_samples import first_texts
from xfer_core.domains import domain_info, domain_keys, is_available, registry
from xfer_core.domains.downloads import running_download
from xfer_core.errors import XferError

TEXTS = 3  # on a tile
LETTERS = 60  # of a text

# A tile is a button, so that it can be reached and pressed with the keyboard; the picture fills its upper part.
STYLE = """<style>
[class*=st-key-tiles-] {display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .75rem;
  margin-top: .5rem}
[class*=st-key-tiles-] > *, [class*=st-key-tiles-] [data-testid=stButton], [class*=st-key-tiles-] button {
  width: 100% !important; height: 100%}
[class*=st-key-tiles-] button {padding: .6rem; justify-content: flex-start; align-items: flex-start; text-align: start;
  border-radius: .7rem}
[class*=st-key-tiles-] button > div, [class*=st-key-tiles-] button [data-testid=stMarkdownContainer] {width: 100%}
[class*=st-key-tiles-] button p {display: block; white-space: normal; line-height: 1.35; font-size: .875rem;
  overflow-wrap: anywhere}
[class*=st-key-tiles-] button img {display: block; width: 100%; max-width: none; height: 5.4rem; max-height: none;
  margin: 0 0 .5rem; object-fit: contain; object-position: left; image-rendering: pixelated; border-radius: .3rem}
[class*=st-key-tiles-] button strong {display: block; font-size: 1rem}
[class*=st-key-tiles-] button em {display: block; height: 1.8rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; font-style: normal; font-size: .95rem}
.st-key-domain-groups h4 {padding: .75rem 0 .5rem}
.st-key-domain-groups {gap: .5rem}
@media (max-width: 640px) {[class*=st-key-tiles-] {grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr))}}
</style>"""


def gallery(search: str, open_domain: Callable[[str], None]) -> None:
    """The search field, and the tiles of the domains that match it.

    Args:
        search: key of the search field.
        open_domain: called with the key of the domain whose tile is pressed.
    """
    st.html(STYLE)
    text = st.text_input(
        _("Search"),
        placeholder=_("a name, a class, a source"),
        key=search,
        width=360,
        icon=":material/search:",
        label_visibility="collapsed",
    )
    words = (text or "").casefold().split()
    shown = [key for key in _in_order() if all(word in _searched(key) for word in words)]
    if not shown:
        st.info(_("No domain fits. Search for another word."), icon=":material/info:")
    with st.container(key="domain-groups"):
        for modality, title in modality_titles().items():
            of_kind = [key for key in shown if domain_info(key).spec.modality == modality]
            if of_kind:
                _group(modality, title, of_kind, open_domain, unfolded=bool(words))


def size_words(key: str) -> str:
    """Number of samples and of classes, such as "1 797 samples, 10 classes"."""
    info = domain_info(key)
    classes = max((len(names) for names in info.tasks.values()), default=0)
    parts = [_("{count} samples").format(count=f"{info.samples:,}".replace(",", " "))]
    parts += [_("{count} classes").format(count=classes)] if classes else []
    return ", ".join(part.replace(" ", "\u00a0") for part in parts)  # lines break between the parts only


def own_mark(key: str) -> str:
    """A badge in Markdown for a domain of one's own, else nothing."""
    return f":blue-badge[:material/person: {_('yours')}]" if key not in registry().builtin else ""


def _in_order() -> Sequence[str]:
    """All keys, own domains first."""
    return sorted(domain_keys(), key=lambda key: key in registry().builtin)


def _searched(key: str) -> str:
    """The text of a domain that is searched."""
    info = domain_info(key)
    classes = (name for names in info.tasks.values() for name in names)
    return " ".join((key, domain_title(key), _(info.card.description), info.card.source, *classes)).casefold()


def _group(modality: str, title: str, keys: Sequence[str], open_domain: Callable[[str], None], unfolded: bool) -> None:
    here = [key for key in keys if is_available(key)]
    elsewhere = [key for key in keys if key not in here]
    st.markdown(f"#### {title}")
    with st.container(key=f"tiles-{modality}"):
        for key in here:
            st.button(_tile(key), key=f"domain-tile-{key}", on_click=open_domain, args=(key,))
    show_notices(here)
    if elsewhere:
        running = any((wanted := domain_info(key).download) and running_download(wanted) for key in elsewhere)
        label = _("{count} more to download").format(count=len(elsewhere))
        with st.expander(label, expanded=unfolded or running, icon=":material/cloud_download:"):
            for key in elsewhere:
                _to_download(key, open_domain)


def _to_download(key: str, open_domain: Callable[[str], None]) -> None:
    words, button = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with words:
        label = f"{plain(domain_title(key))} :gray[{size_words(key)}]"
        st.button(label, key=f"domain-tile-{key}", type="tertiary", on_click=open_domain, args=(key,))
    with button:
        offer_download(key, "target", says=False)


def _tile(key: str) -> str:
    """Markdown of a tile's button: samples, title, size."""
    named = f"**{plain(domain_title(key))}** :gray[{size_words(key)}] {own_mark(key)}"
    if domain_info(key).spec.modality != "text":
        return f"![]({tile_url(key, 'wide')}) {named}"
    try:
        texts = _texts(key, registry().version(key))
    except XferError:  # its files are damaged: the details say so
        texts = []
    return " ".join(f"*{plain(text)}*" for text in texts) + f" {named}"


@st.cache_data(show_spinner=False, max_entries=100)
def _texts(key: str, version: int) -> list[str]:
    """Example texts, shortened; others when an own domain is saved anew."""
    return [text[:LETTERS].strip() for text, _class in first_texts(key, TEXTS) if text.strip()]
