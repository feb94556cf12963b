"""The contact sheet as one HTML file that needs no other."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from tagline.formats.printable import printable

_SHARP = 72
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --dim: #55555c; --paper: #fff; --line: #d9d9df }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececf1; --dim: #b4b4bd; --paper: #17171a; --line: #3b3b42 }
}
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h2 { margin: 2rem 0 0.25rem; font-size: 1.1rem; overflow-wrap: anywhere }
p { margin: 0.25rem 0; color: var(--dim) }
nav ul { columns: 14rem; padding-left: 1rem }
a { color: inherit; overflow-wrap: anywhere }
.pictures { display: flex; flex-wrap: wrap; gap: 0.75rem; padding: 0; list-style: none }
.pictures li { width: 8.5rem; border: 1px solid var(--line); padding: 0.5rem; border-radius: 6px }
img, .none { width: 72px; height: 72px; display: block }
.none { border: 1px dashed var(--dim); box-sizing: border-box }
.pictures span { display: block; font-size: 0.8rem; overflow-wrap: anywhere; color: var(--dim) }
.pictures .path { color: var(--ink) }
"""


class Shown(NamedTuple):
    """A picture of a group: `data` is its JPEG in base64, if it can be drawn."""

    path: str
    labels: str
    data: str | None
    fault: str | None = None


class Group(NamedTuple):
    """Pictures under a title, of which there are `total` and some are shown."""

    title: str
    total: int
    about: str
    shown: Sequence[Shown]


def page(name: str, images: int, groups: Sequence[Group]) -> str:
    """Return the sheet."""
    links = "".join(
        f'<li><a href="#g{at}">{_text(group.title)}</a> ({group.total:,})</li>\n'
        for at, group in enumerate(groups)
    )
    sections = "".join(_section(at, group) for at, group in enumerate(groups))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{_text(name)}: contact sheet</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{_text(name)}</h1>
<p>{images:,} images as a run would pack them, by problem and by label.</p>
<nav aria-label="Groups"><ul>
{links}</ul></nav>
{sections}</main>
</body>
</html>
"""


def _section(at: int, group: Group) -> str:
    shown = f", {len(group.shown):,} of them here" if group.total > len(group.shown) else ""
    about = f"{_text(group.about)}; " if group.about else ""
    figures = "".join(map(_figure, group.shown))
    return f"""<section aria-labelledby="g{at}">
<h2 id="g{at}">{_text(group.title)}</h2>
<p>{about}{group.total:,} images{shown}</p>
<ul class="pictures">
{figures}</ul>
</section>
"""


def _figure(shown: Shown) -> str:
    path, labels = _text(shown.path), _text(shown.labels)
    if shown.data is None:
        picture = '<div class="none"></div>'
    else:
        picture = (
            f'<img src="data:image/jpeg;base64,{shown.data}" alt="{path}: {labels}" '
            f'width="{_SHARP}" height="{_SHARP}" loading="lazy">'
        )
    fault = f"<span>{_text(shown.fault)}</span>" if shown.fault else ""
    return f'<li>{picture}<span class="path">{path}</span><span>{labels}</span>{fault}</li>\n'


def _text(text: str) -> str:
    return escape(printable(text))
