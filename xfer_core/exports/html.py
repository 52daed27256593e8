"""HTML building blocks for reports that open offline and can be printed; all content is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import plotly.graph_objects as go

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --page: #fff; --quiet: #59636e; --line: #d1d9e0; --code: #f6f8fa;
        --result: #a83f00; --link: #0a5ea8; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --page: #12161d; --quiet: #a3adb8; --line: #39424e; --code: #1c222b; --result: #f0803c;
          --link: #8cc8ea; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 52rem;
       margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
.quiet { color: var(--quiet); margin: .2rem 0 1.2rem; }
.result { font-size: 2.4rem; font-weight: 600; color: var(--result); margin: .2rem 0; }
figure { margin: .5rem 0 1rem; }
figcaption { color: var(--quiet); font-size: .92rem; }
img { display: block; width: 100%; max-width: 40rem; image-rendering: pixelated; }
img.drawn { width: auto; max-width: 100%; image-rendering: auto; background: #fff; }
.dark { display: none; }
@media screen and (prefers-color-scheme: dark) { .dark { display: block; } .light { display: none; } }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
         overflow-wrap: normal; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
pre { background: var(--code); padding: .8rem; border-radius: 6px; font-size: .85rem; white-space: pre-wrap; }
summary { cursor: pointer; color: var(--link); }
@media (max-width: 40rem) {
  body { margin: 1rem auto; }
  table { font-size: .82rem; width: 100%; }
  th, td { padding-right: .5rem; overflow-wrap: break-word; hyphens: auto; }
}
@media print {
  body { margin: 0; max-width: none; font-size: 11pt; }
  figure, table, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  details:not([open]) { display: none; }
  .modebar { display: none; }
}
"""

# A chart that was hidden when the page opened is resized when it is shown.
_SCRIPT = """<script>
for (const media of ["print", "(prefers-color-scheme: dark)"]) {
  matchMedia(media).addEventListener("change", () => document.querySelectorAll(".js-plotly-plot").forEach((plot) => {
    if (plot.offsetParent) Plotly.Plots.resize(plot);
  }));
}
</script>"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document from parts in HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + f"\n</main>\n{_SCRIPT}\n</body>\n</html>\n"
    )


def paragraph(text: str, style: str = "") -> str:
    """One paragraph."""
    chosen = f' class="{escape(style)}"' if style else ""
    return f"<p{chosen}>{escape(text)}</p>"


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def code(text: str) -> str:
    """Preformatted text."""
    return f"<pre>{escape(text)}</pre>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 0) -> str:
    """A table; the last ``numbers`` columns are right-aligned."""

    def line(cells: Sequence[object], tag: str) -> str:
        styles = [""] * (len(cells) - numbers) + [' class="number"'] * numbers
        return "".join(f"<{tag}{s}>{escape(str(c))}</{tag}>" for s, c in zip(styles, cells, strict=True))

    body = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<tr>{line(header, "th")}</tr>\n{body}\n</table></div>'


def folded(summary: str, content: str) -> str:
    """Collapsible content."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"


def picture(uri: str, caption: str) -> str:
    """An image with a caption.

    Args:
        uri: the image, as a data URI.
        caption: its caption.
    """
    return f'<figure><img src="{escape(uri)}" alt=""><figcaption>{escape(caption)}</figcaption></figure>'


def figure(chart: go.Figure, dark: go.Figure, alt: str, first: bool) -> str:
    """A chart that works offline; the first of a page includes plotly.js.

    Args:
        chart: for a light page and for print.
        dark: the same for a browser in dark mode.
        alt: alternative text; shown below it.
        first: whether it is the first chart of the page.
    """
    drawn = []
    for name, one in (("light", chart), ("dark", dark)):
        template = "plotly_dark" if name == "dark" else "plotly_white"
        shown = go.Figure(one).update_layout(
            template=template, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)"
        )
        config = {"displaylogo": False, "responsive": True}
        brings = first and name == "light"
        code = shown.to_html(full_html=False, include_plotlyjs=brings, config=config, default_width="100%")
        drawn.append(f'<div class="{name}">\n{code}\n</div>')
    inner = "\n".join(drawn)
    return f'<figure aria-label="{escape(alt)}">\n{inner}\n<figcaption>{escape(alt)}</figcaption>\n</figure>'


def static_figure(address: str, alt: str) -> str:
    """A static figure at ``address`` (a data URI, so that the page stays one file), with its alternative text."""
    words = escape(alt)
    picture = f'<img class="drawn" src="{escape(address)}" alt="{words}">'
    return f"<figure>\n{picture}\n<figcaption>{words}</figcaption>\n</figure>"
