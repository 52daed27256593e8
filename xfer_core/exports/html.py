"""HTML that opens offline, reads well and prints well; whatever is put into it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import plotly.graph_objects as go

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1f2328; background: #fff; max-width: 52rem;
       margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
.quiet { color: #59636e; margin: .2rem 0 1.2rem; }
.result { font-size: 2.4rem; font-weight: 600; color: #a83f00; margin: .2rem 0; }
figure { margin: .5rem 0 1rem; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #59636e; font-size: .92rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #d1d9e0; vertical-align: top;
         overflow-wrap: normal; }
td.number, th.number { text-align: right; white-space: nowrap; }
pre { background: #f6f8fa; padding: .8rem; border-radius: 6px; font-size: .85rem; white-space: pre-wrap; }
summary { cursor: pointer; color: #0a5ea8; }
@media print {
  body { margin: 0; max-width: none; font-size: 11pt; }
  figure, table, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  details:not([open]) { display: none; }
  .modebar { display: none; }
}
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document of parts that are HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def paragraph(text: str, style: str = "") -> str:
    """One paragraph."""
    chosen = f' class="{escape(style)}"' if style else ""
    return f"<p{chosen}>{escape(text)}</p>"


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def code(text: str) -> str:
    """Text as it is, in a fixed width."""
    return f"<pre>{escape(text)}</pre>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 0) -> str:
    """A table; the last ``numbers`` columns are right-aligned."""

    def line(cells: Sequence[object], tag: str) -> str:
        styles = [""] * (len(cells) - numbers) + [' class="number"'] * numbers
        return "".join(f"<{tag}{s}>{escape(str(c))}</{tag}>" for s, c in zip(styles, cells, strict=True))

    body = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<tr>{line(header, "th")}</tr>\n{body}\n</table></div>'


def folded(summary: str, content: str) -> str:
    """Content that is there when asked for."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"


def figure(chart: go.Figure, alt: str, first: bool) -> str:
    """A chart that lives without a network; the first of a page brings plotly.js with it.

    Args:
        chart: what is drawn.
        alt: what it shows, in words; stands below it.
        first: whether no other chart of the page came before.
    """
    drawn = chart.to_html(
        full_html=False, include_plotlyjs=first, config={"displaylogo": False, "responsive": True}, default_width="100%"
    )
    return f'<figure aria-label="{escape(alt)}">\n{drawn}\n<figcaption>{escape(alt)}</figcaption>\n</figure>'


def still_figure(address: str, alt: str) -> str:
    """A picture that does not move, at ``address`` (a data URI, so that the page stays one file), with its words."""
    words = escape(alt)
    return f'<figure>\n<img src="{escape(address)}" alt="{words}">\n<figcaption>{words}</figcaption>\n</figure>'
